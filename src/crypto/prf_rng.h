#pragma once

// Randomness that is a function: the same key and input give the same bytes, and without the key nobody can tell them
// from chance. The bytes are the ChaCha20 stream (RFC 8439) under the key BLAKE2b-256(key, input) (RFC 7693, keyed).
// Not thread-safe; one object is one stream.

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/rng.h"
#include "base/secret_bytes.h"

namespace cloister::crypto {

inline constexpr std::size_t kPrfKeyBytes = 32;

class PrfRng final : public Rng {
 public:
  // `key` is kPrfKeyBytes long. Inputs must be encoded so that no two draws share one.
  PrfRng(const SecretBytes& key, ByteView input);
  ~PrfRng() override;
  PrfRng(const PrfRng&) = delete;
  PrfRng& operator=(const PrfRng&) = delete;

  void Fill(std::span<std::uint8_t> out) override;

 private:
  static constexpr std::size_t kBufferBytes = 128;  // two ChaCha20 blocks: what one draw of noise usually needs

  void Refill();

  std::array<std::uint8_t, 32> stream_key_{};
  std::array<std::uint8_t, kBufferBytes> buffer_{};
  std::size_t used_ = kBufferBytes;
  std::uint32_t next_block_ = 0;
};

}  // namespace cloister::crypto
