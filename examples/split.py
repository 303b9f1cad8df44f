#!/usr/bin/env python3
"""Splits the RAND Health Insurance Experiment into what a hospital and what an insurer would hold.

    examples/split.py            writes hospital/visits.csv and insurer/coverage.jsonl
    examples/split.py --check    exits 1 if the committed files are not what this script writes

A row of the source is one person's year; it carries no id. Consecutive rows with equal plan and health
columns are taken for one person (a run). The experiment enrolled families for three or for five years, so a
longer run is several people of one family: it is cut into fives if five divides its length, else into threes
if three does, else into fives and a rest. That gives 5,867 people out of 5,294 runs.
"""

import csv
import io
import json
import math
import sys
from itertools import groupby
from pathlib import Path

HERE = Path(__file__).resolve().parent
PERSON_COLUMNS = ('lncoins', 'idp', 'lpi', 'fmde', 'physlm', 'disea', 'hlthg', 'hlthf', 'hlthp')
FIRST_PERSON_ID = 100001
YEARS_MAX = 5


def read_rows():
    with open(HERE / 'source/randhie.csv', newline='') as file:
        return list(csv.DictReader(file))


def cut(run):
    """The people of one run, as lists of rows."""
    length = len(run)
    step = next((years for years in (5, 3) if length > YEARS_MAX and length % years == 0), YEARS_MAX)
    return [run[at:at + step] for at in range(0, length, step)]


def people(rows):
    """(person id, rows by year) in the order of the source."""
    person_id = FIRST_PERSON_ID
    for _, run in groupby(rows, key=lambda row: tuple(row[column] for column in PERSON_COLUMNS)):
        for years in cut(list(run)):
            yield person_id, years
            person_id += 1


def health(row):
    for column, word in (('hlthp', 'poor'), ('hlthf', 'fair'), ('hlthg', 'good')):
        if row[column] == '1':
            return word
    return 'excellent'


def coinsurance(row):
    """lncoins is ln(coinsurance + 1); the source rounds, so 3.258096 is 25 percent."""
    return round(math.exp(float(row['lncoins']))) - 1


def plan(row):
    if row['idp'] == '1':
        return 'individual deductible'
    return 'free care' if coinsurance(row) == 0 else 'cost sharing'


def incentive(row):
    """lpi is ln(max(1, payment)): what reads as one dollar was none, or at most one."""
    payment = round(math.exp(float(row['lpi'])), 2)
    return 0.0 if payment <= 1 else payment


def hospital_csv(rows):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator='\n')
    writer.writerow(['person_id', 'year_no', 'mdvis', 'health', 'disea', 'physlm'])
    for person_id, years in people(rows):
        for number, row in enumerate(years, 1):
            writer.writerow([person_id, number, int(row['mdvis']), health(row), float(row['disea']),
                             float(row['physlm'])])
    return out.getvalue()


def insurer_json_lines(rows):
    lines = []
    for person_id, years in people(rows):
        row = years[0]
        lines.append(json.dumps({'person_id': person_id, 'plan': plan(row), 'coinsurance': coinsurance(row),
                                 'incentive': incentive(row)}, separators=(',', ':')))
    return '\n'.join(lines) + '\n'


def main():
    rows = read_rows()
    files = {HERE / 'hospital/visits.csv': hospital_csv(rows),
             HERE / 'insurer/coverage.jsonl': insurer_json_lines(rows)}
    for path, text in files.items():
        if '--check' in sys.argv:
            if path.read_text() != text:
                print(f'{path.relative_to(HERE)} is not what split.py writes', file=sys.stderr)
                return 1
        else:
            path.write_text(text)
    return 0


if __name__ == '__main__':
    sys.exit(main())
