"""Two environments on one server that cannot see each other."""

import json

import support
from signing import Author, digest_of, header_of, payload_of
from support import JOIN_PLAIN_SQL, NOT_FOUND, WARD_SQL, Rest, RoomCase, find, plain_answer


class Isolation(RoomCase):
    """The room of hospital, insurer and institute; and one of a stranger with the institute, who is in both."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        room = cls.room
        cls.stranger = support.stage.Party(room.server, 'stranger')
        cls.elsewhere = room.create('elsewhere', creator=cls.stranger, guests=[room.institute])
        cls.query, _ = room.answer()
        cls.dataset = room.dataset_id('coverage')

    def test_a_stranger_gets_404_everywhere(self):
        room, rest = self.room, Rest(self.stranger)
        base, query, dataset = f'/api/tee/environments/{room.environment}', f'/api/tee/queries/{self.query}', \
            f'/api/tee/datasets/{self.dataset}'
        result = Rest(room.institute).get(f'{query}/results')['results'][0]['id']
        nonce = 'A' * 43
        reading = [base, f'{base}/attestation?nonce={nonce}', f'{base}/charter', f'{base}/chain', f'{base}/datasets',
                   f'{base}/queries', f'{base}/ledger?from=0&to=1', f'{base}/ledger/checkpoint',
                   f'{base}/ledger/proof/inclusion?index=0&size=2', f'{base}/ledger/proof/consistency?from=1&to=2',
                   query,
                   f'{query}/report', f'{query}/results', f'{query}/results/{result}/download', f'{query}/receipt',
                   dataset,
                   f'{dataset}/uploads/upl_{"0" * 26}']
        writing = [(f'{base}/attestation', {}), (f'{base}/participants', {'email': self.stranger.email}),
                   (f'{base}/acceptances', {}), (f'{base}/links', {'document': 'a.b.c'}), (f'{base}/terminate', {}),
                   (f'{base}/datasets', {}), (f'{base}/queries', {}),
                   (f'{base}/queries/check', {'query_text': 'SELECT 1'}),
                   (f'{query}/approve', {}), (f'{query}/reject', {'reason': 'no'}), (f'{query}/cancel', {}),
                   (f'{dataset}/uploads', {'size_bytes': 1})]
        size = room.size()
        for path in reading:
            # A member is answered, so the path is right and the stranger's 404 is about him.
            member = 404 if '/uploads/' in path else 200
            with self.subTest(path):
                status, _, body = rest.call('GET', path)
                self.assertEqual(status, 404, body)
                self.assertNotIn(b'hospital', body.lower())
                if member == 200:
                    self.assertEqual(Rest(room.institute).call('GET', path)[0], 200)
        for path, body in writing:
            with self.subTest(path):
                self.assertEqual(rest.call('POST', path, body)[0], 404)
        self.assertEqual(rest.call('DELETE', f'{base}/participants/{room.insurer.email}')[0], 404)
        self.assertEqual(room.size(), size)
        # What is not there and what is not his look alike.
        absent = rest.call('GET', f'/api/tee/environments/env_{"0" * 26}')
        hidden = rest.call('GET', base)
        self.assertEqual(json.loads(absent[2]), json.loads(hidden[2]))

    def test_the_client_says_not_found(self):
        self.refused(self.stranger, 'env', 'show', self.room.environment, code=NOT_FOUND)
        self.refused(self.stranger, 'query', 'show', self.query, code=NOT_FOUND)
        listed = self.stranger.run('--json', 'env', 'list')
        self.assertIn(self.elsewhere, listed)
        self.assertNotIn(self.room.environment, listed)

    def test_a_link_of_one_environment_in_the_other(self):
        """Also from somebody who is a participant of both."""
        room, rest = self.room, Rest(self.room.institute)
        here = Author(room.institute, rest, room.environment)
        there = Author(room.institute, rest, self.elsewhere)
        charter = rest.get(f'/api/tee/environments/{room.environment}/charter')['current']
        body = {'query': 'qry_' + '0' * 26, 'name': 'elsewhere', 'text': WARD_SQL, 'parameters': {}, 'datasets': [],
                'level': 'aggregate_only', 'privacy': {}, 'recipients': [here.signer.thumbprint],
                'charter': charter['digest']}
        sizes = room.size(), rest.get(f'/api/tee/environments/{self.elsewhere}/ledger?from=0&to=1')['size']
        for author, target in ((here, self.elsewhere), (there, room.environment)):
            document = author.next_link('query', body)
            status, _, answer = rest.call('POST', f'/api/tee/environments/{target}/links', {'document': document})
            self.assertGreaterEqual(status, 400, answer)
            self.assertLess(status, 500, answer)
        stranger = Author(self.stranger, Rest(self.stranger), self.elsewhere)
        document = stranger.next_link('query', body, env=room.environment)
        self.assertEqual(Rest(self.stranger).call('POST', f'/api/tee/environments/{room.environment}/links',
                                                  {'document': document})[0], 404)
        self.assertEqual(sizes, (room.size(),
                                 rest.get(f'/api/tee/environments/{self.elsewhere}/ledger?from=0&to=1')['size']))

    def test_data_of_one_environment_in_a_query_of_the_other(self):
        room, rest = self.room, Rest(self.room.institute)
        manifest = next(entry['jws'] for entry in rest.entries(room.environment) if entry['kind'] == 'link'
                        and header_of(entry['jws'])['typ'] == 'cloister-manifest+jws')
        dataset = payload_of(manifest)['body']['dataset']
        # By name and by id, through the client.
        by_id = WARD_SQL.replace('FROM visits', f'FROM dataset_{dataset}')
        self.assertIn(dataset, by_id)
        for sql in (WARD_SQL, by_id):
            code, out, err = room.institute.invoke('query', 'submit', '-', '--env', self.elsewhere, '--name', 'x',
                                                   stdin=sql)
            self.assertNotEqual(code, 0, out + err)
        # And signed by hand, manifest and all.
        author = Author(room.institute, rest, self.elsewhere)
        charter = rest.get(f'/api/tee/environments/{self.elsewhere}/charter')['current']['digest']
        document = author.next_link('query', {
            'query': 'qry_' + '1' * 26, 'name': 'elsewhere', 'text': WARD_SQL, 'parameters': {},
            'level': 'aggregate_only',
            'privacy': {}, 'datasets': [{'dataset': dataset, 'manifest': digest_of(manifest)}],
            'recipients': [author.signer.thumbprint], 'charter': charter})
        status, _, answer = rest.call('POST', f'/api/tee/environments/{self.elsewhere}/links', {'document': document})
        self.assertTrue(status >= 400 or find(json.loads(answer), 'refused'), answer)
        self.assertNotIn('release', [entry['kind'] for entry in rest.entries(self.elsewhere)])

    def test_a_sealed_file_of_one_environment_in_the_other(self):
        """One participant has another dataset identity in each environment."""
        here = self.room.institute.run('dataset', 'recipient', '--env', self.room.environment)
        there = self.room.institute.run('dataset', 'recipient', '--env', self.elsewhere)
        self.assertNotEqual(here, there)

    def test_zz_the_end_of_one_is_not_the_end_of_the_other(self):
        self.stranger.run('env', 'terminate', self.elsewhere, '--yes')
        self.assertEqual(self.room.rows(self.query), plain_answer(JOIN_PLAIN_SQL))
        ended = f'/api/tee/environments/{self.elsewhere}'
        status, _, answer = Rest(self.room.institute).call('POST', f'{ended}/attestation', {})
        self.assertEqual(status, 409, answer)
        self.assertIn(b'terminated', answer)
        self.assertEqual(self.room.answer()[1], plain_answer(JOIN_PLAIN_SQL))


if __name__ == '__main__':
    support.main()
