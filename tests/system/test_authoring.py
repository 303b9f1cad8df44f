"""What an analyst needs before he asks: the catalogue, queries on synthetic rows, the budget, the inbox, the raw API
and the watch; none of it reads data or takes the server's word for a policy."""

import json
import re
import subprocess
import unittest

import support
from support import ERROR, LOGIN_NEEDED, NOT_FOUND, OK, REFUSED, USAGE, RoomCase, stage

WARDS = 'SELECT ward, COUNT(DISTINCT person_id) AS people FROM visits GROUP BY ward ORDER BY ward'


class Authoring(RoomCase):
    def attempt(self, sql, *more, expect=OK):
        return self.room.institute.json('query', 'try', '-', '--env', self.room.environment, *more, stdin=sql,
                                        expect=expect)

    def rows(self, sql, *more):
        return self.attempt(sql, *more)['synthetic']['result']['rows']

    def test_the_catalogue_s_examples_compile(self):
        room = self.room
        catalogue = room.institute.json('catalogue', room.environment)
        self.assertEqual([each['name'] for each in catalogue['datasets']], ['visits', 'coverage'])
        columns = {column['name']: column for column in catalogue['datasets'][0]['columns']}
        self.assertEqual(columns['remark']['uses'], [])
        self.assertEqual(columns['ward']['uses'], ['group', 'filter'])
        self.assertEqual(columns['visits']['policy']['filter_grid'], 1)
        self.assertEqual(catalogue['datasets'][0]['min_group_size'], 3)
        examples = [example for dataset in catalogue['datasets'] for example in dataset['examples']]
        self.assertGreaterEqual(len(examples), 5)
        self.assertTrue(catalogue['joins'])
        for example in examples + catalogue['joins']:
            with self.subTest(example['query_text']):
                self.refused(room.institute, 'query', 'check', '-', '--env', room.environment, '--level',
                             example['privacy_level'], stdin=example['query_text'], code=OK)
        words = room.institute.run('catalogue', room.environment, '--dataset', 'coverage')
        self.assertIn('people by tariff', words)
        self.assertNotIn('visits', words)
        self.refused(room.institute, 'catalogue', room.environment, '--dataset', 'nothing', code=NOT_FOUND)

    def test_a_query_on_rows_of_nobody(self):
        answer = self.attempt(WARDS)
        self.assertEqual(answer['verdict'], 'accepted')
        rows = answer['synthetic']['result']['rows']
        self.assertIn('ward_a', [row[0] for row in rows])
        self.assertNotIn('north', json.dumps(answer), 'no value of the data can be there')
        self.assertEqual(self.rows(WARDS), rows, 'the same seed gives the same rows')
        self.assertNotEqual(self.rows(WARDS, '--seed', '2'), rows)

    def test_thresholds_can_be_left_out(self):
        with_k = self.rows(WARDS, '--people', '60')
        without = self.rows(WARDS, '--people', '60', '--no-thresholds')
        self.assertTrue(all(people >= 3 for _, people in with_k))
        self.assertGreater(len(without), len(with_k))
        self.assertTrue(any(people < 3 for _, people in without))

    def test_it_says_that_it_is_synthetic(self):
        words = self.room.institute.run('query', 'try', '-', '--env', self.room.environment, stdin=support.JOIN_SQL)
        self.assertIn('SYNTHETIC', words)
        self.assertIn('tariff_a', words)

    def test_a_refused_query_is_refused_with_its_findings(self):
        answer = self.attempt('SELECT remark FROM visits', expect=REFUSED)
        self.assertEqual(answer['verdict'], 'refused')
        self.assertNotIn('synthetic', answer)
        # What the policies refuse is not run without thresholds either.
        self.attempt('SELECT remark FROM visits', '--no-thresholds', expect=REFUSED)
        self.refused(self.room.institute, 'query', 'try', '-', '--env', self.room.environment, '--people', '0',
                     code=USAGE, stdin=WARDS)

    def test_without_the_compiler_s_program(self):
        command = [stage.programs() / 'cloister', '--home', self.room.institute.home, 'query', 'try', '-', '--env',
                   self.room.environment]
        nowhere = {**stage.CLIENT_ENVIRONMENT, 'CLOISTER_ENCLAVE_PROGRAM': '/nonexistent'}
        done = subprocess.run(command, input=WARDS, capture_output=True, text=True, env=nowhere)
        self.assertEqual(done.returncode, ERROR)
        self.assertIn('CLOISTER_ENCLAVE_PROGRAM', done.stderr)

    def test_another_program_than_the_charter_s_is_named(self):
        other = self.room.folder / 'another-enclave'
        other.write_bytes((stage.programs() / 'cloister-enclave').read_bytes() + b'\0')
        other.chmod(0o700)
        command = [stage.programs() / 'cloister', '--home', self.room.institute.home, 'query', 'try', '-', '--env',
                   self.room.environment]
        done = subprocess.run(command, input=WARDS, capture_output=True, text=True,
                              env={**stage.CLIENT_ENVIRONMENT, 'CLOISTER_ENCLAVE_PROGRAM': str(other)})
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertIn('not the program that the charter trusts', done.stderr)


class OtherLevels(RoomCase):
    """A release of rows on rows of nobody: the real protection runs, on made-up people."""
    filled = False

    def test_a_release_on_rows_of_nobody(self):
        room = self.room
        policy = {'levels': ['aggregate_only', 'k_anonymized'], 'privacy_unit': 'person_id', 'min_group_size': 5,
                  'columns': {'person_id': {'roles': ['join_key'], 'domain': 'person'},
                              'tariff': {'roles': ['dimension'], 'quasi_identifier': True,
                                         'hierarchy': ['value', '*']}}}
        room.insurer.run('dataset', 'upload', room.coverage_jsonl(), '--env', room.environment, '--name', 'release',
                         '--yes', '--policy', room.write('p.json', policy), '--schema',
                         room.write('s.json', support.COVERAGE_SCHEMA))
        examples = room.institute.json('catalogue', room.environment)['datasets'][0]['examples']
        released = [each for each in examples if each['privacy_level'] == 'k_anonymized']
        self.assertEqual([each['query_text'] for each in released], ['SELECT tariff FROM release'])
        answer = room.institute.json('query', 'try', '-', '--env', room.environment, '--level', 'k_anonymized',
                                     stdin=released[0]['query_text'])
        rows = [row[0] for row in answer['synthetic']['result']['rows']]
        self.assertGreater(len(rows), 100)
        self.assertTrue(all(rows.count(value) >= 5 for value in set(rows)), sorted(set(rows), key=str))


    def test_each_preset_admits_examples_at_the_levels_it_grants(self):
        room = self.room
        schema = room.write('s.json', support.COVERAGE_SCHEMA)
        for preset in ('aggregates_only', 'research_release', 'private_statistics'):
            room.insurer.run('dataset', 'upload', room.coverage_jsonl(), '--env', room.environment, '--name', preset,
                             '--yes', '--policy', preset, '--unit', 'person_id', '--schema', schema)
            shown = room.institute.json('catalogue', room.environment, '--dataset', preset)['datasets'][0]
            levels = {each['privacy_level'] for each in shown['examples']}
            self.assertEqual(levels, set(shown['levels']), preset)
            for example in shown['examples']:
                answer = room.institute.json('query', 'try', '-', '--env', room.environment, '--level',
                                             example['privacy_level'], stdin=example['query_text'])
                self.assertIn('result', answer['synthetic'], example)


class Guide(RoomCase):
    def test_the_guide_s_lines_run(self):
        room = self.room
        (room.folder / 'wards.sql').write_text(WARDS)
        room.write('coverage.schema.json', support.COVERAGE_SCHEMA)
        room.write('coverage.json', {'policy': {**support.COVERAGE_POLICY, 'min_group_size': 10}, 'tests': [
            {'name': 'no rows', 'query_text': 'SELECT tariff FROM coverage', 'expect': 'refused'}]})
        guide = (stage.ROOT / 'docs/guide/authoring.md').read_text()
        lines = [line for block in guide.split('```sh\n')[1:] for line in block.split('```')[0].splitlines()]
        self.assertGreaterEqual(len(lines), 14)
        for line in lines:
            with self.subTest(line):
                words = line.split()
                self.assertEqual(words[0], 'cloister')
                done = subprocess.run([stage.programs() / 'cloister', '--home', room.institute.home, *words[1:]],
                                      cwd=room.folder, capture_output=True, text=True, env=stage.CLIENT_ENVIRONMENT)
                self.assertEqual(done.returncode, OK, done.stdout + done.stderr)


class Overview(RoomCase):
    def budget(self, name):
        budgets = self.room.institute.json('budget', self.room.environment)['budgets']
        return next(each for each in budgets if each['name'] == name)

    def items(self, party):
        return party.json('inbox')['items']

    def test_budget_and_inbox_follow_the_ledger(self):
        room = self.room
        self.assertEqual(self.budget('visits')['runs_left'], 50)
        self.assertEqual(self.items(room.insurer), [])
        query = room.submit(name='for the inbox')
        self.assertEqual([(each['kind'], each['command']) for each in self.items(room.insurer)],
                         [('approve', f'cloister query approve {query}')])
        self.assertEqual(self.items(room.institute), [])
        room.approve(query)
        self.assertEqual(self.items(room.insurer), [])
        room.rows(query)
        self.assertEqual(self.budget('visits')['runs_left'], 49)
        self.assertEqual(self.budget('coverage')['runs_used'], 1)
        self.assertIn('49 of 50 left', room.institute.run('budget', room.environment))

    def test_an_open_charter_is_in_the_inbox(self):
        created = self.room.institute.json('env', 'create', 'another', '--with', self.room.insurer.email)
        environment = support.find(created, 'id')
        for named in ((), ('--env', environment)):
            for party in (self.room.institute, self.room.insurer):
                kinds = [each['kind'] for each in party.json('inbox', *named)['items']]
                self.assertEqual(kinds, ['accept'], (party.name, named))
        self.room.institute.run('env', 'terminate', environment, '--yes')
        self.assertEqual(self.items(self.room.insurer), [])

    def test_the_raw_api(self):
        room = self.room
        self.assertEqual(room.institute.json('api', 'get', '/api/me')['user']['email'], room.institute.email)
        hook = room.institute.json('api', 'POST', '/api/webhooks', '{"url": "https://hooks.example/"}')['webhook']['id']
        change = ['api', 'PUT', f'/api/webhooks/{hook}', '{"url": "https://hooks.example/", "enabled": false}']
        self.refused(room.institute, *change, code=1)
        read = room.institute.run('api', '-i', 'GET', f'/api/webhooks/{hook}')
        etag = re.search(r'^etag: (.*)$', read, re.I | re.M).group(1)
        room.institute.json(*change, '--header', f'If-Match: {etag}')
        self.refused(room.institute, *change, '-H', f'If-Match: {etag}', code=1)
        for field in ('Authorization: Bearer x', 'no colon', 'Bad Name: x', 'Empty:'):
            self.refused(room.institute, 'api', 'GET', '/api/me', '-H', field, code=USAGE)
        checked = room.institute.json('api', 'POST', f'api/tee/environments/{room.environment}/queries/check',
                                      json.dumps({'query_text': WARDS}))
        self.assertEqual(checked['verdict'], 'accepted')
        for code, arguments in ((NOT_FOUND, ['GET', '/api/tee/queries/qry_' + '0' * 26]),
                                (USAGE, ['FLY', '/api/me']), (USAGE, ['GET', '//elsewhere/']),
                                (USAGE, ['POST', '/api/me', '{']), (USAGE, ['GET', '/a b'])):
            with self.subTest(' '.join(arguments)):
                self.refused(room.institute, 'api', *arguments, code=code)

    def test_watch_tells_changes_as_they_come(self):
        room = self.room
        command = [stage.programs() / 'cloister', '--home', room.institute.home, '--json', '--timeout', '60', 'watch']
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              env=stage.CLIENT_ENVIRONMENT) as watching:
            try:
                query = None
                for _ in range(3):  # the first may come before the watch listens
                    query = room.submit(name='watched')
                    line = watching.stdout.readline()
                    if line:
                        break
                change = json.loads(line)
                self.assertTrue(change['id'].startswith('qry_'), change)
                self.assertTrue(query)
            finally:
                watching.kill()


if __name__ == '__main__':
    support.main()
