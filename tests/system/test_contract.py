"""api/openapi.yaml against the running server: what it answers, and whom."""

import base64
import hashlib
import json
import re
import shutil
import unittest

import contract
import fake_issuer
import json_schema
import support
from contract import CONTRACT, OPERATIONS, Caller, log_in
from support import ServerCase, await_that

NOTHING = '0' * 26
ROWS = 'person,ward,cost\n' + ''.join(f'{i},{"north" if i % 2 else "south"},{i % 50}\n' for i in range(120))
# What the development server and this story cannot do: a stream has a test of its own below, a sealed file of one's own
# is tests/system/test_flow.py.
NOT_HERE = {'streamEvents', 'openSocket', 'completeUpload', 'postLink'}
SIGNS = shutil.which('openssl') is not None  # without it nobody comes back from the issuer
if not SIGNS:
    NOT_HERE |= {'comeBack', 'logOut'}


class Story:
    """One environment in which everything has happened: Ana owns and creates, Ben takes part, Eve does not."""

    def __init__(self, url):
        self.root, self.ana, self.ben, self.eve = (
            log_in(url, f'{name}@{name}.example') for name in ('root', 'ana', 'ben', 'eve'))
        self.nobody = Caller(url)
        self.tee = self.ana.json('POST', '/api/tee/environments', {
            'name': 'room', 'participant_emails': ['ben@ben.example'], 'recovery': 'operator',
            'require_unanimous_approval': True}, expect=201)['tee']['id']
        self.base = f'/api/tee/environments/{self.tee}'
        self.dataset = self.share('visits')
        self.query = self.ask()
        self.result = self.ana.get(f'/api/tee/queries/{self.query}/results')['results'][0]
        self.upload = self.ana.json('POST', f'/api/tee/datasets/{self.dataset}/uploads', {'size_bytes': 4},
                                    expect=201)['upload']['id']
        self.key = self.ana.json('POST', '/api/keys', {'name': 'extra'}, expect=201)['key']['id']
        self.webhook = self.ana.json('POST', '/api/webhooks', {'url': 'http://127.0.0.1:9/'},
                                     expect=201)['webhook']['id']
        self.delivery = self.ana.json('POST', f'/api/webhooks/{self.webhook}/test', expect=202)['delivery']['id']
        self.asked = self.eve.json('POST', '/api/admin/requests', {'reason': 'why not'}, expect=201)['request']['id']

    def share(self, name):
        made = self.ana.json('POST', f'{self.base}/datasets', {
            'name': name, 'schema': {'person': 'bigint', 'ward': 'text', 'cost': 'double'},
            'policy': 'aggregate_only', 'privacy_unit': 'person'}, expect=201)['dataset']['id']
        self.ana.json('PUT', f'/api/tee/datasets/{made}/content', ROWS.encode())
        self.ana.json('POST', f'/api/tee/datasets/{made}/mark-available', expect=200)
        return made

    def ask(self):
        query = self.ben.json('POST', f'{self.base}/queries', {
            'name': 'By ward',
            'query_text': 'SELECT t.ward, COUNT(DISTINCT t.person) AS n FROM visits t GROUP BY t.ward',
            'recipients': ['ana@ana.example']}, expect=201)['query']['id']
        path = f'/api/tee/queries/{query}'
        self.ana.json('POST', f'{path}/approve', {'notes': 'yes'})  # the one owner; Ben is who asks
        await_that(lambda: self.ana.get(path)['query']['status'] == 'completed', 'the query is completed')
        return query

    def target(self, path):
        """The path of the contract, for the objects of this story."""
        parent = path.split('/')[3] if path.startswith('/api/tee/') else path.split('/')[2]
        ids = {'environments': self.tee, 'datasets': self.dataset, 'queries': self.query, 'keys': self.key,
               'admin': self.asked, 'webhooks': self.webhook}
        filled = path.replace('{id}', ids.get(parent, ''), 1).replace('{email}', 'ben@ben.example')
        filled = filled.replace('{delivery}', self.delivery)
        return filled.replace('{upload}', self.upload).replace('{part}', '1').replace('{result}', self.result['id'])


class JudgedBrowser(fake_issuer.Browser):
    """Has what the server answers judged."""

    def call(self, method, target, body=None, headers=()):
        status, fields, text = super().call(method, target, body, headers)
        if target.startswith(('/', self.url)):
            wrong = contract.judge(method, target, status, fields, text)
            if wrong:
                raise AssertionError('\n'.join(wrong))
            if status < 400:
                Caller.seen.add(contract.operation_of(method, target)[1]['operationId'])
        return status, fields, text


class Contract(ServerCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.issuer = fake_issuer.FakeIssuer(signs=SIGNS)
        cls.addClassCleanup(cls.issuer.close)
        cls.options = cls.issuer.options(cls.issuer.folder.name, fake_issuer.free_port())
        super().setUpClass()
        cls.story = Story(cls.server.url)

    def test_the_served_contract_is_the_file(self):
        self.assertEqual(self.story.nobody.get('/openapi.json'), CONTRACT)
        status, fields, _ = self.story.nobody.call('GET', '/docs')
        self.assertEqual(status, 200)
        self.assertIn("default-src 'none'", fields['Content-Security-Policy'])

    def test_every_example_fits_its_schema(self):
        for _, _, _, operation in OPERATIONS:
            contents = [operation.get('requestBody', {})] + list(operation['responses'].values())
            for each in contents:
                for content in contract.openapi.resolve(CONTRACT, each).get('content', {}).values():
                    if 'example' in content:
                        with self.subTest(operation=operation['operationId']):
                            self.assertEqual(list(contract.faults(content['schema'], content['example'])), [])

    def test_nobody_gets_what_is_not_his(self):
        """Every operation as everybody who must not. Without an expectation of it an operation fails the build."""
        story = self.story
        strangers = ((story.nobody, 401), (story.eve, 404))
        refused = {'open': (), 'caller': ((story.nobody, 401),), 'caller-own': strangers, 'proposed': strangers,
                   'member': strangers, 'administrator': ((story.nobody, 401), (story.ana, 403))}
        for access, other in (('owner', story.ben), ('creator', story.ben), ('recipient', story.ben),
                              ('submitter', story.ana)):
            refused[access] = ((story.nobody, 401), (story.eve, 404), (other, 403))
        for method, path, _, operation in OPERATIONS:
            for caller, expected in refused[operation['x-access']]:
                with self.subTest(method=method, path=path, expected=expected):
                    body = b'{}' if method in ('POST', 'PUT') else None
                    status, _, text = caller.call(method, story.target(path), body,
                                                  {'Content-Type': 'application/json'} if body else {})
                    self.assertEqual(status, expected, text)

    def test_no_operation_trusts_a_cookie_alone(self):
        """Every operation as another site makes Ana's browser ask for it."""
        browser = fake_issuer.Browser(self.server.url)
        status, made = browser.post('/api/dev/login', {'email': 'ana@ana.example', 'session': True})
        self.assertEqual(status, 200)
        token = made['session']['csrf_token']
        for method, path, _, operation in OPERATIONS:
            if operation['x-access'] == 'open':
                continue
            ways = [{'Origin': 'https://evil.example', 'X-CSRF-Token': token}, {'Sec-Fetch-Site': 'cross-site'}]
            if method != 'GET':
                ways += [{}, {'Origin': browser.url}, {'X-CSRF-Token': token}]
            for headers in ways:
                with self.subTest(method=method, path=path, headers=headers):
                    body = None if method == 'GET' else b'{}'
                    fields = {'Content-Type': 'application/json', **headers} if body else headers
                    status, _, text = browser.call(method, self.story.target(path), body, fields)
                    self.assertEqual(status, 403, text)
        self.assertEqual(browser.get('/api/me')[0], 200)

    def test_an_object_that_does_not_exist_is_like_one_of_others(self):
        story = self.story
        for method, path, _, operation in OPERATIONS:
            if operation['x-access'] not in ('proposed', 'member', 'owner', 'recipient', 'submitter', 'creator'):
                continue
            other = re.sub(r'(env|ds|qry)_[0-9a-z]{26}', lambda m: f'{m.group(1)}_{NOTHING}', story.target(path))
            body = b'{}' if method in ('POST', 'PUT') else None
            fields = {'Content-Type': 'application/json'} if body else {}
            with self.subTest(method=method, path=path):
                missing = json.loads(story.eve.call(method, other, body, fields)[2])
                foreign = json.loads(story.eve.call(method, story.target(path), body, fields)[2])
                self.assertEqual(missing['message'], foreign['message'])

    def test_what_is_answered_is_what_is_promised(self):
        """The last of the class: in the end its room is terminated."""
        story = self.story
        self.tell_the_rest(story)
        promised = {operation['operationId'] for _, _, _, operation in OPERATIONS}
        self.assertEqual(promised - Caller.seen - NOT_HERE, set())

    def tell_the_rest(self, story):
        ana, ben, base = story.ana, story.ben, story.base
        dataset, query = f'/api/tee/datasets/{story.dataset}', f'/api/tee/queries/{story.query}'
        hook = f'/api/webhooks/{story.webhook}'
        for path in ('', '/charter', '/charter/diff', '/chain', '/catalogue', '/budgets', '/ledger',
                     '/ledger/checkpoint', '/ledger/proof/inclusion?index=0', '/ledger/proof/consistency?from=1',
                     '/datasets', '/queries', '/attestation?nonce=' + 'A' * 43):
            ana.get(base + path)
        for path in ('', '/policy', '/versions', '/policy/diff', '/uploads', f'/uploads/{story.upload}'):
            ana.get(dataset + path)
        for path in ('', '/report', '/receipt', '/evidence-pack', f'/results/{story.result["id"]}/download'):
            ana.get(query + path)
        story.nobody.call('GET', ana.get(f'{query}/results')['download_url'])
        for path in ('/api/tee/environments', '/api/tee/inbox', '/api/me', '/api/participant-keys', '/api/keys',
                     '/api/admin/requests', '/api/webhooks', hook, f'{hook}/deliveries'):
            ana.get(path)
        for path in ('/api/tee/health', '/livez', '/readyz?verbose=1', '/openapi.json'):
            story.nobody.get(path)
        for path in ('/docs', '/docs/style.css'):
            story.nobody.call('GET', path)
        ana.json('POST', f'{base}/attestation', {})
        part = b'part'
        digest = base64.b64encode(hashlib.sha256(part).digest()).decode()
        self.assertEqual(ana.call('PUT', f'{dataset}/uploads/{story.upload}/parts/1', part,
                                  {'Content-Digest': f'sha-256=:{digest}:'})[0], 200)
        ana.json('DELETE', f'{dataset}/uploads/{story.upload}')
        ana.json('POST', f'{dataset}/policy/test', {'tests': [
            {'query_text': 'SELECT COUNT(DISTINCT t.person) AS n FROM visits t', 'expect': 'accepted'},
            {'query_text': 'SELECT t.person FROM visits t', 'expect': 'refused'}]})
        policy = ana.get(f'{dataset}/policy')['policy']
        self.assertEqual(ana.call('PUT', f'{dataset}/policy', {'policy': {**policy, 'min_group_size': 30}},
                                  {'If-Match': '*'})[0], 200)
        ana.json('POST', f'{dataset}/versions', {'format': 'csv'})
        self.decide(story)
        self.people(story)
        gone = story.share('gone')
        ana.json('DELETE', f'/api/tee/datasets/{gone}')
        self.assertEqual(ana.call('PUT', f'{base}/charter', {'name': 'renamed'}, {'If-Match': '*'})[0], 201)
        ben.json('POST', f'{base}/acceptances')
        ana.json('POST', f'{base}/participants', {'email': 'later@later.example'}, expect=202)
        ana.json('POST', f'{base}/suspend')
        ana.json('POST', f'{base}/resume')
        await_that(lambda: ana.get(base)['tee']['status'] == 'active', 'it runs again')
        ana.json('DELETE', f'{base}/participants/ben@ben.example', expect=201)
        ana.json('POST', f'{base}/terminate', {'reason': 'done'})

    def decide(self, story):
        text = {'query_text': 'SELECT COUNT(DISTINCT t.person) AS n FROM visits t'}
        story.ben.json('POST', f'{story.base}/queries/check', text)
        for verb, caller, body in (('reject', story.ana, {'reason': 'no'}), ('cancel', story.ben, {})):
            query = story.ben.json('POST', f'{story.base}/queries', {'name': 'q', **text}, expect=201)['query']['id']
            caller.json('POST', f'/api/tee/queries/{query}/{verb}', body)
        refused = story.ben.json('POST', f'{story.base}/queries',
                                 {'name': 'q', 'query_text': 'SELECT t.person FROM visits t'}, expect=422)
        self.assertTrue(all({'rule', 'message', 'line'} <= set(each) for each in refused['violations']))

    def people(self, story):
        ana, root = story.ana, story.root
        root.get('/api/admin/users')
        root.json('POST', '/api/admin/users', {'email': 'new@new.example'}, expect=201)
        root.json('POST', f'/api/admin/requests/{story.asked}/approve')
        second = story.ben.json('POST', '/api/admin/requests', {}, expect=201)['request']['id']
        root.json('POST', f'/api/admin/requests/{second}/reject')
        log_in(self.server.url, 'own@own.example').json('POST', '/api/participant-keys', {'custody': 'server'},
                                                        expect=201)
        ana.json('POST', f'/api/keys/{story.key}/roll', {'overlap_hours': 1}, expect=201)
        ana.json('DELETE', f'/api/keys/{story.key}')
        closed = f'/api/admin/users/{story.eve.get("/api/me")["user"]["id"]}'
        root.json('DELETE', f'{closed}/administrator')
        root.json('POST', f'{closed}/disable')
        root.json('POST', f'{closed}/enable')
        hook = f'/api/webhooks/{story.webhook}'
        ana.json('POST', f'{hook}/roll', {'overlap_hours': 1})
        ana.json('POST', f'{hook}/deliveries/{story.delivery}/resend', expect=202)
        self.assertEqual(ana.call('PUT', hook, {'url': 'http://127.0.0.1:9/other', 'enabled': False},
                                  {'If-Match': '*'})[0], 200)
        ana.json('DELETE', hook)
        self.browsers()

    def browsers(self):
        self.issuer.person = {'sub': '1', 'email': 'browser@hospital.example', 'hd': 'hospital.example'}
        first, second = JudgedBrowser(self.server.url), JudgedBrowser(self.server.url)
        first.get('/api/login/methods')
        if not SIGNS:
            first.call('GET', '/api/login')
            status, made = first.post('/api/dev/login', {'email': 'browser@hospital.example', 'session': True})
            self.assertEqual(status, 200)
            first.token = made['session']['csrf_token']
        else:
            self.assertEqual((first.log_in()[0], second.log_in()[0]), (303, 303))
            self.assertEqual(second.post('/api/logout')[0], 200)
        first.get('/api/session')
        first.get('/api/sessions')
        self.assertEqual(first.send('DELETE', '/api/sessions')[0], 200)


class Validator(unittest.TestCase):
    """The alarms can ring."""

    def test_it_finds_what_is_wrong(self):
        user = {'id': 'usr_' + NOTHING, 'email': 'e@e', 'name': 'n', 'organisation': 'o', 'administrator': False,
                'created_at': '2026-11-22T08:36:00Z', 'updated_at': '2026-11-22T08:36:00Z'}
        schema = {'$ref': '#/components/schemas/User'}
        self.assertEqual(list(contract.faults(schema, user)), [])
        for wrong in ({'id': 1}, {'id': 'usr_'}, {'administrator': 0}, {'created_at': 'now'}, {'more': 1}):
            self.assertTrue(list(contract.faults(schema, {**user, **wrong})), wrong)
        del user['email']
        self.assertTrue(list(contract.faults(schema, user)))

    def test_each_word_has_an_effect(self):
        for schema, right, wrong in (
                ({'minLength': 1, 'maxLength': 2}, ['a', 'ää'], ['', 'abc']),
                ({'x-maxBytes': 3}, ['abc', 'äa'], ['ää']),
                ({'pattern': '^a+$'}, ['aa'], ['ab', 'a\n']), ({'minimum': 1, 'maximum': 2}, [1, 2.0], [0, 2.5]),
                ({'exclusiveMinimum': 0}, [0.1], [0]), ({'minItems': 1, 'maxItems': 2}, [[1]], [[], [1, 2, 3]]),
                ({'uniqueItems': True}, [[1, 2]], [[1, 1]]), ({'items': {'type': 'integer'}}, [[]], [['a']]),
                ({'const': 1}, [1], [True, 2]), ({'enum': [False]}, [False], [0]),
                ({'anyOf': [{'const': 1}, {'type': 'integer'}]}, [1, 2], ['a']),
                ({'oneOf': [{'const': 1}, {'type': 'integer'}]}, [2], [1, 'a']),
                ({'allOf': [{'minimum': 1}, {'maximum': 2}]}, [1], [3]),
                ({'not': {'required': ['a']}}, [{}], [{'a': 1}]),
                ({'required': ['a']}, [{'a': 1}], [{}]), ({'additionalProperties': False}, [{}], [{'a': 1}]),
                ({'additionalProperties': {'type': 'integer'}}, [{'a': 1}], [{'a': 'b'}]),
                ({'propertyNames': {'pattern': '^a'}}, [{'ab': 1}], [{'ba': 1}]),
                ({'minProperties': 1, 'maxProperties': 1}, [{'a': 1}], [{}, {'a': 1, 'b': 2}]),
                ({'dependentRequired': {'a': ['b']}}, [{'b': 1}, {'a': 1, 'b': 2}], [{'a': 1}]),
                ({'no such word': 1}, [], [1])):
            with self.subTest(schema):
                for each in right:
                    self.assertEqual(list(contract.faults(schema, each, closed=False)), [], each)
                for each in wrong:
                    self.assertTrue(list(contract.faults(schema, each, closed=False)), each)

    def test_the_contract_says_nothing_that_is_not_looked_at(self):
        said = {word for schema in json_schema.schemas_in(CONTRACT) for word in schema}
        self.assertEqual(said - json_schema.KNOWN, set())

    def test_fields_that_are_missing_or_not_promised_are_found(self):
        promised = {'Request-Id': {'required': True, 'schema': {'type': 'string'}},
                    'Retry-After': {'schema': {'type': 'integer', 'minimum': 1}}}
        judged = [list(contract.judge_fields(promised, fields)) for fields in (
            {'Request-Id': 'x'}, {'Request-Id': 'x', 'Retry-After': '1'}, {}, {'Request-Id': 'x', 'Retry-After': '0'},
            {'Request-Id': 'x', 'Retry-After': 'soon'}, {'Request-Id': 'x', 'ETag': '"a"'})]
        self.assertEqual([len(each) for each in judged], [0, 0, 1, 1, 1, 1])


if __name__ == '__main__':
    support.main()
