#!/usr/bin/env python3
"""The same questions without a clean room: SQLite over the plain files of both owners.

    examples/plain.py QUERY           prints the rows of plain/QUERY.sql as JSON, one list a row
    examples/plain.py QUERY FILE      compares FILE ({"columns": [...], "rows": [[...], ...]}) with them;
                                      exits 1 if it differs

QUERY is a name of queries/ without .sql. The SQL in plain/ is written by hand for another engine, with the
owners' threshold written out, so that an error of Cloister's compiler cannot be repeated here.
"""

import csv
import json
import math
import sqlite3
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
RELATIVE_ERROR_MAX = 1e-9   # sums of doubles depend on their order


def open_plain():
    """Both owners' files in one database that lives in memory."""
    database = sqlite3.connect(':memory:')
    database.execute('CREATE TABLE visits (person_id INTEGER, year_no INTEGER, mdvis INTEGER, health TEXT,'
                     ' disea REAL, physlm REAL)')
    database.execute('CREATE TABLE coverage (person_id INTEGER, plan TEXT, coinsurance INTEGER,'
                     ' incentive REAL)')
    with open(HERE / 'hospital/visits.csv', newline='') as file:
        rows = list(csv.reader(file))[1:]
    database.executemany('INSERT INTO visits VALUES (?, ?, ?, ?, ?, ?)', rows)
    with open(HERE / 'insurer/coverage.jsonl') as file:
        members = [json.loads(line) for line in file]
    database.executemany('INSERT INTO coverage VALUES (:person_id, :plan, :coinsurance, :incentive)', members)
    database.execute('CREATE INDEX by_person ON coverage (person_id)')
    return database


def answer(database, query):
    return [list(row) for row in database.execute((HERE / f'plain/{query}.sql').read_text())]


def equal(one, other):
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=RELATIVE_ERROR_MAX)
    return one == other


def differences(expected, found):
    """One sentence per row that differs."""
    if len(expected) != len(found):
        yield f'{len(found)} rows instead of {len(expected)}'
    for number, (left, right) in enumerate(zip(expected, found), 1):
        if len(left) != len(right) or not all(equal(a, b) for a, b in zip(left, right)):
            yield f'row {number}: {right} instead of {left}'


def main():
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    rows = answer(open_plain(), sys.argv[1])
    if len(sys.argv) == 2:
        for row in rows:
            print(json.dumps(row))
        return 0
    found = list(differences(rows, json.loads(Path(sys.argv[2]).read_text())['rows']))
    for sentence in found:
        print(sentence)
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
