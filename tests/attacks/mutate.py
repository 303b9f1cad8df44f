#!/usr/bin/env python3
"""Accepted queries, each changed in one way that leaks: none may be accepted any more.

    mutate.py CLOISTER-ATTACKS CORPUS

The queries are the folder's own legitimate ones at aggregate_only. A change is a rule of text that cannot make a query
harmless by chance: a key, a hidden column, one person's value, the order or the choice of rows. What the changed text
means is left to the compiler; it may refuse it for any reason. The program runs the changed queries as a corpus.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TABLES = 'patients|claims|visits'
KEYS = {'patients': 'patient_id', 'claims': 'member_id', 'visits': 'patient_id'}
TARGET = "zip = '00142' AND age = 97"


def once(pattern, text, into):
    """The text with the first match changed, or None."""
    changed, count = re.subn(pattern, into, text, count=1, flags=re.IGNORECASE)
    return changed if count else None


def first_table(sql):
    found = re.search(rf'\bFROM ({TABLES})\b', sql)
    return found[1] if found else None


def is_flat(sql):
    """One block over one table of persons: what is added to it is about their rows."""
    return len(re.findall(r'\bSELECT\b', sql, re.IGNORECASE)) == 1


def changes(sql):
    """(what was done, the changed query)."""
    table = first_table(sql)
    if table is None or '--' in sql:  # what is added after a comment is in it
        return
    key = KEYS[table]
    flat = is_flat(sql)
    where = r'\bWHERE\b'
    measure = r'(?:AVG|SUM|STDDEV|MEDIAN)\(((?:\w+\.)?(?:cost|amount|charge))\)'
    if flat:
        for function in ('MAX', 'MIN', 'ANY_VALUE', 'FIRST', 'LIST', 'ARG_MAX', 'PRODUCT', 'KURTOSIS', 'MODE'):
            yield f'{function} of a measure', once(measure, sql, rf'{function}(\1)')
        yield 'a product of measures', once(measure, sql, r'SUM(\1 * \1)')
        yield 'an exponential', once(measure, sql, r'SUM(EXP(\1))')
        yield 'a spike', once(measure, sql, r'SUM(GREATEST(\1, 90000))')
        yield 'a remainder', once(measure, sql, r'SUM(\1 % 7)')
        yield 'a key shown', once(r'^SELECT ', sql, f'SELECT {key}, ')
        yield 'a row shown', once(r'^SELECT ', sql, 'SELECT *, ')
        yield 'a value shown in the order', re.sub(r' ORDER BY .*$| LIMIT .*$', '', sql) + f' ORDER BY {key}'
        yield 'all rows by their key', once(r'GROUP BY (?!ALL|ROLLUP|CUBE|GROUPING)', sql, f'GROUP BY {key}, ')
        yield 'one person counted', once(r'COUNT\(\*\)', sql, f'COUNT(*) FILTER (WHERE {TARGET})')
        yield 'one person summed', once(measure, sql, rf'SUM(CASE WHEN {TARGET} THEN \1 ELSE 0 END)')
        yield 'a test of the largest', once(r'(?= GROUP BY|$)', sql.split(' ORDER BY')[0].split(' HAVING')[0],
                                            ' HAVING MAX(cost) > 98000') if ' GROUP BY' not in sql else None
    yield 'one person filtered', once(where, sql, f'WHERE {key} = 4242 AND')
    yield 'a person besides', once(rf'{where} (.*?)(?= GROUP BY| ORDER BY| HAVING|\)|$)', sql,
                                   rf'WHERE (\1) OR {key} = 4242') if flat else None
    yield 'a coin', once(where, sql, 'WHERE random() < 0.5 AND')
    yield 'a hash', once(where, sql, f'WHERE hash({key}) % 2 = 0 AND')
    yield 'a pattern of a key', once(where, sql, f"WHERE {key}::VARCHAR LIKE '42%' AND")
    yield 'a value of another row', once(where, sql, 'WHERE age = (SELECT MAX(age) FROM patients) AND')
    yield 'an error', once(where, sql, 'WHERE CAST(zip AS INTEGER) // (97 - age) > 0 AND')
    yield 'a sample', once(rf'\bFROM {table}\b', sql, f'FROM {table} TABLESAMPLE 10%')
    yield 'ten rows', once(rf'\bFROM {table}\b', sql, f'FROM (SELECT * FROM {table} LIMIT 10)')
    yield 'the largest rows', once(rf'\bFROM {table}\b', sql, f'FROM (SELECT * FROM {table} ORDER BY 1 DESC LIMIT 10)')
    yield 'a list of rows', once(rf'\bFROM {table}\b', sql, f'FROM (VALUES (1), (2)) v(x), {table}')
    yield 'everybody with everybody', once(rf'\bFROM {table}\b(?! \w+ )', sql, f'FROM {table}, {table} AS other')
    for name in ('hospital', 'diagnosis', 'ward', 'plan', 'zip'):
        # Persons may be counted, and rows grouped by them in an inner query.
        for hidden in ('note', 'visit_id', 'rowid') + (('patient_id', 'member_id') if flat else ()):
            changed = re.sub(rf'\b{name}\b', hidden, sql)
            if changed != sql and not re.search(r'COUNT\w*\((DISTINCT )?(\w+\.)?(patient_id|member_id)\)', changed):
                yield f'{hidden} for {name}', changed
    yield 'who is not there', once(r'(?<!LEFT )\bJOIN claims (\w+) ON', sql, r'LEFT JOIN claims \1 ON')
    yield 'who is not in the list', once(r'\bIN \(SELECT member_id FROM claims\b', sql,
                                         'NOT IN (SELECT member_id FROM claims')
    yield 'a day', once(r"(visit_date (?:>=|<) (?:DATE )?'\d{4}-\d\d)-01'", sql, r"\1-02'")
    yield 'off the grid', once(r'\b(cost|amount|charge) (>=|<|>|<=) (\d+)000\b', sql, r'\1 \2 \g<3>000.5')


def main(program, corpus):
    corpus = Path(corpus)
    cases, seen = [], set()
    for file in sorted(corpus.glob('*.jsonl')):
        for line in file.read_text().splitlines():
            case = json.loads(line)
            if case['expect'] == 'reject' or case['level'] != 'aggregate_only' or case.get('sequence'):
                continue
            for what, sql in changes(case['sql']):
                if sql and sql != case['sql'] and sql not in seen:
                    seen.add(sql)
                    cases.append({'id': f'{case["id"]}: {what}', 'class': what, 'level': 'aggregate_only', 'sql': sql,
                                  'expect': 'reject'})
    if len(cases) < 1000:
        sys.exit(f'only {len(cases)} changed queries')
    with tempfile.TemporaryDirectory() as folder:
        for name in ('schema.sql', 'policies.json'):
            shutil.copy(corpus / name, folder)
        Path(folder, 'changed.jsonl').write_text('\n'.join(map(json.dumps, cases)) + '\n')
        sys.exit(subprocess.run([program, folder, '--static-reject-only']).returncode)


if __name__ == '__main__':
    main(*sys.argv[1:])
