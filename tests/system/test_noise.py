"""Level differential_privacy through the real programs: noise in the answer, its words beside it, the owners' budgets
charged, and an end when they are spent."""

import json
import re

import support
from support import REFUSED, Rest, RoomCase

BUDGET_EXHAUSTED = 8
LEVEL = ('--level', 'differential_privacy')
BUDGET = {'epsilon_per_query': 1, 'delta_per_query': 1e-6, 'epsilon_budget': 2, 'delta_budget': 1e-5,
          'max_groups_contributed': 2, 'max_rows_per_unit': 3}
COUNT_SQL = 'SELECT COUNT(DISTINCT person_id) AS people FROM visits'
JOIN_SQL = """SELECT AVG(v.visits) AS a, COUNT(*) AS n
FROM visits v JOIN coverage c ON v.person_id = c.person_id"""


class Noise(RoomCase):
    filled = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for party, name, file, schema, rules in (
                (cls.room.hospital, 'visits', cls.room.visits_csv(), support.VISITS_SCHEMA, support.VISITS_POLICY),
                (cls.room.insurer, 'coverage', cls.room.coverage_jsonl(), support.COVERAGE_SCHEMA,
                 support.COVERAGE_POLICY)):
            terms = rules | {'levels': ['aggregate_only', 'differential_privacy'], 'differential_privacy': BUDGET}
            party.run('dataset', 'upload', file, '--env', cls.room.environment, '--name', name, '--yes', '--policy',
                      cls.room.write(f'{name}.policy.json', terms), '--schema',
                      cls.room.write(f'{name}.schema.json', schema))

    def check(self, sql, *options):
        return json.loads(self.room.institute.run('--json', 'query', 'check', '-', '--env', self.room.environment,
                                                  *LEVEL, *options, stdin=sql))

    def submit(self, sql, *options):
        asked = self.room.institute.json('query', 'submit', '-', '--env', self.room.environment, '--name', 'noisy',
                                         '--to', self.room.institute.email, *LEVEL, *options, stdin=sql)
        return support.find(asked, 'id')

    def opened(self, query):
        self.room.institute.run('query', 'wait', query)
        return json.loads(self.room.institute.run('result', 'get', query, '--format', 'json'))

    def test_1_check_says_what_it_costs_and_how_many_are_left(self):
        verdict = self.check(COUNT_SQL, '--epsilon', '0.5')
        self.assertEqual([charge['epsilon'] for charge in verdict['charges']], [0.5])
        self.assertEqual([budget['queries_left'] for budget in verdict['budgets']], [4])
        both = self.check(JOIN_SQL)
        self.assertEqual(len(both['charges']), 2)
        self.assertTrue(all(0.99 <= charge['epsilon'] <= 1 for charge in both['charges']))

    def test_2_more_than_an_owner_allows_is_refused_with_the_mend(self):
        said = self.refused(self.room.institute, 'query', 'check', '-', '--env', self.room.environment, *LEVEL,
                            '--epsilon', '1.5', code=REFUSED, stdin=COUNT_SQL)
        self.assertRegex(said, r'R25 .*ask for at most 1')

    def test_3_the_same_question_is_the_same_answer_at_no_charge_and_budgets_end(self):
        answers = []
        self.assertFalse(self.check(COUNT_SQL)['answered_before'])
        for _ in range(2):
            query = self.submit(COUNT_SQL)
            self.room.approve(query, self.room.hospital)
            answers.append(self.opened(query))
        self.assertEqual(answers[0]['rows'], answers[1]['rows'])
        noise = answers[0]['noise']['columns'][0]
        self.assertEqual((noise['name'], noise['parts'][0]['mechanism']), ('people', 'discrete_laplace'))
        self.assertLess(abs(answers[0]['rows'][0][0] - 40), 40)
        again = self.check(COUNT_SQL)
        self.assertTrue(again['answered_before'])
        self.assertEqual([charge['epsilon'] for charge in again['charges']], [0])
        said = self.room.institute.run('query', 'check', '-', '--env', self.room.environment, *LEVEL, stdin=COUNT_SQL)
        self.assertIn('paid for', said)
        self.assertIn('visits: ', said)
        # Asked again it spent nothing: there is room for another question, and then for none.
        query = self.submit('SELECT COUNT(*) AS visits FROM visits')
        self.room.approve(query, self.room.hospital)
        self.opened(query)
        # 2 of 2 are spent: the client sees it in the ledger before anything is signed.
        code, out, err = self.room.institute.invoke('query', 'submit', '-', '--env', self.room.environment, '--name',
                                                    'one more', *LEVEL, '--epsilon', '0.1', stdin=COUNT_SQL)
        self.assertEqual(code, BUDGET_EXHAUSTED, out + err)
        self.assertTrue(re.search('epsilon', out + err), out + err)
        spent = [each for each in self.room.institute.json('budget', self.room.environment)['budgets']
                 if each['name'] == 'visits'][0]
        self.assertAlmostEqual(spent['epsilon_spent'], 2)
        self.assertLessEqual(spent['epsilon_odometer'], 2)
        self.assertEqual(spent['runs_used'], 3)
        served = Rest(self.room.institute).get(f'/api/tee/environments/{self.room.environment}/budgets')['budgets']
        odometer = [each['odometer']['epsilon'] for each in served if each['table_name'] == 'visits']
        self.assertEqual(odometer, [spent['epsilon_odometer']])
        # What was answered is answered again, and questions without noise still run.
        query = self.submit(COUNT_SQL)
        self.room.approve(query, self.room.hospital)
        self.assertEqual(self.opened(query)['rows'], answers[0]['rows'])
        query = self.room.submit(support.WARD_SQL)
        self.room.approve(query, self.room.hospital)
        self.assertTrue(self.room.rows(query))


if __name__ == '__main__':
    support.main()
