"""Debian's age as the other end: it opens our results, and we take the files that it seals."""

import json
import subprocess
import support
from support import JOIN_PLAIN_SQL, RoomCase, plain_answer


class AgePeer(RoomCase):
    filled = False

    def sealed_by_age(self, plain_file, recipient):
        sealed = plain_file.with_suffix('.age')
        subprocess.run(['age', '-r', recipient, '-o', sealed, plain_file], check=True)
        return sealed

    def test_age_seals_the_data_and_opens_the_result(self):
        room = self.room
        room.hospital.run('dataset', 'upload', room.visits_csv(), *room.terms('visits'))
        recipient = room.insurer.run('dataset', 'recipient', '--env', room.environment).strip()
        self.assertTrue(recipient.startswith('age1'), recipient)
        sealed = self.sealed_by_age(room.coverage_jsonl(), recipient)
        room.insurer.run('dataset', 'manifest', sealed, *room.terms('coverage'), '--format', 'jsonl')
        query, rows = room.answer()
        self.assertEqual(rows, plain_answer(JOIN_PLAIN_SQL))

        result, key = room.folder / 'result.age', room.write('institute.key', room.institute.run('key', 'export-age'))
        room.institute.run('result', 'get', query, '--format', 'sealed', '-o', result)
        opened = subprocess.run(['age', '-d', '-i', key, result], check=True, capture_output=True)
        self.assertEqual(json.loads(opened.stdout)['rows'], rows)
        self.assertEqual(len(opened.stdout), 4096, 'a result is padded to a size band')

        other = room.write('insurer.key', room.insurer.run('key', 'export-age'))
        stranger = subprocess.run(['age', '-d', '-i', other, result], capture_output=True)
        self.assertNotEqual(stranger.returncode, 0, 'who is no recipient opens nothing')
        self.assertEqual(stranger.stdout, b'')

    def test_each_owner_has_a_recipient_of_his_own(self):
        recipients = {party.run('dataset', 'recipient', '--env', self.room.environment).strip()
                      for party in self.room.parties}
        self.assertEqual(len(recipients), 3)


if __name__ == '__main__':
    support.main(peer='age')
