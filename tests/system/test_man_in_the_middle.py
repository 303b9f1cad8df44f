"""Whoever runs the server, or the network, changes what it answers. The client notices by itself, ends with exit code
7, and has signed, sealed and opened nothing."""

import base64
import hashlib
import json
import shutil
import struct

import support
from proxy import Proxy
from signing import Signer, b64, canonical, header_of, payload_of, unb64
from support import JOIN_PLAIN_SQL, OK, VERIFICATION_FAILED, Rest, RoomCase, await_that, plain_answer

ATTACKER = Signer(b'\x0a' * 32)
# The development attester's key is public (docs/formats/documents.md): an attacker can sign evidence of this kind.
SIMULATED = Signer(hashlib.sha256(b'cloister simulated attester, not secure').digest())
NOBODYS_RECIPIENT = 'age1lvyvwawkr0mcnnnncaghunadrqkmuf9e6507x9y920xxpp866cnql7dp2z'


def json_change(change):
    """A change of an answer's JSON: `change` alters it in place."""
    def changed(body):
        document = json.loads(body)
        change(document)
        return json.dumps(document).encode()
    return changed


def flipped(jws):
    """Another signature."""
    head, signature = jws.rsplit('.', 1)
    raw = bytearray(unb64(signature))
    raw[5] ^= 1
    return head + '.' + b64(bytes(raw))


def resigned(jws, **changes):
    """The same document in the attacker's words and with his key, under the name of the true signer."""
    header = header_of(jws)
    return ATTACKER.jws(header['typ'], {**payload_of(jws), **changes}, kid=header['kid'])


def other_hash(text):
    return ('0' if text[0] != '0' else '1') + text[1:]


def binding(answer, charter, nonce):
    fields = [b'cloister/v1/binding', answer['origin'].encode(), canonical(answer['keys']),
              bytes.fromhex(answer['recipient_commitment']), bytes.fromhex(charter), nonce]
    return hashlib.sha512(b''.join(struct.pack('>Q', len(field)) + field for field in fields)).hexdigest()


class ManInTheMiddle(RoomCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        room = cls.room
        cls.environment = f'/api/tee/environments/{room.environment}'
        cls.answered, cls.rows = room.answer()
        cls.other, _ = room.answer()
        cls.waiting = room.submit(name='waits')
        cls.proxy = Proxy(room.server.url)
        for party in (room.insurer, room.institute):
            party.run('env', 'verify', room.environment)
            party.moved_to(cls.proxy)

    @classmethod
    def tearDownClass(cls):
        cls.proxy.close()
        super().tearDownClass()

    def setUp(self):
        self.proxy.changing('^$', lambda body: body)

    def homes(self, party):
        folder = party.home / 'environments' / self.room.environment
        return {path.name: path.read_bytes() for path in folder.rglob('*')
                if path.is_file() and path.name in ('chain.json', 'accepted.json', 'outbox.json')}

    def assert_noticed(self, party, command, pattern, change, code=VERIFICATION_FAILED):
        """With that change the command ends with `code`; that it goes through without is tested elsewhere."""
        before, cache = self.homes(party), list(party.home.glob('cache/**/*'))
        self.proxy.changing(pattern, change)
        got, out, err = party.invoke(*command)
        said = f'{command}: {got}\n{out}{err}'
        self.assertEqual(self.proxy.failed, [], said)
        self.assertGreater(self.proxy.hits, 0, 'nothing was changed: ' + said + str(self.proxy.seen))
        self.assertEqual(got, code, said)
        self.assertEqual(self.proxy.written, [], said)
        self.assertEqual(self.homes(party), before, 'nothing was signed')
        self.assertEqual(list(party.home.glob('cache/**/*')), cache, 'nothing was sealed')
        for row in self.rows:
            self.assertNotIn(json.dumps(row), out)
        return err

    def everything(self):
        """What must not go on under false evidence: one command of each kind, with who gives it."""
        room = self.room
        return [(room.insurer, ['env', 'verify', room.environment]),
                (room.insurer, ['dataset', 'upload', room.coverage_jsonl(), *room.terms('coverage_again')]),
                (room.insurer, ['dataset', 'recipient', '--env', room.environment]),
                (room.insurer, ['query', 'approve', self.waiting, '--yes']),
                (room.institute, ['query', 'submit', room.write('q.sql', support.WARD_SQL), '--env', room.environment,
                                  '--name', 'again']),
                (room.institute, ['result', 'get', self.answered, '--format', 'json'])]

    def test_without_a_change_the_proxy_is_transparent(self):
        self.assertEqual(json.loads(self.room.institute.run('result', 'get', self.answered, '--format',
                                                            'json'))['rows'],
                         plain_answer(JOIN_PLAIN_SQL))

    def test_evidence_that_is_not_the_enclaves(self):
        def substituted(answer):
            for each in answer['recipients']:
                each['recipient'] = NOBODYS_RECIPIENT

        def committed(answer):
            """The attacker's recipients under a commitment that fits them."""
            substituted(answer)
            leaves = [hashlib.sha256(b'\x00' + canonical([each['thumbprint'], each['recipient']])).digest()
                      for each in answer['recipients']]
            left, right = hashlib.sha256(b'\x01' + leaves[0] + leaves[1]).digest(), leaves[2]
            answer['recipient_commitment'] = hashlib.sha256(b'\x01' + left + right).hexdigest()
            for each, proof in zip(answer['recipients'], ([leaves[1], right], [leaves[0], right], [left])):
                each['proof'] = [node.hex() for node in proof]

        def other_key(answer):
            answer['keys']['document_key'] = b64(ATTACKER.public)

        def other_statement(answer):
            answer['evidence']['statement'] = flipped(answer['evidence']['statement'])

        def other_program(answer):
            statement = payload_of(answer['evidence']['statement'])
            answer['evidence']['statement'] = SIMULATED.jws('cloister-simulated-evidence+jws',
                                                            {**statement, 'measurement': 'ab' * 32})

        for change in (substituted, committed, other_key, other_statement, other_program):
            for party, command in self.everything() if change is committed else self.everything()[:2]:
                with self.subTest(change.__name__, command=' '.join(map(str, command[:2]))):
                    self.assert_noticed(party, command, r'/attestation\?', json_change(change))

    def test_evidence_of_an_earlier_nonce(self):
        self.room.insurer.run('env', 'verify', self.room.environment)
        earlier = self.proxy.answers[f'{self.environment}/attestation']
        for party, command in self.everything()[:2]:
            self.assert_noticed(party, command, r'/attestation\?', lambda body: earlier)

    def test_another_enclave_beside_the_ledger_of_this_one(self):
        """Its evidence is in order (anybody can sign simulated evidence); its keys are not those of the ledger."""
        charter = Rest(self.room.hospital).get(f'{self.environment}/charter')['current']['digest']

        def with_keys(**keys):
            def changed(body):
                answer = json.loads(body)
                answer['keys'].update(keys)
                asked = next(path for _, path in reversed(self.proxy.seen) if '/attestation?' in path)
                nonce = unb64(asked.split('nonce=')[1].split('&')[0])
                statement = {**payload_of(answer['evidence']['statement']),
                             'report_data': binding(answer, charter, nonce)}
                answer['evidence']['statement'] = SIMULATED.jws('cloister-simulated-evidence+jws', statement)
                return json.dumps(answer).encode()
            return changed

        key = b64(ATTACKER.public)
        all_keys, document_key = with_keys(checkpoint_key=key, document_key=key), with_keys(document_key=key)
        for party, command in self.everything():
            with self.subTest(command=' '.join(map(str, command[:2]))):
                said = self.assert_noticed(party, command, r'/attestation\?', all_keys)
                self.assertIn("not signed by the enclave's checkpoint key", said)
        for name, party, command in (('known', *self.everything()[1]), ('first look', *self.everything()[1])):
            view = party.home / 'environments' / self.room.environment / 'view.json'
            kept = view.read_bytes()
            if name == 'first look':
                view.unlink()
            with self.subTest(name):
                said = self.assert_noticed(party, command, r'/attestation\?', document_key)
                self.assertIn('not the one that signs the ledger', said)
            view.write_bytes(kept)

    def test_a_charter_that_nobody_agreed_to(self):
        def rule(answer):
            answer['current']['charter']['cross_owner_joins'] = False

        def newcomer(answer):
            answer['current']['charter']['participants'][0]['public_key'] = b64(ATTACKER.public)

        for change in (rule, newcomer):
            with self.subTest(change.__name__):
                self.assert_noticed(self.room.insurer, ['env', 'verify', self.room.environment], r'/charter$',
                                    json_change(change))

    def test_a_checkpoint_that_is_not_the_enclaves(self):
        note = Rest(self.room.hospital).get(f'{self.environment}/ledger/checkpoint')['checkpoint']
        lines = note.split('\n')

        def other_root(answer):
            answer['checkpoint'] = '\n'.join([*lines[:2], base64.b64encode(bytes(32)).decode(), *lines[3:]])

        def larger(answer):
            answer['checkpoint'] = '\n'.join([lines[0], str(int(lines[1]) + 1), *lines[2:]])

        def by_another_key(answer):
            name = lines[0]
            text = '\n'.join(lines[:3]) + '\n'
            keyhash = hashlib.sha256(name.encode() + b'\n\x01' + ATTACKER.public).digest()[:4]
            answer['checkpoint'] = text + f'\n\u2014 {name} ' + \
                base64.b64encode(keyhash + ATTACKER.sign(text.encode())).decode() + '\n'

        for change in (other_root, larger, by_another_key):
            for party, command in self.everything() if change is by_another_key else self.everything()[:2]:
                with self.subTest(change.__name__, command=' '.join(map(str, command[:2]))):
                    self.assert_noticed(party, command, r'/ledger/checkpoint$', json_change(change))

    def test_a_ledger_that_goes_back(self):
        stale = json.loads(Rest(self.room.hospital).call('GET', f'{self.environment}/ledger/checkpoint')[2])
        late = self.room.submit(name='later')
        self.room.insurer.run('env', 'verify', self.room.environment)
        for party, command in self.everything()[:2]:
            self.assert_noticed(party, command, r'/ledger/checkpoint$', lambda body: json.dumps(stale).encode())
        self.setUp()
        self.room.institute.run('query', 'cancel', late)

    def test_proofs_that_prove_nothing(self):
        def first_hash(answer):
            answer['proof'][0] = other_hash(answer['proof'][0])

        def one_less(answer):
            answer['proof'].pop()

        def one_more(answer):
            answer['proof'].append('ab' * 32)

        party = self.room.insurer
        view = party.home / 'environments' / self.room.environment / 'view.json'
        for change in (first_hash, one_less, one_more):
            with self.subTest('consistency', change=change.__name__):
                self.setUp()
                party.run('env', 'verify', self.room.environment)
                kept = view.read_bytes()
                self.room.institute.run('query', 'cancel', self.room.submit(name='makes the ledger longer'))
                self.assert_noticed(party, ['env', 'verify', self.room.environment], r'/proof/consistency',
                                    json_change(change))
                self.assertEqual(view.read_bytes(), kept)
                self.setUp()
                said = self.refused(party, 'query', 'approve', self.waiting, '--yes', code=VERIFICATION_FAILED)
                self.assertIn('Nothing is signed here', said)
                shutil.rmtree(view.parent / 'forks')  # as after a talk with the others
            with self.subTest('inclusion', change=change.__name__):
                kept = view.read_bytes()
                view.unlink()  # a first look
                self.assert_noticed(party, ['env', 'verify', self.room.environment], r'/proof/inclusion',
                                    json_change(change))
                self.assertFalse(view.exists())
                view.write_bytes(kept)
            with self.subTest('prove', change=change.__name__):
                self.assert_noticed(party, ['ledger', 'prove', self.room.environment, '3'], r'/proof/inclusion',
                                    json_change(change))

    def changing_entry(self, kind, change, typ=None):
        """The entries route with each entry of that kind (and document type) changed."""
        def changed(answer):
            for i, text in enumerate(answer['entries']):
                entry = json.loads(text)
                if entry['kind'] == kind and (typ is None or header_of(entry['jws'])['typ'] == typ):
                    change(entry)
                    answer['entries'][i] = canonical(entry).decode()
        return json_change(changed)

    def test_a_ledger_with_other_words_in_it(self):
        room = self.room

        def signed_by_the_attacker(entry):
            entry['jws'] = resigned(entry['jws'])

        def another_signature(entry):
            entry['jws'] = flipped(entry['jws'])

        def another_result(entry):
            entry['result'] = 'ab' * 32

        reading = [(room.insurer, ['query', 'report', self.waiting]),
                   (room.insurer, ['query', 'approve', self.waiting, '--yes']),
                   (room.institute, ['result', 'get', self.answered, '--format', 'json']),
                   (room.institute, ['ledger', 'verify', room.environment])]
        for kind, typ, change in (('report', None, signed_by_the_attacker), ('report', None, another_signature),
                                  ('link', 'cloister-query+jws', signed_by_the_attacker),
                                  ('link', 'cloister-approval+jws', signed_by_the_attacker),
                                  ('link', 'cloister-manifest+jws', signed_by_the_attacker),
                                  ('release', None, another_result)):
            for party, command in reading:
                with self.subTest(kind=typ or kind, change=change.__name__, command=' '.join(command[:2])):
                    self.assert_noticed(party, command, r'/ledger\?', self.changing_entry(kind, change, typ))

    def test_a_report_in_a_query_route_is_not_believed(self):
        """Whatever the routes about one query say, the client reads the report in the verified ledger."""
        self.proxy.changing(r'/queries/[^/]*(/report)?$', json_change(lambda answer: answer.update(
            {'report': 'not.a.report'} if 'report' in answer else {})))
        shown = json.loads(self.room.insurer.run('--json', 'query', 'report', self.waiting))
        genuine = Rest(self.room.hospital).get(f'/api/tee/queries/{self.waiting}/report')['report']
        self.assertEqual(shown['report']['report_digest'], payload_of(genuine)['report_digest'])

    def test_a_receipt_that_is_not_the_enclaves(self):
        def signed_by_the_attacker(answer):
            answer['receipt'] = resigned(answer['receipt'], rows=99)

        def another_signature(answer):
            answer['receipt'] = flipped(answer['receipt'])

        other = Rest(self.room.institute)
        other.url = self.room.server.url
        receipt_of_another = other.get(f'/api/tee/queries/{self.other}/receipt')['receipt']

        def of_another_query(answer):
            answer['receipt'] = receipt_of_another

        for change in (signed_by_the_attacker, another_signature, of_another_query):
            for verb in ('get', 'verify', 'receipt'):
                with self.subTest(change.__name__, verb=verb):
                    self.assert_noticed(self.room.institute, ['result', verb, self.answered], r'/receipt$',
                                        json_change(change))

    def test_sealed_bytes_that_are_not_the_results(self):
        direct = Rest(self.room.institute)
        direct.url = self.room.server.url
        entry = direct.get(f'/api/tee/queries/{self.other}/results')['results'][0]
        of_another = direct.call('GET', f'/api/tee/queries/{self.other}/results/{entry["id"]}/download',
                                 headers={'Accept': 'application/octet-stream'})[2]
        for name, change in (('a bit', lambda body: body[:-1] + bytes([body[-1] ^ 1])),
                             ('shorter', lambda body: body[:-1]),
                             ('longer', lambda body: body + b'\0'), ('nothing', lambda body: b''),
                             ('of another query', lambda body: of_another)):
            for command in (['result', 'get', self.answered, '--format', 'json'], ['result', 'verify', self.answered],
                            ['result', 'get', self.answered, '--format', 'sealed', '-o',
                             self.room.folder / 'never.age']):
                with self.subTest(name, command=' '.join(map(str, command[:2]))):
                    self.assert_noticed(self.room.institute, command, r'/download$', change)
        self.assertFalse((self.room.folder / 'never.age').exists())

    def test_a_refusal_that_the_server_hides(self):
        """Whether a statement counts stands in the ledger; the answer to it is for people."""
        query = self.room.submit(name='rejected twice')
        self.room.insurer.run('query', 'reject', query, '--reason', 'no')
        self.proxy.changing(r'/reject$', json_change(lambda answer: answer.pop('refused')))
        self.refused(self.room.insurer, 'query', 'reject', query, '--reason', 'still no', code=support.REFUSED)
        self.assertEqual((self.proxy.hits, self.proxy.failed), (1, []))

    def test_statements_altered_on_their_way_up(self):
        query = self.room.submit(name='altered on the way')
        size = self.room.size(self.room.hospital)

        def altered(body, _):
            document = json.loads(body)
            document['document'] = resigned(document['document'])
            return json.dumps(document).encode()

        def with_new_length(body, fields):
            fields.pop('Content-Length', None)
            return altered(body, fields)

        self.proxy.changing_requests(r'/approve$', with_new_length)
        self.assertNotEqual(self.room.insurer.invoke('query', 'approve', query, '--yes')[0], OK)
        self.assertEqual((self.proxy.hits, self.proxy.failed), (1, []))
        self.assertEqual(self.room.size(self.room.hospital), size)
        self.proxy.changing('^$', lambda body: body)
        self.room.insurer.run('query', 'approve', query, '--yes')

    def test_a_sealed_file_exchanged_on_its_way_up(self):
        room = self.room

        def exchanged(body, fields):
            changed = body[:-1] + bytes([body[-1] ^ 1])
            digest = base64.b64encode(hashlib.sha256(changed).digest()).decode()
            for name in list(fields):
                if name.lower() == 'content-digest':
                    fields[name] = f'sha-256=:{digest}:'
            return changed

        self.proxy.changing_requests(r'/parts/', exchanged)
        room.insurer.invoke('dataset', 'upload', room.coverage_jsonl(), *room.terms('coverage_exchanged'))
        self.assertEqual((self.proxy.hits, self.proxy.failed), (1, []))
        dataset = room.dataset_id('coverage_exchanged')
        shown = await_that(lambda: next((d for d in [Rest(room.hospital).get(f'/api/tee/datasets/{dataset}')['dataset']]
                                         if d.get('error_message') or d['status'] == 'available'), None), 'a verdict')
        self.assertNotEqual(shown['status'], 'available')


if __name__ == '__main__':
    support.main()
