"""The first answer over the example's data: what comes out is what hand-written SQL says of the plain files."""

import json
import support
from support import REFUSED, ROOT, WAITING, RoomCase

import plain

EXAMPLES = ROOT / 'examples'


class Flow(RoomCase):
    filled = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for party, file, name in ((cls.room.hospital, 'hospital/visits.csv', 'visits'),
                                  (cls.room.insurer, 'insurer/coverage.jsonl', 'coverage')):
            stem = (EXAMPLES / file).with_suffix('')
            party.run('dataset', 'upload', EXAMPLES / file, '--env', cls.room.environment, '--name', name, '--yes',
                      '--policy', f'{stem}.policy.json', '--schema', f'{stem}.schema.json')

    def test_answers_equal_hand_written_sql_over_the_plain_files(self):
        database = plain.open_plain()
        self.addCleanup(database.close)
        for name in ('01_coinsurance', '02_chronically_ill', '03_years_without_a_doctor', '04_alike_at_the_start'):
            with self.subTest(name):
                query = self.room.submit((EXAMPLES / f'queries/{name}.sql').read_text(), name)
                owners = [self.room.hospital] if name.startswith('03') else [self.room.hospital, self.room.insurer]
                self.room.approve(query, *owners)
                expected = plain.answer(database, name)
                self.assertTrue(expected)
                self.assertEqual(list(plain.differences(expected, self.room.rows(query))), [])
                self.room.institute.run('result', 'verify', query)

    def test_what_the_policies_refuse_is_refused_with_place_rule_and_owner(self):
        for name, place in (('01_rows', r'01_rows\.sql:2:8: R05 .*\(rule of cloister\)'),
                            ('02_the_most_ill', r'02_the_most_ill\.sql:2:23: R06 .*\(rule of Hospital\)'),
                            ('03_not_insured', r'03_not_insured\.sql:4:19: R12 .*\(rule of Insurer\)')):
            with self.subTest(name):
                said = self.refused(self.room.institute, 'query', 'submit', EXAMPLES / f'refused/{name}.sql', '--env',
                                    self.room.environment, '--name', name, code=REFUSED)
                self.assertRegex(said, place)

    def test_nothing_comes_out_before_every_owner_read_has_approved(self):
        query = self.room.submit((EXAMPLES / 'queries/01_coinsurance.sql').read_text())
        self.room.approve(query, self.room.hospital)
        self.refused(self.room.institute, 'result', 'get', query, code=WAITING)
        self.room.insurer.run('query', 'reject', query, '--reason', 'not this year')
        self.refused(self.room.institute, 'result', 'get', query, code=REFUSED)

    def test_a_recipient_opens_and_another_participant_does_not(self):
        query = self.room.submit((EXAMPLES / 'queries/01_coinsurance.sql').read_text(),
                                 to=[self.room.institute, self.room.hospital])
        self.room.approve(query)
        opened = self.room.rows(query)
        # Custody `server` and custody `self` read the same rows out of the one sealed file.
        self.assertEqual(opened, self.room.rows(query, self.room.hospital))
        code, out, _ = self.room.insurer.invoke('result', 'get', query, '--format', 'json')
        self.assertNotEqual(code, 0)
        self.assertEqual(out, '')

    def test_the_ledger_verifies_for_everybody(self):
        for party in self.room.parties:
            verified = json.loads(party.run('--json', 'ledger', 'verify', self.room.environment))
            self.assertTrue(verified['verified'])
            self.assertEqual(verified['findings'], [])


if __name__ == '__main__':
    support.main()
