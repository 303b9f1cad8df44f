"""The enclave process from outside: what the kernel says that it may still do."""

import os
import re
from pathlib import Path

import support
from support import RoomCase, await_that, enclaves_of

NO_NEW_PRIVILEGES, FILTER_MODE = '1', '2'


def status(path):
    return dict(re.findall(r'^(\w+):\s*(.*)$', Path(path).read_text(), re.M))


class Sandbox(RoomCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.room.answer()  # whatever a query starts has been started

    def setUp(self):
        # Another test may have ended the enclave before this one.
        await_that(lambda: self.room.institute.invoke('env', 'verify', self.room.environment)[0] == 0,
                   'the enclave answers')
        self.pid, = enclaves_of(self.room.server)

    def test_every_thread_is_under_the_filter(self):
        tasks = sorted(Path(f'/proc/{self.pid}/task').iterdir())
        self.assertGreater(len(tasks), 4, 'the channel, its workers and the threads of DuckDB')
        for task in tasks:
            fields = status(task / 'status')
            self.assertEqual(fields['Seccomp'], FILTER_MODE, task)
            self.assertEqual(fields['NoNewPrivs'], NO_NEW_PRIVILEGES, task)
            self.assertGreater(int(fields['Seccomp_filters']), 0, task)

    def test_no_descriptor_leads_out_but_the_channel(self):
        try:
            links = {int(path.name): os.readlink(path) for path in Path(f'/proc/{self.pid}/fd').iterdir()}
        except PermissionError:
            self.skipTest('this user may not see the descriptors of another process; run as root to check it')
        outer = [target for number, target in links.items() if number > 2]
        channel = [target for target in outer if target.startswith('socket:')]
        memory = [target for target in outer if target.startswith('/memfd:')]  # a file in memory, for Parquet
        self.assertEqual((len(channel), len(channel) + len(memory)), (1, len(outer)), links)
        self.assertLessEqual(len(memory), 1, links)
        self.assertEqual(links.get(0, '/dev/null'), '/dev/null')
        self.assertEqual(links.get(1, '/dev/null'), '/dev/null')

    def test_it_is_not_given_the_servers_secrets_in_its_surroundings(self):
        try:
            surroundings = Path(f'/proc/{self.pid}/environ').read_bytes()
        except PermissionError:
            self.skipTest('this user may not see the environment of another process; run as root to check it')
        self.assertNotIn(b'HOME=', surroundings)
        self.assertNotIn(b'AGE-SECRET', surroundings + Path(f'/proc/{self.pid}/cmdline').read_bytes())

    def test_it_ends_with_its_server(self):
        self.room.restart(kill=True)
        await_that(lambda: not Path(f'/proc/{self.pid}').exists()
                   or status(f'/proc/{self.pid}/status')['State'][0] == 'Z',
                   'the enclave of the killed server is gone')
        await_that(lambda: len(enclaves_of(self.room.server)) == 1, 'the next server starts its own')

    def test_an_enclave_that_is_killed_comes_back_with_everything(self):
        os.kill(self.pid, 9)
        await_that(lambda: [pid for pid in enclaves_of(self.room.server) if pid != self.pid], 'another enclave')
        await_that(lambda: self.room.institute.invoke('env', 'verify', self.room.environment)[0] == 0, 'it answers')
        self.assertEqual(self.room.answer()[1], support.plain_answer(support.JOIN_PLAIN_SQL))


if __name__ == '__main__':
    support.main()
