#!/usr/bin/env python3
"""Accepted queries with pieces of each other in them: whatever the compiler admits of it runs to its end.

    splice.py CLOISTER-ATTACKS CORPUS [SEED [QUERIES]]

Most of what comes out is refused, which is right. What is accepted must not end in an error of the engine: such an
error may depend on single rows and tell of them (rule R21). And no text may end the compiler.
"""

import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

AT_ONCE = 250
BYTES_MAX = 1500
OPERATORS = ('+', '-', '*', '/', '//', '%', '||', '=', '<', '>', '<>', 'AND', 'OR', 'LIKE', 'IS DISTINCT FROM')
FUNCTIONS = ('SUM(', 'AVG(', 'COUNT(', 'ROUND(', 'FLOOR(', 'ABS(', 'SQRT(', 'LN(', 'EXP(', 'UPPER(', 'LENGTH(',
             'COALESCE(', 'LEFT(', 'MEDIAN(', 'MAX(', 'MIN(', 'STDDEV(', 'LAG(', 'RANK(', 'NTILE(', 'STRFTIME(',
             'DATE_TRUNC(', 'GREATEST(', 'NULLIF(', 'SUBSTR(', 'REPLACE(', 'STRING_AGG(', 'POWER(')
WORDS = ('1', '0', '-1', 'NULL', "'x'", '1e308', 'COUNT(*)', 'n', '*', 'true', '0.1', 'INTERVAL 1 MONTH',
         'NULLIF(1, 1)', '9223372036854775', "DATE '2024-07-01'", 'ROW_NUMBER() OVER (ORDER BY 1)', "''", "'%Y'",
         '(SELECT COUNT(*) FROM patients)', 'CASE WHEN true THEN 1 END')


def read(corpus):
    """(level, text) of what is accepted, and the columns of the tables."""
    queries = []
    for file in sorted(corpus.glob('*.jsonl')):
        for line in file.read_text().splitlines():
            case = json.loads(line)
            if case['expect'] != 'reject':
                queries.append((case['level'], case['sql']))
    datasets = json.loads((corpus / 'policies.json').read_text())['datasets']
    return queries, [column for dataset in datasets.values() for column in dataset['columns']]


def pieces(sql):
    """Where a balanced pair of parentheses stands."""
    opened, found = [], []
    for place, character in enumerate(sql):
        if character == '(':
            opened.append(place)
        elif character == ')' and opened:
            found.append((opened.pop(), place + 1))
    return found


class Splicer:
    def __init__(self, seed, queries, columns):
        self.rng = random.Random(seed)
        self.queries = queries
        self.words = columns + list(WORDS)
        self.pieces = [sql[begin:end] for _, sql in queries for begin, end in pieces(sql) if end - begin < 200]

    def put(self, sql, places, choices):
        if not places:
            return sql
        begin, end = self.rng.choice(places)
        return sql[:begin] + self.rng.choice(choices) + sql[end:]

    def change(self, sql):
        def spans(pattern):
            return [match.span() for match in re.finditer(pattern, sql)]

        kind = self.rng.random()
        if kind < 0.35:
            return self.put(sql, pieces(sql), self.pieces)
        if kind < 0.75:
            return self.put(sql, spans(r"\b[a-z_]\w*\b|\b\d+\b|'[^']*'"), self.words)
        if kind < 0.9:
            return self.put(sql, spans(r'(?<= )(?:[=<>+*/-]|<=|>=|<>|AND|OR)(?= )'), OPERATORS)
        return self.put(sql, spans(r'\b[A-Z_]{3,}\('), FUNCTIONS)

    def make(self, count):
        seen = set()
        while len(seen) < count:
            level, sql = self.rng.choice(self.queries)
            for _ in range(self.rng.choice((1, 1, 2, 3))):
                sql = self.change(sql)
            if len(sql) <= BYTES_MAX and sql not in seen:
                seen.add(sql)
                yield {'id': f'{len(seen)}', 'class': 'spliced', 'level': level, 'sql': sql,
                       'expect': 'allow_with_transformation'}


def run(program, folder, cases):
    Path(folder, 'spliced.jsonl').write_text('\n'.join(map(json.dumps, cases)) + '\n')
    return subprocess.run([program, folder], capture_output=True, text=True)


def culprit(program, folder, cases):
    """The one that ends the program."""
    while len(cases) > 1:
        half = cases[:len(cases) // 2]
        cases = half if run(program, folder, half).returncode < 0 else cases[len(half):]
    return cases[0]


def main(program, corpus, seed='1', count='1500'):
    corpus = Path(corpus)
    queries, columns = read(corpus)
    cases = list(Splicer(int(seed), queries, columns).make(int(count)))
    wrong = accepted = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in ('schema.sql', 'policies.json'):
            shutil.copy(corpus / name, folder)
        for first in range(0, len(cases), AT_ONCE):
            some = cases[first:first + AT_ONCE]
            ran = run(program, folder, some)
            if ran.returncode < 0:
                one = culprit(program, folder, some)
                print(f'ENDED {one["level"]}: {one["sql"]}')
                wrong += 1
                continue
            failed = re.findall(r'^FAIL (\d+) \[\w*\]: failed in the engine: (.*)$', ran.stdout, re.MULTILINE)
            for number, said in failed:
                one = cases[int(number) - 1]
                print(f'FAILED {one["level"]}: {one["sql"]}\n       {said[:300]}')
                wrong += 1
            accepted += int(re.search(r'^(\d+) passed', ran.stdout, re.MULTILINE)[1])
    print(f'{len(cases)} queries, {accepted} accepted and run, {wrong} wrong')
    sys.exit(1 if wrong or accepted < len(cases) // 50 else 0)


if __name__ == '__main__':
    main(*sys.argv[1:])
