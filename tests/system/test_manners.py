"""What scripts and people can rely on: exit codes, JSON that parses, errors that say where and how to mend it."""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

import support
from support import ERROR, LOGIN_NEEDED, NOT_FOUND, OK, REFUSED, USAGE, WAITING, Rest, RoomCase, stage

NOWHERE = 'env_' + '0' * 26


class Client(RoomCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.answered, _ = cls.room.answer()
        cls.waiting = cls.room.submit(name='waits')

    def upload(self, rows=None, rules=None, schema=None, name='visits_again', code=USAGE, saying=None):
        room = self.room
        return self.refused(room.insurer, 'dataset', 'upload', rows or room.visits_csv(), '--env', room.environment,
                            '--name',
                            name, '--yes', '--policy', room.write('p.json', rules or support.VISITS_POLICY),
                            '--schema', room.write('s.json', schema or support.VISITS_SCHEMA), code=code, saying=saying)

    def test_exit_codes(self):
        room = self.room
        question = room.write('refused.sql', 'SELECT v.person_id FROM visits v')
        for code, arguments in (
                (OK, ['env', 'list']), (OK, ['--help']), (OK, ['--version']), (OK, ['result', 'get', self.answered]),
                (USAGE, []), (USAGE, ['env']), (USAGE, ['env', 'fly']), (USAGE, ['env', 'list', '--no-such-flag']),
                (USAGE, ['result', 'get']),
                (NOT_FOUND, ['env', 'show', NOWHERE]), (NOT_FOUND, ['env', 'show', 'no such name']),
                (NOT_FOUND, ['query', 'show', 'qry_' + '0' * 26]), (NOT_FOUND, ['dataset', 'show', 'ds_' + '0' * 26]),
                (NOT_FOUND, ['ledger', 'prove', room.environment, '100000']),
                (REFUSED, ['query', 'check', question, '--env', room.environment]),
                (REFUSED, ['query', 'submit', question, '--env', room.environment, '--name', 'rows']),
                (WAITING, ['result', 'get', self.waiting]), (WAITING, ['result', 'receipt', self.waiting]),
                (WAITING, ['query', 'wait', self.waiting, '--timeout', '0.2'])):
            with self.subTest(' '.join(map(str, arguments))):
                self.refused(room.institute, *arguments, code=code)

    def test_nobody_there_to_say_yes(self):
        size = self.room.size()
        self.refused(self.room.insurer, 'query', 'approve', self.waiting, code=USAGE, saying='--yes')
        self.refused(self.room.insurer, 'query', 'approve', self.waiting, code=USAGE, stdin='no\n')
        self.assertEqual(self.room.size(), size)

    def test_a_home_without_a_login(self):
        command = [stage.programs() / 'cloister', '--home', self.room.folder / 'nobody', 'env', 'list']
        done = subprocess.run(command, capture_output=True, text=True, env=stage.CLIENT_ENVIRONMENT)
        self.assertIn('cloister init', done.stderr)
        self.assertIn(done.returncode, (ERROR, LOGIN_NEEDED))

    def test_a_key_that_the_server_does_not_know(self):
        key = self.room.institute.home / 'api-key'
        kept = key.read_bytes()
        try:
            for text in (b'clo_pat_' + b'0' * 36, b'rubbish'):
                key.write_bytes(text)
                self.refused(self.room.institute, 'env', 'list', code=LOGIN_NEEDED)
            key.unlink()
            self.refused(self.room.institute, 'env', 'list', code=LOGIN_NEEDED)
        finally:
            key.write_bytes(kept)
            key.chmod(0o600)

    def test_a_server_that_is_not_there(self):
        config = self.room.institute.home / 'config.json'
        kept = config.read_text()
        try:
            config.write_text(kept.replace(self.room.server.url, 'http://127.0.0.1:1'))
            self.refused(self.room.institute, 'env', 'list', code=ERROR, saying='127.0.0.1:1')
        finally:
            config.write_text(kept)

    def test_json_parses_and_nothing_else_is_on_standard_output(self):
        room = self.room
        dataset = room.dataset_id('coverage')
        for arguments in (['key', 'show'], ['env', 'list'], ['env', 'show', room.environment],
                          ['env', 'verify', room.environment],
                          ['dataset', 'list'], ['dataset', 'show', dataset],
                          ['dataset', 'recipient', '--env', room.environment],
                          ['query', 'list'], ['query', 'show', self.answered], ['query', 'report', self.answered],
                          ['result', 'get', self.answered], ['result', 'receipt', self.answered],
                          ['result', 'verify', self.answered], ['ledger', 'show', room.environment],
                          ['ledger', 'verify', room.environment], ['ledger', 'prove', room.environment, '0']):
            with self.subTest(' '.join(arguments)):
                self.assertIsInstance(room.insurer.json(*arguments) if arguments[0] == 'dataset' else
                                      room.institute.json(*arguments), (dict, list))
        code, out, err = room.institute.invoke('--json', 'query', 'submit', '-', '--env', room.environment, '--name',
                                               'x',
                                               stdin='SELECT v.person_id FROM visits v')
        self.assertEqual(code, REFUSED)
        self.assertTrue(json.loads(out or err.strip().split('\n')[-1]))

    def test_output_has_no_colour_without_a_terminal(self):
        for arguments in (['env', 'list'], ['result', 'get', self.answered], ['ledger', 'show', self.room.environment]):
            _, out, err = self.room.institute.invoke(*arguments)
            self.assertNotIn('\x1b', out + err)

    def test_a_policy_file_that_is_wrong(self):
        said = self.upload(rules={**support.VISITS_POLICY, 'min_group_sise': 3})
        self.assertIn('min_group_sise', said)
        said = self.upload(rules='{"levels": [')
        self.assertIn('p.json', said)
        rules = json.loads(json.dumps(support.VISITS_POLICY))
        rules['columns']['wart'] = rules['columns'].pop('ward')
        self.assertIn('wart', self.upload(rules=rules))

    def test_a_schema_that_is_wrong(self):
        schema = [dict(each) for each in support.VISITS_SCHEMA]
        schema[2]['type'] = 'WHOLE'
        self.assertIn('WHOLE', self.upload(schema=schema))

    def test_a_csv_line_that_is_wrong(self):
        rows = self.room.visits_csv().read_text().split('\n')
        for name, line, place in (('a word for a number', '7,north,many,nothing', '5'),
                                  ('a column too many', '7,north,1,a,b', '5'),
                                  ('a column too few', '7,north', '5')):
            with self.subTest(name):
                path = self.room.write('wrong.csv', '\n'.join([*rows[:4], line, *rows[4:]]))
                said = self.upload(rows=path)
                self.assertIn('wrong.csv', said)
                self.assertIn(place, said)

    def test_a_column_that_nobody_has(self):
        said = self.refused(self.room.institute, 'query', 'check', '-', '--env', self.room.environment, code=REFUSED,
                            stdin='SELECT v.wart, COUNT(DISTINCT v.person_id) AS n\nFROM visits v GROUP BY v.wart')
        self.assertIn('wart', said)
        self.assertIn('1:10', said)

    def test_a_table_that_nobody_has(self):
        said = self.refused(self.room.institute, 'query', 'check', '-', '--env', self.room.environment, code=REFUSED,
                            stdin='SELECT COUNT(*) FROM visitors')
        self.assertIn('visitors', said)


class Rules(RoomCase):
    """The REST API as a stranger's program sees it."""

    filled = False

    def test_health_needs_no_key(self):
        nobody = Rest(url=self.room.server.url)
        self.assertEqual(nobody.get('/api/tee/health')['status'], 'ok')
        self.assertEqual(nobody.get('/livez')['status'], 'ok')
        self.assertEqual(nobody.get('/readyz')['status'], 'ok')

    def test_everything_else_does(self):
        nobody = Rest(url=self.room.server.url)
        base = f'/api/tee/environments/{self.room.environment}'
        for method, path in (('GET', '/api/me'), ('GET', '/api/tee/environments'), ('POST', '/api/tee/environments'),
                             ('GET', base),
                             ('GET', f'{base}/ledger'), ('GET', f'{base}/datasets'), ('POST', f'{base}/links'),
                             ('POST', '/api/participant-keys'), ('POST', f'{base}/queries'),
                             ('POST', f'{base}/terminate')):
            for headers in ({}, {'Authorization': 'Bearer clo_pat_' + '0' * 36}, {'Authorization': 'Basic YTpi'},
                            {'X-API-Key': 'x'}):
                with self.subTest(method=method, path=path, headers=headers):
                    status, fields, body = nobody.call(method, path, b'{}',
                                                       {'Content-Type': 'application/json', **headers})
                    self.assertEqual(status, 401, body)
                    self.assertEqual(json.loads(body)['error'], 'UNAUTHENTICATED')
                    self.assertTrue(fields['Request-Id'])

    def test_an_unknown_member_is_named(self):
        rest = Rest(self.room.institute)
        base = f'/api/tee/environments/{self.room.environment}'
        for path, body in (('/api/tee/environments', {'name': 'x', 'approval_rules': 'owners'}),
                           (f'{base}/queries', {'name': 'x', 'query_text': 'SELECT 1', 'approval_rules': 1}),
                           (f'{base}/queries/check', {'query_text': 'SELECT 1', 'approval_rules': 1}),
                           (f'{base}/participants', {'email': 'a@b', 'approval_rules': 1}),
                           (f'{base}/links', {'document': 'x', 'approval_rules': 1})):
            with self.subTest(path):
                answer = rest.json('POST', path, body, expect=400)
                self.assertIn('approval_rules', answer['message'])
                self.assertEqual(answer['error'], 'INVALID_ARGUMENT')

    def test_a_body_that_is_not_json(self):
        rest = Rest(self.room.institute)
        for body, kind in ((b'{"name":', 'application/json'), (b'{"name":"a","name":"b"}', 'application/json'),
                           (b'\xff\xfe', 'application/json'), (b'{"name":"x"}', 'text/plain'),
                           (b'[' * 100000, 'application/json')):
            status, fields, answer = rest.call('POST', '/api/tee/environments', body, {'Content-Type': kind})
            self.assertEqual(status, 400 if kind == 'application/json' else 415, answer)
            self.assertIn('application/problem+json', fields['Content-Type'])

    def test_a_body_that_is_too_long(self):
        status, _, _ = Rest(self.room.institute).call('POST', '/api/tee/environments',
                                                      b'{"name":"' + b'x' * (2 << 20) + b'"}',
                                                      {'Content-Type': 'application/json'})
        self.assertEqual(status, 413)

    def test_a_page_of_another_site(self):
        """A browser that was lured to an address of this machine under another name gets nothing."""
        status, _, _ = Rest(self.room.institute).call('GET', '/api/me', headers={'Host': 'evil.example'})
        self.assertGreaterEqual(status, 400)

    def test_every_answer_has_a_request_id_of_its_own(self):
        rest = Rest(self.room.institute)
        ids = [rest.call('GET', path)[1]['Request-Id'] for path in ('/api/me', '/api/me', '/no/such/path')]
        self.assertEqual(len(set(ids)), 3)


class Daemon(unittest.TestCase):
    def start_in(self, data, *arguments):
        address = [] if '--listen' in arguments else ['--listen', '127.0.0.1:0']
        command = [stage.programs() / 'cloisterd', '--data', data, *address, *arguments]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.stdout, '')
        return done.returncode, done.stderr

    def start(self, *arguments):
        with tempfile.TemporaryDirectory(prefix='cloister-system-') as folder:
            return self.start_in(Path(folder) / 'data', *arguments)

    def test_the_development_login_is_for_this_machine_only(self):
        for address in ('0.0.0.0:0', '192.0.2.1:0', '[::]:0'):
            code, said = self.start('--dev-login', '--listen', address)
            self.assertEqual(code, USAGE, said)
            self.assertIn('--dev-login', said)
            self.assertEqual(self.start('--dev-login', '--behind-proxy', '--listen', address)[0], USAGE)

    def test_plain_http_does_not_leave_this_machine_unasked(self):
        code, said = self.start('--listen', '0.0.0.0:0')
        self.assertEqual(code, USAGE)
        self.assertIn('--behind-proxy', said)

    def test_the_sealer_does_not_lie_in_the_data_folder(self):
        with tempfile.TemporaryDirectory(prefix='cloister-system-') as folder:
            code, said = self.start_in(folder, '--sealer', Path(folder) / 'key')
            self.assertEqual(code, USAGE, said)
            self.assertIn('--sealer', said)

    def test_flags_that_do_not_exist(self):
        self.assertEqual(self.start('--no-such-flag')[0], USAGE)
        self.assertEqual(self.start('--listen', 'nowhere')[0], USAGE)

    def test_two_servers_do_not_share_a_folder(self):
        with tempfile.TemporaryDirectory(prefix='cloister-system-') as folder:
            with stage.Server(folder):
                code, said = self.start_in(Path(folder) / 'data')
                self.assertEqual(code, ERROR)
                self.assertIn('another cloisterd', said)


if __name__ == '__main__':
    support.main()
