"""Policies over the real programs: presets, stored tests before anything is signed, the next version and what it
changes, templates, and joins that the charter forbids."""

import json
import unittest
from pathlib import Path

import support
from support import COVERAGE_POLICY, COVERAGE_SCHEMA, ERROR, NOT_FOUND, OK, REFUSED, USAGE, RoomCase

ROOT = Path(__file__).resolve().parents[2]
TARIFFS = 'SELECT tariff, COUNT(DISTINCT person_id) AS people FROM coverage GROUP BY tariff ORDER BY tariff'
ROWS = 'SELECT tariff FROM coverage'
JOIN = 'SELECT c.tariff, COUNT(*) AS n FROM visits v JOIN coverage c ON v.person_id = c.person_id GROUP BY c.tariff'


def accepted(name, query, **more):
    return {'name': name, 'query_text': query, 'expect': 'accepted', **more}


def refused(name, query, **more):
    return {'name': name, 'query_text': query, 'expect': 'refused', **more}


class Policies(RoomCase):
    def file(self, name, policy, *tests):
        return self.room.write(name, {'policy': policy, 'tests': list(tests)} if tests else policy)

    def changed(self, **members):
        return {**COVERAGE_POLICY, **members}

    def test_show_is_the_signed_manifest(self):
        shown = self.room.institute.json('policy', 'show', 'coverage')
        self.assertEqual((shown['name'], shown['version'], shown['in_force']), ('coverage', 1, True))
        self.assertEqual(shown['policy']['min_group_size'], 3)
        words = self.room.institute.run('policy', 'show', 'coverage')
        for word in ('at least 3', 'group, filter', 'join, count', 'none (hidden)'):
            self.assertIn(word, words)
        self.refused(self.room.institute, 'policy', 'show', 'nothing', code=NOT_FOUND)

    def test_the_json_schema_is_the_api_s(self):
        printed = self.room.institute.run('policy', 'schema')
        self.assertEqual(printed, (ROOT / 'api/policy.schema.json').read_text())

    def test_presets_write_whole_policies(self):
        names = [each['name'] for each in self.room.institute.json('policy', 'preset')['presets']]
        self.assertEqual(names, ['aggregates_only', 'research_release', 'private_statistics', 'public_table'])
        schema = self.room.write('schema.json', COVERAGE_SCHEMA)
        for name in names[:3]:
            made = json.loads(self.room.institute.run('policy', 'preset', name, '--unit', 'person_id', '--schema',
                                                      schema))
            self.assertEqual(made['columns']['person_id']['roles'], ['join_key'])
            self.assertEqual(made['columns']['note']['roles'], ['hidden'])
            self.assertGreaterEqual(made['min_group_size'], 11)
        read_off = json.loads(self.room.institute.run('policy', 'preset', 'aggregates_only', '--unit', 'person_id',
                                                      '--schema', self.room.visits_csv()))
        self.assertEqual(read_off['columns']['visits']['roles'], ['measure'])
        self.assertEqual(read_off['columns']['remark']['roles'], ['hidden'])
        self.refused(self.room.institute, 'policy', 'preset', 'open', '--schema', schema, code=USAGE,
                     saying='aggregates_only')
        self.refused(self.room.institute, 'policy', 'preset', 'aggregates_only', '--schema', schema, code=USAGE,
                     saying='privacy unit')

    def test_stored_tests_with_and_without_an_environment(self):
        room = self.room
        good = self.file('good.json', COVERAGE_POLICY, refused('rows', ROWS, rule='R05'), accepted('tariffs', TARIFFS),
                         accepted('with visits', JOIN), refused('ana has the join', 'SELECT note FROM coverage',
                                                                **{'as': room.institute.email}))
        answer = room.insurer.json('policy', 'test', good, '--env', room.environment)
        self.assertTrue(answer['passed'])
        self.assertEqual([each['passed'] for each in answer['results']], [True] * 4)

        bad = self.file('bad.json', COVERAGE_POLICY, accepted('rows', ROWS), refused('rows by R99', ROWS, rule='R99'),
                        refused('tariffs', TARIFFS))
        answer = room.insurer.json('policy', 'test', bad, '--env', room.environment, '--dataset', 'coverage',
                                   expect=REFUSED)
        self.assertFalse(answer['passed'])
        self.assertIn('must be accepted, and is refused by', answer['results'][0]['failure'])
        self.assertIn('must be refused by R99', answer['results'][1]['failure'])
        self.assertIn('must be refused, and would be accepted', answer['results'][2]['failure'])

        schema = room.write('schema.json', COVERAGE_SCHEMA)
        alone = self.file('alone.json', COVERAGE_POLICY, refused('rows', ROWS), accepted('tariffs', TARIFFS))
        room.insurer.run('policy', 'test', alone, '--name', 'coverage', '--schema', schema)
        self.refused(room.insurer, 'policy', 'test', alone, code=USAGE, saying='--schema')
        self.refused(room.insurer, 'policy', 'test', room.write('none.json', COVERAGE_POLICY), '--env',
                     room.environment, code=USAGE, saying='holds no tests')
        self.refused(room.institute, 'policy', 'test', alone, '--env', room.environment, code=USAGE, saying='--name')

    def test_diff_says_what_is_looser_and_what_is_stricter(self):
        looser = self.room.write('looser.json', self.changed(min_group_size=2, limits={'runs': 10}))
        changes = self.room.institute.json('policy', 'diff', 'coverage', looser)['changes']
        self.assertEqual(changes, [{'kind': 'looser', 'words': 'groups need 2 people, not 3'},
                                   {'kind': 'stricter', 'words': 'runs: 10, not 50'}])
        schema = self.room.write('schema.json', COVERAGE_SCHEMA)
        same = self.room.write('same.json', COVERAGE_POLICY)
        self.assertIn('nothing changes', self.room.institute.run('policy', 'diff', same, same, '--schema', schema))
        self.refused(self.room.institute, 'policy', 'diff', same, same, code=USAGE, saying='--schema')

    def test_upload_with_a_preset(self):
        room = self.room
        file = room.coverage_jsonl()
        schema = room.write('schema.json', COVERAGE_SCHEMA)
        terms = ['--env', room.environment, '--schema', schema, '--yes']
        room.insurer.run('dataset', 'upload', file, *terms, '--name', 'by_preset', '--policy', 'aggregates_only',
                         '--unit', 'person_id')
        shown = room.institute.json('policy', 'show', 'by_preset')['policy']
        self.assertEqual((shown['min_group_size'], shown['privacy_unit']), (25, 'person_id'))
        self.refused(room.insurer, 'dataset', 'upload', file, *terms, '--name', 'again', '--policy', 'aggregates_only',
                     code=USAGE, saying='--unit')
        failing = self.file('failing.json', COVERAGE_POLICY, accepted('rows', ROWS.replace('coverage', 'again')))
        self.refused(room.insurer, 'dataset', 'upload', file, *terms, '--name', 'again', '--policy', failing,
                     code=REFUSED, saying='nothing was signed')
        self.refused(room.insurer, 'dataset', 'show', 'again', code=NOT_FOUND)


class NextVersion(RoomCase):
    """One story, in order: each version changes what may be asked."""

    def set(self, rules, *tests, code=OK, saying=None, party=None):
        file = self.room.write('next.json', {'policy': rules, 'tests': list(tests)})
        return self.refused(party or self.room.insurer, 'policy', 'set', 'coverage', file, '--yes', code=code,
                            saying=saying)

    def check(self, sql, code, *more, saying=None):
        return self.refused(self.room.institute, 'query', 'check', '-', '--env', self.room.environment, *more,
                            stdin=sql, code=code, saying=saying)

    def test_versions(self):
        room = self.room
        before = room.size()
        self.set({**COVERAGE_POLICY, 'min_group_size': 5}, accepted('rows', ROWS), code=REFUSED,
                 saying='must be accepted, and is refused')
        self.set({**COVERAGE_POLICY, 'min_group_size': 5}, code=ERROR, party=room.institute, saying='only the owner')
        self.assertEqual(room.size(), before, 'a failed test signs nothing')

        waiting = room.submit(TARIFFS, name='under version 1')
        self.set({**COVERAGE_POLICY, 'min_group_size': 20}, refused('rows', ROWS), accepted('tariffs', TARIFFS),
                 saying='groups need 20 people, not 3')
        shown = room.institute.json('policy', 'show', 'coverage')
        self.assertEqual((shown['version'], shown['policy']['min_group_size']), (2, 20))
        self.refused(room.institute, 'query', 'wait', waiting, '--timeout', '0.2', code=REFUSED, saying='expired')
        self.refused(room.insurer, 'query', 'approve', waiting, '--yes', code=ERROR, saying='can never run')

        query = room.submit(TARIFFS, name='under version 2')
        room.approve(query, room.insurer)
        self.assertEqual(room.rows(query), [], 'no tariff has 20 people')

        template = {'name': 'one tariff', 'text': 'SELECT COUNT(*) AS n FROM coverage WHERE tariff = $t',
                    'parameters': {'t': {'values': ['basic', 'plus']}}}
        self.set({**COVERAGE_POLICY, 'limits': {'templates_only': True, 'templates': [template]}},
                 refused('free text', TARIFFS, rule='R27'),
                 accepted('basic', template['text'], parameters={'t': 'basic'}),
                 refused('gold', template['text'], parameters={'t': 'gold'}, rule='R27'),
                 saying='only templates may be asked')
        self.check(template['text'], OK, '--param', 't=plus')
        self.check(template['text'], REFUSED, '--param', 't=gold', saying='one of ["basic","plus"]')
        self.check(TARIFFS, REFUSED, saying='word for word: one tariff')
        asked = room.institute.json('query', 'submit', '-', '--env', room.environment, '--name', 'by template',
                                    '--param', 't=plus', stdin=template['text'])
        query = support.find(asked, 'id')
        room.approve(query, room.insurer)
        self.assertEqual(room.rows(query), [[15]])


class NextVersionByTheServer(RoomCase):
    """The server keeps the hospital's key and signs the next version; the owner's tests still come first."""

    def test_versions(self):
        room, rules = self.room, {**support.VISITS_POLICY, 'min_group_size': 20}
        wards = 'SELECT v.ward, COUNT(DISTINCT v.person_id) AS people FROM visits v GROUP BY v.ward'
        size = room.size()
        file = room.write('next.json', {'policy': rules, 'tests': [refused('wards', wards)]})
        self.refused(room.hospital, 'policy', 'set', 'visits', file, '--yes', code=REFUSED, saying='must be refused')
        self.assertEqual(room.size(), size, 'a failed test changes nothing')
        file = room.write('next.json', {'policy': rules, 'tests': [accepted('wards', wards)]})
        room.hospital.run('policy', 'set', 'visits', file, '--yes')
        self.assertGreater(room.size(), size)
        shown = room.institute.json('policy', 'show', 'visits')
        self.assertEqual((shown['version'], shown['policy']['min_group_size']), (2, 20))
        query = room.submit(wards, name='under version 2')
        room.approve(query, room.hospital)
        self.assertEqual(room.rows(query), [], 'no ward has 20 people')


class ForbiddenJoins(RoomCase):
    filled = False

    def test_the_charter_forbids_them(self):
        room = self.room
        invited = [word for guest in (room.hospital, room.insurer) for word in ('--with', guest.email)]
        created = room.institute.json('env', 'create', 'apart', *invited, '--no-joins')
        environment = support.find(created, 'id')
        for party in (room.institute, room.insurer):
            party.run('env', 'accept', environment, '--yes')
        room.hospital.run('dataset', 'upload', room.visits_csv(), *room.terms('visits', environment))
        room.insurer.run('dataset', 'upload', room.coverage_jsonl(), *room.terms('coverage', environment))
        for sql, code in ((JOIN, REFUSED), (TARIFFS, OK),
                          ('SELECT COUNT(*) AS n FROM coverage UNION ALL SELECT COUNT(*) FROM visits', REFUSED)):
            words = self.refused(room.institute, 'query', 'check', '-', '--env', environment, stdin=sql, code=code)
            self.assertEqual('The charter does not allow' in words, code == REFUSED, words)
        self.assertEqual(room.institute.json('catalogue', environment)['joins'], [])


if __name__ == '__main__':
    support.main()
