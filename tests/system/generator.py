"""Requests made out of api/openapi.yaml: ones that fit it, within its bounds and at them, and others of all kinds.

`Maker(random).request(path, operation)` answers a Made: what to send, and what the contract says of it. What breaks a
schema is not answered 2xx; what fits all of them is not answered 400, for a 400 says that a request is malformed.
"""

import base64
import hashlib
import json
import re
from collections import namedtuple
from urllib.parse import quote

import openapi
from contract import CONTRACT
from fitting import Fitting, text_of
from json_schema import faults, read_as

# wrong: why the contract forbids it, or None; fits: it fits, so that it is not answered 400.
Made = namedtuple('Made', 'target body headers wrong fits')

ID = re.compile(r'\b(env|ds|qry|upl|res|key|adm|usr|whk|msg)_[0-9a-z]{26}\b')
# An account has no pool: a closed one would end the caller's part in the story.
PARENTS = {'environments': 'env', 'datasets': 'ds', 'queries': 'qry', 'keys': 'key', 'requests': 'adm',
           'webhooks': 'whk'}
ID_POOL_MAX = 60  # of each kind, the newest
NUMBERS = [0, 1, -1, 2, 7, 24, 25, 100, 1000, 1001, 2**31, 2**53, 2**53 + 1, 2**63 - 1, 2**63, -2**63, 10**30]
FRACTIONS = [0.0, -0.0, 0.5, 1e-9, 1e-300, 1e300, 3.999, -1.5]
TEXTS = ['', ' ', 'a', 'Ä' * 100, 'x' * 201, 'x' * 2001, '\x00', 'a\nb', '‮', '\U0001f600', "'; DROP TABLE users; --",
         '../../etc/passwd', '{{7*7}}', 'null', '0', 'env_' + '0' * 26, '%', '\\', '<script>', 'dataset_1']
SQL = ['SELECT COUNT(DISTINCT t.person) AS n FROM visits t', 'SELECT t.person FROM visits t', 'SELECT', '', '1;2', '--',
       'SELECT t.ward, COUNT(DISTINCT t.person) AS n FROM visits t GROUP BY t.ward', 'SELECT ' + '(' * 500,
       'SELECT * FROM read_csv(\'/etc/passwd\')', 'WITH a AS (SELECT 1) SELECT * FROM a', 'x' * 70_000,
       'SELECT AVG(t.cost) AS c, COUNT(DISTINCT t.person) AS n FROM visits t WHERE t.ward = \'north\'']
SCHEMAS = [{'person': 'bigint', 'ward': 'text'}, {}, [], [{'name': 'a', 'type': 'BIGINT'}], {'a': 'nothing'}, 7, None,
           [{'name': 'a', 'type': 'DECIMAL(38,3)'}], [{'name': 'a', 'type': 'BIGINT'}] * 2, {'x' * 300: 'int'}]
POLICIES = ['aggregate_only', 'aggregates_only', 'research_release', 'no_such_preset', {}, [], None, 5,
            {'levels': ['aggregate_only'], 'privacy_unit': 'person', 'columns': {'person': {'roles': ['join_key']}}},
            {'levels': ['differential_privacy'], 'privacy_unit': 'person', 'min_group_size': 1, 'columns': {}}]
EMAILS = ['ana@ana.example', 'ben@ben.example', 'new@new.example', 'A@B', '@', 'a@b@c', 'ä@b.example',
          'a' * 300 + '@b.c']
NAMED = {'query_text': SQL, 'schema': SCHEMAS, 'policy': POLICIES, 'email': EMAILS, 'participant_emails': EMAILS,
         'recipients': EMAILS, 'accesses_datasets': ['visits', 'nothing', 'dataset_visits', ''],
         'privacy_unit': ['person', 'ward', 'nobody', ''], 'provider': ['local', 'google', ''],
         'privacy_level': ['full_access', 'k_anonymized', 'aggregate_only', 'differential_privacy', 'none'],
         'format': ['csv', 'parquet', 'jsonl', 'xml'], 'nonce': ['A' * 43, 'A', '', '!' * 43],
         'document': ['a.b.c', '', 'e30.e30.AAAA', 'x' * 5000], 'attestation_token': ['a.b.c', ''],
         'scopes': ['read', 'data', 'query', 'decide', 'manage', 'admin', 'everything'],
         'cursor': ['env_' + '0' * 26 + '.0123456789ab', '', 'zzz'], 'proof': ['a.b.c'],
         # Nobody listens at port 9, and the rest must be refused: nothing leaves this machine.
         'url': ['http://127.0.0.1:9/', 'https://10.0.0.1/', 'https://169.254.169.254/', 'ftp://x/', 'https://', ''],
         'events': ['tee.changed', 'query.changed', 'query.done'],
         'return_to': ['/docs', '/', '//evil.example', 'https://evil.example', '/api/login', '/\\evil', '/Ä'],
         'state': ['A' * 43, 'x', ''], 'code': ['4/0A', '', 'c' * 3000], 'iss': ['https://accounts.google.com', '']}
ANY_JSON = [None, True, 0, 1.5, '', [], {}, [[]], {'a': {'b': []}}]
# What no operation takes for a body of application/json.
NO_JSON = [b'', b'{', b'[]', b'null', b'"text"', b'{"a":1}{"b":2}', b'\xff\xfe', b'{"a":NaN}', b'{"a":1,"a":2}']


GOOD_SCHEMA = {'person': 'bigint', 'ward': 'text'}


def beyond_schemas(name, body, pairs):
    """Why a request that fits its schemas may be malformed all the same: what JSON Schema cannot say."""
    body = body if isinstance(body, dict) else {}
    if 'document' in body or 'proof' in body:
        return 'what is in a signed document, and its signature'
    if 'attestation_token' in body:
        return 'what is in a text of JSON'
    if 'cursor' in pairs:
        return 'a cursor is one that was answered'
    if name == 'putPart':
        return 'how many parts an upload has, and how long they are'
    if 'url' in body and body['url'] != 'http://127.0.0.1:9/':
        return 'which hosts are of the public Internet'
    if body.get('schema', GOOD_SCHEMA) != GOOD_SCHEMA or 'policy' in body or 'privacy_unit' in body:
        return 'a policy speaks of the columns of a schema, which has none twice'
    if name in ('readLedger', 'proveConsistency') and int(pairs.get('from', 0)) > int(pairs.get('to', 1 << 62)):
        return 'from is not behind to'
    if name == 'comeBack' and ('code' in pairs) == ('error' in pairs):
        return 'one of code and error'
    return None


# Where nothing has to be signed any more, a document is not looked at.
UNREAD = ('markAvailable', 'removeDataset', 'cancelQuery', 'terminateEnvironment', 'acceptCharter')


class Maker:
    def __init__(self, random):
        self.random = random
        self.ids = {}
        self.fitting = Fitting(random, NAMED)

    def learn(self, text):
        """Ids that an answer told, so that later requests are about things that exist."""
        for found in ID.finditer(text):
            known = self.ids.setdefault(found.group(1), [])
            if found.group() not in known:
                known.append(found.group())
                del known[:-ID_POOL_MAX]

    def chance(self, share):
        return self.random.random() < share

    def id_of(self, prefix):
        if self.chance(0.9) and self.ids.get(prefix):
            return self.random.choice(self.ids[prefix])
        return self.random.choice([prefix + '_' + '0' * 26, 'x', '..', '%00', 'Ä', 'a/b', prefix + '_' + 'z' * 26])

    def value(self, schema, name=''):
        schema = openapi.resolve(CONTRACT, schema)
        if 'anyOf' in schema and 'type' not in schema:
            schema = openapi.resolve(CONTRACT, self.random.choice(schema['anyOf']))
        if 'enum' in schema and self.chance(0.9):
            return self.random.choice(schema['enum'])
        if name in NAMED and schema.get('type') != 'array' and self.chance(0.9):
            return self.random.choice(NAMED[name])
        kinds = schema.get('type', 'any')
        kind = self.random.choice(kinds) if isinstance(kinds, list) else kinds
        return getattr(self, kind)(schema, name)

    def string(self, schema, __):
        if self.chance(0.3):
            return self.beside(schema)
        return self.random.choice(TEXTS) if self.chance(0.5) else f'name_{self.random.randrange(1000)}'

    def beside(self, schema):
        """A text that fits, and then one character less, more, or another."""
        made = self.fitting.attempt({**schema, 'type': 'string'}, '')
        at = self.random.randrange(len(made) + 1)
        return self.random.choice((made[:at] + made[at + 1:], made[:at] + self.random.choice('aÄ/ \x00') + made[at:]))

    def integer(self, schema, _):
        bounds = [schema[each] + step for each in ('minimum', 'maximum') if each in schema for step in (-1, 0, 1)]
        return self.random.choice(bounds + NUMBERS)

    def number(self, schema, name):
        return self.random.choice(FRACTIONS) if self.chance(0.5) else self.integer(schema, name)

    def boolean(self, _, __):
        return self.chance(0.5)

    def null(self, _, __):
        return None

    def any(self, _, __):
        return self.random.choice(ANY_JSON)

    def array(self, schema, name):
        return [self.value(schema.get('items', {}), name) for _ in range(self.random.choice((0, 1, 1, 2, 3)))]

    def object(self, schema, _):
        properties, required = schema.get('properties'), schema.get('required', ())
        if properties is None:
            return self.random.choice([{}, {'epsilon': 1}, {'a': 'b'}, {'x': {'y': [1]}}])
        return {name: self.value(each, name) for name, each in properties.items()
                if name in required or self.chance(0.4)}

    def spoil(self, schema, value):
        """Something less, something more, or something else."""
        schema = openapi.resolve(CONTRACT, schema)
        if not isinstance(value, dict) or 'properties' not in schema:
            return value
        how = self.random.choice(('unknown', 'missing', 'type'))
        if how == 'unknown':
            return {**value, 'nobody_knows_this': 1}
        if how == 'missing' and schema.get('required'):
            gone = self.random.choice(schema['required'])
            return {name: each for name, each in value.items() if name != gone}
        name = self.random.choice(list(schema['properties']) or ['nothing'])
        return {**value, name: self.random.choice(ANY_JSON)}

    def path(self, pattern, operation, pairs):
        parts, before = [], ''
        for part in pattern.split('/'):
            if part == '{id}':
                parts.append(self.id_of(PARENTS.get(before, 'env')))
            elif part.startswith('{'):
                prefix = {'{upload}': 'upl', '{result}': 'res', '{delivery}': 'msg'}.get(part)
                plain = {'{part}': ['1', '2', '0', '-1', 'x', '9' * 30], '{email}': EMAILS}.get(part)
                parts.append(self.id_of(prefix) if prefix else self.random.choice(plain))
            else:
                parts.append(part)
            before = part
        said = dict(zip((each[1:-1] for each in pattern.split('/')), parts))
        query = '&'.join(f'{name}={quote(value, safe="")}' for name, value in pairs.items())
        return '/'.join(quote(each, safe='') for each in parts) + ('?' + query if query else ''), said

    def pairs(self, operation, fit):
        make = self.fitting.value if fit else self.value
        return {each['name']: text_of(make(each['schema'], each['name'])) for each in self.parameters(operation)
                if each['in'] == 'query' and (each.get('required') or self.chance(0.4))}

    def parameters(self, operation):
        return [openapi.resolve(CONTRACT, each) for each in operation.get('parameters', ())]

    def headers(self, operation, body, fit):
        made = {}
        for each in self.parameters(operation):
            required = each.get('required')
            if each['in'] != 'header' or not self.chance(1 if required and fit else 0.9 if required else 0.2):
                continue
            digest = base64.b64encode(hashlib.sha256(body or b'').digest()).decode()
            right, others = {
                'If-Match': (['*', '"x"'], ['x', '']),
                'Content-Digest': ([f'sha-256=:{digest}:'], ['sha-256=::', 'md5=:x:', '']),
                'Idempotency-Key': ([f'k{self.random.randrange(50)}', 'k' * 128], ['k' * 129, '', 'a b']),
                'Last-Event-ID': (['0'], ['x'])}[each['name']]
            made[each['name']] = self.random.choice(right if fit else right + others)
        return made

    def json_body(self, content, fit):
        """(value, bytes): the value is not looked at where the bytes are no JSON object."""
        schema = content.get('schema', {})
        if 'example' in content and self.chance(0.2):
            value = content['example']
        else:
            value = (self.fitting.value if fit else self.value)(schema)
        if not fit and self.chance(0.25):
            value = self.spoil(schema, value)
        if not fit and self.chance(0.05):
            return None, self.random.choice(NO_JSON)
        return value, json.dumps(value).encode()

    def judge_parameters(self, operation, said):
        for each in self.parameters(operation):
            given = said[each['in']].get(each['name'])
            if given is None and each.get('required'):
                yield f'{each["name"]} is missing'
            elif given is not None:
                yield from faults(each['schema'], read_as(each['schema'], given), each['name'], closed=False)

    def request(self, path, operation):
        fit = self.chance(0.5)
        body, value, wrong, media = None, None, [], None
        for media, content in operation.get('requestBody', {}).get('content', {}).items():
            if media != 'application/json':
                body = self.random.choice([b'', b'person,ward,cost\n1,north,2\n', b'part', bytes(1000)])
                continue
            value, body = self.json_body(content, fit)
            if value is None and body:
                wrong.append('it is no JSON object')
            elif value is not None:
                wrong += [each for each in faults(content['schema'], value, 'the body', closed=False)
                          if operation['operationId'] not in UNREAD or 'document is not like' not in each]
        if not body and operation.get('requestBody', {}).get('required'):
            wrong.append('there is no body')
        pairs, headers = self.pairs(operation, fit), self.headers(operation, body, fit)
        target, said = self.path(path, operation, pairs)
        wrong += self.judge_parameters(operation, {'path': said, 'query': pairs, 'header': headers})
        if body:
            headers['Content-Type'] = media
            if media == 'application/json' and self.chance(0.02):
                headers['Content-Type'] = self.random.choice(['text/plain', 'application/xml', 'multipart/form-data'])
                wrong.append('another content type')
        fine = not wrong and beyond_schemas(operation['operationId'], value, pairs) is None
        return Made(target, body, headers, wrong[0] if wrong else None, fine)
