#pragma once

// JWS compact serialization (RFC 7515) as our documents use it: EdDSA only, header exactly
// {"alg":"EdDSA","kid":<RFC 7638 thumbprint>,"typ":<document>}, payload canonical JSON (RFC 8785) of an
// object. Anything else in the header (jwk, x5u, crit, ...) or a second spelling of the same bytes is
// refused, so a document has one form and one digest.

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/json.h"
#include "crypto/signer.h"

namespace cloister::crypto {

inline constexpr std::size_t kJwsBytesMax = 1 << 20;

// Signs the canonical form of `payload`.
Result<std::string> SignJws(const Signer& signer, std::string_view typ, const codec::Json& payload);

// What a JWS says before anybody checked its signature: enough to look the key up, and nothing more.
struct UnverifiedJws {
  std::string typ;
  std::string kid;
};
Result<UnverifiedJws> PeekJws(std::string_view compact);

// A payload whose signature fits. Only VerifyJws makes one.
class VerifiedJws {
 public:
  const std::string& compact() const { return compact_; }
  const std::string& typ() const { return typ_; }
  const std::string& kid() const { return kid_; }
  const codec::Json& payload() const { return payload_; }
  // SHA-256 of the JWS signing input (`header.payload`): what other documents refer to.
  const Digest256& digest() const { return digest_; }

 private:
  friend Result<VerifiedJws> VerifyJws(std::string_view, std::string_view, const Ed25519PublicKey&);
  VerifiedJws() = default;
  std::string compact_, typ_, kid_;
  codec::Json payload_;
  Digest256 digest_{};
};

// Every check of the format, then the signature under `key`, whose thumbprint `kid` must be.
Result<VerifiedJws> VerifyJws(std::string_view compact, std::string_view typ, const Ed25519PublicKey& key);

// SHA-256 of `header.payload` of a well-formed compact JWS.
Result<Digest256> JwsDigest(std::string_view compact);

}  // namespace cloister::crypto
