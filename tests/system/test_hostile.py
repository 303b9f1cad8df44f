"""What strangers send to a server, and many at once."""

import base64
import hashlib
import json
import os
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import support
from support import OwnerCase, Rest, ServerCase, log_in

CLIENTS = 64
PART = 8 << 20
SOCKET_SECONDS = 30


class Hostile(ServerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.address = urlsplit(cls.server.url)

    def raw(self, text, then=b''):
        """What comes back for these bytes, until the server ends the connection or says nothing more for a moment."""
        with socket.create_connection((self.address.hostname, self.address.port), timeout=SOCKET_SECONDS) as line:
            line.sendall(text)
            line.settimeout(3)
            got = b''
            try:
                while piece := line.recv(65536):
                    got += piece
                    if then:
                        line.sendall(then)
                        then = b''
            except (TimeoutError, ConnectionError):
                pass
            return got

    def statuses(self, answer):
        return [int(line.split()[1]) for line in answer.split(b'\r\n') if line.startswith(b'HTTP/1.1 ')]

    def test_one_request_is_one_request(self):
        host = f'Host: {self.address.netloc}\r\n'
        second = f'GET /api/tee/health HTTP/1.1\r\n{host}\r\n'
        for name, head in (
                ('two lengths', 'Content-Length: 4\r\nContent-Length: 80\r\n'),
                ('length and chunks', 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n'),
                ('chunks spelled otherwise', 'Transfer-Encoding: xchunked\r\n'),
                ('chunks twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'),
                ('a space before the colon', 'Content-Length : 4\r\n'),
                ('a folded line', 'X-A: b\r\n c: d\r\n'),
                ('a length with a sign', 'Content-Length: +4\r\n'),
                ('two hosts', host),
                ('a bare carriage return', 'X-A: b\rX-B: c\r\n')):
            with self.subTest(name):
                request = f'POST /api/dev/login HTTP/1.1\r\n{host}{head}\r\n{second}'.encode()
                self.assertEqual(self.statuses(self.raw(request)), [400] if name != 'chunks spelled otherwise' else
                                 self.statuses(self.raw(request))[:1])
                self.assertGreaterEqual(self.statuses(self.raw(request))[0], 400)

    def test_heads_that_are_too_much(self):
        host = f'Host: {self.address.netloc}\r\n'
        for name, head in (('one long field', 'X-A: ' + 'a' * 40000 + '\r\n'),
                           ('many fields', ''.join(f'X-{i}: a\r\n' for i in range(500))),
                           ('a long path', '')):
            path = '/' + 'a' * 40000 if name == 'a long path' else '/api/tee/health'
            with self.subTest(name):
                answer = self.raw(f'GET {path} HTTP/1.1\r\n{host}{head}\r\n'.encode())
                self.assertIn(self.statuses(answer)[:1], ([431], [414], [400]))

    def test_paths_have_one_reading(self):
        host = f'Host: {self.address.netloc}\r\n'
        for path in ('/api/tee/../tee/health', '/api/tee/%2e%2e/tee/health', '/api//tee/health', '/api/tee%2fhealth',
                     '/api/tee/health%00', '/api/tee\\health', '/api/tee/health/', '/./livez', 'http://x/livez',
                     '/livez#x', '/api/tee/h%65alth%'):
            with self.subTest(path):
                answer = self.raw(f'GET {path} HTTP/1.1\r\n{host}Connection: close\r\n\r\n'.encode())
                self.assertIn(self.statuses(answer)[:1], ([400], [404]))

    def test_json_that_goes_deep_or_on(self):
        rest = log_in(self.server.url, 'json@a.example')
        for body in (b'[' * 200000, b'{"a":' * 50000, b'{"name":"x"}{"name":"y"}', b'{"name":1e999}',
                     b'{"name":"\xed\xa0\x80"}', b'{"name":"x","name":"y"}', b'\x00', b'{"name":' + b'9' * 5000 + b'}'):
            status, fields, text = rest.call('POST', '/api/tee/environments', body,
                                             {'Content-Type': 'application/json'})
            self.assertEqual(status, 400, text[:200])
            self.assertIn('problem+json', fields['Content-Type'])

    def test_whoever_sends_slowly_keeps_nobody_waiting(self):
        lines = []
        try:
            for _ in range(700):
                line = socket.create_connection((self.address.hostname, self.address.port), timeout=SOCKET_SECONDS)
                line.sendall(b'POST /api/dev/login HTTP/1.1\r\nHost: ')
                lines.append(line)
            begun = time.monotonic()
            self.assertEqual(Rest(url=self.server.url).get('/api/tee/health')['status'], 'ok')
            self.assertLess(time.monotonic() - begun, 5)
        finally:
            for line in lines:
                line.close()

    def test_many_at_once(self):
        """64 clients, each with a dataset of its own, in one environment: all are answered, none twice."""
        ana = log_in(self.server.url, 'many@a.example')
        base = '/api/tee/environments/' + ana.json('POST', '/api/tee/environments', {'name': 'many'})['tee']['id']
        faults = []

        def one(number):
            try:
                rest = Rest(url=self.server.url)
                rest.key = ana.key
                body = {'name': f'set_{number}', 'schema': {'id': 'int'}, 'policy': 'aggregate_only',
                        'privacy_unit': 'id'}
                text = json.dumps(body).encode()
                fields = {'Idempotency-Key': f'n{number}', 'Content-Type': 'application/json'}
                answers = {rest.call('POST', f'{base}/datasets', text, fields)[::2] for _ in range(2)}
                assert len(answers) == 1 and next(iter(answers))[0] == 201, answers
                for path in (f'{base}/datasets?limit=3', '/api/tee/inbox', f'{base}/catalogue'):
                    rest.get(path)
            except Exception as fault:  # noqa: BLE001  (it is the finding)
                faults.append(repr(fault)[:500])

        threads = [threading.Thread(target=one, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(faults, [])
        names, cursor = [], ''
        while cursor is not None:
            page = ana.get(f'{base}/datasets?limit=20' + (f'&cursor={cursor}' if cursor else ''))
            names += [each['name'] for each in page['datasets']]
            cursor = page['next_cursor']
        self.assertEqual(sorted(names), sorted(f'set_{number}' for number in range(CLIENTS)))


class Uploads(OwnerCase):
    def peak_kb(self):
        for line in Path(f'/proc/{self.server.process.pid}/status').read_text().split('\n'):
            if line.startswith('VmHWM'):
                return int(line.split()[1])
        raise AssertionError('no VmHWM')

    def test_the_server_stays_small(self):
        """A file sixty times as large takes no more memory, sealed on the fly or in parts."""
        small, large = b'id\n' + b'1\n' * 500_000, b'id\n' + b'123456\n' * (60_000_000 // 7)
        self.ana.json('PUT', f'{self.register("small")}/content', small)
        before = self.peak_kb()
        self.ana.json('PUT', f'{self.register("large")}/content', large)
        self.assertLess(self.peak_kb() - before, 16_000)

    def test_parts_survive_a_power_cut(self):
        dataset = self.register('parts')
        file = os.urandom(2 * PART + 1000)
        parts = {n: file[(n - 1) * PART:n * PART] for n in (1, 2, 3)}

        def put(n):
            digest = base64.b64encode(hashlib.sha256(parts[n]).digest()).decode()
            return self.ana.call('PUT', f'{upload}/parts/{n}', parts[n], {'Content-Digest': f'sha-256=:{digest}:'})[0]

        upload = f'{dataset}/uploads/' + self.ana.json('POST', f'{dataset}/uploads',
                                                       {'size_bytes': len(file)})['upload']['id']
        results = []
        threads = [threading.Thread(target=lambda n=n: results.append(put(n))) for n in (3, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [200, 200])
        self.server.kill()
        self.server.start()
        self.ana.url = self.server.url
        there = self.ana.get(upload)['upload']
        self.assertEqual([each['part'] for each in there['parts']], [1, 3], 'only the second has to be sent')
        self.assertEqual(put(2), 200)
        self.assertEqual(put(2), 200)
        self.assertEqual(len(self.ana.get(upload)['upload']['parts']), 3)
        blob = next((self.server.data / 'blobs').glob(f'{upload.rsplit("/", 1)[1]}*')).read_bytes()
        self.assertEqual(hashlib.sha256(blob).digest(), hashlib.sha256(file).digest())


if __name__ == '__main__':
    support.main()
