#!/usr/bin/env python3
"""Compares cloister-privacy-numbers with oracle.py. Usage: test_privacy_numbers.py PROGRAM"""

import math
import random
import subprocess
import sys
import unittest
from fractions import Fraction

import oracle

PROGRAM = None


def ask(*questions):
    run = subprocess.run([PROGRAM], input='\n'.join(questions) + '\n', capture_output=True, text=True, check=True)
    return [[float(word) for word in line.split()] for line in run.stdout.splitlines()]


class Numbers(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(7)

    def test_selection(self):
        for epsilon, delta, groups, units_min in (('0.5', '0.02', 1, 1), ('1', '1e-6', 1, 1), ('1', '1e-6', 4, 1),
                                                  ('1', '1e-6', 1, 10), ('3', '1e-9', 5, 3), ('0.05', '1e-8', 2, 1),
                                                  ('12', '1e-12', 1, 1)):
            units = range(1, 120)
            answers = ask(*(f'selection {epsilon} {delta} {groups} {units_min} {n}' for n in units))
            for n, (p,) in zip(units, answers):
                best = oracle.selection(epsilon, delta, groups, units_min, n)
                # Never above the best that is private, and hardly below it.
                self.assertLessEqual(p, float(best) * (1 + 1e-12), (epsilon, delta, groups, n))
                self.assertGreaterEqual(p, float(best) * (1 - 1e-6) - 1e-18, (epsilon, delta, groups, n))

    def test_noise(self):
        for per_group, groups, epsilon in ((1, 1, '1'), (3, 4, '0.5'), (1000, 7, '0.03'), (1048575, 2, '2.5')):
            scale, deviation = oracle.laplace(per_group, groups, epsilon)
            got, = ask(f'laplace {per_group} {groups} {epsilon}')
            self.assertAlmostEqual(got[0] / scale, 1, 12)
            self.assertAlmostEqual(got[1] / deviation, 1, 9)
            self.assertEqual(got[2], 1)
            for confidence in (0.5, 0.9, 0.95, 0.999):
                (width,), = ask(f'half_width laplace {per_group} {groups} {epsilon} {confidence}')
                if scale < 1e4:
                    self.assertEqual(width, oracle.laplace_half_width(per_group, groups, epsilon, confidence))
        for per_group, groups, rho in ((1, 1, '0.5'), (3, 4, '0.01'), (60000, 2, '1.7')):
            got, = ask(f'gaussian {per_group} {groups} {rho}')
            sigma = oracle.gaussian_sigma(per_group, groups, rho)
            self.assertGreaterEqual(got[0], sigma * (1 - 1e-12))
            self.assertLess(got[0], sigma * (1 + 1e-5))

    def test_wide_sums_only_gain_noise(self):
        for _ in range(40):
            per_group = self.random.randrange(1, 2 ** self.random.randrange(2, 60))
            (scale, _, granularity), = ask(f'laplace {per_group} 3 0.7')
            exact, _ = oracle.laplace(per_group, 3, '0.7')
            self.assertGreaterEqual(scale, exact * (1 - 1e-12))
            self.assertLess(scale, exact * (1 + 1e-5))
            self.assertLessEqual(granularity, max(1, per_group / 2 ** 19))

    def test_zcdp(self):
        for rho in ('0.5', '0.005', '0.0001', '3'):
            for delta in (1e-5, 1e-6, 1e-9):
                (epsilon,), = ask(f'zcdp_epsilon {rho} {delta}')
                # At this epsilon the oracle's delta is the one asked for; a little less epsilon is not enough.
                self.assertLessEqual(oracle.zcdp_delta(float(rho), epsilon), delta * (1 + 1e-3))
                self.assertGreater(oracle.zcdp_delta(float(rho), epsilon * 0.999), delta)
                (back,), = ask(f'zcdp_within {epsilon} {delta}')
                self.assertAlmostEqual(back / float(rho), 1, 6)

    def test_analytic_gaussian(self):
        for epsilon, delta in ((0.1, 1e-6), (0.5, 1e-5), (1, 1e-5), (1, 1e-9), (2, 1e-6), (4, 1e-8)):
            (sigma,), = ask(f'sigma {epsilon} {delta}')
            self.assertAlmostEqual(sigma / oracle.analytic_sigma(epsilon, delta), 1, 6)

    def test_filters(self):
        self.assertEqual(ask('left sums 1 0 0.1 0 0', 'left sums 0.3 0 0.1 0 0', 'left sums 10 1e-6 0.01 3e-7 0',
                             'left sums 1 1e-6 0 0 0.1'), [[10], [3], [3], [0]])
        for budget, delta, each in ((1, 1e-6, 0.01), (4, 1e-5, 0.05), (0.5, 1e-9, 0.002)):
            (left,), = ask(f'left zcdp {budget} {delta} {each} 0 0')
            fits = lambda n: oracle.zcdp_delta(n * each ** 2 / 2, budget) <= delta / 2
            self.assertTrue(fits(left * (1 - 1e-4)))
            self.assertFalse(fits(left + 1))

    def odometer(self, delta, *mechanisms):
        (epsilon,), = ask('odometer ' + ' '.join([repr(delta)] + [str(word) for one in mechanisms for word in one]))
        return epsilon

    def assertPessimistic(self, got, exact):
        """Not below the truth, and at most a part in a thousand above it."""
        self.assertGreaterEqual(got, exact * (1 - 1e-9))
        self.assertLess(got, exact * (1 + 1e-3) + 1e-6)

    def test_odometer(self):
        for delta in (1e-5, 1e-6, 1e-9):
            for multiplier, count in ((10, 100), (20, 100), (3, 7), (50, 1000)):
                sigma = multiplier / math.sqrt(count)
                exact = oracle.epsilon_of(lambda e: oracle.gaussian_delta(sigma, e), delta)
                self.assertPessimistic(self.odometer(delta, ('gaussian', multiplier, 0, count)), exact)
            for epsilon, count in ((0.1, 50), (0.5, 20), (1, 3)):
                losses, _ = oracle.pure_losses(epsilon, 0, count)
                exact = oracle.epsilon_of(lambda e: oracle.delta_of_losses(losses, 0, e), delta)
                self.assertPessimistic(self.odometer(delta, ('pure', epsilon, 0, count)), exact)
            losses = oracle.discrete_laplace_losses(0.07, 3, 12)
            exact = oracle.epsilon_of(lambda e: oracle.delta_of_losses(losses, 0, e), delta)
            self.assertPessimistic(self.odometer(delta, ('discrete_laplace', 0.07, 3, 12)), exact)
        losses, infinite = oracle.pure_losses(0.1, 1e-7, 20)
        exact = oracle.epsilon_of(lambda e: oracle.delta_of_losses(losses, infinite, e), 1e-5)
        self.assertPessimistic(self.odometer(1e-5, ('pure', 0.1, 1e-7, 20)), exact)
        self.assertEqual(self.odometer(1e-6, ('pure', 0.1, 1e-7, 20)), math.inf)

    def test_draws_are_the_same_byte_for_byte(self):
        for kind, per_group, groups, amount, exact in (
                ('laplace', 1, 1, '1', 0), ('laplace', 3, 4, '0.37', -17), ('laplace', 10_000_000, 2, '0.5', 123_457),
                ('gaussian', 1, 1, '0.5', 5), ('gaussian', 5, 3, '0.0123', -1), ('gaussian', 1, 1, '4', 0),
                ('gaussian', 10_000_000, 2, '0.25', 123_457)):
            seed = self.random.randrange(10 ** 9)
            got, = ask(f'draw {kind} {per_group} {groups} {amount} {exact} {seed} 400')
            wanted = [oracle.noisy(kind, per_group, groups, amount, exact, seed + i) for i in range(400)]
            self.assertEqual(got, wanted, (kind, per_group))

    def test_quantiles_are_the_same_byte_for_byte(self):
        for epsilon, numerator, denominator, rows in (('1', 1, 2, 1), ('0.3', 9, 10, 4), ('0.01', 1, 20, 1)):
            counts = [self.random.randrange(30) for _ in range(40)]
            got, = ask(f'choose {epsilon} {numerator} {denominator} {rows} 5 300 ' + ' '.join(map(str, counts)))
            wanted = [oracle.quantile_bin(epsilon, numerator, denominator, rows, 5 + i, counts) for i in range(300)]
            self.assertEqual(got, wanted)


if __name__ == '__main__':
    PROGRAM = sys.argv.pop(1)
    unittest.main()
