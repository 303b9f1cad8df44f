#include "crypto/signer.h"

#include <sodium/crypto_core_ed25519.h>

#include "codec/text.h"
#include "crypto/digest.h"
#include "crypto/openssl.h"

namespace cloister::crypto {
namespace {

constexpr std::size_t kKeyBytes = 32;

openssl::Key PrivateKey(const SecretBytes& seed) {
  openssl::Key key(
      EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr, seed.view().data(), seed.size()));
  CLOISTER_CHECK(key != nullptr);
  return key;
}

Result<Ed25519PublicKey> PublicOf(const SecretBytes& seed) {
  ByteArray<kKeyBytes> raw{};
  std::size_t size = raw.size();
  CLOISTER_CHECK(EVP_PKEY_get_raw_public_key(PrivateKey(seed).get(), raw.data(), &size) == 1);
  return Ed25519PublicKey::FromRaw(raw);
}

}  // namespace

Result<Ed25519PublicKey> Ed25519PublicKey::FromRaw(ByteView raw) {
  if (raw.size() != kKeyBytes) return VerificationFailed("an Ed25519 public key must be 32 bytes");
  // OpenSSL takes any 32 bytes. With a key of small order one signature fits every message, and a second
  // encoding of a point would be a second participant; libsodium refuses both, and what is no point of the
  // prime-order group at all.
  if (crypto_core_ed25519_is_valid_point(raw.data()) != 1) {
    return VerificationFailed("an Ed25519 public key must be a canonical point of full order");
  }
  return Ed25519PublicKey(ToArray<kKeyBytes>(raw));
}

std::string Ed25519PublicKey::Thumbprint() const {
  // RFC 7638 section 3.2: the required members only, sorted, without space.
  const std::string jwk =
      R"({"crv":"Ed25519","kty":"OKP","x":")" + codec::Base64UrlEncode(raw_) + R"("})";
  return codec::Base64UrlEncode(Sha256(AsBytes(jwk)));
}

Status Ed25519PublicKey::Verify(ByteView message, ByteView signature) const {
  const openssl::QuietErrors quiet;
  const openssl::Key key(
      EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, raw_.data(), raw_.size()));
  const openssl::DigestContext context(EVP_MD_CTX_new());
  CLOISTER_CHECK(key != nullptr && context != nullptr);
  CLOISTER_CHECK(
      EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key.get(), nullptr) == 1);
  // OpenSSL refuses S >= L (signer_test.cc holds it to that) and compares R byte by byte.
  if (signature.size() != sizeof(Ed25519Signature) ||
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) !=
          1) {
    return VerificationFailed("the Ed25519 signature does not fit");
  }
  return {};
}

Ed25519Signer::Ed25519Signer(SecretBytes seed, Ed25519PublicKey public_key)
    : seed_(std::move(seed)), public_key_(public_key) {}

Ed25519Signer Ed25519Signer::Generate(Rng& rng) {
  SecretBytes seed(kKeyBytes);
  rng.Fill(seed.mutable_view());
  return FromSeed(std::move(seed)).value();
}

Result<Ed25519Signer> Ed25519Signer::FromSeed(SecretBytes seed) {
  if (seed.size() != kKeyBytes) return InvalidArgument("an Ed25519 seed must be 32 bytes");
  CLOISTER_ASSIGN(Ed25519PublicKey public_key, PublicOf(seed));
  return Ed25519Signer(std::move(seed), public_key);
}

Result<Ed25519Signature> Ed25519Signer::Sign(ByteView message) const {
  const openssl::Key key = PrivateKey(seed_);
  const openssl::DigestContext context(EVP_MD_CTX_new());
  CLOISTER_CHECK(context != nullptr);
  CLOISTER_CHECK(
      EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key.get(), nullptr) == 1);
  Ed25519Signature signature{};
  std::size_t size = signature.size();
  CLOISTER_CHECK(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) == 1);
  CLOISTER_CHECK(size == signature.size());
  return signature;
}

}  // namespace cloister::crypto
