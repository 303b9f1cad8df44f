"""What an operator begins with and looks at: the first account, metrics, readiness."""

import json
import re
import socket
import stat
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

import support
from support import Rest, stage


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Operator(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='cloister-system-')
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_the_first_user_has_a_key_and_makes_others(self):
        with stage.Server(self.folder, '--first-user', 'root@ops.example') as server:
            file = server.data / 'first-api-key'
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
            root = Rest(url=server.url)
            root.key = file.read_text()
            self.assertTrue(root.get('/api/me')['user']['administrator'])
            made = root.json('POST', '/api/admin/users', {'email': 'ana@a.example'}, expect=201)
            ana = Rest(url=server.url)
            ana.key = made['api_key']
            self.assertFalse(ana.get('/api/me')['user']['administrator'])
            file.unlink()
            server.stop()
            server.start()
            self.assertFalse(file.exists(), 'the second start makes nobody')

    def test_metrics_have_a_port_of_their_own(self):
        port = free_port()
        with stage.Server(self.folder, '--metrics', f'127.0.0.1:{port}') as server:
            rest = Rest(url=server.url)
            rest.get('/api/tee/health')
            self.assertEqual(rest.call('GET', '/metrics')[0], 404)
            with urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics', timeout=10) as answer:
                text = answer.read().decode()
            self.assertRegex(text, re.compile(r'_count\{http_request_method="GET",http_route="/api/tee/health",'
                                              r'http_response_status_code="200"\} 1$', re.M))
            self.assertEqual(rest.get('/readyz?verbose')['checks']['storage'], 'ok')

    def test_limits_are_the_documented_ones_unless_told(self):
        with stage.Server(self.folder, '--requests-per-minute', '100') as server:
            rest = Rest(url=server.url)
            rest.key = rest.json('POST', '/api/dev/login', {'email': 'ana@a.example'})['api_key']
            statuses = [rest.call('GET', '/api/me') for _ in range(105)]
            refused = [each for each in statuses if each[0] == 429]
            self.assertGreaterEqual(len(refused), 1)
            self.assertGreaterEqual(int(refused[0][1]['Retry-After']), 1)
            self.assertEqual(statuses[0][1]['RateLimit-Policy'], '"default";q=100;w=60')

    def test_events_reach_a_client_that_closes_after_one_answer(self):
        with stage.Server(self.folder) as server:
            rest = Rest(url=server.url)
            rest.key = rest.json('POST', '/api/dev/login', {'email': 'ana@a.example'})['api_key']
            tee = rest.json('POST', '/api/tee/environments', {'name': 'watched'})['tee']['id']
            request = urllib.request.Request(f'{server.url}/api/tee/events', headers={
                'X-API-Key': rest.key, 'Last-Event-ID': '0'})
            seen, end = '', time.monotonic() + support.WAIT_SECONDS_MAX
            with urllib.request.urlopen(request, timeout=support.WAIT_SECONDS_MAX) as stream:
                while 'event: tee' not in seen and time.monotonic() < end:
                    seen += stream.readline().decode()
                seen += stream.readline().decode()
            self.assertEqual(json.loads(seen.rsplit('data: ', 1)[1])['id'], tee)

    def test_who_is_cut_off_before_his_first_event_misses_nothing(self):
        with stage.Server(self.folder) as server:
            rest = Rest(url=server.url)
            rest.key = rest.json('POST', '/api/dev/login', {'email': 'ana@a.example'})['api_key']
            address = f'{server.url}/api/tee/events'
            request = urllib.request.Request(address, headers={'X-API-Key': rest.key})
            with urllib.request.urlopen(request, timeout=support.WAIT_SECONDS_MAX) as stream:
                opening = [stream.readline().decode() for _ in range(4)]
            self.assertRegex(''.join(opening), r'^retry: \d+\n: cloister\nid: \d+\n\n$')
            tee = rest.json('POST', '/api/tee/environments', {'name': 'made meanwhile'})['tee']['id']
            request.add_header('Last-Event-ID', opening[2].split()[1])
            with urllib.request.urlopen(request, timeout=support.WAIT_SECONDS_MAX) as stream:
                line = ''
                while not line.startswith('data: '):
                    line = stream.readline().decode()
            self.assertEqual(json.loads(line[6:])['id'], tee)


if __name__ == '__main__':
    support.main()
