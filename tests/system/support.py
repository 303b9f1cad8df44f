"""What the system tests share: a small clean room over the real programs, and a caller of the server's REST API.

The data is tiny and the thresholds low, so that a test spends its time on the story and not on rows. Every process and
folder belongs to one test class and is gone when it ends.
"""

import http.client
import json
import os
import shutil
import sqlite3
import ssl
import sys
import tempfile
import time
import unittest
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'examples'))

import stage  # noqa: E402  (needs the path above)

SKIPPED = 77  # ctest's SKIP_RETURN_CODE of this folder
REST_SECONDS_MAX = 60
WAIT_SECONDS_MAX = 30

# Exit codes of `cloister`, as its --help lists them.
OK, ERROR, USAGE, NOT_FOUND, LOGIN_NEEDED, REFUSED, WAITING, VERIFICATION_FAILED = range(8)

VISITS_SCHEMA = [{'name': 'person_id', 'type': 'BIGINT'}, {'name': 'ward', 'type': 'VARCHAR'},
                 {'name': 'visits', 'type': 'INTEGER'}, {'name': 'remark', 'type': 'VARCHAR'}]
COVERAGE_SCHEMA = [{'name': 'person_id', 'type': 'BIGINT'}, {'name': 'tariff', 'type': 'VARCHAR'},
                   {'name': 'note', 'type': 'VARCHAR'}]


def policy(measure=None, dimension=None, hidden=None, k=3):
    columns = {'person_id': {'roles': ['join_key'], 'domain': 'person'}, dimension: {'roles': ['dimension']}}
    if hidden:
        columns[hidden] = {'roles': ['hidden']}
    if measure:
        columns[measure] = {'roles': ['measure'], 'bounds': [0, 100], 'filter_grid': 1, 'granularity': 1}
    return {'levels': ['aggregate_only'], 'privacy_unit': 'person_id', 'min_group_size': k, 'columns': columns,
            'limits': {'runs': 50}, 'owner_approval': 'each_query'}


VISITS_POLICY = policy(measure='visits', dimension='ward', hidden='remark')
COVERAGE_POLICY = policy(dimension='tariff', hidden='note')

JOIN_SQL = """SELECT c.tariff, COUNT(DISTINCT v.person_id) AS people, SUM(v.visits) AS visits
FROM visits v JOIN coverage c ON v.person_id = c.person_id
GROUP BY c.tariff ORDER BY c.tariff"""
# The same by hand, for the plain rows.
JOIN_PLAIN_SQL = """SELECT tariff, COUNT(DISTINCT v.person_id), SUM(visits) FROM v, c
WHERE v.person_id = c.person_id GROUP BY 1 HAVING COUNT(DISTINCT v.person_id) >= 3 ORDER BY 1"""
WARD_SQL = """SELECT v.ward, COUNT(DISTINCT v.person_id) AS people FROM visits v GROUP BY v.ward ORDER BY v.ward"""


def visits_rows(remark='nothing'):
    """40 people with 1 to 3 visits rows in wards of 13 and 14 people, one of them alone in `isolation`."""
    rows = []
    for person in range(1, 41):
        ward = 'isolation' if person == 40 else ('north', 'south', 'west')[person % 3]
        rows += [(person, ward, (person * 7 + year) % 9, remark) for year in range(1 + person % 3)]
    return rows


def coverage_rows(lone_tariff='gold', note='nothing'):
    """30 of those people, and one with a tariff of his own."""
    return [(person, lone_tariff if person == 30 else ('basic', 'plus')[person % 2], note) for person in range(1, 31)]


def plain_answer(sql, visits=None, coverage=None):
    database = sqlite3.connect(':memory:')
    database.execute('CREATE TABLE v (person_id INTEGER, ward TEXT, visits INTEGER, remark TEXT)')
    database.execute('CREATE TABLE c (person_id INTEGER, tariff TEXT, note TEXT)')
    database.executemany('INSERT INTO v VALUES (?, ?, ?, ?)', visits or visits_rows())
    database.executemany('INSERT INTO c VALUES (?, ?, ?)', coverage or coverage_rows())
    rows = [list(row) for row in database.execute(sql)]
    database.close()
    return rows


def find(document, member):
    """The first `member` at any depth: the client's answers nest an object under its kind."""
    if isinstance(document, dict):
        if member in document:
            return document[member]
        document = list(document.values())
    if isinstance(document, list):
        for each in document:
            found = find(each, member)
            if found is not None:
                return found
    return None


class Rest:
    """Calls the server as one participant would without our client: HTTP and an API key."""

    def __init__(self, party=None, url=None, ca_file=None):
        self.url = url or party.server.url
        self.key = (party.home / 'api-key').read_text().strip() if party else None
        # What stands in for a server in a test may have none.
        self.ca_file = ca_file or (getattr(party.server, 'ca_file', None) if party else None)

    def connect(self):
        address = urlsplit(self.url)
        if address.scheme == 'https':
            trust = ssl.create_default_context(cafile=self.ca_file)
            return http.client.HTTPSConnection(address.hostname, address.port, timeout=REST_SECONDS_MAX, context=trust)
        return http.client.HTTPConnection(address.hostname, address.port, timeout=REST_SECONDS_MAX)

    def call(self, method, path, body=None, headers=()):
        """(status, headers, bytes)."""
        connection = self.connect()
        fields = dict(headers)
        if self.key:
            fields.setdefault('Authorization', f'Bearer {self.key}')
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            fields.setdefault('Content-Type', 'application/json')
        try:
            connection.request(method, path, body, fields)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def json(self, method, path, body=None, expect=(200, 201, 202)):
        status, _, text = self.call(method, path, body)
        if status not in ((expect,) if isinstance(expect, int) else expect):
            raise AssertionError(f'{method} {path}: {status} {text[:600]!r}')
        return json.loads(text)

    def get(self, path, expect=200):
        return self.json('GET', path, expect=expect)

    def entries(self, environment):
        """The whole ledger, each entry decoded."""
        size = self.get(f'/api/tee/environments/{environment}/ledger?from=0&to=1')['size']
        entries = []
        while len(entries) < size:
            to = min(size, len(entries) + 256)
            path = f'/api/tee/environments/{environment}/ledger?from={len(entries)}&to={to}'
            entries += [json.loads(text) for text in self.get(path)['entries']]
        return entries


def log_in(url, email, ca_file=None):
    """A caller with an API key of his own, on a server that lets anybody be anybody."""
    rest = Rest(url=url, ca_file=ca_file)
    rest.key = rest.json('POST', '/api/dev/login', {'email': email})['api_key']
    return rest


class ServerCase(unittest.TestCase):
    """An empty server for all tests of a class."""

    options = ()

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix='cloister-system-')
        cls.addClassCleanup(folder.cleanup)
        cls.server = stage.Server(folder.name, *cls.options).start()
        cls.addClassCleanup(cls.server.stop)


class OwnerCase(unittest.TestCase):
    """A server of each test's own, which it may end, and Ana, who has an environment there."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='cloister-system-')
        self.addCleanup(folder.cleanup)
        self.server = stage.Server(folder.name).start()
        self.addCleanup(lambda: self.server.stop())
        self.ana = log_in(self.server.url, 'ana@a.example')
        self.base = '/api/tee/environments/' + self.ana.json(
            'POST', '/api/tee/environments', {'name': 'u', 'recovery': 'operator'})['tee']['id']

    def register(self, name):
        return '/api/tee/datasets/' + self.ana.json('POST', f'{self.base}/datasets', {
            'name': name, 'schema': {'id': 'int'}, 'policy': 'aggregate_only', 'privacy_unit': 'id'})['dataset']['id']


class Room:
    """A server with a hospital, an insurer and an institute in one environment; FOLDER is its own."""

    def __init__(self, folder, custody=None, recovery='operator', options=(), ca_file=None):
        self.folder = Path(folder)
        self.server = stage.Server(self.folder, *options, ca_file=ca_file).start()
        self.custody = {'hospital': 'server', 'insurer': 'self', 'institute': 'self', **(custody or {})}
        self.hospital, self.insurer, self.institute = (
            stage.Party(self.server, name, custody=self.custody[name], organisation=name.capitalize())
            for name in ('hospital', 'insurer', 'institute'))
        self.recovery = recovery
        self.environment = self.create('room')

    @property
    def parties(self):
        return self.hospital, self.insurer, self.institute

    def create(self, name, creator=None, guests=None):
        creator = creator or self.institute
        guests = guests if guests is not None else [each for each in self.parties if each is not creator]
        invited = [word for guest in guests for word in ('--with', guest.email)]
        created = creator.json('env', 'create', name, *invited, '--recovery', self.recovery)
        environment = find(created, 'id')
        for party in [creator, *guests]:
            if party.custody == 'self':
                party.run('env', 'accept', environment, '--yes')
        return environment

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        return path

    def visits_csv(self, rows=None):
        lines = ['person_id,ward,visits,remark'] + [','.join(map(str, row)) for row in rows or visits_rows()]
        return self.write('visits.csv', '\n'.join(lines) + '\n')

    def coverage_jsonl(self, rows=None):
        lines = [json.dumps(dict(zip(('person_id', 'tariff', 'note'), row))) for row in rows or coverage_rows()]
        return self.write('coverage.jsonl', '\n'.join(lines) + '\n')

    def terms(self, name, environment=None):
        """The options that describe a dataset of ours."""
        schema, rules = (VISITS_SCHEMA, VISITS_POLICY) if name.startswith('visits') else (COVERAGE_SCHEMA,
                                                                                          COVERAGE_POLICY)
        return ['--env', environment or self.environment, '--name', name, '--yes',
                '--policy', self.write(f'{name}.policy.json', rules),
                '--schema', self.write(f'{name}.schema.json', schema)]

    def upload(self, visits=None, coverage=None):
        self.hospital.run('dataset', 'upload', self.visits_csv(visits), *self.terms('visits'))
        self.insurer.run('dataset', 'upload', self.coverage_jsonl(coverage), *self.terms('coverage'))
        return self

    def dataset_id(self, name, environment=None):
        path = f'/api/tee/environments/{environment or self.environment}/datasets'
        return next(each['id'] for each in Rest(self.institute).get(path)['datasets'] if each['name'] == name)

    def submit(self, sql=JOIN_SQL, name='a question', to=None):
        to = to or [self.institute]
        recipients = [word for party in to for word in ('--to', party.email)]
        asked = self.institute.json('query', 'submit', '-', '--env', self.environment, '--name', name, *recipients,
                                    stdin=sql)
        return find(asked, 'id')

    def approve(self, query, *parties):
        for party in parties or (self.hospital, self.insurer):
            party.run('query', 'approve', query, '--yes')

    def rows(self, query, party=None):
        party = party or self.institute
        party.run('query', 'wait', query)
        return json.loads(party.run('result', 'get', query, '--format', 'json'))['rows']

    def answer(self, sql=JOIN_SQL):
        query = self.submit(sql)
        self.approve(query)
        return query, self.rows(query)

    def restart(self, kill=False, **options):
        (self.server.kill if kill else self.server.stop)()
        for name, value in options.items():
            setattr(self.server, name, value)
        self.server.start()
        for party in self.parties:
            party.moved_to(self.server)

    def size(self, party=None):
        return Rest(party or self.institute).get(f'/api/tee/environments/{self.environment}/ledger?from=0&to=1')['size']

    def log(self):
        return self.server.log.read_text(errors='replace')

    def close(self):
        try:
            self.server.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


class RoomCase(unittest.TestCase):
    """One room for all tests of a class. `kept` are the arguments of Room; `filled`: both datasets are in it."""

    kept = {}
    filled = True
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.room = None
        folder = Path(tempfile.mkdtemp(prefix='cloister-system-'))
        try:
            cls.room = Room(folder, **cls.kept)
            if cls.filled:
                cls.room.upload()
        except BaseException:
            log = folder / 'server.log'
            print(log.read_text(errors='replace')[-3000:] if log.exists() else 'no server log', file=sys.stderr)
            if cls.room:
                cls.room.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.room.close()

    def refused(self, party, *arguments, code, saying=None, stdin=None):
        """The client ends with `code`, and its words for people hold `saying`. Returns them."""
        got, out, err = party.invoke(*arguments, stdin=stdin)
        self.assertEqual(got, code, f'cloister {" ".join(map(str, arguments))}\n{out}{err}')
        if saying:
            self.assertIn(saying, out + err)
        return out + err


def await_that(condition, what):
    end = time.monotonic() + WAIT_SECONDS_MAX
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(f'still not so after {WAIT_SECONDS_MAX} s: {what}')
        time.sleep(0.05)
    return found


def enclaves_of(server):
    """The enclave processes of a server: its children that became the enclave's program."""
    found = []
    for task in Path(f'/proc/{server.process.pid}/task').iterdir():
        try:
            for pid in (task / 'children').read_text().split():
                if Path(f'/proc/{pid}/comm').read_text().startswith('cloister-enclav'):
                    found.append(int(pid))
        except (FileNotFoundError, ProcessLookupError):  # it ended while we looked
            continue
    return found


def main(peer=None):
    """Runs the calling file's tests. Without the program `peer` there is nothing to test: says so and is skipped."""
    if peer and not shutil.which(peer):
        print(f'skipped: the program {peer} is not installed')
        sys.exit(SKIPPED)
    stage.programs()
    os.umask(0o077)
    unittest.main(module='__main__', verbosity=2)
