"""Values that fit a schema of api/openapi.yaml, at its bounds as often as within them, and texts that fit a pattern.

`Fitting(random, known).value(schema, name)`: `known` are values by the names of members, which are taken where they
fit, so that requests are about what there is.
"""

import openapi
from json_schema import CONTRACT, fits

try:
    from re import _parser as regex
except ImportError:  # Python 3.10
    import sre_parse as regex

CHARACTERS = 'aZ09 -_.:"\\/<>\'%&äß漢😀\n\t'
MORE_MAX = 12        # how often something repeats that may repeat without end
LONG = 2000         # longer texts are made as long as they may be more seldom
LONG_ARRAYS = 0.1    # how often an array is as long as it may be
TRIES = 40


class Fitting:
    def __init__(self, random, known=None):
        self.random = random
        self.known = known or {}

    def chance(self, share):
        return self.random.random() < share

    def value(self, schema, name=''):
        """None of the tries fits: an example of the contract has to do, or the schema asks for too much."""
        for _ in range(TRIES):
            made = self.attempt(schema, name)
            if fits(schema, made):
                return made
        raise AssertionError(f'nothing was found that fits {name} {str(schema)[:300]}')

    def attempt(self, schema, name):
        schema = openapi.resolve(CONTRACT, schema)
        for word in ('anyOf', 'oneOf'):
            if word in schema and 'type' not in schema:
                known = [each for each in self.known.get(name, ()) if fits(schema, each)]
                if known and self.chance(0.5):
                    return self.random.choice(known)
                return self.attempt(self.random.choice(schema[word]), name)
        if 'const' in schema:
            return schema['const']
        if 'enum' in schema:
            return self.random.choice(schema['enum'])
        kinds = schema.get('type', 'object')
        kind = self.random.choice(kinds) if isinstance(kinds, list) else kinds
        known = [each for each in self.known.get(name, ()) if kind not in ('array', 'object') and fits(schema, each)]
        return self.random.choice(known) if known and self.chance(0.7) else getattr(self, kind)(schema, name)

    def string(self, schema, _):
        least, most = schema.get('minLength', 0), schema.get('maxLength')
        usual = min(least + self.random.randrange(1 + MORE_MAX), most or 1 << 62)
        long = most and self.chance(0.3 if most <= LONG else LONG / most)
        length = most if long else self.random.choice((least, usual))
        made = self.like(schema.get('pattern', '^[^\\x00-\\x1f]*$'), length)[:most]
        return made.encode()[:schema.get('x-maxBytes')].decode(errors='ignore')

    def integer(self, schema, _):
        least, most = schema.get('minimum', -5), schema.get('maximum', 1000)
        return self.random.choice((least, most, self.random.randint(least, most), min(most, least + 1)))

    def number(self, schema, _):
        least, most = schema.get('minimum', schema.get('exclusiveMinimum', 0)), schema.get('maximum', 1000)
        return self.random.choice((least, most, 1, 0.5, self.random.uniform(least, min(most, 1e9))))

    def boolean(self, _, __):
        return self.chance(0.5)

    def null(self, _, __):
        return None

    def array(self, schema, name):
        least, most = schema.get('minItems', 0), schema.get('maxItems', 3)
        count = most if self.chance(LONG_ARRAYS) and most <= 64 else self.random.choice((least, least + 1, least + 2))
        made = [self.attempt(schema.get('items', {}), name) for _ in range(min(count, most))]
        return made

    def object(self, schema, _):
        required = schema.get('required', ())
        share = self.random.choice((0, 0.3, 1))
        made = {name: self.attempt(each, name) for name, each in schema.get('properties', {}).items()
                if name in required or self.chance(share)}
        more = schema.get('additionalProperties')
        if isinstance(more, dict):
            for _ in range(self.random.randrange(1, 4)):
                made[self.attempt(schema.get('propertyNames', {'type': 'string'}), '')] = self.attempt(more, '')
        return made

    def like(self, pattern, length):
        """A text for a pattern, of about this length where it leaves that open."""
        return ''.join(self.piece(each, length) for each in regex.parse(pattern))

    def piece(self, node, length):
        word, what = str(node[0]), node[1]
        if word == 'LITERAL':
            return chr(what)
        if word == 'IN':
            return self.one_of(what)
        if word == 'MAX_REPEAT':
            least, most, parts = what
            most = max(least, length) if most == regex.MAXREPEAT else most
            count = self.random.choice((least, most, self.random.randint(least, most)))
            return ''.join(self.piece(part, 1) for _ in range(count) for part in parts)
        if word == 'SUBPATTERN':
            return ''.join(self.piece(part, length) for part in what[3])
        if word == 'BRANCH':
            return ''.join(self.piece(part, length) for part in self.random.choice(what[1]))
        if word in ('AT', 'ASSERT_NOT'):  # whether it holds is looked at afterwards
            return ''
        raise AssertionError(f'{word} of a pattern is not known here')

    def one_of(self, members):
        if str(members[0][0]) == 'NEGATE':
            allowed = [each for each in CHARACTERS if not any(self.holds(member, each) for member in members[1:])]
            return self.random.choice(allowed)
        kind, what = self.random.choice(members)
        return chr(what if str(kind) == 'LITERAL' else self.random.randint(*what))

    def holds(self, member, character):
        kind, what = member
        return ord(character) == what if str(kind) == 'LITERAL' else what[0] <= ord(character) <= what[1]


def text_of(value):
    """A value as it stands in a query string or a field."""
    return {True: 'true', False: 'false', None: ''}[value] if value is None or isinstance(value, bool) else str(value)
