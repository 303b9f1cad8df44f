#include "crypto/aead.h"

#include <limits>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/secret_bytes.h"
#include "crypto/openssl.h"

namespace cloister::crypto {
namespace {

constexpr std::size_t kMessageBytesMax = std::numeric_limits<int>::max();  // OpenSSL counts in int

EVP_CIPHER* Algorithm() {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);
  CLOISTER_CHECK(cipher != nullptr);
  return cipher;
}

// Contexts start with the first message of their direction: most objects only seal or only open.
struct Direction {
  openssl::CipherContext context;

  EVP_CIPHER_CTX* Start(bool encrypt, ByteView key, ByteView nonce) {
    CLOISTER_CHECK(nonce.size() == ChaCha20Poly1305::kNonceBytes);
    const bool first = context == nullptr;
    if (first) context.reset(EVP_CIPHER_CTX_new());
    CLOISTER_CHECK(context != nullptr);
    CLOISTER_CHECK(EVP_CipherInit_ex2(context.get(), first ? Algorithm() : nullptr,
                                      first ? key.data() : nullptr, nonce.data(), encrypt ? 1 : 0,
                                      nullptr) == 1);
    return context.get();
  }
};

// An empty piece is left out, because a null pointer would mean "finish" to OpenSSL. A null `out` marks
// associated data.
void Feed(EVP_CIPHER_CTX* context, ByteView piece, std::uint8_t* out) {
  if (piece.empty()) return;
  CLOISTER_CHECK(piece.size() <= kMessageBytesMax);
  int written = 0;
  const int size = static_cast<int>(piece.size());
  CLOISTER_CHECK(EVP_CipherUpdate(context, out, &written, piece.data(), size) == 1 && written == size);
}

// OpenSSL 3.0's AVX-512 ChaCha20-Poly1305 leaves the upper halves of the vector registers in use. Until they
// are cleared every SSE instruction drags them along, and SHA-256 with SHA-NI, which is what usually comes
// next, takes 1.18 times as long.
#if defined(__x86_64__)
__attribute__((target("avx"))) void ClearUpperHalves() { _mm256_zeroupper(); }
void LeaveVectorUnit() {
  if (__builtin_cpu_supports("avx")) ClearUpperHalves();
}
#else
void LeaveVectorUnit() {}
#endif

}  // namespace

struct ChaCha20Poly1305::State {
  SecretBytes key;
  Direction seal, open;
};

ChaCha20Poly1305::ChaCha20Poly1305(ByteView key) : state_(std::make_unique<State>()) {
  CLOISTER_CHECK(key.size() == kKeyBytes);
  state_->key = SecretBytes::CopyOf(key);
}
ChaCha20Poly1305::~ChaCha20Poly1305() = default;
ChaCha20Poly1305::ChaCha20Poly1305(ChaCha20Poly1305&&) noexcept = default;
ChaCha20Poly1305& ChaCha20Poly1305::operator=(ChaCha20Poly1305&&) noexcept = default;

void ChaCha20Poly1305::Seal(ByteView nonce, ByteView plaintext, ByteView associated_data,
                            std::span<std::uint8_t> out) {
  CLOISTER_CHECK(out.size() == plaintext.size() + kTagBytes);
  EVP_CIPHER_CTX* context = state_->seal.Start(true, state_->key.view(), nonce);
  Feed(context, associated_data, nullptr);
  Feed(context, plaintext, out.data());
  int none = 0;
  std::uint8_t* tag = out.data() + plaintext.size();
  CLOISTER_CHECK(EVP_CipherFinal_ex(context, tag, &none) == 1 && none == 0);
  CLOISTER_CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag) == 1);
  LeaveVectorUnit();
}

Status ChaCha20Poly1305::Open(ByteView nonce, ByteView sealed, ByteView associated_data,
                              std::span<std::uint8_t> out) {
  if (sealed.size() < kTagBytes) return VerificationFailed("sealed bytes shorter than their tag");
  const std::size_t size = sealed.size() - kTagBytes;
  CLOISTER_CHECK(out.size() == size);
  auto tag = ToArray<kTagBytes>(sealed.last(kTagBytes));  // a copy, since OpenSSL's parameter is not const
  const openssl::QuietErrors quiet;
  EVP_CIPHER_CTX* context = state_->open.Start(false, state_->key.view(), nonce);
  CLOISTER_CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1);
  Feed(context, associated_data, nullptr);
  Feed(context, sealed.first(size), out.data());
  int none = 0;
  std::uint8_t unused = 0;
  const bool authentic = EVP_CipherFinal_ex(context, &unused, &none) == 1;
  LeaveVectorUnit();
  if (authentic) return {};
  Wipe(out);
  return VerificationFailed("sealed bytes were changed, or the key is another one");
}

}  // namespace cloister::crypto
