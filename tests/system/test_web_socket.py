"""/api/tee/ws: the events of /api/tee/events as texts of a WebSocket, to a client that knows RFC 6455 alone."""

import base64
import hashlib
import json
import os
import socket
import struct
from urllib.parse import urlsplit

import support
from support import ServerCase, log_in

GUID = b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
SECONDS_MAX = 20
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Socket:
    """One WebSocket; `status` and `head` are the server's answer to the handshake."""

    def __init__(self, url, key, path='/api/tee/ws', version='1.1', **changes):
        address = urlsplit(url)
        self.line = socket.create_connection((address.hostname, address.port), timeout=SECONDS_MAX)
        self.nonce = base64.b64encode(os.urandom(16))
        fields = {'Host': address.netloc, 'Upgrade': 'websocket', 'Connection': 'keep-alive, Upgrade',
                  'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': self.nonce.decode(),
                  **({'X-API-Key': key} if key else {})}
        fields = {name: value for name, value in {**fields, **changes}.items() if value is not None}
        self.line.sendall(f'GET {path} HTTP/{version}\r\n'.encode() +
                          ''.join(f'{name}: {value}\r\n' for name, value in fields.items()).encode() + b'\r\n')
        self.bytes = b''
        while b'\r\n\r\n' not in self.bytes:
            self.more()
        head, self.bytes = self.bytes.split(b'\r\n\r\n', 1)
        self.status = int(head.split()[1])
        self.head = dict(line.split(': ', 1) for line in head.decode().split('\r\n')[1:])

    def more(self):
        piece = self.line.recv(65536)
        if not piece:
            raise EOFError('the server ended the connection')
        self.bytes += piece

    def take(self, size):
        while len(self.bytes) < size:
            self.more()
        taken, self.bytes = self.bytes[:size], self.bytes[size:]
        return taken

    def read(self):
        """(opcode, payload) of the next frame; a server masks nothing and says all at once."""
        first, second = self.take(2)
        assert first & 0xf0 == 0x80 and second < 0x80, (first, second)
        length = second
        if length >= 126:
            length = struct.unpack('>H' if length == 126 else '>Q', self.take(2 if length == 126 else 8))[0]
        return first & 0x0f, self.take(length)

    def send(self, opcode, payload=b'', masked=True):
        mask = os.urandom(4) if masked else b''
        size = bytes([len(payload) | 0x80 * masked]) if len(payload) < 126 else (
            bytes([126 | 0x80 * masked]) + struct.pack('>H', len(payload)))
        hidden = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)) if masked else payload
        self.line.sendall(bytes([0x80 | opcode]) + size + mask + hidden)

    def close(self):
        self.line.close()


class WebSocket(ServerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ana, cls.eve = (log_in(cls.server.url, f'{name}@a.example') for name in ('ana', 'eve'))
        cls.tee = cls.ana.json('POST', '/api/tee/environments', {'name': 'w', 'recovery': 'operator'})['tee']['id']

    def open(self, key=None, **more):
        opened = Socket(self.server.url, key or self.ana.key, **more)
        self.addCleanup(opened.close)
        return opened

    def message(self, opened):
        opcode, payload = opened.read()
        self.assertEqual(opcode, TEXT, payload)
        return json.loads(payload)

    def closed_with(self, opened):
        opcode, payload = opened.read()
        self.assertEqual(opcode, CLOSE)
        with self.assertRaises(EOFError):
            opened.read()
        return struct.unpack('>H', payload)[0]

    def test_the_handshake(self):
        opened = self.open()
        self.assertEqual(opened.status, 101)
        self.assertEqual(opened.head['sec-websocket-accept'],
                         base64.b64encode(hashlib.sha1(opened.nonce + GUID).digest()).decode())
        for status, changes in ((426, {'Upgrade': None}), (426, {'Connection': 'close'}), (426, {'Upgrade': 'h2c'}),
                                (426, {'Sec-WebSocket-Version': '8'}), (400, {'Sec-WebSocket-Key': 'short'}),
                                (400, {'Sec-WebSocket-Key': None}), (401, {'X-API-Key': None}),
                                (401, {'X-API-Key': 'clo_pat_' + '0' * 36})):
            with self.subTest(status=status, changes=changes):
                self.assertEqual(self.open(**changes).status, status)

    def test_http_1_0_knows_no_upgrade(self):
        self.assertEqual(self.open(version='1.0').status, 426)

    def test_it_says_what_the_stream_says(self):
        """From the beginning, as it happens, and from where one left off."""
        opened = self.open(path='/api/tee/ws?last_event_id=0')
        first = self.message(opened)
        self.assertEqual(first['environment'], self.tee)
        made = self.ana.json('POST', f'/api/tee/environments/{self.tee}/datasets', {
            'name': 'seen', 'schema': {'id': 'int'}, 'policy': 'aggregate_only', 'privacy_unit': 'id'})['dataset']['id']
        seen = [first]
        while seen[-1]['id'] != made:
            seen.append(self.message(opened))
        self.assertEqual(seen[-1]['status'], 'uploading')
        ids = [each['event_id'] for each in seen]
        self.assertEqual(ids, sorted(ids))
        # Whoever goes on from any of them misses nothing that came after it.
        for number in sorted(set(ids))[:-1]:
            again = self.open(path=f'/api/tee/ws?last_event_id={number}')
            rest = [each for each in seen if each['event_id'] > number]
            read = [self.message(again)]
            while read[-1] != seen[-1]:
                read.append(self.message(again))
            self.assertEqual([each for each in read if each['event_id'] > number], rest, number)

    def test_an_id_that_no_event_had_yet_is_now(self):
        opened = self.open(path='/api/tee/ws?last_event_id=99999999')
        made = self.ana.json('POST', f'/api/tee/environments/{self.tee}/datasets', {
            'name': 'live', 'schema': {'id': 'int'}, 'policy': 'aggregate_only', 'privacy_unit': 'id'})['dataset']['id']
        self.assertEqual(self.message(opened)['id'], made)
        for wrong in ('x', '1.', '-1'):
            self.assertEqual(self.open(path=f'/api/tee/ws?last_event_id={wrong}').status, 400, wrong)

    def test_the_stream_is_the_same(self):
        opened = self.open(path='/api/tee/ws?last_event_id=0')
        seen = [self.message(opened) for _ in range(5)]
        self.assertEqual(self.stream(len(seen)), [json.loads(json.dumps(each)) for each in seen])

    def test_it_says_that_a_query_was_taken_back(self):
        base, rows = f'/api/tee/environments/{self.tee}', 'id\n' + ''.join(f'{i}\n' for i in range(50))
        made = self.ana.json('POST', f'{base}/datasets', {
            'name': 'asked', 'schema': {'id': 'int'}, 'policy': 'aggregate_only',
            'privacy_unit': 'id'})['dataset']['id']
        self.ana.json('PUT', f'/api/tee/datasets/{made}/content', rows.encode())
        self.ana.json('POST', f'/api/tee/datasets/{made}/mark-available')
        query = self.ana.json('POST', f'{base}/queries', {
            'name': 'how many', 'query_text': 'SELECT COUNT(DISTINCT id) AS n FROM asked'})['query']['id']
        opened = self.open()
        self.ana.json('POST', f'/api/tee/queries/{query}/cancel')
        said = {'kind': ''}
        while said['kind'] != 'query':
            said = self.message(opened)
        self.assertEqual((said['id'], said['status']), (query, 'cancelled'))

    def stream(self, count):
        """The first events of the stream, written as the socket writes them."""
        address, found, text = urlsplit(self.server.url), [], b''
        with socket.create_connection((address.hostname, address.port), timeout=SECONDS_MAX) as line:
            line.sendall(f'GET /api/tee/events?last_event_id=0 HTTP/1.1\r\nHost: {address.netloc}\r\n'
                         f'X-API-Key: {self.ana.key}\r\n\r\n'.encode())
            while len(found) < count:
                text += line.recv(65536)
                found = []
                for block in text.decode().split('\n\n'):
                    fields = dict(each.split(': ', 1) for each in block.split('\n') if ': ' in each)
                    if 'data' in fields:
                        found.append(json.loads(fields['data']) |
                                     {'event_id': int(fields['id'])})
        return found[:count]

    def test_others_hear_nothing(self):
        opened = self.open(key=self.eve.key, path='/api/tee/ws?last_event_id=0')
        opened.send(PING, b'are you there')
        self.assertEqual(opened.read(), (PONG, b'are you there'))

    def test_nobody_takes_all_of_them(self):
        bob = log_in(self.server.url, 'bob@b.example').key
        mine = [self.open(key=bob) for _ in range(16)]
        self.assertEqual({each.status for each in mine}, {101})
        self.assertEqual(self.open(key=bob).status, 429)
        self.assertEqual(self.open().status, 101, 'another user')
        mine[0].send(CLOSE, struct.pack('>H', 1000))
        self.assertEqual(self.closed_with(mine[0]), 1000)
        self.assertEqual(self.open(key=bob).status, 101)

    def test_it_ends_as_the_rfc_has_it(self):
        opened = self.open()
        opened.send(TEXT, b'nobody reads this')
        opened.send(CLOSE, struct.pack('>H', 1000) + b'bye')
        self.assertEqual(self.closed_with(opened), 1000)
        opened = self.open()
        opened.send(TEXT, b'not masked', masked=False)
        self.assertEqual(self.closed_with(opened), 1002)
        opened = self.open()
        opened.send(TEXT, b'x' * 2000)
        self.assertEqual(self.closed_with(opened), 1009)
        opened = self.open()
        opened.send(TEXT, b'\xff')
        self.assertEqual(self.closed_with(opened), 1007)

    def test_it_does_not_outlive_its_key(self):
        made = self.ana.json('POST', '/api/keys', {'name': 'short', 'scopes': ['read']})
        opened = self.open(key=made['api_key'])
        self.assertEqual(opened.status, 101)
        self.ana.json('DELETE', f'/api/keys/{made["key"]["id"]}')
        self.assertEqual(self.closed_with(opened), 1001)


if __name__ == '__main__':
    support.main()
