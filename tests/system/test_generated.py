"""Requests out of the contract, as many as there is time for: no answer is a server's failure or breaks the contract,
what the contract forbids is refused, and what fits it is not called malformed.

CLOISTER_GENERATE_SECONDS=N goes on that long, CLOISTER_SEED=N with other requests. A failure prints the request.
"""

import json
import os
import random
import tempfile
import time
import unittest
from collections import Counter
from unittest import mock

import support
from contract import OPERATIONS, Caller, judge, log_in
from fake_issuer import Browser, FakeIssuer, free_port
from generator import Maker
from support import Rest, stage
from test_contract import Story

SECONDS = float(os.environ.get('CLOISTER_GENERATE_SECONDS', '12'))
SEED = int(os.environ.get('CLOISTER_SEED', '20261122'))
STREAMS = {'streamEvents'}  # it does not end; tests/system/test_workflow.py reads it
# What ends or stops the world of the others comes seldom, and so does what starts an enclave.
SELDOM = {'terminateEnvironment': 0.02, 'suspendEnvironment': 0.05, 'removeParticipant': 0.05, 'removeDataset': 0.1,
          'createEnvironment': 0.05, 'proposeCharter': 0.1, 'addParticipant': 0.1, 'devLogin': 0.1, 'abortUpload': 0.2,
          'resumeEnvironment': 0.3}
ENVIRONMENTS_MAX = 12       # then the world begins anew, on a fresh server
REQUESTS_OF_A_WORLD = 4000
CANARY_REQUESTS = 150


class World:
    """A fresh server on which everything has happened once, and who calls it."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix='cloister-system-')
        self.issuer = FakeIssuer(signs=False)
        self.server = stage.Server(self.folder.name, *self.issuer.options(self.folder.name, free_port())).start()
        story = Story(self.server.url)
        self.keys = {name: getattr(story, name).key for name in ('root', 'ana', 'ben', 'eve')} | {'nobody': None}
        self.tees = 1
        self.browser = None
        self.told = ' '.join(Caller(self.server.url, self.keys['ana']).call('GET', path)[2].decode() for path in (
            '/api/tee/environments', f'{story.base}/datasets', f'{story.base}/queries', '/api/keys',
            '/api/webhooks', f'/api/webhooks/{story.webhook}/deliveries',
            f'/api/tee/queries/{story.query}/results', f'/api/tee/datasets/{story.dataset}/uploads')) + story.asked

    def call_as_page(self, method, made):
        """Ana, in her browser."""
        if self.browser is None or self.browser.get('/api/session')[0] == 401:
            self.browser = Browser(self.server.url)
            self.browser.token = self.browser.post('/api/dev/login', {
                'email': 'ana@ana.example', 'session': True})[1]['session']['csrf_token']
        fields = {'Origin': self.browser.url, 'Sec-Fetch-Site': 'same-origin', 'X-CSRF-Token': self.browser.token}
        return self.browser.call(method, made.target, made.body, {**fields, **made.headers})

    def call(self, who, method, made):
        if who == 'page':
            return self.call_as_page(method, made)
        rest = Rest(url=self.server.url)
        rest.key = self.keys[who]
        status, fields, text = rest.call(method, made.target, made.body, made.headers)
        if status == 401 and self.keys[who]:  # some request removed or rolled his key
            self.keys[who] = log_in(self.server.url, f'{who}@{who}.example').key
        return status, fields, text

    def close(self):
        self.server.stop()
        self.issuer.close()
        self.folder.cleanup()


class Generated(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.world = None
        self.addCleanup(lambda: self.world and self.world.close())
        self.random = random.Random(SEED)
        self.counts, self.good, self.found, self.fitting = Counter(), Counter(), {}, 0

    def anew(self):
        if self.world:
            self.world.close()
        self.world = World()
        self.maker = Maker(self.random)
        self.maker.learn(self.world.told)
        self.left = REQUESTS_OF_A_WORLD

    def choose(self):
        while True:
            method, path, _, operation = self.random.choice(OPERATIONS)
            name = operation['operationId']
            if name not in STREAMS and self.random.random() < SELDOM.get(name, 1):
                return method, path, operation

    def one(self, chosen=None):
        method, path, operation = chosen or self.choose()
        made = self.maker.request(path, operation)
        who = self.random.choice(('ana', 'ana', 'page', 'ben', 'ben', 'root', 'eve', 'nobody'))
        status, fields, text = self.world.call(who, method, made)
        self.counts[status] += 1
        if status < 300:
            self.good[operation['operationId']] += 1
            self.maker.learn(text.decode(errors='replace'))
            self.world.tees += operation['operationId'] == 'createEnvironment'
        wrong = judge(method, made.target, status, fields, text)
        if made.wrong and status < 300:
            wrong.append(f'{method} {path}: {made.wrong}, and it is answered {status}')
        self.fitting += made.fits
        if made.fits and status == 400:
            wrong.append(f'{method} {path}: it fits its schemas, and is malformed: {json.loads(text)["message"]}')
        for each in wrong:
            self.found.setdefault(each, f'{who}: {method} {made.target} {made.headers} {(made.body or b"")[:600]!r}\n'
                                        f'    {status} {text[:400]!r}')

    def test_nothing_fails_and_nothing_is_broken(self):
        end = time.monotonic() + SECONDS
        self.anew()
        while time.monotonic() < end:
            self.one()
            self.left -= 1
            if self.left == 0 or self.world.tees > ENVIRONMENTS_MAX:
                self.anew()
        total = sum(self.counts.values())
        print(f'seed {SEED}: {total} requests, {self.fitting} of them fitting, {dict(sorted(self.counts.items()))}; '
              f'{len(self.good)} of {len(OPERATIONS)} operations answered 2xx')
        self.assertEqual('\n'.join(f'{fault}\n  {how}' for fault, how in self.found.items()), '')
        self.assertGreater(len(self.good), len(OPERATIONS) / 2, 'too few requests come through to say anything')

    def test_the_alarms_can_ring(self):
        """Were the contract of API keys another than the server's, it would be found."""
        method, path, _, operation = next(each for each in OPERATIONS if each[3]['operationId'] == 'createKey')
        content = operation['requestBody']['content']['application/json']
        days = content['schema']['properties']['expires_in_days']
        for said, found in (({'maximum': 1000}, 'it fits its schemas, and is malformed'),
                            ({'maximum': 3}, 'expires_in_days is more than 3')):
            self.anew()
            with self.subTest(said), mock.patch.dict(days, said):
                for _ in range(CANARY_REQUESTS):
                    self.one((method, path, operation))
                self.assertTrue(any(found in each for each in self.found), self.found)


if __name__ == '__main__':
    support.main()
