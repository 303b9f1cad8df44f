"""Requests made out of api/openapi.yaml: right ones, ones at the bounds, and wrong ones that are known to be wrong.

`Maker(random, pools).request(method, path, operation)` answers a Made: what to send, and whether the contract itself
forbids it, so that nothing but a 4xx may come back.
"""

import base64
import hashlib
import json
import re
from collections import namedtuple
from urllib.parse import quote

import openapi
from contract import CONTRACT

Made = namedtuple('Made', 'target body headers wrong')  # wrong: why the contract forbids it, or None

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
         'cursor': ['env_' + '0' * 26, '', 'zzz'], 'proof': ['a.b.c'],
         # Nobody listens at port 9, and the rest must be refused: nothing leaves this machine.
         'url': ['http://127.0.0.1:9/', 'https://10.0.0.1/', 'https://169.254.169.254/', 'ftp://x/', 'https://', ''],
         'events': ['tee.changed', 'query.changed', 'query.done'],
         'return_to': ['/docs', '/', '//evil.example', 'https://evil.example', '/api/login', '/\\evil', '/Ä'],
         'state': ['A' * 43, 'x', ''], 'code': ['4/0A', '', 'c' * 3000], 'iss': ['https://accounts.google.com', '']}
ANY_JSON = [None, True, 0, 1.5, '', [], {}, [[]], {'a': {'b': []}}]
# What no operation takes for a body of application/json.
NO_JSON = [b'', b'{', b'[]', b'null', b'"text"', b'{"a":1}{"b":2}', b'\xff\xfe', b'{"a":NaN}', b'{"a":1,"a":2}']


class Maker:
    def __init__(self, random):
        self.random = random
        self.ids = {}

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
        if 'enum' in schema and self.chance(0.9):
            return self.random.choice(schema['enum'])
        if name in NAMED and schema.get('type') != 'array' and self.chance(0.9):
            return self.random.choice(NAMED[name])
        kinds = schema.get('type', 'any')
        kind = self.random.choice(kinds) if isinstance(kinds, list) else kinds
        return getattr(self, kind)(schema, name)

    def string(self, _, __):
        return self.random.choice(TEXTS) if self.chance(0.5) else f'name_{self.random.randrange(1000)}'

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
        """(value, why) that its schema forbids; (value, None) where it cannot be told."""
        schema = openapi.resolve(CONTRACT, schema)
        if not isinstance(value, dict) or 'properties' not in schema:
            return value, None
        how = self.random.choice(('unknown', 'missing', 'type'))
        if how == 'unknown' and schema.get('additionalProperties') is False:
            return {**value, 'nobody_knows_this': 1}, 'an unknown member'
        if how == 'missing' and schema.get('required'):
            gone = self.random.choice(schema['required'])
            return {name: each for name, each in value.items() if name != gone}, f'{gone} is missing'
        typed = [name for name, each in schema['properties'].items() if isinstance(each.get('type'), str)]
        if not typed:
            return value, None
        name = self.random.choice(typed)
        other = {'string': 7, 'integer': 'x', 'number': 'x', 'boolean': 'x', 'array': 'x', 'object': 'x'}
        return {**value, name: other[schema['properties'][name]['type']]}, f'{name} is of another type'

    def path(self, pattern, operation):
        parts, before = [], ''
        for part in pattern.split('/'):
            if part == '{id}':
                parts.append(quote(self.id_of(PARENTS.get(before, 'env')), safe=''))
            elif part.startswith('{'):
                prefix = {'{upload}': 'upl', '{result}': 'res', '{delivery}': 'msg'}.get(part)
                plain = {'{part}': ['1', '2', '0', '-1', 'x', '9' * 30], '{email}': EMAILS}.get(part)
                parts.append(quote(self.id_of(prefix) if prefix else self.random.choice(plain), safe=''))
            else:
                parts.append(part)
            before = part
        pairs = [(each['name'], self.value(each['schema'], each['name'])) for each in self.parameters(operation)
                 if each['in'] == 'query' and (each.get('required') or self.chance(0.4))]
        if self.chance(0.03):
            pairs.append(('limit', 'x'))
        query = '&'.join(f'{name}={quote(str(value), safe="")}' for name, value in pairs)
        return '/'.join(parts) + ('?' + query if query else '')

    def parameters(self, operation):
        return [openapi.resolve(CONTRACT, each) for each in operation.get('parameters', ())]

    def headers(self, operation, body):
        made = {}
        for each in self.parameters(operation):
            if each['in'] != 'header' or not self.chance(0.9 if each.get('required') else 0.2):
                continue
            digest = base64.b64encode(hashlib.sha256(body or b'').digest()).decode()
            made[each['name']] = self.random.choice({
                'If-Match': ['*', '"x"', 'x', ''],
                'Content-Digest': [f'sha-256=:{digest}:', 'sha-256=::', 'md5=:x:', ''],
                'Idempotency-Key': [f'k{self.random.randrange(50)}', 'k' * 128, 'k' * 129, '', 'a b'],
                'Last-Event-ID': ['0', 'x']}[each['name']])
        return made

    def request(self, path, operation):
        body, wrong, media = None, None, None
        for media, content in operation.get('requestBody', {}).get('content', {}).items():
            schema = content.get('schema', {})
            if media != 'application/json':
                body = self.random.choice([b'', b'person,ward,cost\n1,north,2\n', b'part', bytes(1000)])
                continue
            value = content['example'] if 'example' in content and self.chance(0.3) else self.value(schema)
            if self.chance(0.25):
                value, wrong = self.spoil(schema, value)
            body = json.dumps(value).encode()
            if self.chance(0.05):
                body = self.random.choice(NO_JSON)
                wrong = None if body == b'' else 'it is no JSON object'
        headers = self.headers(operation, body)
        if body:
            headers['Content-Type'] = media
            if media == 'application/json' and self.chance(0.04):
                headers['Content-Type'] = self.random.choice(['text/plain', 'application/xml', 'multipart/form-data'])
                wrong = 'another content type'
        return Made(self.path(path, operation), body, headers, wrong)
