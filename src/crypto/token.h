#pragma once

// Signed tokens of others: JWTs (RFC 7519) in JWS compact serialization (RFC 7515), as issuers of identities make them,
// with RS256 or ES256 and nothing else. Our own documents are another, narrower format (jws.h).
//
// A token says by `kid` which key of its issuer signed it. A token without one, one that brings a key or a place of
// keys along (jwk, jku, x5c, x5u), and one with critical extensions is refused (RFC 8725 sections 3.1, 3.10).
//
//   CLOISTER_ASSIGN(const auto token, VerifyToken(compact, keys));
//   token.payload()                    // signed by one of `keys`; what it says is the caller's to judge

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/json.h"
#include "crypto/jwk.h"

namespace cloister::crypto {

inline constexpr std::size_t kTokenBytesMax = 16 << 10;

// A payload, a JSON object without duplicate members, whose signature fits. Only VerifyToken makes one.
class VerifiedToken {
 public:
  const codec::JsonObject& payload() const { return payload_; }

 private:
  friend Result<VerifiedToken> VerifyToken(std::string_view, const std::vector<Jwk>&);
  explicit VerifiedToken(codec::JsonObject payload) : payload_(std::move(payload)) {}
  codec::JsonObject payload_;
};

// Which key a token names, before anybody checked a signature: enough to fetch newer keys, and nothing more.
// kVerificationFailed for what VerifyToken would refuse by its header alone.
Result<std::string> PeekTokenKid(std::string_view compact);

// kVerificationFailed unless exactly one of `keys` has the token's kid, may be used for its algorithm, and signed it.
Result<VerifiedToken> VerifyToken(std::string_view compact, const std::vector<Jwk>& keys);

}  // namespace cloister::crypto
