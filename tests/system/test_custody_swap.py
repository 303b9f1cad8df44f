"""There is no `if custody`: the same story with the custodies of two participants exchanged leaves the same ledger."""

import json
import re
import tempfile
import unittest

import support
from signing import header_of, payload_of
from support import WARD_SQL, Rest, Room

# What differs between any two runs, and one word that must differ here.
DROPPED = {'evidence', 'custody', 'root', 'seal'}
PATTERNS = [(re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ'), 'time'), (re.compile(r'[0-9a-f]{64}'), 'digest'),
            (re.compile(r'age1[a-z0-9]{58}'), 'recipient'), (re.compile(r'[A-Za-z0-9_-]{43}'), 'key')]


class Reader:
    """Rewrites entries so that only their meaning is left: people by name, objects by the order of first mention."""

    def __init__(self, charter):
        self.people = {each['thumbprint']: each['name'] for each in charter['participants']}
        self.numbers = {}

    def text(self, text):
        if text in self.people:
            return f'<{self.people[text]}>'
        if re.fullmatch(r'(env|ds|qry)_[0-9a-z]{26}', text):
            return self.numbers.setdefault(text, f'<{text.split("_")[0]} {len(self.numbers)}>')
        for pattern, name in PATTERNS:
            if pattern.fullmatch(text):
                return f'<{name}>'
        return text

    def value(self, value):
        if isinstance(value, dict):
            return {self.text(name): self.value(each) for name, each in sorted(value.items()) if name not in DROPPED}
        if isinstance(value, list):
            read = [self.value(each) for each in value]
            # The format sorts participants and recipients by key: here by name.
            named = all(isinstance(each, str) and each.startswith('<') or isinstance(each, dict)
                        and 'thumbprint' in each
                        for each in read)
            return sorted(read, key=lambda each: json.dumps(each, sort_keys=True)) if named else read
        return self.text(value) if isinstance(value, str) else value

    def entry(self, entry):
        entry = dict(entry)
        if 'jws' in entry:
            document = entry.pop('jws')
            entry['typ'], entry['signer'] = header_of(document)['typ'], self.text(header_of(document)['kid'])
            entry['says'] = payload_of(document)
            entry['says'].pop('checkpoint', None)  # what one had seen when he signed is a matter of timing
        return self.value(entry)


def told(custody):
    """The story: an answer over both owners' data, a question that is rejected, one that a policy refuses."""
    room = Room(tempfile.mkdtemp(prefix='cloister-system-'), custody=custody)
    try:
        room.upload()
        _, rows = room.answer()
        rejected = room.submit(WARD_SQL, name='to be rejected')
        room.hospital.run('query', 'reject', rejected, '--reason', 'no')
        room.institute.invoke('query', 'submit', '-', '--env', room.environment, '--name', 'rows',
                              stdin='SELECT v.person_id FROM visits v')
        withdrawn = room.submit(name='to be withdrawn')
        room.insurer.run('query', 'approve', withdrawn, '--yes')
        room.institute.run('query', 'cancel', withdrawn)
        for party in room.parties:
            party.run('ledger', 'verify', room.environment)
        return rows, Rest(room.institute).entries(room.environment)
    finally:
        room.close()


def story(entries):
    """The entries as they mean; acceptances by name, because a server that keeps a key accepts as soon as it can."""
    reader = Reader(next(entry['charter'] for entry in entries if entry['kind'] == 'charter'))
    read = [reader.entry(entry) for entry in entries]
    at = [i for i, entry in enumerate(read) if entry.get('typ') == 'cloister-acceptance+jws']
    for i, entry in zip(at, sorted((read[i] for i in at), key=lambda entry: entry['signer'])):
        read[i] = entry
    return read


class CustodySwap(unittest.TestCase):
    maxDiff = None

    def test_the_ledgers_are_the_same_modulo_keys(self):
        one_rows, one = told({'hospital': 'server', 'insurer': 'self'})
        other_rows, other = told({'hospital': 'self', 'insurer': 'server'})
        self.assertEqual(one_rows, other_rows)
        custodies = [{payload_of(entry['jws'])['body']['custody'] for entry in entries
                      if entry['kind'] == 'link' and 'acceptance' in header_of(entry['jws'])['typ']}
                      for entries in (one, other)]
        self.assertEqual(custodies, [{'server', 'self'}] * 2)
        self.assertEqual([entry['kind'] for entry in one], [entry['kind'] for entry in other])
        for number, (left, right) in enumerate(zip(story(one), story(other))):
            self.assertEqual(left, right, f'entry {number}')
        self.assertEqual(len(one), len(other))
        # And the comparison sees a word that differs.
        altered = json.loads(json.dumps(one).replace('"outcome": "released"', '"outcome": "failed"'))
        self.assertNotEqual(story(one), story(altered))


if __name__ == '__main__':
    support.main()
