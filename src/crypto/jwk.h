#pragma once

// Public keys as JSON (RFC 7517, 7518 section 6, 8037), as issuers of tokens publish them, and JWS signatures
// under them. Strict where the RFCs leave room: numbers in their one encoding, no private members, one use
// per key.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/json.h"
#include "crypto/signature_verifier.h"

namespace cloister::crypto {

inline constexpr std::size_t kJwkSetKeysMax = 64;

// One key that may verify signatures. Immutable and thread-safe.
class Jwk {
 public:
  // Members `kid`, `alg`, `use`, `key_ops` may be absent; if they are there they must allow verifying and
  // agree with the key. Members that we do not know are ignored, as RFC 7517 section 4 demands, but those of
  // a private key and those of another `kty` are refused.
  static Result<Jwk> FromJson(const codec::Json& json);

  const VerifyingKey& key() const { return key_; }
  const std::optional<std::string>& kid() const { return kid_; }
  // Whether a JWS whose header names `alg` may be verified with this key: the key's own `alg`, or, if it has
  // none, any that its kind and curve allow. `none` and HMAC never are.
  bool Allows(std::string_view alg) const;
  // kVerificationFailed unless the key allows `alg` and the signature fits.
  Status Verify(std::string_view alg, ByteView signing_input, ByteView signature) const;

 private:
  explicit Jwk(VerifyingKey key) : key_(std::move(key)) {}
  VerifyingKey key_;
  std::optional<std::string> kid_;
  std::optional<std::string> alg_;
};

// {"keys": [...]} with at most kJwkSetKeysMax keys. A key that we refuse is left out, so that one of a kind that we do
// not know does not take the others away (RFC 7517 section 5); what it signed is signed by an unknown key.
Result<std::vector<Jwk>> ParseJwkSet(const codec::Json& json);

}  // namespace cloister::crypto
