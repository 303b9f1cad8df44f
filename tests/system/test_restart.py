"""The operator restarts, loses power, copies the data folder, puts an old one back."""

import shutil
import sqlite3

import support
from support import ERROR, JOIN_PLAIN_SQL, OK, VERIFICATION_FAILED, Rest, RoomCase, plain_answer


def recovery_blob(room):
    """What lies in the store of a stopped server."""
    database = sqlite3.connect(room.server.data / 'cloister.db')
    (blob,), = database.execute('SELECT recovery_blob FROM environments')
    database.close()
    return bytes(blob)


class Restart(RoomCase):
    def test_a_restart_loses_nothing(self):
        room, expected = self.room, plain_answer(JOIN_PLAIN_SQL)
        before, rows = room.answer()
        self.assertEqual(rows, expected)
        pending = room.submit(name='asked before the restart')
        room.approve(pending, room.hospital)

        room.server.stop()
        first = recovery_blob(room)
        room.restart()
        self.assertEqual(room.rows(before), expected, 'an old result is still there')
        room.approve(pending, room.insurer)
        self.assertEqual(room.rows(pending), expected, 'one approval before, one after')
        late = room.submit(name='asked before the power cut')
        room.approve(late)

        room.restart(kill=True)
        self.assertEqual(room.rows(late), expected, 'approved, then the power was cut')
        again, rows = room.answer()
        self.assertEqual(rows, expected)

        room.server.stop()
        self.assertNotEqual(first, recovery_blob(room), 'each boot wraps the environment key anew')
        self.assertTrue(first.startswith(b'age-encryption.org/v1'))
        room.restart()
        for party in room.parties:
            party.run('ledger', 'verify', room.environment)
        origins = [entry['origin'] for entry in Rest(room.institute).entries(room.environment)
                   if entry['kind'] == 'boot']
        self.assertEqual(origins, ['generated'] + ['recovered'] * (len(origins) - 1))
        self.assertGreaterEqual(len(origins), 4)

    def test_an_older_data_folder_is_noticed(self):
        room = self.room
        room.server.stop()
        old = room.folder / 'old-data'
        shutil.copytree(room.server.data, old)
        room.restart()
        room.answer()
        room.insurer.run('env', 'verify', room.environment)
        current = room.server.data
        try:
            room.restart(data=old)
            for party in (room.insurer, room.institute):
                self.refused(party, 'env', 'verify', room.environment, code=VERIFICATION_FAILED)
                self.refused(party, 'query', 'submit', '-', '--env', room.environment, '--name', 'again',
                             stdin=support.WARD_SQL,
                             code=VERIFICATION_FAILED)
        finally:
            room.restart(data=current)
        room.insurer.run('env', 'verify', room.environment)


class CopiedFolder(RoomCase):
    def test_a_copied_data_folder_does_not_open_under_another_sealer(self):
        room = self.room
        query, _ = room.answer()
        room.server.stop()
        copy = room.folder / 'copy'
        shutil.copytree(room.server.data, copy)
        room.restart(data=copy, sealer=room.folder / 'another.key')
        size = room.size()
        tee = Rest(room.institute).get(f'/api/tee/environments/{room.environment}')['tee']
        self.assertNotIn(tee['status'], ('active', 'creating'), tee)
        self.refused(room.institute, 'env', 'verify', room.environment, code=ERROR, saying='another sealer')
        self.refused(room.institute, 'query', 'submit', '-', '--env', room.environment, '--name', 'again',
                     stdin=support.JOIN_SQL, code=ERROR)
        # The key that the server keeps for the hospital is closed to it too.
        self.assertNotEqual(room.hospital.invoke('result', 'get', query)[0], OK)
        self.assertEqual(room.size(), size)
        # A wrong sealer does no harm: with the right one the same folder goes on.
        room.restart(sealer=room.folder / 'sealer.key')
        self.assertEqual(room.answer()[1], plain_answer(JOIN_PLAIN_SQL))


class NoRecovery(RoomCase):
    kept = {'recovery': 'none'}

    def test_a_restart_ends_an_environment_without_recovery(self):
        room = self.room
        self.assertEqual(room.answer()[1], plain_answer(JOIN_PLAIN_SQL))
        room.server.stop()
        database = sqlite3.connect(room.server.data / 'cloister.db')
        (blob,), = database.execute('SELECT recovery_blob FROM environments')
        database.close()
        self.assertIsNone(blob, 'the key never left the enclave')
        room.restart()
        said = self.refused(room.institute, 'env', 'verify', room.environment, code=ERROR)
        self.assertNotIn('Traceback', said)
        self.refused(room.institute, 'query', 'submit', '-', '--env', room.environment, '--name', 'again',
                     stdin=support.JOIN_SQL, code=ERROR)


if __name__ == '__main__':
    support.main()
