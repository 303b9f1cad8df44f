"""What the host sees beside an answer, over the real programs: two runs that differ in the data alone look the same
to it.

The hospital's people are in wards of three; one ward holds as many as a case wants. What is compared is all that the
server has of a released query, but for what is random or a clock: digests, ids, signatures, times.
"""

import base64
import json
import re
import time

import support
from support import Rest, RoomCase, find

SCHEMA = [{'name': 'person_id', 'type': 'BIGINT'}, {'name': 'ward', 'type': 'VARCHAR'},
          {'name': 'cost', 'type': 'BIGINT'}]
POLICY = {'levels': ['aggregate_only'], 'privacy_unit': 'person_id', 'min_group_size': 3,
          'columns': {'person_id': {'roles': ['join_key'], 'domain': 'person'}, 'ward': {'roles': ['dimension']},
                      'cost': {'roles': ['measure'], 'bounds': [0, 1000], 'filter_grid': 10}},
          'limits': {'runs': 200}, 'owner_approval': 'each_query'}
BAND_BYTES = 4096
BUCKET_MS = 250
RANDOM = re.compile(r'[0-9a-f]{64}|\b[a-z]{2,3}_[0-9a-z]{26}|[A-Za-z0-9_-]{43,}|\d{4}-\d\d-\d\dT[0-9:.]+Z|expires=\d+')


def rows(wards=20, lonely=0, cost=7):
    """Wards of three people, and `lonely` people in a ward of their own."""
    people = [(person, f'ward{person // 3:04}', cost) for person in range(3 * wards)]
    return people + [(100_000 + person, 'lonely', cost) for person in range(lonely)]


def payload(compact):
    body = compact.split('.')[1]
    return json.loads(base64.urlsafe_b64decode(body + '=' * (-len(body) % 4)))


class Channels(RoomCase):
    filled = False

    def dataset(self, name, people):
        text = '\n'.join(['person_id,ward,cost', *(','.join(map(str, row)) for row in people)]) + '\n'
        room = self.room
        room.hospital.run('dataset', 'upload', room.write(f'{name}.csv', text), '--env', room.environment, '--name',
                          name, '--yes', '--policy', room.write('policy.json', POLICY), '--schema',
                          room.write('schema.json', SCHEMA))
        return name

    def ask(self, sql):
        """(rows, what the host sees, milliseconds from the last approval to the answer)."""
        room, rest = self.room, Rest(self.room.institute)
        before = room.size()
        query = room.submit(sql)
        begin = time.monotonic()
        room.approve(query, room.hospital)
        answer = room.rows(query)
        elapsed_ms = (time.monotonic() - begin) * 1000
        shown = rest.get(f'/api/tee/queries/{query}/results')
        receipt = payload(shown['receipt'])
        entries = rest.entries(room.environment)[before:]
        record = {'result': shown | {'receipt': ''}, 'entries': entries, 'rows': receipt['rows'],
                  'bucket': find(receipt, 'time_bucket_ms'), 'length': receipt['result']}
        record['result'].pop('release_entry')
        sealed = record['result'].pop('sealed_object')  # ciphertext: its length is what anybody sees of it
        self.assertEqual([each.pop('sealed_object') for each in record['result']['results']], [sealed])
        record['sealed_length'] = len(base64.b64decode(sealed))
        text = RANDOM.sub('*', json.dumps(record, sort_keys=True))
        for member in ('seq', 'index', 'first_entry', 'size'):
            text = re.sub(rf'"{member}": \d+', f'"{member}": 0', text)
        return answer, text, elapsed_ms, receipt

    def test_existence_one_person_two_and_nobody_are_one_answer(self):
        seen = set()
        for lonely in (0, 1, 2):
            name = self.dataset(f'visits{lonely}', rows(lonely=lonely))
            for sql in (f"SELECT COUNT(*) AS n FROM {name} WHERE ward = 'lonely'",
                        f"SELECT ward, SUM(cost) AS s FROM {name} WHERE ward = 'lonely' GROUP BY ward"):
                answer, text, _, _ = self.ask(sql)
                self.assertEqual(answer, [])
                seen.add(text.replace(name, 'visits'))
        self.assertEqual(len(seen), 1, '\n'.join(seen))
        # The canary: with three people there is an answer.
        name = self.dataset('visits3', rows(lonely=3))
        self.assertEqual(self.ask(f"SELECT COUNT(*) AS n FROM {name} WHERE ward = 'lonely'")[0], [[3]])

    def test_order_of_the_owners_rows_shows_nowhere(self):
        people = rows(wards=12)
        sql = 'SELECT ward, COUNT(*) AS n, AVG(cost) AS a FROM {} GROUP BY ward'
        answers = [self.ask(sql.format(self.dataset(name, given)))
                   for name, given in (('forward', people), ('backward', people[::-1]))]
        self.assertEqual(answers[0][0], answers[1][0])
        self.assertEqual([row[0] for row in answers[0][0]], sorted(row[0] for row in answers[0][0]))
        self.assertEqual(answers[0][1].replace('forward', 'x'), answers[1][1].replace('backward', 'x'))

    def test_counts_of_rows_leave_in_bands_and_are_in_no_log(self):
        name = self.dataset('counted', rows(wards=40, lonely=2))
        seen, bands = set(), []
        for shown in (1, 7, 16, 17, 33):
            answer, text, _, receipt = self.ask(f"SELECT ward, COUNT(*) AS n FROM {name} WHERE ward < 'ward{shown:04}' "
                                                f'AND ward <> \'lonely\' GROUP BY ward')
            self.assertEqual(len(answer), shown)
            bands.append(receipt['rows'])
            if shown <= 16:
                seen.add(text)
        self.assertEqual(bands, [16, 16, 16, 32, 64])
        self.assertEqual(len(seen), 1, '\n'.join(seen))
        log = self.room.log()
        self.assertNotRegex(log, r'(?i)\brows?[=:" ]+\d')
        self.assertNotIn('ward0', log)

    def test_sizes_of_results_are_powers_of_two(self):
        name = self.dataset('sized', rows(wards=700))
        lengths = {}
        for shown in (1, 40, 300, 310, 650):
            answer, _, _, receipt = self.ask(f"SELECT ward, COUNT(*) AS n FROM {name} WHERE ward < 'ward{shown:04}' "
                                             'GROUP BY ward')
            self.assertEqual(len(answer), shown)
            lengths[shown] = receipt['result']['length']
        self.assertEqual(lengths[1], lengths[40])
        self.assertEqual(lengths[300], lengths[310])
        around = lengths[1] - BAND_BYTES  # the seal's own bytes
        self.assertTrue(0 < around < BAND_BYTES, lengths)
        for shown, length in lengths.items():
            band = length - around
            self.assertEqual(band & (band - 1), 0, (shown, length))
        self.assertLess(lengths[1], lengths[300], 'the canary: a larger answer is larger')
        self.assertLess(lengths[300], lengths[650])

    def test_answers_come_at_the_end_of_a_time_bucket(self):
        name = self.dataset('timed', rows(wards=3))
        for sql in (f"SELECT COUNT(*) AS n FROM {name} WHERE ward = 'nowhere'", f'SELECT COUNT(*) AS n FROM {name}'):
            _, _, elapsed_ms, receipt = self.ask(sql)
            bucket = receipt['time_bucket_ms']
            self.assertGreaterEqual(elapsed_ms, bucket, 'it came before the end of the bucket that it names')
            self.assertEqual(bucket % BUCKET_MS, 0)
            self.assertEqual((bucket // BUCKET_MS) & (bucket // BUCKET_MS - 1), 0, bucket)

    def test_errors_tell_nothing_of_single_rows(self):
        """Values that would make an engine fail, one person at a time: the run ends like any other."""
        seen = set()
        for name, cost in (('usual', 7), ('zero', 0)):
            people = rows(wards=6) + [(900_000, 'ward0001', cost)]
            self.dataset(name, people)
            answer, text, _, _ = self.ask(f'SELECT ward, SUM(cost) / (COUNT(*) - 4) AS x, SQRT(3 - COUNT(*)) AS r, '
                                          f'CAST(ward AS INTEGER) AS w FROM {name} GROUP BY ward')
            self.assertEqual(len(answer), 6)
            seen.add(text.replace(name, 'x'))
        self.assertEqual(len(seen), 1, '\n'.join(seen))


if __name__ == '__main__':
    support.main()
