#include "crypto/prf_rng.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "crypto/library.h"

namespace cloister::crypto {
namespace {

constexpr std::size_t kBlockBytes = 64;

}  // namespace

PrfRng::PrfRng(const SecretBytes& key, ByteView input) {
  CLOISTER_CHECK(key.size() == kPrfKeyBytes);
  CLOISTER_CHECK(crypto_generichash_blake2b(stream_key_.data(), stream_key_.size(), input.data(), input.size(),
                                            key.view().data(), key.size()) == 0);
}

PrfRng::~PrfRng() {
  sodium_memzero(stream_key_.data(), stream_key_.size());
  sodium_memzero(buffer_.data(), buffer_.size());
}

// The nonce may be constant: each stream has a key of its own.
void PrfRng::Refill() {
  static constexpr std::array<std::uint8_t, crypto_stream_chacha20_ietf_NONCEBYTES> kNonce{};
  buffer_.fill(0);
  CLOISTER_CHECK(next_block_ < 0xffffff00u);
  crypto_stream_chacha20_ietf_xor_ic(buffer_.data(), buffer_.data(), buffer_.size(), kNonce.data(), next_block_,
                                     stream_key_.data());
  next_block_ += kBufferBytes / kBlockBytes;
  used_ = 0;
}

void PrfRng::Fill(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    if (used_ == kBufferBytes) Refill();
    const std::size_t count = std::min(out.size(), kBufferBytes - used_);
    std::memcpy(out.data(), buffer_.data() + used_, count);
    used_ += count;
    out = out.subspan(count);
  }
}

}  // namespace cloister::crypto
