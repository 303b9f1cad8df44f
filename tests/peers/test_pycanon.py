#!/usr/bin/env python3
"""Our k, l and t beside pycanon's. Usage: test_pycanon.py PROGRAM (cloister-privacy-numbers)

pycanon cuts the l of entropy to a whole number and has no t for a column of one value; rows are persons here.
"""

import random
import subprocess
import sys
import unittest

import pandas
from pycanon import anonymity

PROGRAM = None
LEAVES, VALUES = 8, 5
NEAR = 1e-9


def ask(question):
    run = subprocess.run([PROGRAM], input=question + '\n', capture_output=True, text=True, check=True)
    return [int(float(word)) for word in run.stdout.split()]


class Table:
    """Rows of codes: quasi-identifiers, then the sensitive one, in which every value occurs."""

    def __init__(self, rng, rows, columns, spread=LEAVES):
        self.rows = [[rng.randrange(spread) for _ in range(columns)] + [rng.randrange(VALUES)] for _ in range(rows)]
        for value in range(VALUES):
            self.rows[value][-1] = value
        self.columns = columns

    def text(self):
        codes = ' '.join(str(code) for row in self.rows for code in row)
        return f'{len(self.rows)} {self.columns} {LEAVES} {VALUES} {codes}'

    def keeps(self, k=1, distinct=1, entropy=1, t=1, distance='equal'):
        answer, = ask(f'rule {k} {distinct} {entropy} {t} {distance} {self.text()}')
        return answer == 1


def frame(classes, sensitive, as_text=True):
    """One quasi-identifier that names the class."""
    return pandas.DataFrame({'class': [f'c{number}' for number in classes],
                             'value': [f'v{value}' if as_text else value for value in sensitive]})


def frame_of(table, as_text=True):
    return frame(['-'.join(map(str, row[:-1])) for row in table.rows], [row[-1] for row in table.rows], as_text)


class Pycanon(unittest.TestCase):
    def setUp(self):
        self.rng = random.Random(20)

    def test_what_a_table_keeps_is_what_pycanon_measures(self):
        for _ in range(12):
            table = Table(self.rng, self.rng.randrange(60, 200), 2, spread=3)
            data = frame_of(table)
            k, l = (measure(data, ['class'], *rest) for measure, *rest in
                    ((anonymity.k_anonymity,), (anonymity.l_diversity, ['value'])))
            self.assertTrue(table.keeps(k=k, distinct=l))
            self.assertFalse(table.keeps(k=k + 1))
            self.assertFalse(table.keeps(distinct=l + 1))
            whole = anonymity.entropy_l_diversity(data, ['class'], ['value'])
            self.assertTrue(table.keeps(entropy=whole - NEAR if whole > 1 else 1))
            self.assertFalse(table.keeps(entropy=whole + 1 + NEAR))
            for distance, as_text in (('equal', True), ('ordered', False)):
                t = anonymity.t_closeness(frame_of(table, as_text), ['class'], ['value'])
                self.assertTrue(table.keeps(t=t + NEAR, distance=distance), (distance, t))
                self.assertFalse(table.keeps(t=t - NEAR, distance=distance), (distance, t))

    def test_what_is_released_has_what_was_asked(self):
        released = 0
        for method in ('mondrian', 'full'):
            for k, distinct, entropy, t, distance in ((2, 1, 1, 1, 'equal'), (5, 2, 1, 1, 'equal'),
                                                      (4, 1, 2.01, 1, 'equal'), (6, 3, 1, 0.4, 'equal'),
                                                      (6, 1, 1, 0.25, 'ordered')):
                table = Table(self.rng, 240, 2)
                classes = ask(f'anonymise {method} {k} {distinct} {entropy} {t} {distance} {table.text()}')
                kept = [(number, row[-1]) for number, row in zip(classes, table.rows) if number >= 0]
                released += len(kept)
                numbers, values = [number for number, _ in kept], [value for _, value in kept]
                data = frame(numbers, values)
                self.assertGreaterEqual(anonymity.k_anonymity(data, ['class']), k)
                self.assertGreaterEqual(anonymity.l_diversity(data, ['class'], ['value']), distinct)
                self.assertGreaterEqual(anonymity.entropy_l_diversity(data, ['class'], ['value']), int(entropy))
                if len(kept) == len(table.rows):  # closeness is to the whole table
                    theirs = anonymity.t_closeness(frame(numbers, values, distance == 'equal'), ['class'], ['value'])
                    self.assertLessEqual(theirs, t + NEAR)
        self.assertGreater(released, 2000, 'nothing is too easy')


if __name__ == '__main__':
    PROGRAM = sys.argv.pop(1)
    unittest.main()
