"""What a hostile participant can send with his own key file and plain HTTP: nothing of it is believed, and what cannot
be a statement of his is not even written down."""

import json

import support
from signing import Author, Signer, canonical, digest_of, header_of, payload_of, unb64, b64
from support import JOIN_PLAIN_SQL, WARD_SQL, Rest, RoomCase, plain_answer


class Forgery(RoomCase):
    """Everybody keeps his own key, so that everybody could be the attacker."""

    kept = {'custody': {'hospital': 'self'}}

    def setUp(self):
        room = self.room
        self.path = f'/api/tee/environments/{room.environment}'
        self.rest = {party.name: Rest(party) for party in room.parties}
        self.author = {party.name: Author(party, self.rest[party.name], room.environment) for party in room.parties}

    def post(self, party, document):
        status, _, body = self.rest[party.name].call('POST', f'{self.path}/links', {'document': document})
        return status, json.loads(body)

    def assert_not_written(self, party, document):
        size = self.room.size()
        status, answer = self.post(party, document)
        self.assertGreaterEqual(status, 400, answer)
        self.assertLess(status, 500, answer)
        self.assertEqual(self.room.size(), size, answer)
        return answer

    def assert_without_effect(self, party, document):
        """It is a statement of his, so it is recorded; and the next entry says why it counts for nothing."""
        status, answer = self.post(party, document)
        self.assertEqual(status, 200, answer)
        self.assertIn('refused', answer)
        entries = self.rest[party.name].entries(self.room.environment)
        self.assertEqual(entries[answer['entry']]['jws'], document)
        refusal = entries[answer['entry'] + 1]
        self.assertEqual((refusal['kind'], refusal['document']), ('refusal', digest_of(document)))
        return answer['refused']

    def manifest_of(self, name):
        """The newest manifest link of a dataset."""
        links = [entry['jws'] for entry in self.rest['institute'].entries(self.room.environment)
                 if entry['kind'] == 'link']
        return [jws for jws in links if header_of(jws)['typ'] == 'cloister-manifest+jws'
                and payload_of(jws)['body']['name'] == name][-1]

    def waiting(self):
        """A question that waits, and the approval that each owner would sign."""
        query = self.room.submit()
        document = self.rest['institute'].get(f'/api/tee/queries/{query}/report')
        report = payload_of(document['report'])
        return query, {'query': report['query'], 'plan': report['plan'], 'report': report['report_digest'],
                       'charges': report['charges'], 'not_after': '2999-01-01T00:00:00Z', 'notes': ''}

    def test_a_manifest_for_the_dataset_of_another_owner(self):
        manifest = payload_of(self.manifest_of('coverage'))['body']
        body = {**manifest, 'version': 2, 'previous_manifest': digest_of(self.manifest_of('coverage'))}
        body['policy'] = {**support.COVERAGE_POLICY, 'min_group_size': 2}
        self.assert_without_effect(self.room.hospital, self.author['hospital'].next_link('manifest', body))
        # Nor does he get in by the door of uploads.
        dataset = self.room.dataset_id('coverage')
        status, _, _ = self.rest['hospital'].call('POST', f'/api/tee/datasets/{dataset}/uploads', {'size_bytes': 1000})
        self.assertEqual(status, 403)
        self.assertEqual(self.room.answer()[1], plain_answer(JOIN_PLAIN_SQL), 'the owner is as before')

    def test_a_link_signed_by_another_key_than_it_names(self):
        insurer, stranger = self.author['insurer'], Signer(b'\x07' * 32)
        _, approval = self.waiting()
        victim = Signer.of(self.room.hospital).thumbprint
        # In the hospital's name with the insurer's key, in his own name with a key of nobody, and as that nobody.
        self.assert_not_written(self.room.insurer, insurer.next_link('approval', approval, kid=victim))
        self.assert_not_written(self.room.insurer, insurer.next_link('approval', approval, signer=stranger,
                                                                     kid=insurer.signer.thumbprint))
        self.assert_not_written(self.room.insurer, insurer.next_link('approval', approval, signer=stranger))

    def test_another_participants_link_is_not_carried(self):
        _, approval = self.waiting()
        self.assert_not_written(self.room.institute, self.author['insurer'].next_link('approval', approval))

    def test_a_link_that_was_altered_on_its_way(self):
        query, approval = self.waiting()
        genuine = self.author['insurer'].next_link('approval', approval)
        head, payload, signature = genuine.split('.')
        longer = canonical({**payload_of(genuine), 'seq': payload_of(genuine)['seq'] + 1})
        for name, document in (('payload', f'{head}.{b64(longer)}.{signature}'),
                               ('signature', f'{head}.{payload}.{b64(bytes(64))}'),
                               ('no signature', f'{head}.{payload}.'),
                               ('algorithm none', b64(canonical({'alg': 'none', 'kid': header_of(genuine)['kid'],
                                                                 'typ': header_of(genuine)['typ']})) + f'.{payload}.'),
                               ('another type', self.author['insurer'].next_link('rejection', approval)),
                               ('padding', genuine + '='), ('space', ' ' + genuine)):
            with self.subTest(name):
                self.assert_not_written(self.room.insurer, document)
        # S + L is a second signature of the same bytes in lax readers.
        order = 2**252 + 27742317777372353535851937790883648493
        raw = unb64(signature)
        twin = raw[:32] + (int.from_bytes(raw[32:], 'little') + order).to_bytes(32, 'little')
        self.assert_not_written(self.room.insurer, f'{head}.{payload}.{b64(twin)}')
        self.assertEqual(self.post(self.room.insurer, genuine)[0], 200, 'and the genuine one is taken')
        self.room.approve(query, self.room.hospital)
        self.assertEqual(self.room.rows(query), plain_answer(JOIN_PLAIN_SQL))

    def test_a_link_out_of_place(self):
        _, approval = self.waiting()
        author = self.author['insurer']
        right = payload_of(author.next_link('approval', approval))
        other = 'env_' + '0' * 26
        for name, changes in (('a number left out', {'seq': right['seq'] + 1}), ('number 0', {'seq': 0}),
                              ('another link before', {'previous': 'ab' * 32}), ('nothing before', {'previous': None}),
                              ('another environment', {'env': other}),
                              ('a ledger that never was',
                               {'checkpoint': {'size': right['checkpoint']['size'], 'root': 'cd' * 32}}),
                              ('a ledger to come',
                               {'checkpoint': {'size': right['checkpoint']['size'] + 9, 'root': 'cd' * 32}}),
                              ('an unknown member', {'more': 1})):
            with self.subTest(name):
                self.assert_not_written(self.room.insurer, author.next_link('approval', approval, **changes))

    def test_an_approval_of_something_else_than_was_reported(self):
        query, approval = self.waiting()
        for name, changes in (('plan', {'plan': 'ab' * 32}), ('report', {'report': 'ab' * 32}),
                              ('query', {'query': 'ab' * 32}), ('expired', {'not_after': '2001-01-01T00:00:00Z'}),
                              ('charges', {'charges': []})):
            with self.subTest(name):
                document = self.author['insurer'].next_link('approval', {**approval, **changes})
                size = self.room.size()
                status, answer = self.post(self.room.insurer, document)
                refused = status >= 400 and self.room.size() == size
                self.assertTrue(refused or answer.get('refused'), answer)
        self.room.approve(query, self.room.hospital)
        self.refused(self.room.institute, 'result', 'get', query, code=support.WAITING)

    def test_who_asked_does_not_approve_for_the_owners(self):
        query, approval = self.waiting()
        self.assert_without_effect(self.room.institute, self.author['institute'].next_link('approval', approval))
        self.refused(self.room.institute, 'result', 'get', query, code=support.WAITING)

    def test_a_replayed_link_is_answered_as_before(self):
        query, approval = self.waiting()
        document = self.author['insurer'].next_link('approval', approval)
        status, first = self.post(self.room.insurer, document)
        self.assertEqual(status, 200)
        size = self.room.size()
        for _ in range(3):
            status, again = self.post(self.room.insurer, document)
            self.assertIn(status, (200, 409), again)
            self.assertEqual(self.room.size(), size)
            if status == 200:
                self.assertEqual(again['entry'], first['entry'])
        # The number is used: other words under it are not taken.
        other = self.author['insurer'].next_link('approval', {**approval, 'notes': 'other words'},
                                                 seq=payload_of(document)['seq'],
                                                 previous=payload_of(document)['previous'])
        self.assert_not_written(self.room.insurer, other)
        self.room.approve(query, self.room.hospital)
        self.assertEqual(self.room.rows(query), plain_answer(JOIN_PLAIN_SQL))

    def test_a_query_over_manifests_that_are_not_in_force(self):
        charter = self.rest['institute'].get(f'{self.path}/charter')['current']['digest']
        me = self.author['institute'].signer.thumbprint
        visits = payload_of(self.manifest_of('visits'))['body']['dataset']
        body = {'query': 'qry_' + '0' * 26, 'name': 'forged', 'text': WARD_SQL, 'parameters': {}, 'privacy': {},
                'datasets': [{'dataset': visits, 'manifest': 'ab' * 32}], 'level': 'aggregate_only', 'recipients': [me],
                'charter': charter}
        self.assert_without_effect(self.room.institute, self.author['institute'].next_link('query', body))
        self.assert_without_effect(self.room.institute, self.author['institute'].next_link(
            'query', {**body, 'charter': 'ab' * 32}))


if __name__ == '__main__':
    support.main()
