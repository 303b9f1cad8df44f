"""`dataset remove`: an owner takes his data back, whoever keeps his key."""

import support
from support import JOIN_SQL, NOT_FOUND, USAGE, WARD_SQL, RoomCase


class Remove(RoomCase):
    """Hospital (custody `server`) owns visits, insurer (`self`) coverage; each of them goes."""

    def files(self):
        folder = self.room.folder
        return {path for path in folder.rglob('*') if path.is_file() and path.parent.name == 'blobs'}

    def test_what_an_owner_removes_is_read_no_more(self):
        room = self.room
        query, rows = room.answer()
        waiting = room.submit(WARD_SQL, name='waits')
        for owner, name in ((room.insurer, 'coverage'), (room.hospital, 'visits')):
            with self.subTest(name):
                stranger = room.institute
                self.refused(stranger, 'dataset', 'remove', name, '--yes', code=1, saying='only the owner')
                self.refused(owner, 'dataset', 'remove', name, code=USAGE)  # nobody can be asked
                before = self.files()
                self.assertTrue(owner.json('dataset', 'remove', name, '--yes')['removed'])
                self.assertLess(self.files(), before, 'its sealed file is deleted')
                self.refused(owner, 'dataset', 'remove', name, '--yes', code=NOT_FOUND)
        out = self.refused(room.institute, 'query', 'submit', '-', '--env', room.environment, '--name', 'late',
                           stdin=JOIN_SQL, code=support.REFUSED)
        self.assertIn('visits', out)
        self.assertEqual(room.institute.json('query', 'show', waiting)['query']['status'], 'expired')
        self.assertEqual(room.rows(query), rows, 'an answer that was given stays')
        room.institute.run('ledger', 'verify', room.environment)


if __name__ == '__main__':
    support.main()
