"""The power goes again and again while three parties work, and every write that was answered 2xx is there exactly once.

A server and its enclaves die at seeded random steps, some of them while they start: at writes, renames, flushes and
frames of registrations, plain files, parts of uploads, queries, approvals, changed terms, keys and new environments; of
participants whose keys the server keeps, and of one who signs for herself. Their clients repeat each request under its
Idempotency-Key until it is answered. Then everything is counted.

CLOISTER_RANDOM_KILLS=N kills N times, CLOISTER_SEED=N with another seed.
"""

import base64
import hashlib
import json
import os
import random
import tempfile
import threading
import time
import unittest
from collections import Counter

import support
from mortal import LIBRARY, RETRY_SECONDS_MAX, Client, Mortal
from signing import Author, digest_of, header_of, payload_of
from support import Rest, stage

KILLS = int(os.environ.get('CLOISTER_RANDOM_KILLS', '8'))
SEED = int(os.environ.get('CLOISTER_SEED', '20261122'))
# A life ends within that many steps, or while it starts; its enclaves within that many frames.
STEPS_MAX, START_STEPS_MAX, FRAMES_MAX = 1000, 80, 150
LIFE_SECONDS_MAX = 20            # a life that does not come to its moment ends by the clock
STORY_SECONDS_MAX = 3600
PART = 8 << 20
UPLOAD_ID_CHARS = len('upl_') + 26
SENDER_PAUSE_SECONDS = 0.4       # a part is many steps: without it nobody else would come to any
ROWS = 'person,ward\n' + ''.join(f'{i},{"north" if i % 2 else "south"}\n' for i in range(100))
SCHEMA = {'person': 'bigint', 'ward': 'varchar'}
POLICY = {'levels': ['aggregate_only'], 'privacy_unit': 'person', 'min_group_size': 25, 'owner_approval': 'each_query',
          'columns': {'person': {'roles': ['join_key'], 'domain': 'person'}, 'ward': {'roles': ['dimension']}},
          'limits': {'runs': 50}}
ANSWER = [['north', 50], ['south', 50]]
ID_LETTERS = '0123456789abcdefghjkmnpqrstvwxyz'


def wards(name):
    return f'SELECT s.ward, COUNT(DISTINCT s.person) AS n FROM {name} s GROUP BY s.ward ORDER BY s.ward'


class Doomed(Mortal):
    """Its lives end at random until it died KILLS times; then it stays."""

    def __init__(self, folder, *options):
        super().__init__(folder, *options)
        self.random = random.Random(SEED)
        self.powerless = 0  # lives that the clock ended
        self.safe = True

    def over(self):
        return len(self.kills()) + self.powerless >= KILLS

    def start_again(self):
        if self.safe or self.over():
            self.start()
            return
        chance = self.random
        starting = chance.random() < 0.25
        server = chance.randint(1, START_STEPS_MAX if starting else STEPS_MAX)
        enclave = sorted(chance.randint(1, FRAMES_MAX) for _ in range(chance.choice((0, 1, 1, 2))))
        begun = time.monotonic()
        try:
            self.arm(server, enclave, at_once=starting)
        except RuntimeError:  # it died while it started
            self.process = None
            self.start_again()
            return
        self.armed.touch()
        self.born = begun

    def end_long_lives(self):
        with self.lock:
            if not self.dead() and not self.over() and time.monotonic() - self.born > LIFE_SECONDS_MAX:
                self.powerless += 1
                self.kill()


class Told:
    """What was answered 2xx. One list a kind; filled by all parties."""

    def __init__(self):
        self.datasets, self.queries, self.approvals, self.rejections = {}, {}, set(), set()
        self.keys, self.tees, self.policies, self.requests, self.removed = {}, {}, {}, {}, set()
        self.parts = 0


class Worker(threading.Thread):
    """One party's life: a story, again and again, until the dying is over. What goes wrong is its `fault`."""

    def __init__(self, server, told, seed):
        super().__init__()
        self.server, self.told, self.random, self.fault, self.stories = server, told, random.Random(seed), None, 0

    def run(self):
        try:
            while self.stories == 0 or not self.server.over():
                self.stories += 1
                self.story(f'{type(self).__name__.lower()}_{self.stories}')
        except BaseException as fault:  # noqa: BLE001  (it is the finding)
            self.fault = fault


class Keeper(Worker):
    """Ana owns and Ben asks; the server signs for both."""

    def __init__(self, server, told, seed, people, base):
        super().__init__(server, told, seed)
        (self.root, self.ana, self.ben), self.base = people, base

    def story(self, name):
        dataset = self.share(name)
        query = self.ask(name)
        if self.random.random() < 0.2:
            self.ana.send('POST', f'/api/tee/queries/{query}/reject', {'reason': 'no'}, f'{name}-no')
            self.told.rejections.add(query)
        else:
            self.ana.send('POST', f'/api/tee/queries/{query}/approve', {'notes': 'yes'}, f'{name}-yes')
            self.told.approvals.add(query)
            await_end(self.ben, query)
        if self.random.random() < 0.5:
            self.restrict(name, dataset)
        if self.random.random() < 0.2:
            self.ana.answer('DELETE', f'/api/tee/datasets/{dataset}', name=f'{name}-gone', also=(404,))
            self.told.removed.add(dataset)
        self.say_more(name)

    def share(self, name):
        dataset = self.ana.send('POST', f'{self.base}/datasets', {
            'name': name, 'schema': SCHEMA, 'policy': 'aggregate_only', 'privacy_unit': 'person'},
            f'{name}-register')['dataset']['id']
        self.told.datasets[name] = dataset
        self.ana.send('PUT', f'/api/tee/datasets/{dataset}/content', ROWS.encode(), f'{name}-file')
        while True:
            status, marked = self.ana.answer('POST', f'/api/tee/datasets/{dataset}/mark-available', {}, f'{name}-mark')
            if marked['dataset']['status'] == 'available':
                return dataset
            assert status == 202, marked
            time.sleep(0.1)

    def ask(self, name):
        query = self.ben.send('POST', f'{self.base}/queries', {'name': name, 'query_text': wards(name)},
                              f'{name}-ask')['query']['id']
        self.told.queries[name] = query
        return query

    def restrict(self, name, dataset):
        """Stricter terms over the same file, under the tag of those that were read."""
        path = f'/api/tee/datasets/{dataset}/policy'
        policy = {**self.ana.get(path)['policy'], 'min_group_size': 30}
        tag = self.ana.fields['ETag']
        other = '"' + hashlib.sha256(b'').hexdigest() + '"'
        status, _ = self.ana.answer('PUT', path, {'policy': policy}, headers={'If-Match': other}, also=(412,))
        assert status == 412, status
        if self.random.random() < 0.5:
            self.ana.send('PUT', path, {'policy': policy}, f'{name}-terms', headers={'If-Match': tag})
        else:
            self.ana.send('POST', f'/api/tee/datasets/{dataset}/versions', {'policy': policy}, f'{name}-terms')
        self.told.policies[dataset] = 30

    def say_more(self, name):
        """What needs no enclave, and what starts one."""
        made = self.ana.send('POST', '/api/keys', {'name': name, 'scopes': ['read']}, f'{name}-key')
        self.told.keys[name] = (made['key']['id'], made['api_key'])
        if self.random.random() < 0.5:
            rolled = self.ana.send('POST', f'/api/keys/{made["key"]["id"]}/roll', {'overlap_hours': 1}, f'{name}-roll')
            self.told.keys[f'{name} rolled'] = (rolled['key']['id'], rolled['api_key'])
        if self.random.random() < 0.5:
            asked = self.ben.send('POST', '/api/admin/requests', {'reason': name}, f'{name}-admin')
            self.told.requests[name] = asked['request']['id']
            self.root.send('POST', f'/api/admin/requests/{asked["request"]["id"]}/reject', {}, f'{name}-not-him')
        if self.random.random() < 0.1:
            made = self.ana.send('POST', '/api/tee/environments', {'name': name, 'recovery': 'operator'}, f'{name}-tee')
            self.told.tees[name] = made['tee']['id']


class Signer(Worker):
    """Carla keeps her own key: her client seals and sends the file, and her links are repeated byte by byte."""

    def __init__(self, server, told, seed, party, environment):
        super().__init__(server, told, seed)
        self.party, self.environment = party, environment
        self.rest = Client(server, (party.home / 'api-key').read_text().strip())
        self.author = Author(party, self.rest, environment)
        self.file = server.folder / 'carla.csv'
        self.file.write_text(ROWS)
        self.schema, self.policy = server.folder / 'carla.json', server.folder / 'policy.json'
        self.schema.write_text(json.dumps([{'name': 'person', 'type': 'BIGINT'}, {'name': 'ward', 'type': 'VARCHAR'}]))
        self.policy.write_text(json.dumps(POLICY))

    def cli(self, *arguments):
        end = time.monotonic() + RETRY_SECONDS_MAX
        while True:
            self.server.revive()
            code, out, err = self.party.moved_to(self.server).invoke(*arguments)
            if code == 0:
                return out
            assert code in (support.ERROR, support.NOT_FOUND) and time.monotonic() < end, (
                f'{arguments}: {code}\n{out}{err}')
            time.sleep(0.05)

    def story(self, name):
        self.cli('dataset', 'upload', self.file, '--env', self.environment, '--name', name, '--yes',
                 '--policy', self.policy, '--schema', self.schema)
        base = f'/api/tee/environments/{self.environment}'
        dataset = next(each for each in self.rest.get(f'{base}/datasets')['datasets'] if each['name'] == name)
        self.told.datasets[name] = dataset['id']
        body = {'query': 'qry_0' + ''.join(self.random.choices(ID_LETTERS, k=25)), 'name': name, 'text': wards(name),
                'parameters': {}, 'datasets': [{'dataset': dataset['id'], 'manifest': dataset['manifest']}],
                'level': 'aggregate_only', 'privacy': {}, 'recipients': [self.author.signer.thumbprint],
                'charter': self.rest.get(base)['tee']['charter_digest']}
        link = self.author.next_link('query', body)
        self.rest.send('POST', f'{base}/queries', {'name': name, 'query_text': wards(name), 'document': link},
                       f'{name}-ask')
        query = self.told.queries[name] = body['query']
        report = payload_of(self.rest.get(f'/api/tee/queries/{query}/report')['report'])
        approval = {'query': digest_of(link), 'plan': report['plan'], 'report': report['report_digest'],
                    'charges': report['charges'], 'not_after': '2999-01-01T00:00:00Z', 'notes': ''}
        document = self.author.next_link('approval', approval)
        self.rest.send('POST', f'/api/tee/queries/{query}/approve', {'document': document}, f'{name}-yes')
        self.told.approvals.add(query)
        await_end(self.rest, query)


class Sender(Worker):
    """Dora sends files in parts. A part that was answered is never sent again, whatever died since."""

    def __init__(self, server, told, seed, dora, dataset):
        super().__init__(server, told, seed)
        self.dora, self.dataset = dora, dataset

    def story(self, name):
        file = self.random.randbytes(PART + self.random.randrange(1, 1 << 20))
        parts = {1: file[:PART], 2: file[PART:]}
        upload = self.dora.send('POST', f'{self.dataset}/uploads', {'size_bytes': len(file)},
                                f'{name}-begin')['upload']['id']
        path = f'{self.dataset}/uploads/{upload}'
        answered = set()
        for number in self.random.sample((1, 2), 2):
            digest = base64.b64encode(hashlib.sha256(parts[number]).digest()).decode()
            self.dora.send('PUT', f'{path}/parts/{number}', parts[number],
                           headers={'Content-Digest': f'sha-256=:{digest}:',
                                    'Content-Type': 'application/octet-stream'})
            answered.add(number)
            there = {each['part'] for each in self.dora.get(path)['upload']['parts']}
            assert there == answered, f'{name}: {there} are there, {answered} were answered'
        blobs = self.server.data / 'blobs'
        assert (blobs / f'{upload}.draft').read_bytes() == file, f'{name}: the file on the disk is another one'
        self.told.parts += 2
        time.sleep(SENDER_PAUSE_SECONDS)
        self.dora.answer('DELETE', path, also=(404,))
        assert not list(blobs.glob(f'{upload}*')), f'{name}: what was given up is still on the disk'


def await_end(client, query):
    end = time.monotonic() + RETRY_SECONDS_MAX
    while (shown := client.get(f'/api/tee/queries/{query}')['query'])['status'] not in ('completed', 'error'):
        assert time.monotonic() < end, shown
        time.sleep(0.05)
    return shown


@unittest.skipUnless(LIBRARY.is_file(), 'the library that kills is not built')
class RandomKills(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='cloister-system-')
        self.addCleanup(folder.cleanup)
        self.server = Doomed(folder.name)
        self.addCleanup(lambda: self.server.stop())
        self.told = Told()

    def log_in(self, name):
        answer = Rest(url=self.server.url).json('POST', '/api/dev/login', {'email': f'{name}@example.org'})
        return Client(self.server, answer['api_key'])

    def begin(self):
        """The environment of all, before anything dies."""
        self.server.start()
        root, self.ana, self.ben, self.dora = (self.log_in(name) for name in ('root', 'ana', 'ben', 'dora'))
        self.carla = stage.Party(self.server, 'carla', custody='self')
        self.tee = self.ana.send('POST', '/api/tee/environments', {
            'name': 'room', 'participant_emails': ['ben@example.org', 'carla@example.org', 'dora@example.org'],
            'recovery': 'operator', 'require_unanimous_approval': False})['tee']['id']
        self.carla.run('env', 'accept', self.tee, '--yes')
        self.base = f'/api/tee/environments/{self.tee}'
        sent = self.dora.send('POST', f'{self.base}/datasets', {
            'name': 'sent', 'schema': SCHEMA, 'policy': 'aggregate_only', 'privacy_unit': 'person'})['dataset']['id']
        self.server.stop()
        self.server.safe = False
        return [Keeper(self.server, self.told, SEED + 1, (root, self.ana, self.ben), self.base),
                Signer(self.server, self.told, SEED + 2, self.carla, self.tee),
                Sender(self.server, self.told, SEED + 3, self.dora, f'/api/tee/datasets/{sent}')]

    def test_every_write_is_there_once(self):
        workers = self.begin()
        for worker in workers:
            worker.start()
        end = time.monotonic() + STORY_SECONDS_MAX
        while any(worker.is_alive() for worker in workers) and time.monotonic() < end:
            time.sleep(0.1)
            self.server.end_long_lives()
        self.assertEqual([worker.fault for worker in workers], [None] * len(workers), self.happened(workers))
        self.server.revive()
        with self.subTest(seed=SEED):
            self.judge()
        print(self.happened(workers))

    def happened(self, workers):
        kinds = Counter(line.split()[0] for line in self.server.kills())
        told = self.told
        return (f'seed {SEED}: killed {kinds["server"]} servers and {kinds["enclave"]} enclaves at steps, '
                f'{self.server.powerless} by the clock; {sum(each.stories for each in workers)} stories, '
                f'{len(told.datasets)} datasets, {len(told.queries)} queries, {len(told.approvals)} approvals, '
                f'{len(told.rejections)} rejections, {len(told.policies)} changed terms, {len(told.keys)} keys, '
                f'{len(told.tees)} environments, {told.parts} parts')

    def all_of(self, client, path, name):
        found, cursor = [], ''
        while cursor is not None:
            page = client.get(f'{path}?limit=100' + (f'&cursor={cursor}' if cursor else ''))
            found, cursor = found + page[name], page['next_cursor']
        return found

    def judge(self):
        told, ana = self.told, self.ana
        datasets = {each['name']: each for each in self.all_of(ana, f'{self.base}/datasets', 'datasets')}
        kept = {name: id_ for name, id_ in told.datasets.items() if id_ not in told.removed}
        self.assertEqual({name: each['id'] for name, each in datasets.items() if name != 'sent'}, kept)
        queries = self.all_of(ana, f'{self.base}/queries', 'queries')
        self.assertEqual(sorted((each['name'], each['id']) for each in queries), sorted(told.queries.items()))
        keys = [each['id'] for each in self.all_of(ana, '/api/keys', 'keys') if each['name'] != 'development login']
        self.assertEqual(sorted(keys), sorted(id_ for id_, _ in told.keys.values()))
        for _, text in told.keys.values():
            Client(self.server, text).get('/api/me')
        requests = self.all_of(self.ben, '/api/admin/requests', 'requests')
        self.assertEqual(sorted((each['reason'], each['id']) for each in requests), sorted(told.requests.items()))
        tees = [each for each in self.all_of(ana, '/api/tee/environments', 'tees') if each['status'] != 'error']
        self.assertEqual(sorted((each['name'], each['id']) for each in tees),
                         sorted([('room', self.tee), *told.tees.items()]))
        self.judge_ledger(queries)
        self.judge_files(datasets.values())
        self.carla.moved_to(self.server).run('ledger', 'verify', self.tee)

    def judge_files(self, datasets):
        """No file lies around that is nobody's: whoever removes a dataset removes what came of it. Of what is complete
        there is its file and nothing else; what attempts at parts left behind goes with an unfinished upload's end."""
        carla = Client(self.server, (self.carla.home / 'api-key').read_text().strip())
        owned = {f'{who}@example.org': client for who, client in
                 (('ana', self.ana), ('dora', self.dora), ('carla', carla))}
        uploads = [each for dataset in datasets for each in self.all_of(
            owned[dataset['owner_email']], f'/api/tee/datasets/{dataset["id"]}/uploads', 'uploads')]
        there = {file.name for file in (self.server.data / 'blobs').glob('upl_*')}
        complete = {each['id'] for each in uploads if each['complete']}
        unfinished = {each['id'] for each in uploads if not each['complete']}
        self.assertEqual(complete - there, set(), 'what counts is there')
        self.assertEqual({name for name in there - complete if name[:UPLOAD_ID_CHARS] not in unfinished}, set())

    def judge_ledger(self, queries):
        entries = []
        while len(entries) < (page := self.ana.get(f'{self.base}/ledger?from={len(entries)}'))['size']:
            entries += [json.loads(text) for text in page['entries']]
        links = [entry['jws'] for entry in entries if entry['kind'] == 'link']
        kinds = Counter(header_of(jws)['typ'].split('-')[1].split('+')[0] for jws in links)
        told = self.told
        self.assertEqual(kinds['query'], len(told.queries))
        self.assertEqual(kinds['approval'], len(told.approvals))
        self.assertEqual(kinds['rejection'], len(told.rejections))
        self.assertEqual([entry for entry in entries if entry['kind'] == 'refusal'], [])
        stricter = Counter(payload_of(jws)['body']['dataset'] for jws in links if 'manifest' in header_of(jws)['typ']
                           and payload_of(jws)['body']['policy'].get('min_group_size') == 30)
        self.assertEqual(stricter, Counter(told.policies.keys()))
        versions = Counter(payload_of(jws)['body']['dataset'] for jws in links if 'manifest' in header_of(jws)['typ'])
        for name, dataset in told.datasets.items():
            if name.startswith('keeper') and dataset in versions:
                self.assertEqual(versions[dataset], 1 + (dataset in told.policies), 'each file and each change once')
        reserved = Counter(entry['query'] for entry in entries if entry['kind'] == 'reservation')
        released = Counter(entry['query'] for entry in entries if entry['kind'] == 'release')
        self.assertEqual(set(reserved.values()) | set(released.values()), {1}, 'run once, charged once')
        for each in queries:
            if each['id'] in told.approvals and each['status'] == 'completed':
                self.assertIn(each['query_digest'], released)
            elif each['id'] in told.approvals:  # it died as often as a query may, before it ran or in the middle
                self.assertEqual(each['status'], 'error')
                self.assertNotIn(each['query_digest'], released)
            if each['status'] == 'completed' and each['name'].startswith('keeper'):
                data = self.ben.get(f'/api/tee/queries/{each["id"]}/results')['result_data']
                self.assertEqual(data['rows'], ANSWER)


if __name__ == '__main__':
    support.main()
