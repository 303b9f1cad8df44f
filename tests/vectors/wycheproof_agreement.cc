// Key agreement: XDH and ECDH, with keys in each of the encodings that the schemas know.
#include <openssl/core_names.h>
#include <openssl/x509.h>

#include <algorithm>

#include "crypto/x25519.h"
#include "vectors/library_crypto.h"
#include "vectors/wycheproof.h"

namespace cloister::vectors {
namespace {

using crypto::openssl::Key;

MaybeBytes AgreeX25519(ByteView secret, ByteView peer) {
  auto key = crypto::X25519PrivateKey::FromSecret(SecretBytes::CopyOf(secret));
  if (!key || peer.size() != 32) return std::nullopt;  // the peer's size is part of our function's type
  const auto shared = key->Agree(ToArray<32>(peer));
  if (!shared) return std::nullopt;
  return ToBytes(shared->view());
}

// A peer's key in the encoding of RFC 5480, which names its curve. Parameters that are spelled out could be
// another curve with the same points on it.
Key NamedCurveKey(ByteView der) {
  Key key = PublicKeyFromDer(der);
  char encoding[32] = {};
  std::size_t size = 0;
  if (key == nullptr ||
      EVP_PKEY_get_utf8_string_param(key.get(), OSSL_PKEY_PARAM_EC_ENCODING, encoding, sizeof encoding,
                                     &size) != 1 ||
      std::string_view(encoding, size) != OSSL_PKEY_EC_ENCODING_GROUP) {
    return nullptr;
  }
  Bytes again(static_cast<std::size_t>(i2d_PUBKEY(key.get(), nullptr)));
  std::uint8_t* end = again.data();
  i2d_PUBKEY(key.get(), &end);
  if (!std::equal(again.begin(), again.end(), der.begin(), der.end())) return nullptr;
  return key;
}

struct KeyPair {
  Key own, peer;
};

KeyPair ReadKeys(const WycheproofTest& test) {
  if (test.type == "XdhAsnComp") {
    return {PrivateKeyFromDer(Hex(test.test, "private")), PublicKeyFromDer(Hex(test.test, "public"))};
  }
  if (test.type == "XdhPemComp" || test.type == "EcdhPemTest") {
    return {PrivateKeyFromPem(Text(test.test, "private")), PublicKeyFromPem(Text(test.test, "public"))};
  }
  if (test.type == "XdhJwkComp" || test.type == "EcdhWebcryptoTest") {
    return {KeyFromJwk(Object(test.test, "private")), KeyFromJwk(Object(test.test, "public"))};
  }
  const std::string curve = Text(test.group, "curve");
  const Bytes own = Hex(test.test, "private"), peer = Hex(test.test, "public");
  if (test.type == "XdhComp") {
    if (curve != "curve448") throw VectorError("no rule for curve " + curve);
    return {RawPrivateKey("X448", own), RawPublicKey("X448", peer)};
  }
  Key own_key = EcKey({.curve = curve, .point = {}, .scalar = own});
  if (own_key == nullptr) throw VectorError("no rule for curve " + curve);
  if (test.type == "EcdhEcpointTest") {
    return {std::move(own_key), EcKey({.curve = curve, .point = peer, .scalar = {}})};
  }
  return {std::move(own_key), NamedCurveKey(peer)};
}

MaybeBytes Raw(EVP_PKEY* key, bool is_private) {
  Bytes raw(32);
  std::size_t size = raw.size();
  const int done = is_private ? EVP_PKEY_get_raw_private_key(key, raw.data(), &size)
                              : EVP_PKEY_get_raw_public_key(key, raw.data(), &size);
  if (done != 1) return std::nullopt;
  return raw;
}

MaybeBytes Agree(const WycheproofTest& test) {
  if (test.type == "XdhComp" && Text(test.group, "curve") == "curve25519") {
    return AgreeX25519(Hex(test.test, "private"), Hex(test.test, "public"));
  }
  const KeyPair keys = ReadKeys(test);
  if (keys.own == nullptr || keys.peer == nullptr) return std::nullopt;
  if (!EVP_PKEY_is_a(keys.own.get(), "X25519")) return LibraryAgree(keys.own.get(), keys.peer.get());
  if (!EVP_PKEY_is_a(keys.peer.get(), "X25519")) return std::nullopt;
  return AgreeX25519(*Raw(keys.own.get(), true), *Raw(keys.peer.get(), false));
}

}  // namespace

bool KnowsAgreementType(std::string_view type) {
  return type == "XdhComp" || type == "XdhAsnComp" || type == "XdhPemComp" || type == "XdhJwkComp" ||
         type == "EcdhTest" || type == "EcdhEcpointTest" || type == "EcdhPemTest" ||
         type == "EcdhWebcryptoTest";
}

Answer CheckAgreement(const WycheproofTest& test) {
  const MaybeBytes shared = Agree(test);
  if (!shared) return Answer::kRefused;
  // An invalid test names no value, or one that must not come out.
  if (*shared == Hex(test.test, "shared")) return Answer::kAccepted;
  return Text(test.test, "result") == "invalid" ? Answer::kAccepted : Answer::kWrong;
}

}  // namespace cloister::vectors
