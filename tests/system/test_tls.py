"""TLS 1.3 in the server itself: the whole small story over https, what is refused, and a certificate that changes while
people are connected."""

import hashlib
import http.client
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import unittest
from pathlib import Path
from urllib.parse import urlsplit

import support
from authority import Authority, PublicServer
from support import Rest, RoomCase, await_that, plain_answer, stage

SECONDS_MAX = 30
MORE_KB_MAX = 16_000  # that a large file may take beyond a small one: allocators, not the file


def fingerprint(certificate):
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(Path(certificate).read_text())).hexdigest()


class Https(RoomCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix='cloister-authority-')
        cls.addClassCleanup(folder.cleanup)
        cls.authority = Authority(folder.name)
        cls.certificate, cls.key = cls.authority.issue('server')
        cls.kept = {'options': ('--tls-cert', cls.certificate, '--tls-key', cls.key), 'ca_file': cls.authority.root}
        super().setUpClass()
        cls.address = urlsplit(cls.room.server.url)

    def line(self, version=ssl.TLSVersion.TLSv1_3, protocols=None):
        context = ssl.create_default_context(cafile=self.authority.root)
        context.minimum_version = context.maximum_version = version
        if protocols:
            context.set_alpn_protocols(protocols)
        plain = socket.create_connection((self.address.hostname, self.address.port), timeout=SECONDS_MAX)
        try:
            return context.wrap_socket(plain, server_hostname=self.address.hostname)
        except BaseException:
            plain.close()
            raise

    def shown(self):
        with self.line() as line:
            return hashlib.sha256(line.getpeercert(binary_form=True)).hexdigest()

    def read_on(self, line, read, awaited):
        """Until what came, of which READ was the beginning, holds AWAITED."""
        while awaited not in read:
            piece = line.recv(65536)
            self.assertTrue(piece, f'it broke off before {awaited}')
            read += piece

    def test_the_whole_story(self):
        self.assertTrue(self.room.server.url.startswith('https://'))
        query, rows = self.room.answer()
        self.assertEqual(rows, plain_answer(support.JOIN_PLAIN_SQL))
        rest = Rest(self.room.institute)
        link = rest.get(f'/api/tee/queries/{query}/results')['results'][0]['download_url']
        self.assertTrue(link.startswith('/api/'))  # of the server that handed it out: https like everything else here
        self.assertEqual(Rest(url=rest.url, ca_file=self.authority.root).call('GET', link)[0], 200)

    def test_it_is_tls_13_with_http_11(self):
        with self.line(protocols=['h2', 'http/1.1']) as line:
            self.assertEqual((line.version(), line.selected_alpn_protocol()), ('TLSv1.3', 'http/1.1'))
            line.sendall(b'GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
            answer = b''.join(iter(lambda: line.recv(65536), b''))  # an end without close_notify would raise
        self.assertTrue(answer.startswith(b'HTTP/1.1 200 '), answer)
        self.assertNotIn(b'strict-transport-security', answer)  # it would hold for all of localhost

    def test_older_tls_is_refused(self):
        with self.assertRaises(ssl.SSLError):
            self.line(version=ssl.TLSVersion.TLSv1_2)
        with self.assertRaises(ssl.SSLError):
            self.line(protocols=['h2'])

    def test_plain_http_is_refused_in_its_own_words(self):
        connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=SECONDS_MAX)
        connection.request('GET', '/api/me', headers={'X-API-Key': Rest(self.room.hospital).key})
        answer = connection.getresponse()
        self.assertEqual(answer.status, 400)
        self.assertIn(b'https://', answer.read())
        connection.close()

    def test_a_client_that_trusts_another_root_learns_what_to_do(self):
        party = self.room.insurer
        other = Authority(self.room.folder / 'other', name='Other Root')
        said = self.refused(party, '--ca-cert', other.root, 'env', 'list', code=support.VERIFICATION_FAILED,
                            saying='was not accepted')
        self.assertIn('--ca-cert FILE', said)
        nothing = self.room.write('nothing.pem', 'no certificate')
        self.refused(party, '--ca-cert', nothing, 'env', 'list', code=support.USAGE, saying='--ca-cert')
        plain = party.server.url.replace('https', 'http')
        done = subprocess.run([stage.programs() / 'cloister', '--home', self.room.folder / 'plain', 'init', '--server',
                               plain, '--email', 'x@example.org'], capture_output=True, text=True, timeout=SECONDS_MAX)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('https://', done.stderr)

    def test_init_remembers_the_root(self):
        self.room.server.ca_file, known = None, self.room.server.ca_file
        try:
            self.room.insurer.run('env', 'list')
        finally:
            self.room.server.ca_file = known

    def reload(self, saying):
        before = len(self.room.log())
        self.room.server.process.send_signal(signal.SIGHUP)
        await_that(lambda: saying in self.room.log()[before:], f'the log says {saying}')

    def test_sighup_changes_the_certificate_and_nobody_is_cut_off(self):
        rest = Rest(self.room.hospital)
        with self.line() as stream:
            stream.sendall(f'GET /api/tee/events HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {rest.key}\r\n\r\n'.encode())
            read = stream.recv(65536)
            self.assertIn(b'text/event-stream', read)
            before = self.shown()
            self.assertEqual(before, fingerprint(self.certificate))
            renewed, renewed_key = self.authority.issue('renewed')

            shutil.copy(renewed, self.certificate)  # half of it: the key is still the old one
            self.reload('does not belong')
            self.assertEqual(self.shown(), before)
            shutil.copy(renewed_key, self.key)
            self.reload(fingerprint(renewed))
            self.assertEqual(self.shown(), fingerprint(renewed))
            self.assertNotEqual(self.shown(), before)

            rest.json('POST', '/api/tee/environments', {'name': 'while they listen', 'recovery': 'operator'})
            self.read_on(stream, read, b'environment')

    def test_a_web_socket_opens_over_it(self):
        rest = Rest(self.room.hospital)
        with self.line() as line:
            line.sendall(f'GET /api/tee/ws HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {rest.key}\r\n'
                         'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
                         'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'.encode())
            read = line.recv(65536)
            self.assertTrue(read.startswith(b'HTTP/1.1 101 '), read)
            self.assertIn(b's3pPLMBiTxaQ9kYGzzhZRbK+xOo=', read)  # RFC 6455 section 1.3
            rest.json('POST', '/api/tee/environments', {'name': 'over a socket', 'recovery': 'operator'})
            self.read_on(line, read, b'"kind":"tee"')

    def peak_kb(self):
        status = Path(f'/proc/{self.room.server.process.pid}/status').read_text()
        return int(re.search(r'^VmHWM:\s+(\d+) kB', status, re.M).group(1))

    def put(self, name, rows):
        """One plain file in one request, made while it is sent."""
        rest = Rest(self.room.hospital)
        base = f'/api/tee/environments/{self.room.environment}/datasets'
        dataset = rest.json('POST', base, {'name': name, 'schema': {'id': 'int'}, 'policy': 'aggregate_only',
                                           'privacy_unit': 'id'})['dataset']['id']
        block = b'123456\n' * 10_000
        pieces = (block if i else b'id\n' for i in range(rows // 10_000 + 1))
        status, _, text = rest.call('PUT', f'/api/tee/datasets/{dataset}/content', pieces)
        self.assertEqual(status, 200, text)

    def test_uploads_stream_through_it(self):
        self.put('small', 100_000)
        small_kb = self.peak_kb()
        self.put('large', 8_000_000)
        self.assertLess(self.peak_kb() - small_kb, MORE_KB_MAX, 'a file of 56 MB does not lie in memory')


class Start(unittest.TestCase):
    """What cloisterd says when it cannot serve so."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='cloister-tls-')
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.authority = Authority(self.folder / 'authority')
        self.certificate, self.key = self.authority.issue('server')

    def refused(self, *options):
        done = subprocess.run([stage.programs() / 'cloisterd', '--data', self.folder / 'data', '--sealer',
                               self.folder / 'sealer', '--listen', '0.0.0.0:0', *map(str, options)],
                              capture_output=True, text=True, timeout=SECONDS_MAX)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertFalse((self.folder / 'data').exists())
        return done.stderr

    def test_wrong_files_are_named_with_the_mend(self):
        self.assertIn('go together', self.refused('--tls-cert', self.certificate))
        self.assertIn('go together', self.refused('--tls-key', self.key))
        self.assertIn(f'{self.key}: there is no certificate', self.refused('--tls-cert', self.key, '--tls-key',
                                                                          self.key))
        _, other = self.authority.issue('other')
        self.assertIn('does not belong', self.refused('--tls-cert', self.certificate, '--tls-key', other))
        self.key.chmod(0o644)
        self.assertIn('chmod', self.refused('--tls-cert', self.certificate, '--tls-key', self.key))

    def test_beyond_this_machine_it_is_tls_or_a_proxy(self):
        said = self.refused()
        for word in ('--tls-cert', '127.0.0.1', '--behind-proxy'):
            self.assertIn(word, said)
        self.assertIn('--dev-login', self.refused('--dev-login', '--tls-cert', self.certificate, '--tls-key', self.key))

    def test_beyond_this_machine_browsers_are_told_to_stay_with_https(self):
        with PublicServer() as server:
            status, fields, _ = server.root.call('GET', '/livez')
            self.assertEqual((status, fields['strict-transport-security']), (200, 'max-age=31536000'))


if __name__ == '__main__':
    support.main(peer='openssl')
