"""The power goes at every moment: of an upload, of an approval, of a query; for the server and for the enclave.

Moments are counted, and the client sends again until it is answered (mortal.py). In the end there is one of
everything, it was charged once, and the answer is the right one.

CLOISTER_KILLS=N takes N moments of each kind instead of a few; `all` takes each of them.
"""

import json
import os
import random
import tempfile
import time
import unittest

import support
from mortal import LIBRARY, RETRY_SECONDS_MAX, Client, Mortal
from support import Rest

MOMENTS = os.environ.get('CLOISTER_KILLS', '6')
SEED = 20261122
ROWS = 'person,ward\n' + ''.join(f'{i},{"north" if i % 2 else "south"}\n' for i in range(100))


@unittest.skipUnless(LIBRARY.is_file(), 'the library that kills is not built')
class Kills(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='cloister-system-')
        self.addCleanup(folder.cleanup)
        self.server = Mortal(folder.name)
        self.addCleanup(lambda: self.server.stop())

    def begin(self, name):
        """An environment with its two parties, on a server that is not killed yet."""
        keys = [Rest(url=self.server.url).json('POST', '/api/dev/login', {'email': f'{who}@{name}.example'})['api_key']
                for who in ('ana', 'ben')]
        ana, ben = (Client(self.server, key) for key in keys)
        tee = ana.send('POST', '/api/tee/environments', {
            'name': name, 'participant_emails': [f'ben@{name}.example'], 'recovery': 'operator'})['tee']['id']
        return ana, ben, f'/api/tee/environments/{tee}'

    def story(self, ana, ben, base):
        dataset = ana.send('POST', f'{base}/datasets', {
            'name': 'stays', 'schema': {'person': 'bigint', 'ward': 'varchar'}, 'policy': 'aggregate_only',
            'privacy_unit': 'person'}, 'register')['dataset']['id']
        ana.send('PUT', f'/api/tee/datasets/{dataset}/content', ROWS.encode())
        marked = ana.send('POST', f'/api/tee/datasets/{dataset}/mark-available', {}, 'mark')
        self.assertEqual(marked['dataset']['status'], 'available')
        query = ben.send('POST', f'{base}/queries', {
            'name': 'wards', 'query_text': 'SELECT s.ward, COUNT(DISTINCT s.person) AS n FROM stays s GROUP BY s.ward '
            'ORDER BY s.ward'}, 'ask')['query']['id']
        ana.send('POST', f'/api/tee/queries/{query}/approve', {}, 'ana-yes')
        ben.send('POST', f'/api/tee/queries/{query}/approve', {}, 'ben-yes')
        end = time.monotonic() + RETRY_SECONDS_MAX
        while (shown := ben.get(f'/api/tee/queries/{query}')['query'])['status'] not in ('completed', 'error'):
            self.assertLess(time.monotonic(), end, shown)
            time.sleep(0.05)
        return query, shown

    def judge(self, ana, ben, base, query, shown):
        entries = []
        while len(entries) < (page := ana.get(f'{base}/ledger?from={len(entries)}'))['size']:
            entries += [json.loads(text) for text in page['entries']]
        kinds = [entry['kind'] for entry in entries]
        self.assertEqual(len(ana.get(f'{base}/datasets')['datasets']), 1)
        self.assertEqual([each['id'] for each in ana.get(f'{base}/queries')['queries']], [query])
        self.assertEqual(kinds.count('reservation'), 1, kinds)
        self.assertEqual(ana.get(f'{base}/budgets')['budgets'][0]['runs']['spent'], 1, 'charged once')
        if shown['status'] == 'completed':
            self.assertEqual(kinds.count('release'), 1, kinds)
            data = ben.get(f'/api/tee/queries/{query}/results')['result_data']
            self.assertEqual(data['rows'], [['north', 50], ['south', 50]])
        else:  # true all the same: the run was spent, and the ledger says that nothing came of it
            self.assertNotIn('release', kinds)

    def steps_of(self, whom):
        self.server.arm()
        ana, ben, base = self.begin('counted')
        self.server.armed.touch()
        query, shown = self.story(ana, ben, base)
        self.judge(ana, ben, base, query, shown)
        self.server.stop()
        steps, frames = self.server.counted()
        return frames if whom == 'enclave' else steps

    def kill_everywhere(self, whom):
        steps = self.steps_of(whom)
        self.assertGreater(steps, 20)
        moments = range(1, steps + 1)
        if MOMENTS != 'all':
            moments = sorted(random.Random(SEED).sample(moments, min(int(MOMENTS), steps)))
        for moment in moments:
            with self.subTest(whom=whom, moment=moment, of=steps):
                self.server.arm(**({'server': moment} if whom == 'server' else {'enclave': [moment]}))
                try:
                    ana, ben, base = self.begin(f'm{moment}')
                    self.server.armed.touch()
                    query, shown = self.story(ana, ben, base)
                    self.judge(ana, ben, base, query, shown)
                    if whom == 'server':
                        self.assertEqual(shown['status'], 'completed', shown)
                finally:
                    self.server.stop()

    def test_of_the_server(self):
        self.kill_everywhere('server')

    def test_of_the_enclave(self):
        self.kill_everywhere('enclave')


if __name__ == '__main__':
    support.main()
