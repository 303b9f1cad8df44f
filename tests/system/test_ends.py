"""Queries whose server, enclave or environment ends while they run: each comes to a true end, and what was taken back
stays so."""

import os
import signal
import tempfile
import unittest

import support
from support import await_that, enclaves_of, log_in, stage

FINAL = {'completed', 'error', 'cancelled', 'expired', 'rejected'}
ROWS = 200_000
# Rows that meet in pairs: long work for the engine.
SQL = 'SELECT COUNT(*) AS n, SUM(a.cost * b.cost) AS cost FROM visits a JOIN visits b ON a.ward = b.ward'


class Ends(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='cloister-system-')
        self.addCleanup(folder.cleanup)
        self.server = stage.Server(folder.name, '--query-timeout', '120').start()
        self.addCleanup(lambda: self.server.stop())
        self.ana = log_in(self.server.url, 'ana@a.example')

    def restart(self):
        self.server.kill()
        self.server.start()
        self.ana.url = self.server.url

    def begin(self, recovery):
        """An environment with a query that runs, and one that is the next."""
        self.base = '/api/tee/environments/' + self.ana.json(
            'POST', '/api/tee/environments', {'name': 'ends', 'recovery': recovery})['tee']['id']
        dataset = self.ana.json('POST', f'{self.base}/datasets', {
            'name': 'visits', 'schema': {'ward': 'text', 'cost': 'double'}, 'policy': 'public'})['dataset']['id']
        rows = ''.join(f'{"north" if i % 2 else "south"},{i % 90}\n' for i in range(ROWS))
        self.ana.json('PUT', f'/api/tee/datasets/{dataset}/content', ('ward,cost\n' + rows).encode())
        self.ana.json('POST', f'/api/tee/datasets/{dataset}/mark-available', expect=200)
        self.running, self.next = (self.submit(name) for name in ('first', 'second'))
        await_that(lambda: self.status(self.running) == 'executing', 'the query runs')

    def submit(self, name):
        query = self.ana.json('POST', f'{self.base}/queries', {'name': name, 'query_text': SQL})['query']['id']
        self.ana.json('POST', f'/api/tee/queries/{query}/approve', expect=200)
        return f'/api/tee/queries/{query}'

    def status(self, query):
        return self.ana.get(query)['query']['status']

    def end(self, query):
        """The query once its status is final, which it stays."""
        await_that(lambda: self.status(query) in FINAL, 'the query ended')
        return self.ana.get(query)['query']

    def kill_enclave(self):
        for pid in enclaves_of(self.server):
            os.kill(pid, signal.SIGKILL)

    def test_an_environment_that_ends_with_its_enclave(self):
        self.begin('none')
        self.kill_enclave()
        first = self.end(self.running)
        self.assertEqual(first['status'], 'error')
        self.assertTrue(first['error_message'].startswith('ENVIRONMENT_ENDED: '), first)
        self.assertEqual(self.end(self.next)['status'], 'expired')
        self.assertEqual(self.ana.get(self.base)['tee']['status'], 'error')
        self.restart()
        self.assertEqual([self.end(each)['status'] for each in (self.running, self.next)], ['error', 'expired'])

    def test_an_environment_that_is_terminated(self):
        for kill in (self.kill_enclave, self.restart):
            with self.subTest(kill.__name__):
                self.begin('operator')
                self.ana.json('POST', f'{self.base}/terminate', expect=200)
                kill()
                self.assertEqual(self.end(self.running)['status'], 'error')
                self.assertEqual(self.end(self.next)['status'], 'expired')
                self.assertEqual(self.ana.get(self.base)['tee']['status'], 'terminated')

    def test_what_was_taken_back_releases_nothing(self):
        for kill in (self.kill_enclave, self.restart):
            with self.subTest(kill.__name__):
                self.begin('operator')
                self.ana.json('POST', f'{self.running}/cancel', expect=202)
                kill()
                self.assertEqual(self.end(self.running)['status'], 'cancelled')

    def test_what_was_taken_back_twice_releases_nothing(self):
        self.begin('operator')
        self.ana.json('POST', f'{self.running}/cancel', expect=202)
        self.ana.json('POST', f'{self.base}/suspend', expect=200)
        if self.status(self.running) != 'cancelled':  # the enclave was quicker than the one who stopped it
            self.ana.json('POST', f'{self.running}/cancel', expect=202)
        self.ana.json('POST', f'{self.base}/resume', expect=200)
        self.assertEqual(self.end(self.running)['status'], 'cancelled')

    def test_a_suspended_environment_executes_nothing(self):
        self.begin('operator')
        self.ana.json('POST', f'{self.base}/suspend', expect=200)
        self.assertEqual(self.status(self.running), 'approved')
        self.ana.json('POST', f'{self.base}/resume', expect=200)
        await_that(lambda: self.status(self.running) == 'executing', 'it runs again')


if __name__ == '__main__':
    support.main()
