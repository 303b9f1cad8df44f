#include "crypto/x25519.h"

#include "crypto/openssl.h"

namespace cloister::crypto {
namespace {

constexpr std::size_t kKeyBytes = 32;

openssl::Key PrivateKey(ByteView secret) {
  openssl::Key key(EVP_PKEY_new_raw_private_key_ex(nullptr, "X25519", nullptr, secret.data(), secret.size()));
  CLOISTER_CHECK(key != nullptr);
  return key;
}

X25519PublicKey PublicOf(const SecretBytes& secret) {
  X25519PublicKey raw{};
  std::size_t size = raw.size();
  CLOISTER_CHECK(EVP_PKEY_get_raw_public_key(PrivateKey(secret.view()).get(), raw.data(), &size) == 1);
  CLOISTER_CHECK(size == raw.size());
  return raw;
}

}  // namespace

X25519PrivateKey::X25519PrivateKey(SecretBytes secret, X25519PublicKey public_key)
    : secret_(std::move(secret)), public_key_(public_key) {}

X25519PrivateKey X25519PrivateKey::Generate(Rng& rng) {
  SecretBytes secret(kKeyBytes);
  rng.Fill(secret.mutable_view());
  const X25519PublicKey public_key = PublicOf(secret);
  return {std::move(secret), public_key};
}

Result<X25519PrivateKey> X25519PrivateKey::FromSecret(SecretBytes secret) {
  if (secret.size() != kKeyBytes) return InvalidArgument("an X25519 private key must be 32 bytes");
  const X25519PublicKey public_key = PublicOf(secret);
  return X25519PrivateKey(std::move(secret), public_key);
}

X25519PrivateKey X25519PrivateKey::Clone() const { return {secret_.Clone(), public_key_}; }

Result<SecretBytes> X25519PrivateKey::Agree(const X25519PublicKey& peer) const {
  const openssl::QuietErrors quiet;
  const openssl::Key own = PrivateKey(secret_.view());
  const openssl::Key other(
      EVP_PKEY_new_raw_public_key_ex(nullptr, "X25519", nullptr, peer.data(), peer.size()));
  const openssl::KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, own.get(), nullptr));
  CLOISTER_CHECK(other != nullptr && context != nullptr);
  CLOISTER_CHECK(EVP_PKEY_derive_init(context.get()) == 1);
  CLOISTER_CHECK(EVP_PKEY_derive_set_peer_ex(context.get(), other.get(), 0) == 1);
  SecretBytes shared(kKeyBytes);
  std::size_t size = shared.size();
  // The only failure left: RFC 7748 section 6.1, an all-zero result (x25519_test.cc holds OpenSSL to that).
  if (EVP_PKEY_derive(context.get(), shared.mutable_view().data(), &size) != 1) {
    return VerificationFailed("an X25519 public key of low order");
  }
  CLOISTER_CHECK(size == kKeyBytes);
  return shared;
}

}  // namespace cloister::crypto
