"""Links made by hand, with a participant's own key file: what a hostile participant can do without our client.

Ed25519 (RFC 8032, 5.1.6) in the open, for tests only: slow, and its running time tells the key.
"""

import base64
import hashlib
import json
import time

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
BASE_Y = 4 * pow(5, P - 2, P) % P


def _x_of(y):
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    return x if x % 2 == 0 else P - x


BASE = (_x_of(BASE_Y), BASE_Y, 1, _x_of(BASE_Y) * BASE_Y % P)


def _add(one, other):
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(scalar, point):
    out = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            out = _add(out, point)
        point = _add(point, point)
        scalar >>= 1
    return out


def _encode(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, 'little')


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def canonical(value):
    """RFC 8785 for what the tests write: ASCII names, whole numbers."""
    return json.dumps(value, sort_keys=True, separators=(',', ':'), ensure_ascii=False).encode()


class Signer:
    def __init__(self, seed):
        digest = hashlib.sha512(seed).digest()
        self.scalar = (int.from_bytes(digest[:32], 'little') & (1 << 254) - 8) | 1 << 254
        self.prefix = digest[32:]
        self.public = _encode(_times(self.scalar, BASE))
        self.thumbprint = b64(hashlib.sha256(canonical({'crv': 'Ed25519', 'kty': 'OKP',
                                                        'x': b64(self.public)})).digest())

    @classmethod
    def of(cls, party):
        """With the key file of a participant who keeps it himself."""
        lines = (party.home / 'participant-key').read_text().split('\n')
        return cls(unb64(next(line for line in lines if line and not line.startswith('#'))))

    def sign(self, message):
        r = int.from_bytes(hashlib.sha512(self.prefix + message).digest(), 'little') % L
        head = _encode(_times(r, BASE))
        k = int.from_bytes(hashlib.sha512(head + self.public + message).digest(), 'little') % L
        return head + ((r + k * self.scalar) % L).to_bytes(32, 'little')

    def jws(self, typ, payload, kid=None):
        header = {'alg': 'EdDSA', 'kid': kid or self.thumbprint, 'typ': typ}
        text = b64(canonical(header)) + '.' + b64(canonical(payload))
        return text + '.' + b64(self.sign(text.encode()))


def payload_of(jws):
    return json.loads(unb64(jws.split('.')[1]))


def header_of(jws):
    return json.loads(unb64(jws.split('.')[0]))


def digest_of(jws):
    return hashlib.sha256(jws.rsplit('.', 1)[0].encode()).hexdigest()


class Author:
    """Makes the next link of a participant, right in everything but what the caller changes."""

    def __init__(self, party, rest, environment):
        self.signer, self.rest, self.environment = Signer.of(party), rest, environment

    def next_link(self, kind, body, signer=None, kid=None, **changes):
        path = f'/api/tee/environments/{self.environment}'
        head = self.rest.get(f'{path}/chain')['head'] or {'seq': 0, 'digest': None}
        note = self.rest.get(f'{path}/ledger/checkpoint')['checkpoint'].split('\n')
        link = {'env': self.environment, 'seq': head['seq'] + 1, 'previous': head['digest'],
                'checkpoint': {'size': int(note[1]), 'root': base64.b64decode(note[2]).hex()},
                'time': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()), 'body': body, **changes}
        return (signer or self.signer).jws(f'cloister-{kind}+jws', link, kid)
