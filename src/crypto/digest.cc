#include "crypto/digest.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>

#include "crypto/openssl.h"

namespace cloister::crypto {
namespace {

// One context per thread: a new one for each Merkle node would cost two allocations more than the hashing.
EVP_MD_CTX* ThreadContext() {
  thread_local const openssl::DigestContext context(EVP_MD_CTX_new());
  CLOISTER_CHECK(context != nullptr);
  return context.get();
}

void Start(EVP_MD_CTX* context, const EVP_MD* digest) {
  CLOISTER_CHECK(EVP_DigestInit_ex2(context, digest, nullptr) == 1);
}

void Feed(EVP_MD_CTX* context, ByteView piece) {
  CLOISTER_CHECK(EVP_DigestUpdate(context, piece.data(), piece.size()) == 1);
}

template <std::size_t N>
ByteArray<N> Take(EVP_MD_CTX* context) {
  ByteArray<N> digest;
  unsigned size = 0;
  CLOISTER_CHECK(EVP_DigestFinal_ex(context, digest.data(), &size) == 1 && size == N);
  return digest;
}

EVP_MAC* HmacAlgorithm() {
  static EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  CLOISTER_CHECK(mac != nullptr);
  return mac;
}

}  // namespace

Digest256 Sha256(ByteView message) {
  EVP_MD_CTX* context = ThreadContext();
  Start(context, openssl::Sha256Algorithm());
  Feed(context, message);
  return Take<32>(context);
}

Digest256 Sha256(std::initializer_list<ByteView> parts) {
  EVP_MD_CTX* context = ThreadContext();
  Start(context, openssl::Sha256Algorithm());
  for (ByteView part : parts) Feed(context, part);
  return Take<32>(context);
}

ByteArray<64> Sha512(ByteView message) {
  static EVP_MD* const sha512 = openssl::FetchDigest("SHA2-512");
  const openssl::DigestContext context(EVP_MD_CTX_new());
  CLOISTER_CHECK(context != nullptr);
  Start(context.get(), sha512);
  Feed(context.get(), message);
  return Take<64>(context.get());
}

struct Sha256Stream::State {
  openssl::DigestContext context{EVP_MD_CTX_new()};
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {
  CLOISTER_CHECK(state_->context != nullptr);
  Start(state_->context.get(), openssl::Sha256Algorithm());
}
Sha256Stream::~Sha256Stream() = default;
Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;
Sha256Stream& Sha256Stream::operator=(Sha256Stream&&) noexcept = default;

void Sha256Stream::Update(ByteView piece) { Feed(state_->context.get(), piece); }

Digest256 Sha256Stream::Finish() {
  const auto digest = Take<32>(state_->context.get());
  Start(state_->context.get(), openssl::Sha256Algorithm());
  return digest;
}

Digest256 HmacSha256(ByteView key, ByteView message) {
  const openssl::MacContext context(EVP_MAC_CTX_new(HmacAlgorithm()));
  CLOISTER_CHECK(context != nullptr);
  char digest_name[] = "SHA2-256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0), OSSL_PARAM_construct_end()};
  // A null key would mean "the key of last time" to OpenSSL; RFC 5869 uses an empty one.
  const std::uint8_t empty = 0;
  CLOISTER_CHECK(EVP_MAC_init(context.get(), key.empty() ? &empty : key.data(), key.size(), parameters) == 1);
  CLOISTER_CHECK(EVP_MAC_update(context.get(), message.data(), message.size()) == 1);
  Digest256 mac;
  std::size_t size = 0;
  CLOISTER_CHECK(EVP_MAC_final(context.get(), mac.data(), &size, mac.size()) == 1 && size == mac.size());
  return mac;
}

bool EqualInConstantTime(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace cloister::crypto
