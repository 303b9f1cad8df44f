#!/usr/bin/env python3
"""What is made of api/openapi.yaml: the server's copy, the reference page and docs/api/reference.md.

    tools/openapi.py json                prints it as JSON
    tools/openapi.py cc FILE             writes the C++ source that the server is built with
    tools/openapi.py reference           writes docs/api/reference.md
    tools/openapi.py check               is all described, and docs/api/reference.md up to date? exit 1 if not

The reader knows YAML as far as the contract uses it: block maps and lists by two spaces, flow collections on one line,
plain and quoted scalars, comments on lines of their own. What it does not know is an error with its line.
"""

import html
import json
import re
import sys
from pathlib import Path

from arguments import ROOT, parser_of

CONTRACT = ROOT / 'api/openapi.yaml'
REFERENCE = ROOT / 'docs/api/reference.md'
METHODS = ('get', 'post', 'put', 'delete')
ACCESS = ('open', 'caller', 'caller-own', 'proposed', 'member', 'owner', 'submitter', 'recipient', 'creator',
          'administrator')
SCOPES = ('read', 'data', 'query', 'decide', 'manage', 'admin')
# What a server needs for an operation to be there; the server leaves it out of /openapi.json where it has it not.
WHEN = {None: '', 'issuer': 'where the server has an issuer of logins', 'development': 'where it runs with --dev-login',
        'browsers': 'where people log in with browsers'}
PATTERN_MAX = 70  # longer ones are told by their descriptions alone
PIECE = 8000  # characters of one C++ string literal; compilers have a bound


class Unreadable(Exception):
    pass


def scalar(text):
    """A plain scalar of YAML's core schema."""
    words = {'true': True, 'false': False, 'null': None, '~': None}
    if text in words:
        return words[text]
    if re.fullmatch(r'-?\d+', text):
        return int(text)
    if re.fullmatch(r'-?\d+(\.\d+)?([eE][-+]?\d+)?', text):
        return float(text)
    return text


class Flow:
    """A value on one line: {a: 1, b: [x, "y"]}, "quoted" or plain."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def skip(self):
        while self.text[self.at:self.at + 1] == ' ':
            self.at += 1

    def take(self, expected):
        self.skip()
        if not self.text.startswith(expected, self.at):
            raise Unreadable(f'{expected!r} is missing at column {self.at + 1}')
        self.at += len(expected)

    def next_is(self, text):
        self.skip()
        return self.text.startswith(text, self.at)

    def value(self, inside=False):
        self.skip()
        first = self.text[self.at:self.at + 1]
        if first == '{':
            return self.mapping()
        if first == '[':
            return self.sequence()
        if first == '"':
            found, end = json.JSONDecoder().raw_decode(self.text, self.at)
            self.at = end
            return found
        stop = re.compile(r',|\}|\]' if inside else r'$').search(self.text, self.at)
        found = self.text[self.at:stop.start() if stop else len(self.text)].rstrip()
        self.at = stop.start() if stop else len(self.text)
        return scalar(found)

    def key(self):
        if self.next_is('"'):
            found = self.value()
        else:
            match = re.compile(r'[^:,{}\[\]]+').match(self.text, self.at)
            if not match:
                raise Unreadable(f'a name is missing at column {self.at + 1}')
            self.at = match.end()
            found = match.group().strip()
        self.take(':')
        return found

    def mapping(self):
        found = {}
        self.take('{')
        while not self.next_is('}'):
            name = self.key()
            if name in found:
                raise Unreadable(f'{name!r} occurs twice')
            found[name] = self.value(inside=True)
            if not self.next_is('}'):
                self.take(',')
        self.take('}')
        return found

    def sequence(self):
        found = []
        self.take('[')
        while not self.next_is(']'):
            found.append(self.value(inside=True))
            if not self.next_is(']'):
                self.take(',')
        self.take(']')
        return found

    def whole(self):
        found = self.value()
        self.skip()
        if self.at != len(self.text):
            raise Unreadable(f'{self.text[self.at:]!r} is left over')
        return found


class Block:
    def __init__(self, text):
        self.lines = [(number, len(line) - len(line.lstrip(' ')), line.strip())
                      for number, line in enumerate(text.split('\n'), 1)
                      if line.strip() and not line.lstrip().startswith('#')]
        self.at = 0

    def read(self):
        found = self.block(0)
        if self.at != len(self.lines):
            self.fail('this line is indented in a way that fits nothing')
        return found

    def fail(self, message):
        raise Unreadable(f'line {self.lines[self.at][0]}: {message}')

    def peek(self):
        return self.lines[self.at] if self.at < len(self.lines) else (0, -1, '')

    def inline(self, text):
        try:
            return Flow(text).whole()
        except Unreadable as problem:
            self.at -= 1
            self.fail(problem)

    def block(self, indent):
        return self.items(indent) if self.peek()[2].startswith('- ') else self.members(indent)

    def items(self, indent):
        found = []
        while self.peek()[1] == indent and self.peek()[2].startswith('- '):
            text = self.peek()[2][2:]
            self.at += 1
            found.append(self.inline(text))
        return found

    def members(self, indent):
        found = {}
        while self.peek()[1] == indent:
            match = re.match(r'("(?:[^"\\]|\\.)*"|[^:"{}\[\]]+):(?: (.*))?$', self.peek()[2])
            if not match:
                self.fail('this is no member')
            name = json.loads(match.group(1)) if match.group(1).startswith('"') else match.group(1)
            if name in found:
                self.fail(f'{name!r} occurs twice')
            self.at += 1
            if match.group(2):
                found[name] = self.inline(match.group(2))
            else:
                if self.peek()[1] <= indent:
                    self.at -= 1
                    self.fail('a value is missing')
                found[name] = self.block(self.peek()[1])
        return found


def read(path=CONTRACT):
    return Block(path.read_text()).read()


def operations(contract):
    for path, item in contract['paths'].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def resolve(contract, schema):
    while isinstance(schema, dict) and '$ref' in schema:
        found = contract
        for step in schema['$ref'][2:].split('/'):
            found = found[step]
        schema = found
    return schema


def problems(contract):
    """What is missing in the contract itself."""
    names = set()
    for method, path, operation in operations(contract):
        where = f'{method.upper()} {path}'
        if operation.get('x-access') not in ACCESS:
            yield f'{where}: x-access must say who may call it: {", ".join(ACCESS)}'
        if operation.get('x-access') != 'open' and operation.get('x-scope') not in SCOPES:
            yield f'{where}: x-scope must be one of {", ".join(SCOPES)}'
        if operation.get('x-when') not in WHEN:
            yield f'{where}: x-when must be one of {", ".join(filter(None, WHEN))}'
        if operation['operationId'] in names:
            yield f'{where}: operationId {operation["operationId"]} occurs twice'
        names.add(operation['operationId'])
        declared = {resolve(contract, each)['name'] for each in operation.get('parameters', ())}
        for name in re.findall(r'{(\w+)}', path):
            if name not in declared:
                yield f'{where}: the parameter {name} is not described'
        if 'default' not in operation['responses']:
            yield f'{where}: what it answers when it fails is not described'
        body = operation.get('requestBody', {}).get('content', {}).get('application/json')
        if body is not None and 'example' not in body:
            yield f'{where}: its body has no example'
    described = [each['error'] for each in contract['x-problems']]
    if described != contract['components']['schemas']['Problem']['properties']['error']['enum']:
        yield 'x-problems and the words that Problem.error may be are not the same'


def literal(text):
    pieces = [text[at:at + PIECE] for at in range(0, len(text), PIECE)] or ['']
    return '\n    '.join(f'R"~~({piece})~~"' for piece in pieces)


def short(contract, schema):
    """A schema in a few words."""
    if not schema:
        return 'any'
    if '$ref' in schema:
        return schema['$ref'].rsplit('/', 1)[1]
    for word in ('anyOf', 'oneOf'):
        if word in schema and 'type' not in schema:
            return ' or '.join(short(contract, each) for each in schema[word])
    if 'const' in schema:
        return f'`{schema["const"]}`'
    if 'enum' in schema:
        return ' \\| '.join(f'`{each}`' for each in schema['enum'])
    kind = schema.get('type', 'any')
    if isinstance(kind, list):
        return ' or '.join(kind)
    if kind == 'array':
        return f'[{short(contract, schema.get("items"))}]'
    if kind == 'object' and schema.get('properties'):
        required = schema.get('required', ())
        return '{' + ', '.join(name + ('' if name in required else '?') for name in schema['properties']) + '}'
    return kind


def between(schema, least, most, what=''):
    low, high = schema.get(least), schema.get(most)
    if low is not None and high is not None:
        yield f'{low} to {high}{what}' if low != high else f'{low}{what}'
    elif low is not None:
        yield f'at least {low}{what}'
    elif high is not None:
        yield f'at most {high}{what}'


def bounds(schema):
    """What a schema says beyond its type, in words; a pattern stands in backticks."""
    said = [*between(schema, 'minLength', 'maxLength', ' characters'), *between(schema, 'minimum', 'maximum'),
            *between(schema, 'minItems', 'maxItems', ' items'),
            *between(schema, 'minProperties', 'maxProperties', ' members')]
    if 'exclusiveMinimum' in schema:
        said.append(f'more than {schema["exclusiveMinimum"]}')
    if schema.get('uniqueItems'):
        said.append('none twice')
    if 'pattern' in schema:
        said.append(f'like `{schema["pattern"]}`')
    for name, others in schema.get('dependentRequired', {}).items():
        said.append(f'{name} with {", ".join(others)}')
    if 'default' in schema:
        said.append(f'else {schema["default"]}')
    return said


def told(contract, schema):
    """Type, bounds and description of a value, for a cell of a table."""
    said = ', '.join([short(contract, schema), *(
        each.replace('|', '\\|') for each in bounds(schema)
        if 'description' not in schema or len(each) < PATTERN_MAX)])
    return said + (f'. {schema["description"]}' if 'description' in schema else '')


def named(schema, before=''):
    """(name, required, schema) of each member, and of those of objects that have no name of their own."""
    for name, each in schema.get('properties', {}).items():
        yield before + name, name in schema.get('required', ()), each
        inner, mark = (each.get('items', {}), '[].') if each.get('type') == 'array' else (each, '.')
        yield from named(inner, before + name + mark)


def members(contract, schema):
    return ['| member | what |', '| --- | --- |'] + [
        f'| `{name}`{"" if required else "?"} | {told(contract, each)} |' for name, required, each in named(schema)]


def content_schema(part):
    content = part.get('content', {})
    return content.get('application/json', {}).get('schema'), next(iter(content), '')


def describe(contract, method, path, operation):
    lines = [f'### {method.upper()} `{path}`', '', operation['summary'] + '.', '']
    rights = f'For: {operation["x-access"]}'
    rights += f' · scope `{operation["x-scope"]}`' if 'x-scope' in operation else ''
    lines.append(rights + (f' · {WHEN[operation["x-when"]]}' if 'x-when' in operation else '') + '.')
    rows = []
    for given in operation.get('parameters', ()):
        each = resolve(contract, given)
        if each['in'] != 'path' and each['name'] not in ('limit', 'cursor', 'Idempotency-Key', 'Content-Digest'):
            rows.append(f'`{each["name"]}` ({each["in"]}{"" if each.get("required") else ", optional"}): '
                        + told(contract, each['schema']))
    if rows:
        lines.append('Parameters: ' + '; '.join(rows) + '.')
    if 'requestBody' in operation:
        schema, kind = content_schema(operation['requestBody'])
        if schema is not None and schema.get('properties'):
            lines += ['Body:', '', *members(contract, schema), '']
            for each in bounds({'dependentRequired': schema.get('dependentRequired', {})}):
                lines.append(f'Together: {each}.')
        else:
            lines.append('Body: ' + (short(contract, schema) if schema is not None else f'`{kind}`') + '.')
        example = operation['requestBody']['content'].get(kind, {}).get('example')
        if example:
            lines.append(f'Example: `{json.dumps(example, ensure_ascii=False)}`.')
    for status, answer in operation['responses'].items():
        if status == 'default':
            continue
        schema, kind = content_schema(answer)
        lines.append(f'{status}: ' + (short(contract, schema) if schema is not None else f'`{kind}`') + '.')
    return '\n'.join(line if not line or line.startswith(('#', '|')) or line == lines[-1] else line + '  '
                     for line in lines) + '\n'


def answers_of(contract):
    for _, _, operation in operations(contract):
        for answer in operation['responses'].values():
            yield resolve(contract, answer)


def reference(contract):
    out = ['# Reference of the REST API', '',
           'Made of [api/openapi.yaml](../../api/openapi.yaml) by `tools/openapi.py reference`; a running server has '
           'it at `/docs`. To begin with: [quick-reference.md](quick-reference.md).', '',
           'A `?` marks what may be absent. Lists take `?limit=&cursor=` and answer `next_cursor`; what changes '
           'something with an API key takes `Idempotency-Key` (a part of an upload may be sent again as it is), and '
           'what has a body takes `Content-Digest`.', '', contract['info']['description'], '',
           '## Problems', '', 'Failures are `application/problem+json` (RFC 9457) with `error` and `message`.', '',
           '| error | status | meaning |', '| --- | --- | --- |']
    out += [f'| `{each["error"]}` | {each["status"]} | {each["meaning"]} |' for each in contract['x-problems']]
    out.append('')
    for tag in contract['tags']:
        out += [f'## {tag["name"]}', '', tag['description'] + '.', '']
        out += [describe(contract, *each) for each in operations(contract) if each[2]['tags'] == [tag['name']]]
    schemas = contract['components']['schemas']
    out += ['## Fields of answers', '', '| field | what |', '| --- | --- |']
    fields = [(field, resolve(contract, each)) for answer in answers_of(contract)
              for field, each in answer.get('headers', {}).items()]
    out += sorted({f'| `{field}` | {told(contract, each["schema"])}. {each["description"]} |'
                   for field, each in fields})
    out += ['', '## Values', '', '| value | what |', '| --- | --- |']
    out += [f'| {name} | {told(contract, schema)} |' for name, schema in schemas.items()
            if not schema.get('properties')]
    out += ['', '## Objects', '']
    for name, schema in schemas.items():
        if schema.get('properties'):
            out += [f'### {name}', '', *members(contract, schema), '']
    return '\n'.join(out).rstrip() + '\n'


STYLE = """:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h3 { font-size: 1rem; border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding-top: 1rem; }
code, pre { font: 13px/1.5 ui-monospace, monospace; }
pre { overflow-x: auto; padding: .5rem; background: color-mix(in srgb, currentColor 6%, transparent); }
.method { display: inline-block; min-width: 4rem; font-weight: 600; text-transform: uppercase; }
nav ul { columns: 2; } nav { font-size: 14px; }
"""


def plain(contract, schema):
    """What told() says, for a page: what stood in backticks is code."""
    pieces = html.escape(told(contract, schema).replace('\\|', '|')).split('`')
    return ''.join(f'<code>{each}</code>' if index % 2 else each for index, each in enumerate(pieces))


def page(contract):
    """The reference as one page of HTML: no script, nothing of another site."""
    esc = html.escape
    out = ['<!doctype html>', '<html lang="en">', '<head>', '<meta charset="utf-8">',
           '<meta name="viewport" content="width=device-width, initial-scale=1">', '<title>Cloister: REST API</title>',
           '<link rel="stylesheet" href="/docs/style.css">', '</head>', '<body>', '<h1>Cloister: REST API</h1>',
           '<p>For programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1). Send your API key as '
           '<code>Authorization: Bearer KEY</code> or <code>X-API-Key: KEY</code>.</p>',
           f'<p>{esc(contract["info"]["description"])}</p>',
           '<nav aria-label="Routes"><ul>']
    for _, path, operation in operations(contract):
        out.append(f'<li><a href="#{operation["operationId"]}">{esc(operation["summary"])}</a></li>')
    out += ['</ul></nav>', '<main>']
    out.append('<h2>Problems</h2><p>Failures are <code>application/problem+json</code> (RFC 9457) with '
               '<code>error</code> and <code>message</code>.</p><dl>')
    for each in contract['x-problems']:
        out.append(f'<dt><code>{each["error"]}</code> ({each["status"]})</dt><dd>{esc(each["meaning"])}.</dd>')
    out.append('</dl>')
    for tag in contract['tags']:
        out.append(f'<h2>{esc(tag["name"])}</h2><p>{esc(tag["description"])}.</p>')
        for method, path, operation in operations(contract):
            if operation['tags'] != [tag['name']]:
                continue
            out.append(f'<section id="{operation["operationId"]}"><h3><span class="method">{method}</span> '
                       f'<code>{esc(path)}</code></h3><p>{esc(operation["summary"])}.</p>')
            rights = operation['x-access'] + (f', scope {operation["x-scope"]}' if 'x-scope' in operation else '')
            rights += f'; {WHEN[operation["x-when"]]}' if 'x-when' in operation else ''
            out.append(f'<p>For: {esc(rights)}</p>')
            for given in operation.get('parameters', ()):
                each = resolve(contract, given)
                where = each['in'] + ('' if each.get('required') else ', optional')
                out.append(f'<p><code>{esc(each["name"])}</code> ({where}): {plain(contract, each["schema"])}</p>')
            body = operation.get('requestBody', {}).get('content', {}).get('application/json', {})
            if body.get('schema', {}).get('properties'):
                out.append('<p>Body:</p><dl>')
                for name, required, each in named(body['schema']):
                    need = '' if required else '?'
                    out.append(f'<dt><code>{esc(name)}</code>{need}</dt><dd>{plain(contract, each)}</dd>')
                out.append('</dl>')
            if 'example' in body:
                out.append(f'<pre>{esc(json.dumps(body["example"], indent=2))}</pre>')
            for status, answer in operation['responses'].items():
                schema, kind = content_schema(answer)
                if status != 'default':
                    example = answer.get('content', {}).get('application/json', {}).get('example')
                    said = short(contract, schema).replace('`', '').replace('\\', '') if schema is not None else kind
                    out.append(f'<p>{status}: <code>{esc(said)}</code></p>')
                    if example:
                        out.append(f'<pre>{esc(json.dumps(example, indent=2))}</pre>')
            out.append('</section>')
    out.append('<h2>Values</h2><dl>')
    for name, schema in contract['components']['schemas'].items():
        if not schema.get('properties'):
            out.append(f'<dt id="value-{name}"><code>{name}</code></dt><dd>{plain(contract, schema)}</dd>')
    out.append('</dl>')
    return '\n'.join(out + ['</main>', '</body>', '</html>']) + '\n'


def source(contract):
    text = json.dumps(contract, ensure_ascii=False, separators=(',', ':'))
    return f"""// Made of api/openapi.yaml by tools/openapi.py.
#include "control/rest/contract.h"

namespace cloister::control {{

std::string_view OpenApiJson() {{
  return {literal(text)};
}}
std::string_view ReferencePage() {{
  return {literal(page(contract))};
}}
std::string_view ReferenceStyle() {{
  return {literal(STYLE)};
}}

}}  // namespace cloister::control
"""


def check(contract):
    found = list(problems(contract))
    if not REFERENCE.exists() or REFERENCE.read_text() != reference(contract):
        found.append(f'{REFERENCE.relative_to(ROOT)} is not what api/openapi.yaml says: run tools/openapi.py reference')
    for each in found:
        print(each)
    return 1 if found else 0


def read_arguments():
    parser = parser_of(__doc__)
    verbs = parser.add_subparsers(dest='verb', required=True)
    for verb in ('json', 'reference', 'check'):
        verbs.add_parser(verb)
    verbs.add_parser('cc').add_argument('file', type=Path)
    return parser.parse_args()


def main():
    arguments = read_arguments()
    try:
        contract = read()
    except Unreadable as problem:
        print(f'{CONTRACT.relative_to(ROOT)}: {problem}', file=sys.stderr)
        return 1
    if arguments.verb == 'json':
        print(json.dumps(contract, indent=2, ensure_ascii=False))
    elif arguments.verb == 'cc':
        missing = list(problems(contract))
        if missing:
            print('\n'.join(missing), file=sys.stderr)
            return 1
        arguments.file.write_text(source(contract))
    elif arguments.verb == 'reference':
        REFERENCE.parent.mkdir(parents=True, exist_ok=True)
        REFERENCE.write_text(reference(contract))
    else:
        return check(contract)
    return 0


if __name__ == '__main__':
    sys.exit(main())
