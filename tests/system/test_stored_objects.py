"""Sealed files in hands that should not have them: whoever runs the server has all of them, and may change them."""

import base64
import hashlib

import support
from age_by_hand import OneHeader, reference_to
from signing import Author, header_of, payload_of
from support import COVERAGE_POLICY, COVERAGE_SCHEMA, JOIN_PLAIN_SQL, Rest, RoomCase, await_that, plain_answer


class StoredObjects(RoomCase):
    """The hospital keeps its own key too, so that it can sign what our client would not."""

    kept = {'custody': {'hospital': 'self'}}

    def setUp(self):
        self.rest = Rest(self.room.hospital)

    def stored(self, name):
        """(file in the blob store, the manifest's reference to it)."""
        manifests = [payload_of(entry['jws'])['body']
                     for entry in Rest(self.room.institute).entries(self.room.environment)
                     if entry['kind'] == 'link' and header_of(entry['jws'])['typ'] == 'cloister-manifest+jws']
        reference = next(body['object'] for body in manifests if body['name'] == name)
        blobs = (self.room.server.data / 'blobs').glob('upl_*')
        return next(path for path in blobs if reference_to(path.read_bytes()) == reference), reference

    def register(self, party, name, sealed, reference):
        """Uploads bytes as a dataset of the party's own, with a manifest that he signs by hand; returns its id."""
        room, rest = self.room, Rest(party)
        dataset = rest.json('POST', f'/api/tee/environments/{room.environment}/datasets', {
            'name': name, 'schema': COVERAGE_SCHEMA, 'policy': COVERAGE_POLICY, 'format': 'jsonl'})['dataset']['id']
        base = f'/api/tee/datasets/{dataset}/uploads'
        upload = rest.json('POST', base, {'size_bytes': len(sealed)})['upload']['id']
        digest = base64.b64encode(hashlib.sha256(sealed).digest()).decode()
        status, _, body = rest.call('PUT', f'{base}/{upload}/parts/1', sealed,
                                    {'Content-Digest': f'sha-256=:{digest}:'})
        self.assertEqual(status, 200, body)
        charter = rest.get(f'/api/tee/environments/{room.environment}/charter')['current']['digest']
        manifest = {'dataset': dataset, 'version': 1, 'previous_manifest': None, 'charter': charter, 'name': name,
                    'format': 'jsonl', 'schema': COVERAGE_SCHEMA, 'policy': COVERAGE_POLICY, 'object': reference}
        document = Author(party, rest, room.environment).next_link('manifest', manifest)
        answer = rest.json('POST', f'{base}/{upload}/complete', {'object': reference, 'document': document})
        self.assertNotIn('refused', answer)
        return dataset

    def loading_fails(self, dataset):
        """Waits for the enclave's verdict and returns the server's words."""
        rest = Rest(self.room.institute)
        shown = await_that(lambda: next((d for d in [rest.get(f'/api/tee/datasets/{dataset}')['dataset']]
                                         if d.get('error_message') or d['status'] == 'available'), None), 'a verdict')
        self.assertNotEqual(shown['status'], 'available', shown)
        return shown['error_message']

    def assert_gives_nothing(self, sql, *owners):
        """A query that the policies allow and the owners approved ends without a result."""
        query = self.room.submit(sql)
        self.room.approve(query, *owners)
        self.assertNotEqual(self.room.institute.invoke('query', 'wait', query)[0], 0)
        self.assertNotEqual(self.room.institute.invoke('result', 'get', query)[0], 0)
        Rest(self.room.institute).get(f'/api/tee/queries/{query}/results', expect=404)
        digest = payload_of(Rest(self.room.institute).get(f'/api/tee/queries/{query}/report')['report'])['query']
        kinds = [entry['kind'] for entry in Rest(self.room.institute).entries(self.room.environment)
                 if entry.get('query') == digest]
        self.assertNotIn('release', kinds)

    def counting(self, name):
        return f'SELECT s.tariff, COUNT(DISTINCT s.person_id) AS people FROM {name} s GROUP BY s.tariff'

    def test_a_handmade_file_is_taken(self):
        """So that the refusals below are for the reason they say."""
        recipient = self.room.hospital.run('dataset', 'recipient', '--env', self.room.environment).strip()
        sealed = OneHeader(recipient).seal(self.room.coverage_jsonl().read_bytes())
        dataset = self.register(self.room.hospital, 'handmade', sealed, reference_to(sealed))
        await_that(lambda: self.rest.get(f'/api/tee/datasets/{dataset}')['dataset']['status'] == 'available', 'loaded')
        query = self.room.submit(self.counting('handmade'))
        self.room.approve(query, self.room.hospital)
        self.assertEqual(sorted(self.room.rows(query)), [['basic', 14], ['plus', 15]])

    def test_one_owners_file_claimed_in_anothers_manifest(self):
        path, reference = self.stored('coverage')
        dataset = self.register(self.room.hospital, 'stolen', path.read_bytes(), reference)
        self.assertNotIn('basic', self.loading_fails(dataset))
        self.assert_gives_nothing(self.counting('stolen'), self.room.hospital)

    def test_another_payload_under_the_same_age_header(self):
        recipient = self.room.hospital.run('dataset', 'recipient', '--env', self.room.environment).strip()
        header = OneHeader(recipient)
        plain = self.room.coverage_jsonl().read_bytes()
        signed, other = header.seal(plain), header.seal(plain.replace(b'basic', b'BASIC'))
        self.assertEqual(len(signed), len(other))
        # The server hands the enclave the other file; both open with the same key, and every tag of it is right.
        dataset = self.register(self.room.hospital, 'exchanged', other, reference_to(signed))
        self.assertNotIn('BASIC', self.loading_fails(dataset))
        self.assert_gives_nothing(self.counting('exchanged'), self.room.hospital)

    def test_a_blob_that_was_tampered_with(self):
        room = self.room
        path, _ = self.stored('visits')
        whole = path.read_bytes()
        dataset = room.dataset_id('visits')
        for name, offset in (('the last tag', -1), ('the first row', len(whole) - 900), ('the header', 60)):
            with self.subTest(name):
                changed = bytearray(whole)
                changed[offset] ^= 1
                path.chmod(0o600)
                path.write_bytes(changed)
                room.restart()
                self.assert_gives_nothing(support.WARD_SQL, room.hospital)
                self.assertNotIn('north', self.loading_fails(dataset))
        path.write_bytes(whole[:-100])
        room.restart()
        self.assert_gives_nothing(support.WARD_SQL, room.hospital)
        path.write_bytes(whole)
        room.restart()
        self.assertEqual(room.answer()[1], plain_answer(JOIN_PLAIN_SQL), 'the genuine file is taken again')


if __name__ == '__main__':
    support.main()
