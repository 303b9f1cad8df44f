"""An age file in plain Python, with the file key in the sealer's hand: no honest tool seals a second payload under the
same header, and this one does. For tests only: slow, and its running time tells the keys.

age v1 (https://c2sp.org/age), X25519 (RFC 7748), ChaCha20-Poly1305 (RFC 8439), HKDF (RFC 5869).
"""

import base64
import hashlib
import hmac
import os
import struct

P = 2**255 - 19
CHUNK = 65536
BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'


def _x25519(scalar, u):
    k = (int.from_bytes(scalar, 'little') & ~7 & (1 << 255) - 1) | 1 << 254
    x1 = int.from_bytes(u, 'little') & (1 << 255) - 1
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for bit in reversed(range(255)):
        if swap != (k >> bit & 1):
            x2, z2, x3, z3, swap = x3, z3, x2, z2, swap ^ 1
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb = d * a, c * b
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = a * a * b * b % P, (a * a - b * b) * (a * a + 121665 * (a * a - b * b)) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, 'little')


def _hkdf(key, salt, info):
    extracted = hmac.digest(salt or bytes(32), key, 'sha256')
    return hmac.digest(extracted, info + b'\x01', 'sha256')


def _chacha20_block(key, counter, nonce):
    state = struct.unpack('<16I', b'expand 32-byte k' + key + struct.pack('<I', counter) + nonce)
    work = list(state)
    for rounds in range(10):
        for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                           (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                work[x] = (work[x] + work[y]) & 0xffffffff
                mixed = work[z] ^ work[x]
                work[z] = (mixed << turn | mixed >> 32 - turn) & 0xffffffff
    return struct.pack('<16I', *((one + other) & 0xffffffff for one, other in zip(work, state)))


def _seal(key, nonce, plain):
    stream = b''.join(_chacha20_block(key, 1 + i, nonce) for i in range((len(plain) + 63) // 64))
    cipher = bytes(a ^ b for a, b in zip(plain, stream))
    one_time = _chacha20_block(key, 0, nonce)
    r = int.from_bytes(one_time[:16], 'little') & 0x0ffffffc0ffffffc0ffffffc0fffffff
    text = cipher + bytes(-len(cipher) % 16) + struct.pack('<QQ', 0, len(cipher))
    total = 0
    for at in range(0, len(text), 16):
        total = (total + int.from_bytes(text[at:at + 16] + b'\x01', 'little')) * r % (2**130 - 5)
    return cipher + ((total + int.from_bytes(one_time[16:32], 'little')) % 2**128).to_bytes(16, 'little')


def _recipient_key(recipient):
    bits = ''.join(f'{BECH32.index(letter):05b}' for letter in recipient[len('age1'):-6])
    return int(bits[:256], 2).to_bytes(32, 'big')


def _b64(data):
    return base64.b64encode(data).rstrip(b'=')


class OneHeader:
    """A header for one recipient; `seal` puts any payload under it."""

    def __init__(self, recipient):
        self.file_key = os.urandom(16)
        to, secret = _recipient_key(recipient), os.urandom(32)
        share = _x25519(secret, (9).to_bytes(32, 'little'))
        wrap = _hkdf(_x25519(secret, to), share + to, b'age-encryption.org/v1/X25519')
        body = _seal(wrap, bytes(12), self.file_key)
        text = b'age-encryption.org/v1\n-> X25519 ' + _b64(share) + b'\n' + _b64(body) + b'\n---'
        mac = hmac.digest(_hkdf(self.file_key, b'', b'header'), text, 'sha256')
        self.header = text + b' ' + _b64(mac) + b'\n'

    def seal(self, plain):
        assert len(plain) <= CHUNK, 'one chunk is enough for the tests'
        nonce = os.urandom(16)
        return self.header + nonce + _seal(_hkdf(self.file_key, nonce, b'payload'), bytes(11) + b'\x01', plain)


def reference_to(sealed):
    """The manifest's `object` of a file of one chunk (docs/formats/sealed-object.md)."""
    end = sealed.index(b'\n', sealed.index(b'\n--- ') + 1) + 1
    leaves = [hashlib.sha256(b'\x00' + part).digest() for part in (sealed[end:end + 16], sealed[end + 16:])]
    return {'header_digest': hashlib.sha256(sealed[:end]).hexdigest(), 'length': len(sealed),
            'root': hashlib.sha256(b'\x01' + leaves[0] + leaves[1]).hexdigest()}
