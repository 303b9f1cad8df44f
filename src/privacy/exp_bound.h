#pragma once

// A proven lower bound of exp(x), in integers: mantissa * 2^(exponent - 63), with mantissa in [2^63, 2^64). It is
// within a part in 2^50 of the true value.

#include <cstdint>

#include "privacy/integers.h"

namespace cloister::privacy {

struct ExpBound {
  std::uint64_t mantissa = 0;
  int exponent = 0;

  // floor(value * bound); value below 2^63 and the product below 2^96.
  UInt128 TimesDown(std::uint64_t value) const;
  // ceil(value / bound)
  std::uint64_t DividedUp(std::uint64_t value) const;
};

// x = numerator / denominator; denominator below 2^63. x above kExpArgumentMax counts as that, which is lower still.
inline constexpr std::int64_t kExpArgumentMax = 20;
ExpBound LowerBoundOfExp(UInt128 numerator, UInt128 denominator);

}  // namespace cloister::privacy
