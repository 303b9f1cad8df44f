"""An issuer of identities on the loopback interface, which plays Google's documents and token answers; and a browser.

    issuer = FakeIssuer()
    issuer.person = {'sub': '1', 'email': 'ana@hospital.example', 'hd': 'hospital.example'}
    server = stage.Server(folder, *issuer.options(folder, port))

It checks what a client must send (PKCE with S256, the redirect URI, the client's secret, a code used once) and signs
with RS256 by Debian's openssl. What a wrong issuer would do differently is put in its attributes. Standard library
only.
"""

import base64
import hashlib
import http.client
import json
import secrets
import socket
import ssl
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from loopback import Handler, LoopbackServer

CLIENT_ID = '1234-abc.apps.googleusercontent.com'
SECRET = 'GOCSPX-4'
BROWSER_SECONDS_MAX = 60


def b64(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else data.encode()).rstrip(b'=').decode()


def free_port():
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        return taken.getsockname()[1]


class Key:
    """An RSA key of 2048 bits in FOLDER."""

    def __init__(self, folder, kid):
        self.kid, self.file = kid, Path(folder) / f'{kid}.pem'
        subprocess.run(['openssl', 'genrsa', '-out', self.file, '2048'], check=True, capture_output=True)
        text = subprocess.run(['openssl', 'rsa', '-in', self.file, '-noout', '-modulus'], check=True,
                              capture_output=True, text=True).stdout
        self.jwk = {'kty': 'RSA', 'use': 'sig', 'alg': 'RS256', 'kid': kid, 'e': 'AQAB',
                    'n': b64(bytes.fromhex(text.strip().split('=')[1]))}

    def sign(self, data):
        return subprocess.run(['openssl', 'dgst', '-sha256', '-sign', self.file], input=data, check=True,
                              capture_output=True).stdout


class FakeIssuer(LoopbackServer):
    def __init__(self, signs=True):
        """Without `signs` it needs no openssl, and nobody comes back from it."""
        self.folder = tempfile.TemporaryDirectory(prefix='cloister-issuer-')
        self.key = Key(self.folder.name, 'key-1') if signs else None
        self.keys = [self.key.jwk] if signs else []
        self.codes = {}
        self.person = {}
        self.seen = []  # (path, parameters) of what the server asked
        self.behave()
        issuer = self

        class Desk(Handler):
            def do_GET(self):
                issuer.get(self, urlsplit(self.path))

            def do_POST(self):
                issuer.post(self, self.rfile.read(int(self.headers['Content-Length'])).decode())

        super().__init__(Desk)

    def behave(self):
        """As a good issuer does."""
        self.claims = lambda claims: claims
        self.header = lambda header: header
        self.answer = lambda answer: answer
        self.discovery = lambda document: document
        self.back = lambda parameters: parameters
        self.signature = None
        self.status = 200

    def close(self):
        super().close()
        self.folder.cleanup()

    def options(self, folder, port, scheme='http'):
        """What cloisterd is told."""
        secret = Path(folder) / 'google-client-secret'
        secret.write_text(SECRET + '\n')
        return ('--listen', f'127.0.0.1:{port}', '--public-url', f'{scheme}://127.0.0.1:{port}',
                '--oidc-issuer', self.url, '--google-client-id', CLIENT_ID, '--google-client-secret-file', str(secret))

    @staticmethod
    def say(handler, document, status=200):
        text = json.dumps(document).encode()
        handler.send_response(status)
        handler.send_header('Content-Type', 'application/json; charset=utf-8')
        handler.send_header('Content-Length', str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    def get(self, handler, address):
        if address.path == '/.well-known/openid-configuration':
            return self.say(handler, self.discovery(self.document()), self.status)
        if address.path == '/oauth2/v3/certs':
            self.seen.append((address.path, {}))
            return self.say(handler, {'keys': self.keys}, self.status)
        return self.visit(handler, {name: values[0] for name, values in parse_qs(address.query).items()})

    def document(self):
        """As https://accounts.google.com/.well-known/openid-configuration reads, with other addresses."""
        return {
            'issuer': self.url, 'authorization_endpoint': f'{self.url}/o/oauth2/v2/auth',
            'device_authorization_endpoint': f'{self.url}/device/code', 'token_endpoint': f'{self.url}/token',
            'userinfo_endpoint': f'{self.url}/v1/userinfo', 'revocation_endpoint': f'{self.url}/revoke',
            'jwks_uri': f'{self.url}/oauth2/v3/certs',
            'response_types_supported': ['code', 'token', 'id_token', 'code token', 'code id_token', 'token id_token',
                                         'code token id_token', 'none'],
            'response_modes_supported': ['query', 'fragment', 'form_post'],
            'subject_types_supported': ['public'], 'id_token_signing_alg_values_supported': ['RS256'],
            'scopes_supported': ['openid', 'email', 'profile'],
            'token_endpoint_auth_methods_supported': ['client_secret_post', 'client_secret_basic'],
            'claims_supported': ['aud', 'email', 'email_verified', 'exp', 'family_name', 'given_name', 'iat', 'iss',
                                 'name', 'picture', 'sub'],
            'code_challenge_methods_supported': ['plain', 'S256'],
            'grant_types_supported': ['authorization_code', 'refresh_token']}

    def visit(self, handler, asked):
        """The person logs in and agrees."""
        assert asked['response_type'] == 'code' and asked['code_challenge_method'] == 'S256', asked
        assert asked['client_id'] == CLIENT_ID and set(asked['scope'].split()) == {'openid', 'email', 'profile'}, asked
        assert len(asked['state']) >= 43 and len(asked['nonce']) >= 43, asked
        code = '4/0A' + secrets.token_urlsafe(24)
        self.codes[code] = (asked, dict(self.person))
        back = self.back({'state': asked['state'], 'code': code, 'scope': 'email profile openid', 'authuser': '0',
                          'prompt': 'consent'})
        handler.send_response(302)
        handler.send_header('Location', asked['redirect_uri'] + '?' + urlencode(back))
        handler.send_header('Content-Length', '0')
        handler.end_headers()

    def post(self, handler, body):
        form = dict(parse_qsl(body, strict_parsing=True))
        self.seen.append((handler.path, form))
        asked, person = self.codes.pop(form['code'], (None, None))
        if self.status != 200:
            return self.say(handler, {}, self.status)
        if handler.path != '/token' or form['grant_type'] != 'authorization_code' or asked is None:
            return self.say(handler, {'error': 'invalid_grant', 'error_description': 'Malformed auth code.'}, 400)
        pair = handler.headers.get('Authorization', '').removeprefix('Basic ')
        if [unquote(each) for each in base64.b64decode(pair).decode().split(':')] != [CLIENT_ID, SECRET]:
            return self.say(handler, {'error': 'invalid_client', 'error_description': 'Unauthorized'}, 401)
        challenge = b64(hashlib.sha256(form['code_verifier'].encode()).digest())
        if challenge != asked['code_challenge'] or form['redirect_uri'] != asked['redirect_uri']:
            return self.say(handler, {'error': 'invalid_grant', 'error_description': 'Bad Request'}, 400)
        access = 'ya29.' + secrets.token_urlsafe(32)
        return self.say(handler, self.answer({
            'access_token': access, 'expires_in': 3599, 'token_type': 'Bearer',
            'scope': 'https://www.googleapis.com/auth/userinfo.email openid',
            'id_token': self.token(asked, person, access)}))

    def token(self, asked, person, access):
        now = int(time.time())
        claims = {'iss': self.url, 'azp': CLIENT_ID, 'aud': CLIENT_ID, 'email_verified': True,
                  'at_hash': b64(hashlib.sha256(access.encode()).digest()[:16]), 'nonce': asked['nonce'],
                  'name': 'Somebody', 'picture': 'https://lh3.googleusercontent.com/a/x', 'given_name': 'Some',
                  'iat': now, 'exp': now + 3600, **person}
        header = self.header({'alg': 'RS256', 'kid': self.key.kid, 'typ': 'JWT'})
        payload = self.claims(claims)
        payload = payload if isinstance(payload, str) else json.dumps(payload)
        signed = f'{b64(json.dumps(header))}.{b64(payload)}'
        signature = self.signature(signed) if self.signature else self.key.sign(signed.encode())
        return f'{signed}.{b64(signature)}'


class Browser:
    """Keeps cookies, goes where it is sent, and says where its requests come from."""

    def __init__(self, url, ca_file=None):
        self.url, self.cookies, self.token = url, {}, None
        self.trust = ssl.create_default_context(cafile=ca_file) if ca_file else None
        self.set_cookies = []  # the fields, as they came

    def connect(self, address):
        if address.scheme == 'https':
            return http.client.HTTPSConnection(address.hostname, address.port, timeout=BROWSER_SECONDS_MAX,
                                               context=self.trust)
        return http.client.HTTPConnection(address.hostname, address.port, timeout=BROWSER_SECONDS_MAX)

    def call(self, method, target, body=None, headers=()):
        """(status, headers, bytes) of one request; `target` may be a whole address."""
        address = urlsplit(target if '://' in target else self.url + target)
        fields = dict(headers)
        own = f'{address.scheme}://{address.netloc}' == self.url
        if own and self.cookies:
            fields.setdefault('Cookie', '; '.join(f'{name}={value}' for name, value in self.cookies.items()))
        connection = self.connect(address)
        try:
            path = address.path + (f'?{address.query}' if address.query else '')
            connection.request(method, path, body, fields)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        for field in answer.headers.get_all('Set-Cookie') or () if own else ():
            self.set_cookies.append(field)
            name, _, value = field.split(';')[0].partition('=')
            self.cookies[name] = value
            if not value:
                del self.cookies[name]
        return answer.status, answer.headers, text

    def get(self, target, headers=()):
        """As a page of the server's own asks for it."""
        status, _, text = self.call('GET', target, headers={'Sec-Fetch-Site': 'same-origin', **dict(headers)})
        return status, json.loads(text)

    def send(self, method, target, document=None, headers=()):
        """As a page of the server's own does."""
        fields = {'Content-Type': 'application/json', 'Origin': self.url, 'Sec-Fetch-Site': 'same-origin',
                  'X-CSRF-Token': self.token or '', **dict(headers)}
        status, _, text = self.call(method, target, json.dumps(document or {}).encode(), fields)
        return status, json.loads(text)

    def post(self, target, document=None, headers=()):
        return self.send('POST', target, document, headers)

    def go(self, return_to='/docs'):
        """To the issuer; the address that it is sent back to."""
        status, fields, text = self.call('GET', f'/api/login?return_to={return_to}')
        assert status == 302, (status, text)
        status, fields, text = self.call('GET', fields['Location'])
        assert status == 302, (status, text)
        return fields['Location']

    def log_in(self):
        """The status of the way back, and its words where there are any."""
        status, fields, text = self.call('GET', self.go())
        if status == 303:
            self.token = self.get('/api/session')[1]['session']['csrf_token']
            return status, fields['Location']
        return status, json.loads(text)['message']
