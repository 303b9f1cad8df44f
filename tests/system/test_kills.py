"""The power goes at every moment: of an upload, of an approval, of a query; for the server and for the enclave.

Moments are counted, and the client sends again until it is answered (mortal.py). In the end there is one of
everything, it was charged once, and the answer is the right one.

A moment is a write, a rename, a flush or a frame of one of three parts: upload, approval, query. Of each part and of
each kind some die here; CLOISTER_KILLS=each takes one of each kind in each part, `all` takes every moment there is.
"""

import base64
import hashlib
import json
import os
import random
import tempfile
import time
import unittest
from collections import defaultdict
from contextlib import contextmanager

import support
from mortal import LIBRARY, RETRY_SECONDS_MAX, Client, Mortal
from support import Rest

MOMENTS = os.environ.get('CLOISTER_KILLS', 'some')
SEED = int(os.environ.get('CLOISTER_SEED', '20261122'))
FRAMES = 'fh'
KINDS = {'w': 'writes', 'p': 'writes at a place', 's': 'flushes', 'r': 'renames', 'u': 'removals', 'f': 'frames sent',
         'h': 'pieces of frames heard'}
# Where no boundary of a kind is counted any more, nothing is killed there and nobody would notice.
EXPECTED = {'upload': 'psrfh', 'approval': 'psfh', 'query': 'psrfh'}
PART = b'a part of a sealed file'
ROWS = 'person,ward\n' + ''.join(f'{i},{"north" if i % 2 else "south"}\n' for i in range(100))


@unittest.skipUnless(LIBRARY.is_file(), 'the library that kills is not built')
class Kills(unittest.TestCase):
    @contextmanager
    def fresh(self):
        """A server of its own for each death: one that restores the enclaves of all that went before would be late."""
        with tempfile.TemporaryDirectory(prefix='cloister-system-') as folder:
            self.server = Mortal(folder)
            try:
                yield
            finally:
                self.server.stop()

    def begin(self, name):
        """An environment with its two parties, on a server that is not killed yet."""
        keys = [Rest(url=self.server.url).json('POST', '/api/dev/login', {'email': f'{who}@{name}.example'})['api_key']
                for who in ('ana', 'ben')]
        ana, ben = (Client(self.server, key) for key in keys)
        tee = ana.send('POST', '/api/tee/environments', {
            'name': name, 'participant_emails': [f'ben@{name}.example'], 'recovery': 'operator'})['tee']['id']
        return ana, ben, f'/api/tee/environments/{tee}'

    def story(self, ana, ben, base, told=lambda part: None):
        self.upload(ana, base)
        told('upload')
        query = ben.send('POST', f'{base}/queries', {
            'name': 'wards', 'query_text': 'SELECT s.ward, COUNT(DISTINCT s.person) AS n FROM stays s GROUP BY s.ward '
            'ORDER BY s.ward'}, 'ask')['query']['id']
        told('query')
        ana.send('POST', f'/api/tee/queries/{query}/approve', {}, 'ana-yes')
        told('approval')
        end = time.monotonic() + RETRY_SECONDS_MAX
        while (shown := ben.get(f'/api/tee/queries/{query}')['query'])['status'] not in ('completed', 'error'):
            self.assertLess(time.monotonic(), end, shown)
            time.sleep(0.05)
        told('query')
        return query, shown

    def upload(self, ana, base):
        """A plain file in one request, and a part of a sealed one."""
        dataset = ana.send('POST', f'{base}/datasets', {
            'name': 'stays', 'schema': {'person': 'bigint', 'ward': 'varchar'}, 'policy': 'aggregate_only',
            'privacy_unit': 'person'}, 'register')['dataset']['id']
        base = f'/api/tee/datasets/{dataset}'
        ana.send('PUT', f'{base}/content', ROWS.encode(), 'file')
        marked = ana.send('POST', f'{base}/mark-available', {}, 'mark')
        self.assertEqual(marked['dataset']['status'], 'available')
        sent = ana.send('POST', f'{base}/uploads', {'size_bytes': len(PART)}, 'begin')['upload']['id']
        for part in (PART.upper(), PART):  # the second one takes the place of the first
            digest = f'sha-256=:{base64.b64encode(hashlib.sha256(part).digest()).decode()}:'
            ana.send('PUT', f'{base}/uploads/{sent}/parts/1', part, headers={'Content-Digest': digest})
            there = ana.get(f'{base}/uploads/{sent}')['upload']['parts']
            self.assertEqual([(each['part'], each['digest']) for each in there], [(1, digest)])
            self.assertEqual((self.server.data / 'blobs' / f'{sent}.draft').read_bytes(), part)

    def judge(self, ana, ben, base, query, shown):
        entries = []
        while len(entries) < (page := ana.get(f'{base}/ledger?from={len(entries)}'))['size']:
            entries += [json.loads(text) for text in page['entries']]
        kinds = [entry['kind'] for entry in entries]
        datasets = ana.get(f'{base}/datasets')['datasets']
        self.assertEqual([each['version'] for each in datasets], [1], 'one dataset, and its file was recorded once')
        uploads = ana.get(f'/api/tee/datasets/{datasets[0]["id"]}/uploads')['uploads']
        # A sealed file whose manifest was never signed stays until its dataset is removed; the part stands as it came.
        self.assertEqual([each['complete'] for each in uploads].count(False), 1)
        self.assertTrue(any(each['complete'] for each in uploads))
        self.assertEqual([each['id'] for each in ana.get(f'{base}/queries')['queries']], [query])
        self.assertEqual(kinds.count('reservation'), 1, kinds)
        self.assertEqual(ana.get(f'{base}/budgets')['budgets'][0]['runs']['spent'], 1, 'charged once')
        if shown['status'] == 'completed':
            self.assertEqual(kinds.count('release'), 1, kinds)
            data = ben.get(f'/api/tee/queries/{query}/results')['result_data']
            self.assertEqual(data['rows'], [['north', 50], ['south', 50]])
        else:  # true all the same: the run was spent, and the ledger says that nothing came of it
            self.assertNotIn('release', kinds)

    def moments_of(self, whom):
        """{(part, kind): moments}, as the story has them when nothing dies."""
        parts = []  # the part of each step

        def told(part):
            parts.extend([part] * (len(self.server.steps()) - len(parts)))

        with self.fresh():
            self.server.arm()
            ana, ben, base = self.begin('counted')
            self.server.armed.touch()
            query, shown = self.story(ana, ben, base, told)
            steps = self.server.steps()[:len(parts)]
            self.judge(ana, ben, base, query, shown)
        found, frames = defaultdict(list), 0
        for step, (kind, part) in enumerate(zip(steps, parts), 1):
            frames += kind in FRAMES
            if whom == 'server' or kind in FRAMES:
                found[part, kind].append(step if whom == 'server' else frames)
        for part, kinds in EXPECTED.items():
            for kind in kinds if whom == 'server' else FRAMES:
                self.assertIn((part, kind), found, f'{part}: no {KINDS[kind]}')
        return found

    def choose(self, found):
        if MOMENTS == 'all':
            return sorted(moment for moments in found.values() for moment in moments)
        chance = random.Random(SEED)
        chosen = {place: chance.choice(moments) for place, moments in sorted(found.items())}
        if MOMENTS == 'each':
            return sorted(chosen.values())
        places, some = sorted(chosen), {}
        chance.shuffle(places)
        for which in (0, 1):  # of each part, of each kind
            for place in places:
                if not any(place[which] == each[which] for each in some):
                    some[place] = chosen[place]
        return sorted(some.values())

    def kill_everywhere(self, whom):
        found = self.moments_of(whom)
        chosen = self.choose(found)
        count = {part: ', '.join(f'{len(moments)} {KINDS[kind]}' for (part_, kind), moments in sorted(found.items())
                                 if part_ == part) for part in EXPECTED}
        print(f'{whom}: dies at {len(chosen)} of ' + '; '.join(f'{part}: {text}' for part, text in count.items()))
        for moment in chosen:
            with self.subTest(whom=whom, moment=moment), self.fresh():
                self.server.arm(**({'server': moment} if whom == 'server' else {'enclave': [moment]}))
                ana, ben, base = self.begin(f'm{moment}')
                self.server.armed.touch()
                query, shown = self.story(ana, ben, base)
                self.judge(ana, ben, base, query, shown)
                if whom == 'server':
                    self.assertEqual(shown['status'], 'completed', shown)

    def test_of_the_server(self):
        self.kill_everywhere('server')

    def test_of_the_enclave(self):
        self.kill_everywhere('enclave')


if __name__ == '__main__':
    support.main()
