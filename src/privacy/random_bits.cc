#include "privacy/random_bits.h"

#include "base/check.h"

namespace cloister::privacy {
namespace {

constexpr int kTriesMax = 256;  // (1/2)^256

}  // namespace

void RandomBits::Refill() {
  rng_.Fill(block_);
  used_ = 0;
}

UInt128 RandomBits::NextBits(int bits) {
  UInt128 value = 0;
  for (int have = 0; have < bits; have += 8) value = value << 8 | NextByte();
  return value & ((UInt128{1} << bits) - 1);
}

std::uint64_t RandomBits::Next64() { return static_cast<std::uint64_t>(NextBits(64)); }

UInt128 RandomBits::Below(UInt128 n) {
  CLOISTER_CHECK(n >= 1);
  const int bits = BitWidth(n - 1);
  CLOISTER_CHECK(bits < 128);
  if (bits == 0) return 0;
  for (int tries = 0; tries < kTriesMax; ++tries) {
    const UInt128 value = NextBits(bits);
    if (value < n) return value;
  }
  CLOISTER_CHECK(!"the random number generator is broken");
  return 0;
}

}  // namespace cloister::privacy
