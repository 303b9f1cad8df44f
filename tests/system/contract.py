"""The contract of the REST API as tests read it: which operation a call is, and whether an answer is what was promised.

What an answer must be is JSON Schema (json_schema.py).
"""

import json
import re
import sys
from urllib.parse import urlsplit

from support import ROOT, Rest

sys.path.insert(0, str(ROOT / 'tools'))

import openapi  # noqa: E402
from json_schema import CONTRACT, faults, read_as  # noqa: E402


def pattern_of(path):
    return re.compile('/'.join('[^/]+' if part.startswith('{') else re.escape(part) for part in path.split('/')))


OPERATIONS = [(method.upper(), path, pattern_of(path), operation)
              for method, path, operation in sorted(openapi.operations(CONTRACT), key=lambda each: '{' in each[1])]


def operation_of(method, target):
    path = urlsplit(target).path
    return next(((path_, operation) for method_, path_, pattern, operation in OPERATIONS
                 if method_ == method and pattern.fullmatch(path)), (None, None))


# Of these none is answered that is not promised.
FIELDS = ('Request-Id', 'ETag', 'Location', 'Retry-After', 'RateLimit', 'RateLimit-Policy', 'Idempotency-Replayed',
          'WWW-Authenticate', 'Accept', 'Allow', 'Content-Digest', 'Set-Cookie', 'Content-Disposition', 'Upgrade',
          'Sec-WebSocket-Accept', 'Sec-WebSocket-Version')


def judge_fields(promised, headers):
    for name, field in promised.items():
        field = openapi.resolve(CONTRACT, field)
        given = headers.get(name)
        if given is not None:
            yield from faults(field['schema'], read_as(field['schema'], given), f'the field {name}')
        elif field.get('required'):
            yield f'the field {name} is missing'
    for name in FIELDS:
        if name in headers and name not in promised:
            yield f'the field {name} is answered and not promised'


def judge(method, target, status, headers, body):
    """What is wrong with an answer, as a list of sentences."""
    path, operation = operation_of(method, target)
    if operation is None:
        return [] if status in (404, 405) else [f'{method} {target}: answered and not in the contract']
    promised = operation['responses'].get(str(status), operation['responses']['default'])
    promised = openapi.resolve(CONTRACT, promised)
    kind = headers.get('Content-Type', '').split(';')[0]
    found = list(judge_fields(promised.get('headers', {}), headers))
    if status >= 400 and kind != 'application/problem+json':
        found.append(f'a failure is {kind}')
    if 200 <= status < 400 and str(status) not in operation['responses']:
        found.append(f'status {status} is not promised')
    if status >= 500:
        found.append('the server failed')
    schema = promised.get('content', {}).get(kind, {}).get('schema')
    if schema is not None:
        found += list(faults(schema, json.loads(body)))
    elif not kind and promised.get('content') and not (300 <= status < 400):
        found.append('an answer without a type')
    elif (kind or body) and kind not in promised.get('content', {}):
        found.append(f'{kind} is not promised')
    return [f'{method} {path}: {each}' for each in found]


class Caller(Rest):
    """Calls as somebody with an API key, and has every answer judged."""

    seen = set()  # operations that answered 2xx, of all callers together

    def __init__(self, url, key=None):
        super().__init__(url=url)
        self.key = key

    def call(self, method, path, body=None, headers=()):
        status, fields, text = super().call(method, path, body, headers)
        wrong = judge(method, path, status, fields, text)
        if wrong:
            raise AssertionError('\n'.join(wrong) + f'\n{text[:800]!r}')
        if 200 <= status < 300:
            self.seen.add(operation_of(method, path)[1]['operationId'])
        return status, fields, text


def log_in(url, email):
    return Caller(url, Caller(url).json('POST', '/api/dev/login', {'email': email})['api_key'])
