"""Hours of ordinary work: the same room asks, approves, runs, forgets and restarts, and nothing grows but its ledger.

    CLOISTER_SOAK_SECONDS=3600 python3 tests/system/soak.py

Each round is one query from its text to its opened rows, compared with the same by hand; some rounds bring new rows or
a restart. Memory and descriptors of the server and of the enclave are looked at all the time. What each query leaves in
the ledger and in the guard's history may add LEDGER_BYTES of memory; everything else that grows is a fault.
"""

import os
import sys
import tempfile
import time
import unittest
from pathlib import Path
from statistics import median

import support
from support import JOIN_PLAIN_SQL, JOIN_SQL, WARD_SQL, Rest, Room, plain_answer

SECONDS = int(os.environ.get('CLOISTER_SOAK_SECONDS', '60'))
ROUNDS_MIN = 12
RESTART_EVERY, NEW_ROWS_EVERY = 20, 7
LEDGER_BYTES = 128 << 10         # of memory, for each query that a process has seen
SLACK_BYTES = 24 << 20           # an allocator's way of keeping what it may need again
DESCRIPTORS_SLACK = 8


def children(pid):
    text = Path(f'/proc/{pid}/task/{pid}/children').read_text()
    return [int(each) for each in text.split()]


def memory_bytes(pid):
    status = Path(f'/proc/{pid}/status').read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith('VmRSS:'))) << 10


def descriptors(pid):
    return len(os.listdir(f'/proc/{pid}/fd'))


class Life:
    """What one process of the server and its enclaves used, round by round, from one start to the next."""

    def __init__(self, pid):
        self.server = pid
        self.samples = []  # (server's bytes, enclaves' bytes, descriptors of all)

    def look(self):
        enclaves = children(self.server)
        self.samples.append((memory_bytes(self.server), sum(memory_bytes(each) for each in enclaves),
                             descriptors(self.server) + sum(descriptors(each) for each in enclaves)))

    def faults(self):
        if len(self.samples) < ROUNDS_MIN:
            return
        third = len(self.samples) // 3
        early, late = self.samples[third:2 * third], self.samples[2 * third:]
        allowed = LEDGER_BYTES * len(self.samples) + SLACK_BYTES
        for place, name in enumerate(('the server', 'the enclave')):
            grown = median(each[place] for each in late) - median(each[place] for each in early)
            if grown > allowed:
                yield f'{name} grew by {grown / (1 << 20):.0f} MiB in {len(self.samples)} rounds'
        grown = median(each[2] for each in late) - median(each[2] for each in early)
        if grown > DESCRIPTORS_SLACK:
            yield f'{grown:.0f} descriptors more in {len(self.samples)} rounds'


class Alarm(unittest.TestCase):
    """A process that grows is told from one that does not."""

    def faults(self, server=0, enclave=0, files=0):
        life = Life(os.getpid())
        life.samples = [((64 << 20) + i * server, (96 << 20) + i * enclave, 40 + i * files) for i in range(60)]
        return list(life.faults())

    def test_rings(self):
        self.assertEqual(self.faults(server=1000, enclave=LEDGER_BYTES), [])
        self.assertRegex(self.faults(server=4 << 20)[0], 'the server grew')
        self.assertRegex(self.faults(enclave=4 << 20)[0], 'the enclave grew')
        self.assertRegex(self.faults(files=1)[0], 'descriptors')

    def test_looks_at_living_processes(self):
        life = Life(os.getpid())
        life.look()
        self.assertGreater(life.samples[0][0], 1 << 20)
        self.assertGreater(life.samples[0][2], 2)


class Soak(unittest.TestCase):
    def setUp(self):
        self.room = Room(tempfile.mkdtemp(prefix='cloister-soak-'))
        self.addCleanup(self.room.close)
        self.extra = 0
        self.lives, self.rounds = [], 0

    def share(self):
        """Both datasets, for as many runs as it takes."""
        room, runs = self.room, {'limits': {'runs': 1_000_000}}
        for party, name, file, schema, rules in (
                (room.hospital, 'visits', room.visits_csv(), support.VISITS_SCHEMA, support.VISITS_POLICY),
                (room.insurer, 'coverage', room.coverage_jsonl(), support.COVERAGE_SCHEMA, support.COVERAGE_POLICY)):
            party.run('dataset', 'upload', file, '--env', room.environment, '--name', name, '--yes', '--policy',
                      room.write(f'{name}.policy.json', rules | runs), '--schema',
                      room.write(f'{name}.schema.json', schema))

    def bring_rows(self):
        """The hospital's next version: everybody has been there otherwise."""
        self.extra += 1
        rest, path = Rest(self.room.hospital), f'/api/tee/datasets/{self.room.dataset_id("visits")}'
        status, _, text = rest.call('PUT', f'{path}/content', self.room.visits_csv(self.rows()).read_bytes(),
                                    {'Content-Type': 'text/csv', 'If-Match': '*'})
        self.assertEqual(status, 200, text)
        support.await_that(lambda: rest.get(path)['dataset']['status'] == 'available', 'the new rows')

    def rows(self):
        return [(person, ward, (count + self.extra) % 9, remark) for person, ward, count, remark
                in support.visits_rows()]

    def ask(self):
        visits = self.rows()
        if self.rounds % 2:
            expected, found = plain_answer(JOIN_PLAIN_SQL, visits=visits), self.room.answer(JOIN_SQL)[1]
        else:
            query = self.room.submit(WARD_SQL)
            self.room.approve(query, self.room.hospital)
            expected, found = [['north', 13], ['south', 13], ['west', 13]], self.room.rows(query)
        self.assertEqual(sorted(found), sorted(expected), f'round {self.rounds}')

    def test_nothing_grows_but_the_ledger(self):
        self.share()
        self.lives.append(Life(self.room.server.process.pid))
        end = time.monotonic() + SECONDS
        while time.monotonic() < end or self.rounds < ROUNDS_MIN:
            self.rounds += 1
            self.ask()
            self.lives[-1].look()
            if self.rounds % NEW_ROWS_EVERY == 0:
                self.bring_rows()
            if self.rounds % RESTART_EVERY == 0:
                self.room.restart(kill=self.rounds % (2 * RESTART_EVERY) == 0)
                self.lives.append(Life(self.room.server.process.pid))
        print(f'{self.rounds} queries, {len(self.lives)} lives of the server, a ledger of {self.room.size()} entries',
              file=sys.stderr)
        self.assertEqual([fault for life in self.lives for fault in life.faults()], [])


if __name__ == '__main__':
    support.main()
