"""The noise of the shipped programs, by its numbers: one answer of many groups is as many draws.

Clinics of SMALL people and of one more are neighbours: what one person can change. Draws come from keys that no test
knows, so every verdict leaves a doubt of DOUBT, and a canary shows that the search finds a mechanism that is too quiet.
"""

import json
import math
import random

import support
from support import RoomCase

SMALL, CLINICS = 60, 700  # of each size
COST_MAX = 1_000_000
EPSILON = 1
DOUBT = 1e-9
SCHEMA = [{'name': 'person_id', 'type': 'BIGINT'}, {'name': 'clinic', 'type': 'VARCHAR'},
          {'name': 'cost', 'type': 'BIGINT'}]
POLICY = {'levels': ['differential_privacy'], 'privacy_unit': 'person_id', 'min_group_size': 3,
          'columns': {'person_id': {'roles': ['join_key'], 'domain': 'person'}, 'clinic': {'roles': ['dimension']},
                      'cost': {'roles': ['measure'], 'bounds': [0, COST_MAX]}},
          'differential_privacy': {'epsilon_per_query': 4, 'delta_per_query': 1e-6, 'epsilon_budget': 40,
                                   'delta_budget': 1e-4, 'max_groups_contributed': 1, 'max_rows_per_unit': 1},
          'limits': {'runs': 20}, 'owner_approval': 'each_query'}


def people():
    person = 0
    for clinic in range(2 * CLINICS):
        for _ in range(SMALL + clinic % 2):
            yield person, f'c{clinic:05}', 100
            person += 1


def tail(hits, draws, chance):
    """The probability of at least `hits` of `draws`, at most (Hoeffding, Chernoff)."""
    share = hits / draws
    if share <= chance:
        return 1
    if chance <= 0:
        return 0
    divergence = share * math.log(share / chance)
    if share < 1:
        divergence += (1 - share) * math.log((1 - share) / (1 - chance))
    return math.exp(-draws * divergence)


def refutation(larger, smaller, epsilon):
    """An event that neighbours tell apart better than epsilon allows, or None. Both: noisy counts less SMALL."""
    for threshold in range(-12, 13):
        for name, event in ((f'>= {threshold}', lambda x, t=threshold: x >= t),
                            (f'<= {threshold}', lambda x, t=threshold: x <= t)):
            for more, less in ((larger, smaller), (smaller, larger)):
                hits, others = sum(map(event, more)), sum(map(event, less))
                # The largest chance that `less` leaves possible, then what `more` says to it.
                chance = others / len(less)
                while chance < 1 and tail(len(less) - others, len(less), 1 - chance) > DOUBT:
                    chance += 0.002
                if tail(hits, len(more), min(1.0, math.exp(epsilon) * chance)) < DOUBT:
                    return name
    return None


def misfit(draws, epsilon):
    """A value or tail that comes up too often or too seldom for discrete Laplace noise, or None."""
    ratio = math.exp(-epsilon)
    chance = {value: (1 - ratio) / (1 + ratio) * ratio ** abs(value) for value in range(-3, 4)}
    for value, expected in chance.items():
        hits = sum(draw == value for draw in draws)
        if min(tail(hits, len(draws), expected), tail(len(draws) - hits, len(draws), 1 - expected)) < DOUBT:
            return value
    far = sum(abs(draw) > 3 for draw in draws)
    expected = 1 - sum(chance.values())
    if min(tail(far, len(draws), expected), tail(len(draws) - far, len(draws), 1 - expected)) < DOUBT:
        return 'beyond 3'
    return None


def discrete_laplace(epsilon, rng):
    def geometric():
        return int(math.log(1 - rng.random()) / -epsilon)
    return geometric() - geometric()


class NoiseStatistics(RoomCase):
    filled = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ('visits', 'same_rows'):
            cls.upload(name)

    @classmethod
    def upload(cls, name):
        room = cls.room
        text = 'person_id,clinic,cost\n' + ''.join(f'{person},{clinic},{cost}\n' for person, clinic, cost in people())
        room.hospital.run('dataset', 'upload', room.write('people.csv', text), '--env', room.environment,
                          '--name', name, '--yes', '--policy', room.write('policy.json', POLICY), '--schema',
                          room.write('schema.json', SCHEMA))

    def ask(self, sql, epsilon):
        room = self.room
        asked = room.institute.json('query', 'submit', '-', '--env', room.environment, '--name', 'draws', '--to',
                                    room.institute.email, '--level', 'differential_privacy', '--epsilon', epsilon,
                                    stdin=sql)
        query = support.find(asked, 'id')
        room.approve(query, room.hospital)
        room.institute.run('query', 'wait', query)
        return json.loads(room.institute.run('result', 'get', query, '--format', 'json'))

    def test_neighbours_cannot_be_told_apart_and_the_noise_is_what_the_answer_says(self):
        answer = self.ask('SELECT clinic, COUNT(*) AS n FROM visits GROUP BY clinic', 2 * EPSILON)
        rows = answer['rows']
        self.assertEqual(len(rows), 2 * CLINICS, 'clinics of this size are shown whatever the draws are')
        part, = answer['noise']['columns'][-1]['parts']
        self.assertEqual((part['mechanism'], part['epsilon']), ('discrete_laplace', EPSILON))
        noise = [[shown - SMALL for clinic, shown in rows if int(clinic[1:]) % 2 == odd] for odd in (0, 1)]
        self.assertIsNone(refutation(noise[1], noise[0], EPSILON))
        self.assertIsNone(misfit(noise[0] + [draw - 1 for draw in noise[1]], EPSILON))

    def test_the_search_finds_noise_that_is_too_small(self):
        rng = random.Random(20)
        quiet = [[odd + discrete_laplace(4 * EPSILON, rng) for _ in range(CLINICS)] for odd in (0, 1)]
        self.assertIsNotNone(refutation(quiet[1], quiet[0], EPSILON))
        self.assertIsNotNone(misfit(quiet[0], EPSILON))
        honest = [[odd + discrete_laplace(EPSILON, rng) for _ in range(CLINICS)] for odd in (0, 1)]
        self.assertIsNone(refutation(honest[1], honest[0], EPSILON))
        self.assertIsNone(misfit(honest[0], EPSILON))

    def test_another_manifest_of_the_same_rows_changes_every_draw(self):
        sql = 'SELECT clinic, SUM(cost) AS s FROM {} GROUP BY clinic'
        first, again, other = (self.ask(sql.format(name), 2) for name in ('visits', 'visits', 'same_rows'))
        self.assertEqual(first['rows'], again['rows'], 'a function of the plan, not a sample')
        pairs = list(zip(first['rows'], other['rows']))
        self.assertEqual([one[0] for one, _ in pairs], [two[0] for _, two in pairs])
        # Of draws with a scale of a million, 1,400 pairs have an equal one once in a thousand times; three never.
        self.assertLess(sum(one == two for one, two in pairs), 3)


if __name__ == '__main__':
    support.main()
