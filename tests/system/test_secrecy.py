"""A marker in an owner's data, and where it is not: the server's files, logs, temporary files, core files and memory.

The insurer keeps its key itself. The marker stands in a hidden column of every row, and as the tariff of one person,
whose group is too small to be shown.
"""

import base64
import os
import re
import secrets
import shutil
import string
import subprocess
import sys
import tempfile
from pathlib import Path

import support
from support import JOIN_PLAIN_SQL, JOIN_SQL, RoomCase, coverage_rows, enclaves_of, plain_answer, visits_rows

READ_BYTES = 1 << 20


def forms(text):
    """How a text can stand in a file: as it is, in UTF-16, hex, and base64 at each of its three alignments."""
    data = text.encode()
    found = [data, text.encode('utf-16-le'), data.hex().encode(), data.hex().upper().encode()]
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(bytes(shift) + data).rstrip(b'=')
            # Only what does not depend on the neighbours.
            found.append(encoded[(shift * 8 + 5) // 6:len(encoded) - 1])
    return set(found)


def stream_has(read, needles):
    """Whether a needle stands in what `read` gives, also across two pieces."""
    longest, tail = max(map(len, needles)), b''
    while piece := read():
        text = tail + piece
        if any(needle in text for needle in needles):
            return True
        tail = text[-longest:]
    return False


def file_has(path, needles):
    with open(path, 'rb') as file:
        return stream_has(lambda: file.read(READ_BYTES), needles)


def files_with(folder, needles):
    return [path for path in Path(folder).rglob('*') if path.is_file() and file_has(path, needles)]


def resident_ranges(pid):
    """The mappings of a process that hold anything. PermissionError if this user may not look."""
    at = None
    for line in Path(f'/proc/{pid}/smaps').read_text().split('\n'):
        if found := re.match(r'([0-9a-f]+)-([0-9a-f]+) r', line):
            at = int(found[1], 16), int(found[2], 16)
        elif re.match(r'[0-9a-f]+-[0-9a-f]+ ', line):
            at = None
        elif at and re.match(r'Rss: +[1-9]', line):
            yield at


def memory_has(pid, needles):
    with open(f'/proc/{pid}/mem', 'rb', 0) as memory:
        for at, end in resident_ranges(pid):
            def read():
                nonlocal at
                size = min(READ_BYTES, end - at)
                try:
                    memory.seek(at)
                    piece = memory.read(size)
                except (OSError, OverflowError):  # a guard page, the kernel's own, or gone in the meantime
                    return b''
                at += size
                return piece

            if stream_has(read, needles):
                return True
    return False


class Secrecy(RoomCase):
    filled = False

    @classmethod
    def setUpClass(cls):
        alphabet = string.ascii_letters + string.digits
        cls.marker = ''.join(secrets.choice(alphabet) for _ in range(24))
        cls.temporary = Path(tempfile.mkdtemp(prefix='cloister-system-tmp-'))
        before = os.environ.get('TMPDIR')
        os.environ['TMPDIR'] = str(cls.temporary)  # for the server; Python has chosen ours already
        try:
            super().setUpClass()
        finally:
            os.environ.pop('TMPDIR') if before is None else os.environ.update(TMPDIR=before)
        room = cls.room
        cls.coverage = coverage_rows(lone_tariff=cls.marker, note=cls.marker)
        room.upload(visits=visits_rows(), coverage=cls.coverage)
        cls.query, cls.rows = room.answer()
        cls.needles = forms(cls.marker)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        shutil.rmtree(cls.temporary, ignore_errors=True)

    def look_at_memory(self, pid, needles):
        try:
            return memory_has(pid, needles)
        except PermissionError:
            self.skipTest('this user may not read the memory of another process; run as root to check it')

    def test_the_scanner_finds_what_is_there(self):
        for number, form in enumerate(sorted(self.needles)):
            path = self.temporary / f'canary-{number}'
            path.write_bytes(b'x' * (READ_BYTES - 10) + form + b'y' * 100)
            self.assertTrue(file_has(path, self.needles), form)
            path.unlink()
        for text in (f'a{self.marker}', f'ab{self.marker}c', f'{self.marker}cd'):
            self.assertTrue(any(form in base64.b64encode(text.encode()) for form in self.needles), text)
        self.assertEqual([path.name for path in files_with(self.room.folder, self.needles)], ['coverage.jsonl'],
                         "the owner's own file has it, and no other file")
        holder = subprocess.Popen([sys.executable, '-c',
                                   f'x = "{self.marker[::-1]}"[::-1]; print(len(x), flush=True); input()'],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            holder.stdout.readline()
            self.assertTrue(self.look_at_memory(holder.pid, [self.marker.encode()]))
        finally:
            holder.communicate('\n')

    def test_the_suppressed_group_is_not_in_the_answer(self):
        self.assertEqual(self.rows, plain_answer(JOIN_PLAIN_SQL, coverage=self.coverage))
        self.assertNotIn(self.marker, str(self.rows))

    def test_the_marker_is_in_no_file_of_the_server(self):
        files = [path for path in self.room.server.data.rglob('*') if path.is_file()]
        self.assertTrue(any(path.name == 'cloister.db' for path in files))
        self.assertTrue(any(path.parent.name == 'blobs' for path in files))
        for folder in (self.room.server.data, self.temporary, self.room.institute.home, self.room.hospital.home,
                       self.room.insurer.home):
            self.assertEqual(files_with(folder, self.needles), [])
        self.assertFalse(file_has(self.room.server.log, self.needles))

    def test_temporary_files_are_left_by_nobody(self):
        self.assertEqual(list(self.temporary.rglob('*')), [])

    def test_the_marker_is_in_the_enclaves_memory_and_not_in_the_servers(self):
        enclave, = enclaves_of(self.room.server)
        self.assertTrue(self.look_at_memory(enclave, [self.marker.encode()]),
                        'the data is in there, so the scanner works')
        self.assertFalse(self.look_at_memory(self.room.server.process.pid, self.needles))

    def test_neither_process_leaves_a_core_file(self):
        pids = [self.room.server.process.pid, *enclaves_of(self.room.server)]
        self.assertEqual(len(pids), 2)
        for pid in pids:
            try:
                limits = Path(f'/proc/{pid}/limits').read_text()
            except PermissionError:
                self.skipTest('this user may not read the limits of another process; run as root to check it')
            self.assertRegex(limits, r'Max core file size +0 +0 ')

    def test_keys_and_questions_are_not_in_the_log(self):
        log = self.room.log()
        self.assertIn('/api/tee/environments/{id}/queries', log)
        for line in (line.strip() for line in JOIN_SQL.split('\n')):
            self.assertNotIn(line, log)
        self.assertNotIn('c.tariff', log)
        self.assertNotIn('clo_pat_', log)
        self.assertNotIn('AGE-SECRET-KEY', log)
        for party in self.room.parties:
            key = (party.home / 'api-key').read_text().strip()
            self.assertNotIn(key, log)
            self.assertEqual(files_with(self.room.server.data, [key.encode()]), [], 'stored as a hash only')
            self.assertNotIn(party.email, log)

    def test_keys_of_custody_self_are_nowhere_on_the_server(self):
        for party in (self.room.insurer, self.room.institute):
            secret_lines = [line for name in ('participant-key', 'age-identity')
                            for line in (party.home / name).read_text().split('\n') if line
                            and not line.startswith('#')]
            self.assertEqual(len(secret_lines), 2)
            needles = [form for line in secret_lines for form in forms(line)]
            self.assertEqual(files_with(self.room.server.data, needles), [])
            self.assertFalse(file_has(self.room.server.log, needles))
            self.assertFalse(self.look_at_memory(self.room.server.process.pid,
                                                 [line.encode() for line in secret_lines]))

    def test_everybodys_keys_are_for_himself_alone(self):
        for party in self.room.parties:
            for path in party.home.rglob('*'):
                self.assertEqual(path.stat().st_mode & 0o077, 0, path)
        self.assertEqual(self.room.server.data.stat().st_mode & 0o077, 0)
        self.assertEqual(self.room.server.sealer.stat().st_mode & 0o077, 0)


if __name__ == '__main__':
    support.main()
