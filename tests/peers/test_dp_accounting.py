#!/usr/bin/env python3
"""Our accountants beside Google's dp_accounting. Usage: test_dp_accounting.py PROGRAM (cloister-privacy-numbers)"""

import math
import subprocess
import sys
import unittest

from dp_accounting import dp_event, gaussian_mechanism
from dp_accounting.pld import common, pld_privacy_accountant, privacy_loss_distribution
from dp_accounting.rdp import rdp_privacy_accountant

PROGRAM = None
DELTAS = (1e-5, 1e-6, 1e-9)


def ask(question):
    run = subprocess.run([PROGRAM], input=question + '\n', capture_output=True, text=True, check=True)
    return [float(word) for word in run.stdout.split()]


def pld_epsilon(events, delta):
    accountant = pld_privacy_accountant.PLDAccountant()
    for event, count in events:
        accountant.compose(event, count)
    return accountant.get_epsilon(delta)


class DpAccounting(unittest.TestCase):
    def compare(self, ours, events):
        for delta in DELTAS:
            epsilon, = ask(f'odometer {delta} {ours}')
            theirs = pld_epsilon(events, delta)
            # Both err to the safe side, each on its own grid.
            self.assertAlmostEqual(epsilon / theirs, 1, 3, (ours, delta))

    def test_odometer(self):
        self.compare('gaussian 10 0 100', [(dp_event.GaussianDpEvent(10), 100)])
        self.compare('gaussian 3 0 7', [(dp_event.GaussianDpEvent(3), 7)])
        self.compare('laplace 10 0 100', [(dp_event.LaplaceDpEvent(10), 100)])
        self.compare('laplace 5 0 10 gaussian 8 0 10',
                     [(dp_event.LaplaceDpEvent(5), 10), (dp_event.GaussianDpEvent(8), 10)])
        self.compare('discrete_laplace 0.1 1 50', [(dp_event.DiscreteLaplaceDpEvent(0.1, 1), 50)])
        self.compare('discrete_laplace 0.07 3 12', [(dp_event.DiscreteLaplaceDpEvent(0.07, 3), 12)])

    def test_events_that_may_fail(self):
        one = privacy_loss_distribution.from_privacy_parameters(common.DifferentialPrivacyParameters(0.1, 1e-7))
        theirs = one.self_compose(20)
        self.assertAlmostEqual(ask('odometer 1e-5 pure 0.1 1e-7 20')[0] / theirs.get_epsilon_for_delta(1e-5), 1, 3)
        self.assertEqual(ask('odometer 1e-6 pure 0.1 1e-7 20')[0], math.inf)
        self.assertEqual(theirs.get_epsilon_for_delta(1e-6), math.inf)

    def test_analytic_gaussian(self):
        for epsilon, delta in ((0.1, 1e-6), (0.5, 1e-5), (1, 1e-9), (4, 1e-8)):
            theirs = gaussian_mechanism.get_sigma_gaussian(epsilon, delta)
            self.assertAlmostEqual(ask(f'sigma {epsilon} {delta}')[0] / theirs, 1, 6)

    def test_zcdp_is_no_looser_than_their_renyi_accountant_and_no_tighter_than_the_truth(self):
        for multiplier, count in ((10, 100), (20, 100), (2, 3)):
            for delta in DELTAS:
                accountant = rdp_privacy_accountant.RdpAccountant()
                accountant.compose(dp_event.GaussianDpEvent(multiplier), count)
                epsilon, = ask(f'zcdp_epsilon {count / (2 * multiplier ** 2)} {delta}')
                self.assertLess(epsilon, accountant.get_epsilon(delta) * (1 + 1e-6))
                self.assertGreater(epsilon, pld_epsilon([(dp_event.GaussianDpEvent(multiplier), count)], delta))


if __name__ == '__main__':
    PROGRAM = sys.argv.pop(1)
    unittest.main()
