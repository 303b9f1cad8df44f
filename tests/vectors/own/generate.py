#!/usr/bin/env python3
"""Writes own/wycheproof: one small file per schema that cloister-vectors knows, in the format of C2SP/wycheproof.

Each test is made by python3-cryptography, an implementation of its own over its own OpenSSL, and stands twice: as it is
(valid) and changed in one place (invalid). Values differ in each run; the committed files are one run's.

  python3 generate.py          # needs python3-cryptography
"""

import base64
import json
import os
import pathlib
import zlib

from cryptography.hazmat.primitives import cmac, hashes, hmac, keywrap, padding as block_padding, serialization as ser
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, ed448, padding, rsa, utils, x25519, x448
from cryptography.hazmat.primitives.ciphers import Cipher, aead, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

OUT = pathlib.Path(__file__).parent / "wycheproof"
MSG = b"one message for all"
HASHES = {
    "SHA-1": hashes.SHA1(),
    "SHA-224": hashes.SHA224(),
    "SHA-256": hashes.SHA256(),
    "SHA-384": hashes.SHA384(),
    "SHA-512": hashes.SHA512(),
    "SHA-512/256": hashes.SHA512_256(),
    "SHA3-256": hashes.SHA3_256(),
}
CURVES = {
    "secp256r1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "secp521r1": ec.SECP521R1(),
    "secp224r1": ec.SECP224R1(),
    "secp256k1": ec.SECP256K1(),
    "brainpoolP256r1": ec.BrainpoolP256R1(),
}
CASES = []


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return value.to_bytes(size or (value.bit_length() + 7) // 8, "big")


def flip(hex_text, at=0):
    raw = bytearray.fromhex(hex_text)
    raw[at] ^= 1
    return raw.hex()


def spki(key):
    return key.public_bytes(ser.Encoding.DER, ser.PublicFormat.SubjectPublicKeyInfo).hex()


def pkcs8(key):
    return key.private_bytes(ser.Encoding.DER, ser.PrivateFormat.PKCS8, ser.NoEncryption()).hex()


def pem(key, private):
    if private:
        return key.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption()).decode()
    return key.public_bytes(ser.Encoding.PEM, ser.PublicFormat.SubjectPublicKeyInfo).decode()


def write(name, schema, algorithm, groups):
    """groups: (members, [(test members, what to change in it)])."""
    tests, out = 0, []
    counts = {"valid": 0, "invalid": 0}
    for members, pairs in groups:
        group = dict(members, tests=[])
        for test, changes in pairs:
            for result, change in [("valid", {})] + [("invalid", c) for c in changes]:
                tests += 1
                counts[result] += 1
                group["tests"].append(dict(test, **change, tcId=tests, comment="", flags=[], result=result))
        out.append(group)
    document = {"schema": schema, "numberOfTests": tests, "testGroups": out}
    if algorithm:
        document["algorithm"] = algorithm
    (OUT / f"{name}.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
    CASES.append(
        {
            "id": f"own-{name}",
            "inputs": {"vectors": f"wycheproof/{name}.json"},
            "expect": 'per test "result": valid must pass, invalid must fail',
            "counts": counts,
            "how_known": "made by python3-cryptography",
        }
    )


def aeads():
    def file(name, algorithm, cipher, key_sizes, iv_size, tag_size=16, make=None):
        groups = []
        for size in key_sizes:
            key, iv, aad = os.urandom(size), os.urandom(iv_size), os.urandom(5)
            pairs = []
            for message, data in ((MSG, aad), (b"", b"")):
                sealed = (make or (lambda k: cipher(k)))(key).encrypt(iv, message, data)
                ct, tag = sealed[:-tag_size].hex(), sealed[-tag_size:].hex()
                test = dict(key=key.hex(), iv=iv.hex(), aad=data.hex(), msg=message.hex(), ct=ct, tag=tag)
                changes = [dict(tag=flip(tag)), dict(tag=tag[:-2]), dict(aad="00" + data.hex())]
                if ct:
                    changes.append(dict(ct=flip(ct)))
                pairs.append((test, changes))
            groups.append((dict(type="AeadTest", keySize=size * 8, ivSize=iv_size * 8, tagSize=tag_size * 8), pairs))
        write(name, "aead_test_schema_v1.json", algorithm, groups)

    file("aes_gcm", "AES-GCM", aead.AESGCM, (16, 24, 32), 12)
    file("aes_gcm_long_iv", "AES-GCM", aead.AESGCM, (16,), 20)
    file("aes_gcm_longer_iv", "AES-GCM", None, (16,), 257, 16, LongNonceGcm)
    file("aes_ccm", "AES-CCM", None, (16, 32), 12, 8, lambda key: aead.AESCCM(key, 8))
    file("chacha20_poly1305", "CHACHA20-POLY1305", aead.ChaCha20Poly1305, (32,), 12)


class LongNonceGcm:
    """AES-GCM over nonces that python3-cryptography's own AESGCM refuses: GHASH by hand (NIST SP 800-38D)."""

    def __init__(self, key):
        self.key = key

    def block(self, data):
        return Cipher(algorithms.AES(self.key), modes.ECB()).encryptor().update(data)

    def ghash(self, data):
        h, y = int.from_bytes(self.block(bytes(16)), "big"), 0
        for at in range(0, len(data), 16):
            y, z, v = y ^ int.from_bytes(data[at : at + 16], "big"), 0, h
            for bit in range(127, -1, -1):
                if y >> bit & 1:
                    z ^= v
                v = v >> 1 ^ (0xE1 << 120 if v & 1 else 0)
            y = z
        return number(y, 16)

    def encrypt(self, nonce, message, aad):
        pad = lambda data: data + bytes(-len(data) % 16)
        j0 = self.ghash(pad(nonce) + bytes(8) + number(len(nonce) * 8, 8))
        out, counter = b"", int.from_bytes(j0[12:], "big")
        for at in range(0, len(message), 16):
            counter = (counter + 1) % 2**32
            stream = self.block(j0[:12] + number(counter, 4))
            out += bytes(a ^ b for a, b in zip(message[at : at + 16], stream))
        tag = self.ghash(pad(aad) + pad(out) + number(len(aad) * 8, 8) + number(len(out) * 8, 8))
        return out + bytes(a ^ b for a, b in zip(tag, self.block(j0)))


def siv():
    groups, deterministic = [], []
    for size in (32, 48, 64):
        key, aad, nonce = os.urandom(size), os.urandom(5), os.urandom(16)
        sealed = aead.AESSIV(key).encrypt(MSG, [aad, nonce])
        test = dict(
            key=key.hex(), iv=nonce.hex(), aad=aad.hex(), msg=MSG.hex(), ct=sealed[16:].hex(), tag=sealed[:16].hex()
        )
        groups.append(
            (
                dict(type="AeadTest", keySize=size * 8, ivSize=128, tagSize=128),
                [(test, [dict(tag=flip(test["tag"])), dict(iv="00"), dict(key="00")])],
            )
        )
        sealed = aead.AESSIV(key).encrypt(MSG, [aad]).hex()
        test = dict(key=key.hex(), aad=aad.hex(), msg=MSG.hex(), ct=sealed)
        deterministic.append(
            (
                dict(type="DaeadTest", keySize=size * 8),
                [(test, [dict(ct=flip(sealed)), dict(ct=sealed[:-2]), dict(ct="")])],
            )
        )
    write("aead_aes_siv_cmac", "aead_test_schema_v1.json", "AEAD-AES-SIV-CMAC", groups)
    write("aes_siv_cmac", "daead_test_schema_v1.json", "AES-SIV-CMAC", deterministic)


def cbc_hmac():
    key, iv, aad = os.urandom(32), os.urandom(16), os.urandom(7)
    ct = cbc(key[16:], iv, MSG)
    mac = hmac.HMAC(key[:16], hashes.SHA256())
    mac.update(aad + iv + ct + number(len(aad) * 8, 8))
    tag = mac.finalize()[:16].hex()
    test = dict(key=key.hex(), iv=iv.hex(), aad=aad.hex(), msg=MSG.hex(), ct=ct.hex(), tag=tag)
    write(
        "a128cbc_hs256",
        "aead_test_schema_v1.json",
        "A128CBC-HS256",
        [
            (
                dict(type="AeadTest", keySize=256, ivSize=128, tagSize=128),
                [(test, [dict(tag=flip(tag)), dict(ct=flip(ct.hex()))])],
            )
        ],
    )


def cbc(key, iv, message):
    pad = block_padding.PKCS7(128).padder()
    enc = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return enc.update(pad.update(message) + pad.finalize()) + enc.finalize()


def plain_ciphers():
    key, iv = os.urandom(32), os.urandom(16)
    ct = cbc(key, iv, MSG).hex()
    test = dict(key=key.hex(), iv=iv.hex(), msg=MSG.hex(), ct=ct)
    write(
        "aes_cbc_pkcs5",
        "ind_cpa_test_schema_v1.json",
        "AES-CBC-PKCS5",
        [(dict(type="IndCpaTest", keySize=256, ivSize=128), [(test, [dict(ct=ct[:-2]), dict(ct="")])])],
    )
    key = os.urandom(16)
    wrapped = keywrap.aes_key_wrap(key, MSG[:16]).hex()
    write(
        "aes_wrap",
        "keywrap_test_schema_v1.json",
        "AES-WRAP",
        [
            (
                dict(type="KeywrapTest", keySize=128),
                [
                    (
                        dict(key=key.hex(), msg=MSG[:16].hex(), ct=wrapped),
                        [dict(ct=flip(wrapped)), dict(ct=wrapped[:32])],
                    )
                ],
            )
        ],
    )
    wrapped = keywrap.aes_key_wrap_with_padding(key, MSG).hex()
    write(
        "aes_kwp",
        "keywrap_test_schema_v1.json",
        "AES-KWP",
        [
            (
                dict(type="KeywrapTest", keySize=128),
                [(dict(key=key.hex(), msg=MSG.hex(), ct=wrapped), [dict(ct=flip(wrapped))])],
            )
        ],
    )


def macs():
    for algorithm, name in (
        ("HMACSHA1", "SHA-1"),
        ("HMACSHA256", "SHA-256"),
        ("HMACSHA384", "SHA-384"),
        ("HMACSHA512", "SHA-512"),
        ("HMACSHA512/256", "SHA-512/256"),
        ("HMACSHA3-256", "SHA3-256"),
    ):
        groups = []
        for cut in (HASHES[name].digest_size, 10):
            key = os.urandom(24)
            mac = hmac.HMAC(key, HASHES[name])
            mac.update(MSG)
            tag = mac.finalize()[:cut].hex()
            test = dict(key=key.hex(), msg=MSG.hex(), tag=tag)
            groups.append(
                (
                    dict(type="MacTest", keySize=192, tagSize=cut * 8),
                    [(test, [dict(tag=flip(tag)), dict(tag=tag[:-2]), dict(msg="00")])],
                )
            )
        write(algorithm.lower().replace("/", "_").replace("-", "_"), "mac_test_schema_v1.json", algorithm, groups)
    key = os.urandom(16)
    mac = cmac.CMAC(algorithms.AES(key))
    mac.update(MSG)
    tag = mac.finalize().hex()
    write(
        "aes_cmac",
        "mac_test_schema_v1.json",
        "AES-CMAC",
        [
            (
                dict(type="MacTest", keySize=128, tagSize=128),
                [(dict(key=key.hex(), msg=MSG.hex(), tag=tag), [dict(tag=flip(tag)), dict(key="00")])],
            )
        ],
    )
    iv = os.urandom(12)
    tag = aead.AESGCM(key).encrypt(iv, b"", MSG).hex()
    write(
        "aes_gmac",
        "mac_with_iv_test_schema_v1.json",
        "AES-GMAC",
        [
            (
                dict(type="MacWithIvTest", keySize=128, ivSize=96, tagSize=128),
                [(dict(key=key.hex(), iv=iv.hex(), msg=MSG.hex(), tag=tag), [dict(tag=flip(tag))])],
            )
        ],
    )


def kdfs():
    for name in ("SHA-1", "SHA-256", "SHA-384", "SHA-512"):
        pairs = []
        for size, salt in ((1, b""), (200, os.urandom(9))):
            okm = HKDF(HASHES[name], size, salt, b"label").derive(MSG).hex()
            test = dict(ikm=MSG.hex(), salt=salt.hex(), info=b"label".hex(), size=size, okm=okm)
            pairs.append((test, [dict(okm=flip(okm)), dict(size=255 * HASHES[name].digest_size + 1, okm="")]))
        write(
            "hkdf_" + name.lower().replace("-", ""),
            "hkdf_test_schema_v1.json",
            "HKDF-" + name,
            [(dict(type="HkdfTest", keySize=152), pairs)],
        )
    dk = PBKDF2HMAC(hashes.SHA256(), 20, b"salt", 1000).derive(b"password").hex()
    test = dict(password=b"password".hex(), salt=b"salt".hex(), iterationCount=1000, dkLen=20, dk=dk)
    write(
        "pbkdf2",
        "pbkdf_test_schema.json",
        "PBKDF2-HMACSHA256",
        [(dict(type="PbkdfTest"), [(test, [dict(dk=flip(dk))])])],
    )
    write(
        "primality",
        "primality_test_schema_v1.json",
        "PrimalityTest",
        [
            (
                dict(type="PrimalityTest"),
                [(dict(value=f"{2**127 - 1:032x}"), [dict(value="0231"), dict(value="fb"), dict(value="01")])],
            )
        ],
    )


def ecdsa():
    for curve, name in (
        ("secp256r1", "SHA-256"),
        ("secp384r1", "SHA-384"),
        ("secp521r1", "SHA-512"),
        ("secp256r1", "SHA3-256"),
        ("secp384r1", "SHA-256"),
        ("secp224r1", "SHA-224"),
        ("secp256k1", "SHA-256"),
        ("brainpoolP256r1", "SHA-256"),
    ):
        key = ec.generate_private_key(CURVES[curve])
        sig = key.sign(MSG, ec.ECDSA(HASHES[name]))
        r, s = utils.decode_dss_signature(sig)
        size = (key.key_size + 7) // 8
        raw = (number(r, size) + number(s, size)).hex()
        group = dict(
            publicKey=dict(type="EcPublicKey", curve=curve, keySize=key.key_size),
            publicKeyDer=spki(key.public_key()),
            sha=name,
        )
        order_changes = [dict(sig=sig.hex() + "00"), dict(msg="00"), dict(sig=""), dict(sig="3006020100020100")]
        file = f"ecdsa_{curve}_{name}".lower().replace("-", "")
        write(
            file,
            "ecdsa_verify_schema_v1.json",
            "ECDSA",
            [(dict(group, type="EcdsaVerify"), [(dict(msg=MSG.hex(), sig=sig.hex()), order_changes)])],
        )
        write(
            file + "_p1363",
            "ecdsa_p1363_verify_schema_v1.json",
            "ECDSA",
            [
                (
                    dict(group, type="EcdsaP1363Verify"),
                    [
                        (
                            dict(msg=MSG.hex(), sig=raw),
                            [dict(sig=flip(raw)), dict(sig=raw + "00"), dict(sig="00" * 2 * size)],
                        )
                    ],
                )
            ],
        )
    key = ec.generate_private_key(CURVES["secp256k1"])
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    r, s = utils.decode_dss_signature(key.sign(MSG, ec.ECDSA(hashes.SHA256())))
    low, high = min(s, order - s), max(s, order - s)
    write(
        "ecdsa_bitcoin",
        "ecdsa_bitcoin_verify_schema.json",
        "ECDSA",
        [
            (
                dict(
                    type="EcdsaBitcoinVerify",
                    publicKey=dict(curve="secp256k1"),
                    publicKeyDer=spki(key.public_key()),
                    sha="SHA-256",
                ),
                [
                    (
                        dict(msg=MSG.hex(), sig=utils.encode_dss_signature(r, low).hex()),
                        [dict(sig=utils.encode_dss_signature(r, high).hex())],
                    )
                ],
            )
        ],
    )
    key = dsa.generate_private_key(2048)
    sig = key.sign(MSG, hashes.SHA256())
    r, s = utils.decode_dss_signature(sig)
    raw = (number(r, 32) + number(s, 32)).hex()
    group = dict(publicKey={}, publicKeyDer=spki(key.public_key()), sha="SHA-256")
    write(
        "dsa",
        "dsa_verify_schema_v1.json",
        "DSA",
        [
            (
                dict(group, type="DsaVerify"),
                [(dict(msg=MSG.hex(), sig=sig.hex()), [dict(sig=sig.hex() + "00"), dict(msg="00")])],
            )
        ],
    )
    write(
        "dsa_p1363",
        "dsa_p1363_verify_schema_v1.json",
        "DSA",
        [(dict(group, type="DsaP1363Verify"), [(dict(msg=MSG.hex(), sig=raw), [dict(sig=flip(raw, 40))])])],
    )


def eddsa():
    for curve, key in (
        ("edwards25519", ed25519.Ed25519PrivateKey.generate()),
        ("edwards448", ed448.Ed448PrivateKey.generate()),
    ):
        sig = key.sign(MSG).hex()
        raw = key.public_key().public_bytes(ser.Encoding.Raw, ser.PublicFormat.Raw).hex()
        write(
            curve,
            "eddsa_verify_schema_v1.json",
            "EDDSA",
            [
                (
                    dict(
                        type="EddsaVerify",
                        publicKey=dict(type="EDDSAPublicKey", curve=curve, keySize=255, pk=raw),
                        publicKeyDer=spki(key.public_key()),
                    ),
                    [
                        (
                            dict(msg=MSG.hex(), sig=sig),
                            [dict(sig=flip(sig)), dict(sig=sig + "00"), dict(sig=""), dict(msg="")],
                        )
                    ],
                )
            ],
        )


def rsa_files():
    key = rsa.generate_private_key(65537, 2048)
    small = rsa.generate_private_key(65537, 1024)
    for name in ("SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512", "SHA3-256"):
        sig = key.sign(MSG, padding.PKCS1v15(), HASHES[name]).hex()
        group = dict(publicKeyDer=spki(key.public_key()), keySize=2048, sha=name)
        file = "rsa_signature_" + name.lower().replace("-", "")
        write(
            file,
            "rsassa_pkcs1_verify_schema_v1.json",
            "RSASSA-PKCS1-v1_5",
            [
                (
                    dict(group, type="RsassaPkcs1Verify"),
                    [(dict(msg=MSG.hex(), sig=sig), [dict(sig=flip(sig, 9)), dict(sig="00" + sig), dict(msg="")])],
                )
            ],
        )
    sig = small.sign(MSG, padding.PKCS1v15(), hashes.SHA256()).hex()
    write(
        "rsa_signature_1024",
        "rsassa_pkcs1_verify_schema_v1.json",
        "RSASSA-PKCS1-v1_5",
        [
            (
                dict(type="RsassaPkcs1Verify", publicKeyDer=spki(small.public_key()), keySize=1024, sha="SHA-256"),
                [(dict(msg=MSG.hex(), sig=sig), [dict(msg="")])],
            )
        ],
    )
    groups = []
    for name, mask, salt in (
        ("SHA-256", "SHA-256", 32),
        ("SHA-384", "SHA-384", 48),
        ("SHA-512", "SHA-512", 64),
        ("SHA-256", "SHA-256", 0),
        ("SHA-256", "SHA-1", 20),
        ("SHA-1", "SHA-1", 20),
    ):
        sig = key.sign(MSG, padding.PSS(padding.MGF1(HASHES[mask]), salt), HASHES[name]).hex()
        other = key.sign(MSG, padding.PSS(padding.MGF1(HASHES[mask]), salt + 1), HASHES[name]).hex()
        groups.append(
            (
                dict(
                    type="RsassaPssVerify",
                    publicKeyDer=spki(key.public_key()),
                    keySize=2048,
                    sha=name,
                    mgf="MGF1",
                    mgfSha=mask,
                    sLen=salt,
                ),
                [(dict(msg=MSG.hex(), sig=sig), [dict(sig=flip(sig, 9)), dict(sig=other), dict(msg="")])],
            )
        )
    write("rsa_pss", "rsassa_pss_verify_schema_v1.json", "RSASSA-PSS", groups)
    ct = key.public_key().encrypt(MSG, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), b"label")).hex()
    group = dict(privateKeyPkcs8=pkcs8(key), keySize=2048)
    write(
        "rsa_oaep",
        "rsaes_oaep_decrypt_schema_v1.json",
        "RSAES-OAEP",
        [
            (
                dict(group, type="RsaesOaepDecrypt", sha="SHA-256", mgf="MGF1", mgfSha="SHA-256"),
                [(dict(msg=MSG.hex(), ct=ct, label=b"label".hex()), [dict(ct=flip(ct, 9)), dict(label="")])],
            )
        ],
    )
    ct = key.public_key().encrypt(MSG, padding.PKCS1v15()).hex()
    write(
        "rsa_pkcs1_decrypt",
        "rsaes_pkcs1_decrypt_schema_v1.json",
        "RSAES-PKCS1-v1_5",
        [(dict(group, type="RsaesPkcs1Decrypt"), [(dict(msg=MSG.hex(), ct=ct), [dict(ct=flip(ct, 9))])])],
    )
    sig = key.sign(MSG, padding.PKCS1v15(), hashes.SHA256()).hex()
    write(
        "rsa_sign",
        "rsassa_pkcs1_generate_schema_v1.json",
        "RSASSA-PKCS1-v1_5",
        [
            (
                dict(group, type="RsassaPkcs1Generate", sha="SHA-256"),
                [(dict(msg=MSG.hex(), sig=sig), [dict(sig=flip(sig))])],
            )
        ],
    )


def jwk_of(key, private, **members):
    public = key.public_key()
    if isinstance(key, rsa.RSAPrivateKey):
        n = public.public_numbers()
        out = dict(kty="RSA", n=b64(number(n.n)), e=b64(number(n.e)))
        if private:
            p = key.private_numbers()
            out.update(
                {
                    name: b64(number(value))
                    for name, value in (
                        ("d", p.d),
                        ("p", p.p),
                        ("q", p.q),
                        ("dp", p.dmp1),
                        ("dq", p.dmq1),
                        ("qi", p.iqmp),
                    )
                }
            )
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        size, n = (key.key_size + 7) // 8, public.public_numbers()
        crv = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521", "secp256k1": "secp256k1"}[
            key.curve.name
        ]
        out = dict(kty="EC", crv=crv, x=b64(number(n.x, size)), y=b64(number(n.y, size)))
        if private:
            out["d"] = b64(number(key.private_numbers().private_value, size))
    else:
        crv = (
            "Ed25519"
            if isinstance(key, ed25519.Ed25519PrivateKey)
            else "Ed448" if isinstance(key, ed448.Ed448PrivateKey) else "X25519"
        )
        out = dict(kty="OKP", crv=crv, x=b64(public.public_bytes(ser.Encoding.Raw, ser.PublicFormat.Raw)))
        if private:
            out["d"] = b64(key.private_bytes(ser.Encoding.Raw, ser.PrivateFormat.Raw, ser.NoEncryption()))
    return dict(out, **members)


def agreement():
    own, peer = x25519.X25519PrivateKey.generate(), x25519.X25519PrivateKey.generate()
    for name, own, peer in (
        ("25519", own, peer),
        ("448", x448.X448PrivateKey.generate(), x448.X448PrivateKey.generate()),
    ):
        shared = own.exchange(peer.public_key()).hex()
        secret = own.private_bytes(ser.Encoding.Raw, ser.PrivateFormat.Raw, ser.NoEncryption()).hex()
        public = peer.public_key().public_bytes(ser.Encoding.Raw, ser.PublicFormat.Raw).hex()
        zero = "00" * (len(public) // 2)
        write(
            f"x{name}",
            "xdh_comp_schema_v1.json",
            "XDH",
            [
                (
                    dict(type="XdhComp", curve=f"curve{name}"),
                    [
                        (
                            dict(public=public, private=secret, shared=shared),
                            [dict(public=zero, shared=zero), dict(public="00")],
                        )
                    ],
                )
            ],
        )
        write(
            f"x{name}_asn",
            "xdh_asn_comp_schema_v1.json",
            "XDH",
            [
                (
                    dict(type="XdhAsnComp", curve=f"curve{name}"),
                    [(dict(public=spki(peer.public_key()), private=pkcs8(own), shared=shared), [dict(public="3000")])],
                )
            ],
        )
        write(
            f"x{name}_pem",
            "xdh_pem_comp_schema_v1.json",
            "XDH",
            [
                (
                    dict(type="XdhPemComp", curve=f"curve{name}"),
                    [
                        (
                            dict(public=pem(peer.public_key(), False), private=pem(own, True), shared=shared),
                            [dict(public="no")],
                        )
                    ],
                )
            ],
        )
        if name == "25519":
            write(
                "x25519_jwk",
                "xdh_jwk_comp_schema_v1.json",
                "XDH",
                [
                    (
                        dict(type="XdhJwkComp", curve="curve25519"),
                        [
                            (
                                dict(public=jwk_of(peer, False), private=jwk_of(own, True), shared=shared),
                                [dict(public=dict(jwk_of(peer, False), x="AA"))],
                            )
                        ],
                    )
                ],
            )
    for curve in ("secp256r1", "secp384r1", "secp521r1", "secp256k1", "brainpoolP256r1"):
        own, peer = ec.generate_private_key(CURVES[curve]), ec.generate_private_key(CURVES[curve])
        other = ec.generate_private_key(CURVES["secp256r1" if curve != "secp256r1" else "secp384r1"])
        shared = own.exchange(ec.ECDH(), peer.public_key()).hex()
        secret = "00" + number(own.private_numbers().private_value).hex()
        point = peer.public_key().public_bytes(ser.Encoding.X962, ser.PublicFormat.UncompressedPoint).hex()
        group = dict(curve=curve)
        write(
            f"ecdh_{curve}",
            "ecdh_test_schema_v1.json",
            "ECDH",
            [
                (
                    dict(group, type="EcdhTest", encoding="asn"),
                    [
                        (
                            dict(public=spki(peer.public_key()), private=secret, shared=shared),
                            [dict(public=spki(other.public_key())), dict(public="")],
                        )
                    ],
                )
            ],
        )
        write(
            f"ecdh_{curve}_ecpoint",
            "ecdh_ecpoint_test_schema_v1.json",
            "ECDH",
            [
                (
                    dict(group, type="EcdhEcpointTest", encoding="ecpoint"),
                    [
                        (
                            dict(public=point, private=secret, shared=shared),
                            [dict(public=flip(point, -1)), dict(public="")],
                        )
                    ],
                )
            ],
        )
        write(
            f"ecdh_{curve}_pem",
            "ecdh_pem_test_schema_v1.json",
            "ECDH",
            [
                (
                    dict(group, type="EcdhPemTest", encoding="pem"),
                    [
                        (
                            dict(public=pem(peer.public_key(), False), private=pem(own, True), shared=shared),
                            [dict(public=pem(other.public_key(), False))],
                        )
                    ],
                )
            ],
        )
        if curve in ("secp256r1", "secp384r1", "secp521r1"):
            public = jwk_of(peer, False)
            write(
                f"ecdh_{curve}_webcrypto",
                "ecdh_webcrypto_test_schema_v1.json",
                "ECDH",
                [
                    (
                        dict(group, type="EcdhWebcryptoTest", encoding="webcrypto"),
                        [
                            (
                                dict(public=public, private=jwk_of(own, True), shared=shared),
                                [dict(public=dict(public, x=public["y"]))],
                            )
                        ],
                    )
                ],
            )


def token(header, payload, sign):
    text = b64(json.dumps(header).encode()) + "." + b64(payload)
    return text + "." + b64(sign(text.encode()))


def jose():
    def raw(key, hash_):
        size = (key.key_size + 7) // 8

        def sign(data):
            r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hash_)))
            return number(r, size) + number(s, size)

        return sign

    def mac(secret, hash_):
        def sign(data):
            h = hmac.HMAC(secret, hash_)
            h.update(data)
            return h.finalize()

        return sign

    def pss(key, hash_):
        return lambda data: key.sign(data, padding.PSS(padding.MGF1(hash_), hash_.digest_size), hash_)

    def pkcs1(key, hash_):
        return lambda data: key.sign(data, padding.PKCS1v15(), hash_)

    rsa_key, edwards, secret = (
        rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate(),
        os.urandom(64),
    )
    signers = [("EdDSA", edwards, edwards.sign)]
    for bits, curve in ((256, "secp256r1"), (384, "secp384r1"), (512, "secp521r1")):
        hash_ = HASHES[f"SHA-{bits}"]
        key = ec.generate_private_key(CURVES[curve])
        signers += [
            (f"ES{bits}", key, raw(key, hash_)),
            (f"RS{bits}", rsa_key, pkcs1(rsa_key, hash_)),
            (f"PS{bits}", rsa_key, pss(rsa_key, hash_)),
            (f"HS{bits}", None, mac(secret, hash_)),
        ]
    koblitz, big_edwards = ec.generate_private_key(CURVES["secp256k1"]), ed448.Ed448PrivateKey.generate()
    signers += [("ES256K", koblitz, raw(koblitz, hashes.SHA256())), ("EdDSA", big_edwards, big_edwards.sign)]
    groups = []
    for alg, key, sign in signers:
        members = dict(alg=alg, kid="k1", use="sig", key_ops=["verify"])
        public = jwk_of(key, False, **members) if key else dict(kty="oct", k=b64(secret), **members)
        group = dict(type="JsonWebSignature", comment="", private=public, public=public)
        good = token(dict(alg=alg, kid="k1"), MSG, sign)
        bad = [
            dict(jws=good[:-8] + "AAAAAAAA"),
            dict(jws=good + "="),
            dict(jws="." + good),
            dict(jws=good.rsplit(".", 1)[0] + "."),
            dict(jws=token(dict(alg="none", kid="k1"), MSG, lambda data: b"")),
            dict(jws=token(dict(alg=alg, kid="k2"), MSG, sign)),
            dict(jws=token(dict(alg=alg, kid="k1", crit=["x"], x=1), MSG, sign)),
            dict(jws=token(dict(kid="k1"), MSG, sign)),
        ]
        groups.append((group, [(dict(jws=good), bad if not groups else bad[:1] + bad[-3:-1])]))
        if key:  # the public key's bytes as a secret
            confused = mac(bytes.fromhex(spki(key.public_key())), hashes.SHA256())
            groups.append((group, [(dict(jws=good), [dict(jws=token(dict(alg="HS256", kid="k1"), MSG, confused))])]))
    write("json_web_signature", "json_web_signature_schema_v1.json", None, groups)

    es = [signer for signer in signers if signer[0] in ("ES256", "ES384")]
    keys = [jwk_of(key, False, alg=alg, kid=alg, use="sig") for alg, key, _ in es]
    tokens = [token(dict(alg=alg, kid=alg), MSG, sign) for alg, _, sign in es]
    group = dict(type="JsonWebKey", comment="", private=dict(keys=keys), public=dict(keys=keys))
    groups = [(group, [(dict(jws=tokens[0]), [dict(jws=tokens[0][:-4])]), (dict(jws=tokens[1]), [])])]
    for change in (
        dict(use="enc"),
        dict(key_ops=["sign"]),
        dict(key_ops=["verify", "verify"]),
        dict(alg="ES384"),
        dict(crv="P-384"),
        dict(x=keys[0]["y"]),
    ):
        changed = dict(keys=[dict(keys[0], **change)])
        groups.append(
            (dict(type="JsonWebKey", comment="", private=changed, public=changed), [(dict(jws=tokens[0]), [])])
        )
    mixed = dict(keys=keys + [dict(kty="oct", k=b64(secret), kid="s")])
    groups.append((dict(type="JsonWebKey", comment="", private=mixed, public=mixed), [(dict(jws=tokens[0]), [])]))
    write("json_web_key", "json_web_key_schema_v1.json", None, groups[:1])
    # The groups with a changed key have no valid test.
    document = json.loads((OUT / "json_web_key.json").read_text())
    for group, pairs in groups[1:]:
        document["numberOfTests"] += 1
        document["testGroups"].append(
            dict(
                group, tests=[dict(pairs[0][0], tcId=document["numberOfTests"], comment="", flags=[], result="invalid")]
            )
        )
        CASES[-1]["counts"]["invalid"] += 1
    (OUT / "json_web_key.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")


def jwe():
    def seal(header, encrypted_key, content_key, enc, message=MSG):
        encoded = b64(json.dumps(dict(header, enc=enc)).encode())
        if enc.endswith("GCM"):
            iv = os.urandom(12)
            sealed = aead.AESGCM(content_key).encrypt(iv, message, encoded.encode())
            ct, tag = sealed[:-16], sealed[-16:]
        else:
            iv, half = os.urandom(16), len(content_key) // 2
            ct = cbc(content_key[half:], iv, message)
            mac = hmac.HMAC(content_key[:half], HASHES["SHA-" + enc[-3:]])
            mac.update(encoded.encode() + iv + ct + number(len(encoded) * 8, 8))
            tag = mac.finalize()[:half]
        return ".".join([encoded, b64(encrypted_key), b64(iv), b64(ct), b64(tag)])

    def concat_kdf(shared, algorithm, size):
        def sized(data):
            return number(len(data), 4) + data

        out, counter = b"", 1
        while len(out) < size:
            digest = hashes.Hash(hashes.SHA256())
            digest.update(
                number(counter, 4) + shared + sized(algorithm) + sized(b"Alice") + sized(b"Bob") + number(size * 8, 4)
            )
            out, counter = out + digest.finalize(), counter + 1
        return out[:size]

    groups = []

    def add(alg, jwk, text, enc):
        parts = text.split(".")
        bad = [
            dict(jwe=text + "="),
            dict(jwe=text[:-6] + "AAAAAA"),
            dict(jwe=".".join(parts[:4])),
            dict(jwe=".".join([parts[0], parts[1], "", *parts[3:]])),
            dict(jwe=".".join(["", *parts[1:]])),
        ]
        # Damage to the form needs one witness; damage to the bytes, one for each algorithm.
        groups.append(
            (
                dict(type="JsonWebEncryption", comment="", private=dict(jwk, alg=alg, use="enc", kid="k")),
                [(dict(jwe=text, pt=MSG.hex(), enc=enc), bad if not groups else bad[1:2])],
            )
        )

    cek = os.urandom(64)
    for size in (16, 24, 32):
        key = os.urandom(size)
        for enc, need in (
            ("A128CBC-HS256", 32),
            ("A192CBC-HS384", 48),
            ("A256CBC-HS512", 64),
            (f"A{size * 8}GCM", size),
        ):
            alg = f"A{size * 8}KW"
            add(
                alg,
                dict(kty="oct", k=b64(key)),
                seal(dict(alg=alg, kid="k"), keywrap.aes_key_wrap(key, cek[:need]), cek[:need], enc),
                enc,
            )
        iv = os.urandom(12)
        wrapped = aead.AESGCM(key).encrypt(iv, cek[:32], None)
        alg = f"A{size * 8}GCMKW"
        add(
            alg,
            dict(kty="oct", k=b64(key)),
            seal(dict(alg=alg, kid="k", iv=b64(iv), tag=b64(wrapped[-16:])), wrapped[:-16], cek[:32], "A256GCM"),
            "A256GCM",
        )
    add("dir", dict(kty="oct", k=b64(cek[:32])), seal(dict(alg="dir"), b"", cek[:32], "A256GCM"), "A256GCM")
    deflate = zlib.compressobj(wbits=-15)
    add(
        "dir",
        dict(kty="oct", k=b64(cek[:32])),
        seal(dict(alg="dir", zip="DEF"), b"", cek[:32], "A256GCM", deflate.compress(MSG) + deflate.flush()),
        "A256GCM",
    )
    salt = os.urandom(16)
    wrapping = PBKDF2HMAC(hashes.SHA256(), 16, b"PBES2-HS256+A128KW\0" + salt, 2000).derive(b"password")
    add(
        "PBES2-HS256+A128KW",
        dict(kty="oct", k=b64(b"password")),
        seal(
            dict(alg="PBES2-HS256+A128KW", p2s=b64(salt), p2c=2000),
            keywrap.aes_key_wrap(wrapping, cek[:16]),
            cek[:16],
            "A128GCM",
        ),
        "A128GCM",
    )
    key = rsa.generate_private_key(65537, 2048)
    for alg, pad in (
        ("RSA1_5", padding.PKCS1v15()),
        ("RSA-OAEP", padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)),
        ("RSA-OAEP-256", padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)),
    ):
        add(
            alg,
            jwk_of(key, True),
            seal(dict(alg=alg), key.public_key().encrypt(cek[:16], pad), cek[:16], "A128GCM"),
            "A128GCM",
        )
    for own, once in (
        (ec.generate_private_key(CURVES["secp521r1"]), ec.generate_private_key(CURVES["secp521r1"])),
        (x25519.X25519PrivateKey.generate(), x25519.X25519PrivateKey.generate()),
    ):
        shared = (
            once.exchange(own.public_key())
            if isinstance(own, x25519.X25519PrivateKey)
            else once.exchange(ec.ECDH(), own.public_key())
        )
        epk = jwk_of(once, False)
        header = dict(epk=epk, apu=b64(b"Alice"), apv=b64(b"Bob"))
        add(
            "ECDH-ES",
            jwk_of(own, True),
            seal(dict(header, alg="ECDH-ES"), b"", concat_kdf(shared, b"A128CBC-HS256", 32), "A128CBC-HS256"),
            "A128CBC-HS256",
        )
        wrapping = concat_kdf(shared, b"ECDH-ES+A256KW", 32)
        add(
            "ECDH-ES+A256KW",
            jwk_of(own, True),
            seal(dict(header, alg="ECDH-ES+A256KW"), keywrap.aes_key_wrap(wrapping, cek[:16]), cek[:16], "A128GCM"),
            "A128GCM",
        )
    write("json_web_encryption", "json_web_encryption_schema_v1.json", None, groups)


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for stale in OUT.glob("*.json"):
        stale.unlink()
    for make in (aeads, siv, cbc_hmac, plain_ciphers, macs, kdfs, ecdsa, eddsa, rsa_files, agreement, jose, jwe):
        make()
    (OUT / "cases.json").write_text(json.dumps(CASES, indent=1) + "\n")
