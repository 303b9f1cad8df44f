"""Webhooks over the real programs: who is told what, that anybody can check who said it, and that none gets lost."""

import json
import threading
import time
import unittest

import hooks
import support
from authority import PublicServer
from hooks import Receiver
from support import NOT_FOUND, USAGE, OwnerCase, RoomCase, await_that

VECTOR = ('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}',
          'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')


class Verifier(unittest.TestCase):
    """The alarm can ring."""

    def test_it_knows_the_example_of_the_specification(self):
        key, message, signature = VECTOR
        self.assertTrue(hooks.fits(key, message, signature))
        self.assertFalse(hooks.fits(key, message + b' ', signature))

    def test_it_knows_an_example_of_rfc_8032(self):
        """Section 7.1, test 2."""
        public = bytes.fromhex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')
        signature = bytes.fromhex('92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e4'
                                  '58f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00')
        self.assertTrue(hooks.ed25519_fits(public, b'\x72', signature))
        self.assertFalse(hooks.ed25519_fits(public, b'\x73', signature))


class Told(RoomCase):
    """In the room of hospital, insurer and institute, by the client."""

    def receiver(self, **more):
        receiver = Receiver(**more)
        self.addCleanup(receiver.close)
        return receiver

    def create(self, party, *arguments):
        made = party.json('webhook', 'create', *arguments)
        self.addCleanup(party.invoke, 'webhook', 'remove', made['webhook']['id'])
        return made['webhook']['id'], made['webhook']['public_key'] or made['secret']

    def test_a_query_from_question_to_answer(self):
        room, own, shared = self.room, self.receiver(), self.receiver()
        _, public_key = self.create(room.insurer, own.url, '--events', 'query.changed')
        _, secret = self.create(room.institute, shared.url, '--hmac')
        query, _ = room.answer()

        def told(receiver):
            return [each for each in receiver.calls if json.loads(each.body)['data']['id'] == query]

        await_that(lambda: len(told(own)) >= 3 and len(told(shared)) >= 3, 'asked, approved, answered')
        for receiver, key, other in ((own, public_key, secret), (shared, secret, public_key)):
            self.assertEqual(len({each.id for each in receiver.calls}), len(receiver.calls))
            for call in receiver.calls:
                self.assertTrue(call.fits(key), call.signatures)
                self.assertFalse(call.fits(other))
                self.assertLess(abs(call.time - time.time()), 300)
                # Thin: nothing but what it is, when, and ids.
                body = json.loads(call.body)
                self.assertEqual(set(body), {'type', 'timestamp', 'data'})
                self.assertEqual(set(body['data']), {'id', 'environment'})
                self.assertEqual(call.headers['Content-Type'], 'application/json')
        self.assertEqual({json.loads(each.body)['type'] for each in own.calls}, {'query.changed'})
        kinds = {json.loads(each.body)['type'] for each in shared.calls}
        self.assertLessEqual({'query.changed', 'ledger.changed'}, kinds)

    def test_others_are_told_nothing(self):
        quiet = self.receiver()
        stranger = support.stage.Party(self.room.server, 'stranger')
        hook, _ = self.create(stranger, quiet.url)
        heard = self.receiver()
        self.create(self.room.hospital, heard.url)
        self.room.submit()
        await_that(lambda: heard.calls, 'a participant is told')
        stranger.run('webhook', 'test', hook)
        await_that(lambda: quiet.calls, 'the test comes')
        self.assertEqual([json.loads(each.body)['type'] for each in quiet.calls], ['webhook.test'])
        self.refused(self.room.hospital, 'webhook', 'show', hook, code=NOT_FOUND)
        self.refused(self.room.hospital, 'webhook', 'remove', hook, code=NOT_FOUND)

    def test_the_client_does_it_all(self):
        party, receiver = self.room.hospital, self.receiver(status=500)
        hook, key = self.create(party, receiver.url)
        self.assertIn(hook, party.run('webhook', 'list'))
        self.assertIn(key, party.run('webhook', 'show', hook))
        party.run('webhook', 'test', hook)
        await_that(lambda: len(receiver.calls) >= 2, 'it is tried again')
        receiver.status = 200
        rolled = party.json('webhook', 'roll', hook)['webhook']['public_key']
        self.assertNotEqual(rolled, key)
        delivery = receiver.calls[0].id
        before = len(receiver.calls)
        party.run('webhook', 'resend', hook, delivery)
        await_that(lambda: len(receiver.calls) > before, 'it is sent again')
        last = receiver.calls[-1]
        self.assertEqual(last.id, delivery)
        self.assertEqual(len(last.signatures), 2)
        self.assertTrue(last.fits(key) and last.fits(rolled))
        await_that(lambda: 'delivered' in party.run('webhook', 'deliveries', hook), 'it is taken')
        self.assertFalse(party.json('webhook', 'disable', hook)['webhook']['enabled'])
        self.assertEqual(party.invoke('webhook', 'test', hook)[0], support.ERROR)
        self.assertTrue(party.json('webhook', 'enable', hook)['webhook']['enabled'])
        party.run('webhook', 'remove', hook)
        self.refused(party, 'webhook', 'show', hook, code=NOT_FOUND)

    def test_where_it_may_not_go(self):
        for url in ('https://169.254.169.254/latest/meta-data/', 'https://10.0.0.1/', 'http://hooks.example/x',
                    'https://[::ffff:192.168.1.1]/', 'https://0x0a000001/', 'https://user@hooks.example/', 'file:///x'):
            self.refused(self.room.hospital, 'webhook', 'create', url, code=USAGE, saying="'url'")

    def test_a_redirect_leads_nowhere(self):
        party, other = self.room.hospital, self.receiver()
        receiver = self.receiver(status=307, location=other.url)
        hook, _ = self.create(party, receiver.url)
        party.run('webhook', 'test', hook)
        await_that(lambda: '3xx' in party.run('webhook', 'deliveries', hook), 'it is not taken')
        self.assertEqual(other.calls, [])


class Lost(OwnerCase):
    """A server that is killed at the worst moments."""

    def come_back(self):
        self.server.kill()
        self.server.start()
        self.ana.url = self.server.url

    def receiver(self, **more):
        receiver = Receiver(**more)
        self.addCleanup(receiver.close)
        return receiver

    def test_killed_between_change_and_delivery(self):
        receiver = self.receiver(hold=threading.Event())
        made = self.ana.json('POST', '/api/webhooks', {'url': receiver.url, 'events': ['dataset.changed']})['webhook']
        self.register('one')
        self.assertTrue(receiver.arrived.wait(30))  # it is being told, and nothing is settled
        self.come_back()
        receiver.hold.set()
        await_that(lambda: len(receiver.calls) >= 2, 'it is told again')
        first, again = receiver.calls[:2]
        self.assertEqual((first.id, first.body), (again.id, again.body))
        self.assertTrue(first.fits(made['public_key']) and again.fits(made['public_key']))

    def test_every_change_is_told_whenever_it_is_killed(self):
        receiver = self.receiver()
        self.ana.json('POST', '/api/webhooks', {'url': receiver.url, 'events': ['dataset.changed']})
        registered = set()
        for number in range(4):
            registered.add(self.register(f'd{number}').rsplit('/', 1)[1])
            self.come_back()
        await_that(lambda: registered <= {json.loads(each.body)['data']['id'] for each in receiver.calls},
                   'every dataset was told of')
        bodies = {}
        for call in receiver.calls:
            self.assertEqual(bodies.setdefault(call.id, call.body), call.body)


class Public(unittest.TestCase):
    """A server for more than its own machine reaches nothing of its own machine."""

    def test_loopback_is_refused(self):
        with PublicServer() as server:
            for url in ('http://127.0.0.1:9/', 'https://127.0.0.1/', 'https://localhost/', 'https://[::1]/'):
                said = server.root.json('POST', '/api/webhooks', {'url': url}, expect=400)
                self.assertIn("'url'", said['message'])


if __name__ == '__main__':
    support.main(peer='openssl')
