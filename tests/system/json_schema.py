"""JSON Schema as far as api/openapi.yaml uses it: what is wrong with a value. A keyword that is not known is an error,
so that the contract cannot promise more than is looked at.

Besides JSON Schema's own words there is x-maxBytes: JSON Schema counts characters, the server's documents UTF-8.
"""

import json
import re

import openapi

CONTRACT = openapi.read()
KNOWN = {'type', 'properties', 'required', 'additionalProperties', 'items', 'enum', 'const', 'anyOf', 'oneOf', 'allOf',
         'not', '$ref', 'format', 'description', 'default', 'minLength', 'maxLength', 'x-maxBytes', 'pattern',
         'minimum', 'maximum', 'exclusiveMinimum', 'minItems', 'maxItems', 'uniqueItems', 'propertyNames',
         'minProperties', 'maxProperties', 'dependentRequired', 'contentMediaType'}
TYPES = {'string': str, 'integer': int, 'number': (int, float), 'boolean': bool, 'object': dict, 'array': list,
         'null': type(None)}
TIME = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ')


def is_of(value, kind):
    return isinstance(value, TYPES[kind]) and not (isinstance(value, bool) and kind in ('integer', 'number'))


def same(a, b):
    """1 is not true, and 1 is 1.0."""
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def compiled(pattern):
    """As ECMA-262 means it: $ is the end, and not also what is before a last line end."""
    return re.compile(pattern[:-1] + r'\Z' if pattern.endswith('$') else pattern)


def of_string(schema, value):
    if len(value) < schema.get('minLength', 0):
        yield f'has fewer than {schema["minLength"]} characters'
    if len(value) > schema.get('maxLength', len(value)):
        yield f'has more than {schema["maxLength"]} characters'
    if 'x-maxBytes' in schema and len(value.encode('utf-8', 'surrogatepass')) > schema['x-maxBytes']:
        yield f'has more than {schema["x-maxBytes"]} bytes'
    if 'pattern' in schema and not compiled(schema['pattern']).search(value):
        yield f'is not like {schema["pattern"]}'
    if schema.get('format') == 'date-time' and not TIME.fullmatch(value):
        yield 'is no time'


def of_number(schema, value):
    if value < schema.get('minimum', value):
        yield f'is less than {schema["minimum"]}'
    if value > schema.get('maximum', value):
        yield f'is more than {schema["maximum"]}'
    if 'exclusiveMinimum' in schema and value <= schema['exclusiveMinimum']:
        yield f'is not more than {schema["exclusiveMinimum"]}'


def of_array(schema, value):
    if len(value) < schema.get('minItems', 0):
        yield f'has fewer than {schema["minItems"]} items'
    if len(value) > schema.get('maxItems', len(value)):
        yield f'has more than {schema["maxItems"]} items'
    if schema.get('uniqueItems') and len({json.dumps(each) for each in value}) < len(value):
        yield 'says something twice'


def of_object(schema, value):
    for name in schema.get('required', ()):
        if name not in value:
            yield f'lacks {name}'
    for name, others in schema.get('dependentRequired', {}).items():
        for other in others:
            if name in value and other not in value:
                yield f'has {name} and lacks {other}'
    if len(value) < schema.get('minProperties', 0):
        yield f'has fewer than {schema["minProperties"]} members'
    if len(value) > schema.get('maxProperties', len(value)):
        yield f'has more than {schema["maxProperties"]} members'


def in_object(schema, value, where, closed):
    properties, more = schema.get('properties', {}), schema.get('additionalProperties')
    for name, each in value.items():
        if 'propertyNames' in schema:
            yield from faults(schema['propertyNames'], name, f'the name {where}.{name}')
        if name in properties:
            yield from faults(properties[name], each, f'{where}.{name}', closed)
        elif isinstance(more, dict):
            yield from faults(more, each, f'{where}.{name}', closed)
        elif more is False or (closed and properties and more is not True):
            yield f'{where}.{name} is not promised'


def combined(schema, value, where, closed):
    for word, wanted in (('anyOf', lambda n: n >= 1), ('oneOf', lambda n: n == 1)):
        if word in schema and not wanted(sum(fits(each, value, closed) for each in schema[word])):
            yield f'{where} is none of those that it may be'
    for each in schema.get('allOf', ()):
        yield from faults(each, value, where, closed=False)
    if 'not' in schema and fits(schema['not'], value, closed=False):
        yield f'{where} is what it must not be'


def faults(schema, value, where='answer', closed=True):
    """Everything in which a value is not what its schema says. `closed`: what is not named is not there, unless the
    schema says that it may be; so our answers are judged. Requests are judged by the schema alone."""
    schema = openapi.resolve(CONTRACT, schema)
    unknown = set(schema) - KNOWN
    if unknown:
        yield f'{where}: the validator does not know {unknown}'
    kinds = schema.get('type', [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(is_of(value, kind) for kind in kinds):
        yield f'{where} is no {" or ".join(kinds)}: {value!r}'
        return
    yield from combined(schema, value, where, closed)
    if 'enum' in schema and not any(same(value, each) for each in schema['enum']):
        yield f'{where} is none of {schema["enum"]}: {value!r}'
    if 'const' in schema and not same(value, schema['const']):
        yield f'{where} is not {schema["const"]!r}: {value!r}'
    for kind, look in (('string', of_string), ('number', of_number), ('array', of_array), ('object', of_object)):
        if is_of(value, kind):
            yield from (f'{where} {each}: {value!r:.200}' for each in look(schema, value))
    if isinstance(value, dict):
        yield from in_object(schema, value, where, closed)
    if isinstance(value, list) and 'items' in schema:
        for index, each in enumerate(value):
            yield from faults(schema['items'], each, f'{where}[{index}]', closed)


def fits(schema, value, closed=False):
    return next(faults(schema, value, closed=closed), None) is None


def read_as(schema, text):
    """What a text of a path, a query string or a field says, for its schema."""
    kind = openapi.resolve(CONTRACT, schema).get('type')
    return int(text) if kind == 'integer' and re.fullmatch(r'-?[0-9]+', text) else text


def schemas_in(node):
    """Every schema of the contract, wherever it stands."""
    if isinstance(node, dict):
        for name, each in node.items():
            if name in ('schema', 'items', 'not', 'propertyNames') and isinstance(each, dict):
                yield each
            if name == 'additionalProperties' and isinstance(each, dict):
                yield each
            if name in ('anyOf', 'oneOf', 'allOf'):
                yield from each
            if name in ('properties', 'schemas'):
                yield from each.values()
            if name not in ('example', 'enum', 'required', 'default'):
                yield from schemas_in(each)
    elif isinstance(node, list):
        for each in node:
            yield from schemas_in(each)
