#pragma once

// Signatures of others: certificates, attestation reports, TPM quotes and tokens come with the keys and
// schemes that their makers chose. This verifies them; what we sign ourselves is Ed25519 (signer.h).
//
// A VerifyingKey is a public key that passed every check we know: canonical encoding, a point of its named
// curve, an RSA modulus of a size that holds and without the ROCA weakness. It says nothing about whose key
// it is.

#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/signer.h"

struct evp_pkey_st;

namespace cloister::crypto {

// How a signature is computed and written. ECDSA signatures are an ASN.1 SEQUENCE of r and s in DER (X.509,
// TLS) or r and s side by side, each as long as the curve's order (JWS). PSS salts are as long as the digest,
// and MGF1 uses the same digest.
enum class SignatureScheme {
  kEcdsaSha256Der,
  kEcdsaSha384Der,
  kEcdsaSha512Der,
  kEcdsaSha256Raw,
  kEcdsaSha384Raw,
  kEcdsaSha512Raw,
  kRsaPkcs1Sha256,
  kRsaPkcs1Sha384,
  kRsaPkcs1Sha512,
  kRsaPssSha256,
  kRsaPssSha384,
  kRsaPssSha512,
  kEd25519,
};

enum class KeyKind { kP256, kP384, kP521, kRsa, kEd25519 };

// Big-endian, without leading zero bytes.
struct RsaNumbers {
  ByteView modulus;
  ByteView exponent;
};
// Big-endian, each exactly as long as the curve's field.
struct EcPoint {
  ByteView x;
  ByteView y;
};

inline constexpr int kRsaModulusBitsMin = 2048;
inline constexpr int kRsaModulusBitsMax = 8192;  // verification time grows with the square
inline constexpr std::size_t kSpkiBytesMax = 2048;

// Immutable and thread-safe; copies share the key.
class VerifyingKey {
 public:
  // A SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) in DER, in the one form that spki() writes: named
  // curve, uncompressed point, rsaEncryption with NULL. kVerificationFailed for every other form and for weak
  // keys.
  static Result<VerifyingKey> FromSpki(ByteView der);
  static Result<VerifyingKey> FromEcPoint(KeyKind curve, const EcPoint& point);
  static Result<VerifyingKey> FromRsa(const RsaNumbers& numbers);
  static VerifyingKey FromEd25519(const Ed25519PublicKey& key);

  KeyKind kind() const { return kind_; }
  // Equal keys have equal bytes here.
  const Bytes& spki() const { return spki_; }
  // kVerificationFailed unless the signature fits; also if the scheme is for another kind of key.
  Status Verify(SignatureScheme scheme, ByteView message, ByteView signature) const;

 private:
  VerifyingKey(KeyKind kind, std::shared_ptr<evp_pkey_st> key);
  KeyKind kind_;
  std::shared_ptr<evp_pkey_st> key_;
  Bytes spki_;
};

}  // namespace cloister::crypto
