#pragma once

// Ed25519 (RFC 8032) signing and verifying, and the names of keys (RFC 7638 thumbprints over RFC 8037 keys).

#include <compare>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/rng.h"
#include "base/secret_bytes.h"

namespace cloister::crypto {

using Ed25519Signature = ByteArray<64>;

// A public key that is known to be a point of the curve of full order.
class Ed25519PublicKey {
 public:
  // 32 raw bytes. kVerificationFailed for a non-canonical encoding or a point of low order.
  static Result<Ed25519PublicKey> FromRaw(ByteView raw);
  const ByteArray<32>& raw() const { return raw_; }
  // RFC 7638: base64url of SHA-256 of {"crv":"Ed25519","kty":"OKP","x":"..."}; 43 characters. A participant
  // *is* this.
  std::string Thumbprint() const;
  // kVerificationFailed unless `signature` (64 bytes, S < L) fits.
  Status Verify(ByteView message, ByteView signature) const;
  auto operator<=>(const Ed25519PublicKey&) const = default;

 private:
  explicit Ed25519PublicKey(ByteArray<32> raw) : raw_(raw) {}
  ByteArray<32> raw_;
};

// A handle that signs. Port: a key in memory below; one in a keystore or an HSM may follow.
class Signer {
 public:
  virtual ~Signer() = default;
  virtual const Ed25519PublicKey& public_key() const = 0;
  virtual Result<Ed25519Signature> Sign(ByteView message) const = 0;
};

class Ed25519Signer final : public Signer {
 public:
  static Ed25519Signer Generate(Rng& rng);
  // The 32-byte seed of RFC 8032.
  static Result<Ed25519Signer> FromSeed(SecretBytes seed);

  const Ed25519PublicKey& public_key() const override { return public_key_; }
  Result<Ed25519Signature> Sign(ByteView message) const override;
  const SecretBytes& seed() const { return seed_; }

 private:
  Ed25519Signer(SecretBytes seed, Ed25519PublicKey public_key);
  SecretBytes seed_;
  Ed25519PublicKey public_key_;
};

}  // namespace cloister::crypto
