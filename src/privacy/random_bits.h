#pragma once

// Random integers from random bytes, exactly uniform: no remainder bias, no floating point.
//
// Reads its Rng in blocks of kBlockBytes and forgets what is left, so one RandomBits belongs to one draw whose Rng is a
// function of that draw alone. Not thread-safe.
//
// Every loop here and in samplers.h has a bound that is reached with a probability below 2^-200 whatever the
// parameters; reaching it means that the Rng is broken, and stops the process.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/rng.h"
#include "privacy/integers.h"

namespace cloister::privacy {

class RandomBits {
 public:
  explicit RandomBits(Rng& rng) : rng_(rng) {}
  RandomBits(const RandomBits&) = delete;
  RandomBits& operator=(const RandomBits&) = delete;

  bool Coin() { return (NextByte() & 1) != 0; }
  std::uint64_t Next64();
  // Uniform on 0..n-1; n >= 1. Rejection: each try fails with a probability below 1/2.
  UInt128 Below(UInt128 n);
  // True with probability numerator / denominator; 0 <= numerator <= denominator, denominator >= 1.
  bool Bernoulli(UInt128 numerator, UInt128 denominator) { return Below(denominator) < numerator; }

 private:
  static constexpr std::size_t kBlockBytes = 64;

  std::uint8_t NextByte() {
    if (used_ == kBlockBytes) Refill();
    return block_[used_++];
  }
  void Refill();
  UInt128 NextBits(int bits);

  Rng& rng_;
  std::array<std::uint8_t, kBlockBytes> block_{};
  std::size_t used_ = kBlockBytes;
};

}  // namespace cloister::privacy
