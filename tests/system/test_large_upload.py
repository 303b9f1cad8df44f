"""A file that is too large for one try: it goes on after kills where it was, and the server's memory does not know how
large it is.

CLOISTER_UPLOAD_BYTES=N sends files of that size; `./dev nightly` 2 GB.
"""

import base64
import hashlib
import http.client
import os
import random
import re
import tempfile
import threading
import unittest
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import support
from proxy import Proxy
from support import OwnerCase, stage

BYTES = int(os.environ.get('CLOISTER_UPLOAD_BYTES', str(44 << 20)))
SEED = int(os.environ.get('CLOISTER_SEED', '20261122'))
SMALL = 1 << 20
PART = 8 << 20
KILLS = 3
MORE_KB_MAX = 16_000  # that a large file may take beyond a small one: allocators, not the file
PUT_SECONDS_MAX = 600


class Large(OwnerCase):
    def begin(self, name, size):
        dataset = self.register(name)
        return f'{dataset}/uploads/' + self.ana.json('POST', f'{dataset}/uploads', {'size_bytes': size})['upload']['id']

    def peak_kb(self):
        text = Path(f'/proc/{self.server.process.pid}/status').read_text()
        return int(re.search(r'^VmHWM:\s+(\d+) kB', text, re.M).group(1))

    def come_back(self):
        self.server.start()
        self.ana.url = self.server.url

    @staticmethod
    def part(number, size):
        """Its bytes are its number's, so that no file of that size has to lie around."""
        length = min(PART, size - (number - 1) * PART)
        block = random.Random(SEED * 1000 + number).randbytes(1 << 16)
        return (block * (length // len(block) + 1))[:length]

    def put(self, upload, number, size, dies=False):
        """Whether the part was answered 200. `dies`: the power goes when half of it is sent."""
        body = self.part(number, size)
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        line = http.client.HTTPConnection(urlsplit(self.server.url).netloc, timeout=PUT_SECONDS_MAX)
        try:
            line.putrequest('PUT', f'{upload}/parts/{number}')
            for name, value in (('Authorization', f'Bearer {self.ana.key}'), ('Content-Length', str(len(body))),
                                ('Content-Type', 'application/octet-stream'),
                                ('Content-Digest', f'sha-256=:{digest}:')):
                line.putheader(name, value)
            line.endheaders()
            line.send(body[:len(body) // 2])
            if dies:
                self.server.kill()
            line.send(body[len(body) // 2:])
            return line.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            if not dies:
                raise
            return False
        finally:
            line.close()

    def test_parts_go_on_after_kills(self):
        upload = self.begin('small', SMALL)
        self.assertTrue(self.put(upload, 1, SMALL))
        small_kb, peaks_kb = self.peak_kb(), []
        upload = self.begin('large', BYTES)
        numbers = list(range(1, -(-BYTES // PART) + 1))
        chance = random.Random(SEED)
        chance.shuffle(numbers)
        dies_at = set(chance.sample(numbers, KILLS))
        answered, sent = set(), Counter()
        while left := [number for number in numbers if number not in answered]:
            number = left[0]
            sent[number] += 1
            dies = number in dies_at
            dies_at.discard(number)
            if dies:
                peaks_kb.append(self.peak_kb())
            if self.put(upload, number, BYTES, dies):
                answered.add(number)
                continue
            self.come_back()
            there = {each['part'] for each in self.ana.get(upload)['upload']['parts']}
            self.assertEqual(there, answered, 'what was answered is there, and nothing that was not')
        peaks_kb.append(self.peak_kb())
        again = sorted(number for number, times in sent.items() if times > 1)
        print(f'{BYTES} bytes in {len(numbers)} parts, killed {KILLS} times: sent again {again}, the ones cut off; '
              f'peak {small_kb} kB for 1 MB, then {peaks_kb} kB')
        self.assertEqual(len(again), KILLS, 'the parts that were cut off, and no other')
        self.assertLess(max(peaks_kb) - small_kb, MORE_KB_MAX)
        blobs, name = self.server.data / 'blobs', upload.rsplit('/', 1)[1]
        with open(blobs / f'{name}.draft', 'rb') as file:
            for number in sorted(numbers):
                self.assertEqual(file.read(PART) == self.part(number, BYTES), True, number)
        self.ana.json('DELETE', upload)
        self.assertEqual(list(blobs.glob(f'{name}*')), [], 'what the kills cut off goes with its upload')

    def test_one_request_takes_no_more_memory(self):
        """The plain file in one request, sealed while it comes."""
        line, repeat = b'123456\n', BYTES // 7
        self.ana.json('PUT', f'{self.register("small")}/content', b'id\n' + line * (SMALL // 7))
        small_kb = self.peak_kb()

        def pieces():
            yield b'id\n'
            block = line * (1 << 16)
            for _ in range(repeat // (1 << 16)):
                yield block
            yield line * (repeat % (1 << 16))

        connection = http.client.HTTPConnection(urlsplit(self.server.url).netloc, timeout=PUT_SECONDS_MAX)
        connection.request('PUT', f'{self.register("large")}/content', pieces(), {
            'Authorization': f'Bearer {self.ana.key}', 'Content-Length': str(3 + 7 * repeat),
            'Content-Type': 'application/octet-stream'})
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200, answer.read())
        connection.close()
        print(f'plain file: peak {small_kb} kB for 1 MB, {self.peak_kb()} kB for {BYTES} bytes')
        self.assertLess(self.peak_kb() - small_kb, MORE_KB_MAX)


class Watching(Proxy):
    """Keeps which parts were answered 200, and kills the server when `victim` begins."""

    def __init__(self, server, victim):
        super().__init__(server.url)
        self.mortal, self.victim, self.parts, self.lock = server, victim, [], threading.Lock()

    def forward(self, method, path, fields, body):
        found = re.search(r'/parts/(\d+)$', path)
        number = int(found.group(1)) if method == 'PUT' and found else None
        with self.lock:
            if number is not None and number == self.victim:
                self.victim = None
                self.mortal.kill()
        try:
            answer = super().forward(method, path, fields, body)
        except OSError:  # nobody is there
            return 502, [], b''
        if number is not None and answer[0] == 200:
            self.parts.append(number)
        return answer


class Client(unittest.TestCase):
    """`cloister dataset upload`, as a participant who keeps his own key runs it again after it failed."""

    def test_it_sends_what_is_missing(self):
        with tempfile.TemporaryDirectory(prefix='cloister-system-') as name:
            folder = Path(name)
            server = stage.Server(folder).start()
            self.addCleanup(lambda: server.stop())
            party = stage.Party(server, 'carla')
            tee = support.find(party.json('env', 'create', 'room', '--recovery', 'operator'), 'id')
            party.run('env', 'accept', tee, '--yes')
            rows, schema, rules = (folder / each for each in ('rows.csv', 'schema.json', 'policy.json'))
            lines = (f'{i},{"north" if i % 2 else "south"}\n' for i in range(1_600_000))
            rows.write_text('person,ward\n' + ''.join(lines))
            schema.write_text('[{"name": "person", "type": "BIGINT"}, {"name": "ward", "type": "VARCHAR"}]')
            rules.write_text('{"levels": ["aggregate_only"], "privacy_unit": "person", "columns": {"person": '
                             '{"roles": ["join_key"], "domain": "person"}, "ward": {"roles": ["dimension"]}}}')
            proxy = Watching(server, victim=2)
            self.addCleanup(proxy.close)
            command = ['dataset', 'upload', rows, '--env', tee, '--name', 'rows', '--yes', '--policy', rules,
                       '--schema', schema]
            party.moved_to(proxy)
            code, out, err = party.invoke(*command)
            self.assertNotEqual(code, 0, out + err)
            finished = set(proxy.parts)
            self.assertTrue(finished)
            server.start()
            proxy.upstream, proxy.parts = urlsplit(server.url), []
            party.run(*command)
            self.assertEqual(set(proxy.parts) & finished, set(), 'a part that was answered is not sent again')
            self.assertIn(2, proxy.parts)


if __name__ == '__main__':
    support.main()
