"""People in browsers: login at an issuer that plays Google, sessions, and what others try: thieves, sites, issuers."""

import base64
import hashlib
import hmac
import http.client
import json
import shutil
import tempfile
import unittest
from pathlib import Path
from urllib.parse import urlsplit

import fake_issuer
import support
from authority import Authority
from fake_issuer import Browser, FakeIssuer, Key
from support import stage

ANA = {'sub': '107691503500061507151', 'email': 'ana@hospital.example', 'hd': 'hospital.example'}
BEN = {'sub': '2', 'email': 'Ben@Insurer.example', 'hd': 'insurer.example'}
LOGGED_IN, REFUSED = 303, (403, 422)
WEB_SOCKET = {'Connection': 'Upgrade', 'Upgrade': 'websocket', 'Sec-WebSocket-Version': '13',
              'Sec-WebSocket-Key': base64.b64encode(bytes(16)).decode()}


class LoginCase(unittest.TestCase):
    """A server of each test's own, and the issuer that it trusts."""

    options = ()

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix='cloister-system-'))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.issuer = FakeIssuer()
        self.addCleanup(self.issuer.close)
        self.server = stage.Server(self.folder, *self.issuer.options(self.folder, fake_issuer.free_port()),
                                   *self.options).start()
        self.addCleanup(lambda: self.server.stop())

    def browser(self):
        return Browser(self.server.url)

    def log_in(self, person):
        self.issuer.person = person
        browser = self.browser()
        self.assertEqual(browser.log_in(), (LOGGED_IN, '/docs'))
        return browser


class Story(LoginCase):
    def test_from_the_first_login_to_the_last_logout(self):
        ana, ben = self.log_in(ANA), self.log_in(BEN)
        me = ana.get('/api/me')[1]['user']
        self.assertEqual((me['email'], me['organisation'], me['administrator']),
                         ('ana@hospital.example', 'hospital.example', True))
        self.assertFalse(ben.get('/api/me')[1]['user']['administrator'])
        # The second asks for the role, and the first gives it.
        status, asked = ben.post('/api/admin/requests', {'reason': 'I help'})
        self.assertEqual(status, 201)
        request = f'/api/admin/requests/{asked["request"]["id"]}'
        self.assertEqual(ben.post(f'{request}/approve')[0], 403)
        status, decided = ana.post(f'{request}/approve')
        self.assertEqual((status, decided['request']['decided_by']), (200, me['id']))
        self.assertEqual(ben.get('/api/admin/users')[0], 200)
        # A restart ends no session; a power cut neither.
        self.server.stop()
        self.server.start()
        self.server.kill()
        self.server.start()
        self.assertEqual(ana.get('/api/me')[0], 200)
        self.assertEqual(ana.post('/api/keys', {'name': 'mine'})[0], 201)
        # Logged out is out, with the same cookie too.
        kept = dict(ben.cookies)
        self.assertEqual(ben.post('/api/logout')[0], 200)
        self.assertEqual(ben.cookies, {})
        ben.cookies = kept
        self.assertEqual(ben.get('/api/me')[0], 401)
        self.assertNothingSecretIsKept(ana)

    def assertNothingSecretIsKept(self, ana):
        said = [form for path, form in self.issuer.seen if path == '/token']
        self.assertTrue(said)
        words = [fake_issuer.SECRET, ana.cookies['cloister_session'], ana.token] + \
                [form[name] for form in said for name in ('code', 'code_verifier')]
        self.server.stop()
        kept = b''.join(each.read_bytes() for each in (self.folder / 'data').rglob('*') if each.is_file())
        kept += (self.folder / 'server.log').read_bytes()
        for word in words:
            self.assertNotIn(word.encode(), kept)

    def test_a_query_is_asked_approved_and_read_in_browsers(self):
        ana, ben = self.log_in(ANA), self.log_in(BEN)
        tee = ana.post('/api/tee/environments', {'name': 'study', 'participant_emails': ['ben@insurer.example'],
                                                 'recovery': 'operator', 'require_unanimous_approval': True})[1]['tee']
        base = f'/api/tee/environments/{tee["id"]}'
        self.assertEqual(len(ben.get('/api/tee/environments')[1]['tees']), 1)  # he comes as invited
        dataset = ana.post(f'{base}/datasets', {'name': 'visits', 'schema': {'person': 'bigint', 'ward': 'text'},
                                                'policy': 'aggregate_only', 'privacy_unit': 'person'})
        dataset = dataset[1]['dataset']['id']
        rows = 'person,ward\n' + ''.join(f'{i},north\n' for i in range(60))
        upload = {'Content-Type': 'text/csv', 'Origin': ana.url, 'X-CSRF-Token': ana.token}
        without = {name: value for name, value in upload.items() if name != 'X-CSRF-Token'}
        self.assertEqual(ana.call('PUT', f'/api/tee/datasets/{dataset}/content', rows.encode(), without)[0], 403)
        self.assertEqual(ana.call('PUT', f'/api/tee/datasets/{dataset}/content', rows.encode(), upload)[0], 200)
        self.assertEqual(ana.post(f'/api/tee/datasets/{dataset}/mark-available')[0], 200)
        status, asked = ben.post(f'{base}/queries', {
            'name': 'count', 'query_text': 'SELECT COUNT(DISTINCT t.person) AS n FROM visits t'})
        self.assertEqual(status, 201, asked)
        query = f'/api/tee/queries/{asked["query"]["id"]}'
        self.assertEqual(ana.post(f'{query}/approve', {'notes': 'yes'})[0], 200)
        support.await_that(lambda: ben.get(query)[1]['query']['status'] == 'completed', 'the query is completed')
        self.assertEqual(ben.get(f'{query}/results')[1]['result_data']['rows'], [[60]])
        # What happens reaches a page of this site, and no other.
        status, fields, _ = ana.call('GET', '/api/tee/ws', headers={**WEB_SOCKET, 'Origin': 'https://evil.example'})
        self.assertEqual(status, 403)
        self.assertEqual(ana.call('GET', '/api/tee/ws', headers=WEB_SOCKET)[0], 403)
        self.assertEqual(ana.call('GET', '/api/tee/events', headers={'Origin': 'https://evil.example'})[0], 403)

    def test_who_has_the_address_of_the_way_back_is_not_logged_in(self):
        self.issuer.person = ANA
        ana, thief = self.browser(), self.browser()
        back = ana.go()
        self.assertEqual(thief.call('GET', back)[0], 403)
        self.issuer.person = BEN
        thief.go()
        self.assertEqual(thief.call('GET', back)[0], 403)
        self.assertNotIn('cloister_session', thief.cookies)
        kept = dict(ana.cookies)
        self.assertEqual(ana.call('GET', back)[0], LOGGED_IN)
        # The same answer again, and an old code in a new login.
        ana.cookies = kept
        self.assertEqual(ana.call('GET', back)[0], 403)
        code = back.split('code=')[1].split('&')[0]
        self.issuer.back = lambda parameters: parameters
        again = ana.go()
        replayed = again.replace(again.split('code=')[1].split('&')[0], code)
        status, _, text = ana.call('GET', replayed)
        self.assertEqual((status, 'invalid_grant' in text.decode()), (422, True))

    def test_a_code_that_somebody_else_put_there(self):
        """The attacker's own code in the victim's login: PKCE and nonce are of another login."""
        self.issuer.person = BEN
        attacker, victim = self.browser(), self.browser()
        planted = attacker.go().split('code=')[1].split('&')[0]
        self.issuer.person = ANA
        back = victim.go()
        swapped = back.replace(back.split('code=')[1].split('&')[0], planted)
        self.assertIn(victim.call('GET', swapped)[0], REFUSED)
        self.assertNotIn('cloister_session', victim.cookies)

    def test_other_sites_change_nothing(self):
        ana = self.log_in(ANA)
        for headers in ({'X-CSRF-Token': ''}, {'X-CSRF-Token': 'A' * 43}, {'Origin': 'https://evil.example'},
                        {'Origin': 'null'}, {'Sec-Fetch-Site': 'cross-site'}, {'Sec-Fetch-Site': 'same-site'}):
            with self.subTest(headers=headers):
                self.assertEqual(ana.post('/api/keys', {'name': 'k'}, headers)[0], 403)
        self.assertEqual(ana.get('/api/keys')[1]['keys'], [])
        # As a form of another site can, without asking.
        form = {'Content-Type': 'text/plain', 'Origin': 'https://evil.example'}
        self.assertEqual(ana.call('POST', '/api/keys', b'{"name":"k"}', form)[0], 403)

    def test_a_stream_ends_with_its_session(self):
        ana = self.log_in(ANA)
        line = ana.connect(urlsplit(ana.url))
        self.addCleanup(line.close)
        line.request('GET', '/api/tee/events', headers={
            'Cookie': f'cloister_session={ana.cookies["cloister_session"]}', 'Sec-Fetch-Site': 'same-origin'})
        stream = line.getresponse()
        self.assertEqual((stream.status, stream.fp.readline() != b''), (200, True))
        self.assertEqual(ana.send('DELETE', '/api/sessions')[1]['ended'], 1)
        with self.assertRaises(http.client.IncompleteRead):  # broken off, and not for want of news
            stream.read()

    def test_a_page_is_shown_to_people(self):
        status, fields, text = self.browser().call('GET', '/api/login/callback?state=x&code=<b>',
                                                   headers={'Accept': 'text/html,application/xhtml+xml,*/*;q=0.8'})
        self.assertEqual((status, fields['Content-Type']), (400, 'text/html; charset=utf-8'))
        self.assertIn("default-src 'none'", fields['Content-Security-Policy'])
        self.assertNotIn(b'<b>', text)

    def test_an_issuer_that_is_down_ends_no_session(self):
        ana = self.log_in(ANA)
        ben = self.browser()
        back = ben.go()
        self.issuer.status = 503
        self.assertEqual(ben.call('GET', back)[0], 503)
        self.issuer.close()
        back = ben.call('GET', '/api/login')[1]['Location']  # what it says of itself is known
        self.assertTrue(back.startswith(self.issuer.url))
        self.assertEqual(ana.get('/api/me')[0], 200)

    def test_addresses_change_hands(self):
        self.log_in(ANA)
        self.assertEqual(self.log_in({**ANA, 'email': 'ana@new.example'}).get('/api/me')[1]['user']['email'],
                         'ana@hospital.example')
        self.issuer.person = {**ANA, 'sub': '3'}
        status, message = self.browser().log_in()
        self.assertEqual(status, 403)
        self.assertIn('belongs to another login', message)


class Mutants(LoginCase):
    """One issuer for each thing that a server must look at. None of them logs anybody in."""

    def refused(self, what):
        browser = self.browser()
        status, message = browser.log_in()
        self.assertIn(status, REFUSED, what)
        self.assertNotIn('cloister_session', browser.cookies, what)
        self.issuer.behave()
        return message

    def claims(self, **changes):
        self.issuer.claims = lambda claims: {name: value for name, value in {**claims, **changes}.items()
                                             if value is not None}

    def test_wrong_claims(self):
        self.issuer.person = ANA
        wrong = [('iss', 'https://accounts.google.com'), ('iss', self.issuer.url + '/'), ('iss', None),
                 ('aud', 'another'), ('aud', ['another']), ('aud', None), ('azp', 'another'), ('exp', 1),
                 ('exp', 'tomorrow'), ('exp', None), ('iat', 2 ** 33), ('iat', None), ('nbf', 2 ** 33),
                 ('nonce', 'A' * 43), ('nonce', None), ('at_hash', 'A' * 22), ('email_verified', False),
                 ('email_verified', 'true'), ('email_verified', None), ('email', None), ('email', ['a@b']),
                 ('sub', None), ('sub', ''), ('sub', 7)]
        for name, value in wrong:
            with self.subTest(claim=name, value=value):
                self.claims(**{name: value})
                self.assertIn(name, self.refused((name, value)))
        self.claims(aud=[fake_issuer.CLIENT_ID, 'another'], azp=None)
        self.refused('several audiences without azp')
        self.issuer.claims = lambda claims: json.dumps(claims)[:-1] + ', "sub": "2"}'
        self.refused('a claim twice')
        self.log_in(ANA)  # and with nothing wrong she comes in

    def test_wrong_signatures(self):
        self.issuer.person = ANA
        other = Key(self.issuer.folder.name, 'key-9')
        secret = json.dumps(self.issuer.key.jwk).encode()
        pem = self.issuer.key.file.read_bytes()
        ways = {
            'alg none': (lambda header: {**header, 'alg': 'none'}, lambda signed: b''),
            'HS256 with the public key': (lambda header: {**header, 'alg': 'HS256'},
                                          lambda signed: hmac.digest(secret, signed.encode(), 'sha256')),
            'HS256 with the PEM': (lambda header: {**header, 'alg': 'HS256'},
                                   lambda signed: hmac.digest(pem, signed.encode(), 'sha256')),
            'another key': (lambda header: header, lambda signed: other.sign(signed.encode())),
            'an unknown key': (lambda header: {**header, 'kid': 'key-9'}, lambda signed: other.sign(signed.encode())),
            'no key': (lambda header: {'alg': 'RS256'}, None),
            'a key of its own': (lambda header: {**header, 'jwk': other.jwk},
                                 lambda signed: other.sign(signed.encode())),
            'keys from elsewhere': (lambda header: {**header, 'jku': self.issuer.url + '/oauth2/v3/certs'}, None),
            'an extension that must be known': (lambda header: {**header, 'crit': ['b64'], 'b64': False}, None),
            'another algorithm of the same key': (lambda header: {**header, 'alg': 'RS512'}, None),
            'an access token': (lambda header: {**header, 'typ': 'at+jwt'}, None),
            'no signature': (lambda header: header, lambda signed: b''),
        }
        for name, (header, signature) in ways.items():
            with self.subTest(name):
                self.issuer.header, self.issuer.signature = header, signature
                self.refused(name)
        self.log_in(ANA)

    def test_wrong_answers(self):
        self.issuer.person = ANA
        for name, change in {'no ID token': {'id_token': None}, 'no access token': {'access_token': None},
                             'a token of another kind': {'token_type': 'mac'}}.items():
            with self.subTest(name):
                self.issuer.answer = lambda answer, change=change: {**answer, **change}
                status, _ = self.browser().log_in()
                self.assertEqual(status, 503, name)
        self.issuer.behave()
        # An answer that another issuer would have sent (RFC 9207), and one that says nothing where it must.
        self.issuer.back = lambda parameters: {**parameters, 'iss': 'https://evil.example'}
        self.refused('another issuer')
        self.issuer.back = lambda parameters: {**parameters, 'iss': self.issuer.url}
        self.assertEqual(self.browser().log_in()[0], LOGGED_IN)

    def test_what_it_says_of_itself(self):
        self.issuer.person = ANA
        url = self.issuer.url
        for change in ({'issuer': 'https://accounts.google.com'}, {'token_endpoint': 'ftp://x/y'},
                       {'jwks_uri': 'http://example.org/certs'}, {'response_types_supported': ['token']},
                       {'code_challenge_methods_supported': ['plain']},
                       {'id_token_signing_alg_values_supported': ['HS256']},
                       {'token_endpoint_auth_methods_supported': ['none']},
                       {'authorization_endpoint': url.replace('http', 'javascript', 1)}):
            with self.subTest(change=change):
                self.issuer.discovery = lambda document, change=change: {**document, **change}
                self.assertEqual(self.browser().call('GET', '/api/login')[0], 422)
        self.issuer.discovery = lambda document: {**document, 'x': 'y' * (64 << 10)}
        self.assertEqual(self.browser().call('GET', '/api/login')[0], 503)

    def test_a_key_that_is_rolled(self):
        self.log_in(ANA)
        fetched = lambda: sum(path == '/oauth2/v3/certs' for path, _ in self.issuer.seen)  # noqa: E731
        self.assertEqual(fetched(), 1)
        self.issuer.key = Key(self.issuer.folder.name, 'key-2')
        for _ in range(5):
            self.browser().log_in()
        self.assertEqual(fetched(), 1, 'names of keys that nobody knows make the server ask at most once a minute')


class Domains(LoginCase):
    options = ('--google-domain', 'Hospital.example')

    def test_only_the_organisation_comes_in(self):
        self.log_in(ANA)
        for person in (BEN, {'sub': '5', 'email': 'eve@hospital.example'}):
            self.issuer.person = person
            status, message = self.browser().log_in()
            self.assertEqual((status, 'another organisation' in message), (403, True))


class OverTls(unittest.TestCase):
    """As people meet it: https, and cookies that no other host can set."""

    def serve(self, *options):
        folder = Path(tempfile.mkdtemp(prefix='cloister-system-'))
        self.addCleanup(shutil.rmtree, folder, True)
        authority = Authority(folder / 'authority')
        certificate, key = authority.issue('server')
        server = stage.Server(folder, '--tls-cert', certificate, '--tls-key', key, *options,
                              ca_file=authority.root).start()
        self.addCleanup(server.stop)
        return Browser(server.url, authority.root)

    def test_somebody_logs_in(self):
        issuer = FakeIssuer()
        self.addCleanup(issuer.close)
        issuer.person = ANA
        browser = self.serve(*issuer.options(issuer.folder.name, fake_issuer.free_port(), 'https'))
        self.assertEqual(browser.log_in(), (LOGGED_IN, '/docs'))
        self.assertEqual(set(browser.cookies), {'__Host-cloister_session'})
        for field in browser.set_cookies:
            for word in ('; Path=/;', '; HttpOnly', '; SameSite=Lax', '; Secure'):
                self.assertIn(word, field)
            self.assertNotIn('Domain', field)
        self.assertEqual(browser.post('/api/keys', {'name': 'k'})[0], 201)
        plain = {'Origin': browser.url.replace('https:', 'http:')}
        self.assertEqual(browser.post('/api/keys', {'name': 'k'}, plain)[0], 403)

    def test_behind_a_proxy_on_this_machine(self):
        folder = Path(tempfile.mkdtemp(prefix='cloister-system-'))
        self.addCleanup(shutil.rmtree, folder, True)
        server = stage.Server(folder, '--public-url', 'https://Cleanroom.example:443').start()
        self.addCleanup(server.stop)
        browser = Browser(server.url)
        said = {'Host': 'cleanroom.example', 'Origin': 'https://cleanroom.example'}
        login = {'email': 'ana@hospital.example', 'session': True}
        self.assertEqual(browser.post('/api/dev/login', login, {**said, 'Host': 'evil.example'})[0], 421)
        self.assertEqual(browser.post('/api/dev/login', login, {**said, 'Origin': server.url})[0], 403)
        status, made = browser.post('/api/dev/login', login, said)
        self.assertEqual((status, set(browser.cookies)), (200, {'__Host-cloister_session'}))
        browser.token = made['session']['csrf_token']
        self.assertEqual(browser.post('/api/keys', {'name': 'k'}, said)[0], 201)

    def test_somebody_logs_in_for_development(self):
        browser = self.serve()
        status, made = browser.post('/api/dev/login', {'email': 'ana@hospital.example', 'session': True})
        self.assertEqual(status, 200)
        browser.token = made['session']['csrf_token']
        self.assertEqual(set(browser.cookies), {'__Host-cloister_session'})
        self.assertEqual(browser.post('/api/keys', {'name': 'k'})[0], 201)


class Options(unittest.TestCase):
    def test_half_of_the_options_is_a_mistake(self):
        with tempfile.TemporaryDirectory(prefix='cloister-system-') as folder:
            secret = Path(folder) / 'secret'
            secret.write_text('s\n')
            empty = Path(folder) / 'empty'
            empty.write_text('\n')
            half = ['--google-client-id', 'x', '--google-client-secret-file', str(secret)]
            for options in (half, half[:2], [*half, '--public-url', 'http://cleanroom.example'],
                            [*half, '--public-url', 'https://cleanroom.example/path'],
                            [*half, '--public-url', 'https://x.example', '--oidc-issuer', 'http://id.example'],
                            ['--google-client-id', 'x', '--google-client-secret-file', str(empty), '--public-url',
                             'https://x.example'], ['--google-domain', 'x']):
                with self.subTest(options=options):
                    with self.assertRaisesRegex(RuntimeError, 'cloisterd: '):
                        stage.Server(Path(folder) / 'server', *options).start()


if __name__ == '__main__':
    support.main(peer='openssl')
