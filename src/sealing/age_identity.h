#pragma once

// X25519 recipients and identities of age v1 (https://c2sp.org/age, "The X25519 recipient type") and their
// texts:
//
//   age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj              a recipient: give it away
//   AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX  its identity: keep it
//
// Reading is strict Bech32 (BIP 173): one case throughout, right checksum, exactly 32 bytes, zero padding
// bits; a recipient is lower case and an identity upper case, as every age tool writes them. Values are
// immutable and thread-safe.

#include <compare>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/rng.h"
#include "base/secret_bytes.h"
#include "crypto/x25519.h"

namespace cloister::sealing {

// A public key that one can seal to: known not to be of low order, with which every shared secret would be
// zero.
class AgeRecipient {
 public:
  // kInvalidArgument for any other text, kVerificationFailed for a low-order point.
  static Result<AgeRecipient> Parse(std::string_view text);
  static Result<AgeRecipient> FromPublicKey(const crypto::X25519PublicKey& key);

  std::string Text() const;
  const crypto::X25519PublicKey& public_key() const { return key_; }
  auto operator<=>(const AgeRecipient&) const = default;

 private:
  friend class AgeIdentity;
  explicit AgeRecipient(const crypto::X25519PublicKey& key) : key_(key) {}
  crypto::X25519PublicKey key_;
};

// A handle that opens. Move-only, as the key inside.
class AgeIdentity {
 public:
  static AgeIdentity Generate(Rng& rng);
  static AgeIdentity FromPrivateKey(crypto::X25519PrivateKey key) { return AgeIdentity(std::move(key)); }
  // The caller owns `text` and wipes it. Errors never repeat it.
  static Result<AgeIdentity> Parse(std::string_view text);

  // "AGE-SECRET-KEY-1...", without a line end. For whoever may store the key.
  SecretBytes SecretText() const;
  AgeRecipient recipient() const { return AgeRecipient(key_.public_key()); }
  const crypto::X25519PrivateKey& key() const { return key_; }
  AgeIdentity Clone() const { return AgeIdentity(key_.Clone()); }

 private:
  explicit AgeIdentity(crypto::X25519PrivateKey key) : key_(std::move(key)) {}
  crypto::X25519PrivateKey key_;
};

}  // namespace cloister::sealing
