"""The contract of the REST API as tests read it: which operation a call is, and whether an answer is what was promised.

The validator knows JSON Schema as far as api/openapi.yaml uses it; a keyword that it does not know is an error, so that
the contract cannot promise more than is looked at.
"""

import json
import re
import sys
from urllib.parse import urlsplit

from support import ROOT, Rest

sys.path.insert(0, str(ROOT / 'tools'))

import openapi  # noqa: E402

CONTRACT = openapi.read()
KNOWN = {'type', 'properties', 'required', 'additionalProperties', 'items', 'enum', 'anyOf', '$ref', 'format',
         'description'}
TYPES = {'string': str, 'integer': int, 'number': (int, float), 'boolean': bool, 'object': dict, 'array': list,
         'null': type(None)}
TIME = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ')


def is_of(value, kind):
    return isinstance(value, TYPES[kind]) and not (isinstance(value, bool) and kind in ('integer', 'number'))


def faults(schema, value, where='answer'):
    """Everything in which a value is not what its schema says."""
    schema = openapi.resolve(CONTRACT, schema)
    unknown = set(schema) - KNOWN
    if unknown:
        yield f'{where}: the validator does not know {unknown}'
    if 'anyOf' in schema and all(list(faults(each, value, where)) for each in schema['anyOf']):
        yield f'{where} is none of those that it may be'
    kinds = schema.get('type', [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(is_of(value, kind) for kind in kinds):
        yield f'{where} is no {" or ".join(kinds)}: {value!r}'
        return
    if 'enum' in schema and value not in schema['enum']:
        yield f'{where} is none of {schema["enum"]}: {value!r}'
    if schema.get('format') == 'date-time' and not TIME.fullmatch(value):
        yield f'{where} is no time: {value!r}'
    if isinstance(value, dict):
        properties = schema.get('properties', {})
        for name in schema.get('required', ()):
            if name not in value:
                yield f'{where}.{name} is missing'
        for name, each in value.items():
            if name in properties:
                yield from faults(properties[name], each, f'{where}.{name}')
            elif properties and schema.get('additionalProperties') is not True:
                yield f'{where}.{name} is not promised'
    if isinstance(value, list) and 'items' in schema:
        for index, each in enumerate(value):
            yield from faults(schema['items'], each, f'{where}[{index}]')


def pattern_of(path):
    return re.compile('/'.join('[^/]+' if part.startswith('{') else re.escape(part) for part in path.split('/')))


OPERATIONS = [(method.upper(), path, pattern_of(path), operation)
              for method, path, operation in sorted(openapi.operations(CONTRACT), key=lambda each: '{' in each[1])]


def operation_of(method, target):
    path = urlsplit(target).path
    return next(((path_, operation) for method_, path_, pattern, operation in OPERATIONS
                 if method_ == method and pattern.fullmatch(path)), (None, None))


def judge(method, target, status, headers, body):
    """What is wrong with an answer, as a list of sentences."""
    path, operation = operation_of(method, target)
    if operation is None:
        return [] if status in (404, 405) else [f'{method} {target}: answered and not in the contract']
    promised = operation['responses'].get(str(status), operation['responses']['default'])
    promised = openapi.resolve(CONTRACT, promised)
    kind = headers.get('Content-Type', '').split(';')[0]
    found = []
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
