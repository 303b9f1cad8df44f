#pragma once

// X25519 (RFC 7748). The private key is a handle: it agrees, it is not handed out, except to be wrapped or
// stored by whoever may (`secret()`).

#include "base/bytes.h"
#include "base/result.h"
#include "base/rng.h"
#include "base/secret_bytes.h"

namespace cloister::crypto {

using X25519PublicKey = ByteArray<32>;

class X25519PrivateKey {
 public:
  static X25519PrivateKey Generate(Rng& rng);
  // Exactly 32 bytes, unclamped as RFC 7748 stores them.
  static Result<X25519PrivateKey> FromSecret(SecretBytes secret);

  const X25519PublicKey& public_key() const { return public_key_; }
  // The raw shared value. kVerificationFailed for a low-order point, whose result is all zero.
  Result<SecretBytes> Agree(const X25519PublicKey& peer) const;
  const SecretBytes& secret() const { return secret_; }
  X25519PrivateKey Clone() const;

 private:
  X25519PrivateKey(SecretBytes secret, X25519PublicKey public_key);
  SecretBytes secret_;
  X25519PublicKey public_key_;
};

}  // namespace cloister::crypto
