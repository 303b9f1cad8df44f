#pragma once

// Wide integers, so that no mechanism needs floating point between an exact sum and what is released.

#include <bit>
#include <cstdint>

namespace cloister::privacy {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UInt128;

// Number of bits of `value`: 0 for 0, 3 for 5.
constexpr int BitWidth(UInt128 value) {
  const auto high = static_cast<std::uint64_t>(value >> 64);
  return high != 0 ? 64 + std::bit_width(high) : std::bit_width(static_cast<std::uint64_t>(value));
}

constexpr UInt128 Gcd(UInt128 a, UInt128 b) {
  while (b != 0) {
    const UInt128 rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

// The least integer at or above a / b; b > 0, and a + b - 1 fits.
constexpr UInt128 CeilDivide(UInt128 a, UInt128 b) { return (a + b - 1) / b; }

// The greatest integer at or below the square root.
constexpr UInt128 FloorSqrt(UInt128 value) {
  UInt128 root = 0;
  for (int bit = (BitWidth(value) + 1) / 2; bit >= 0; --bit) {
    const UInt128 next = root | UInt128{1} << bit;
    if (next != 0 && next <= value / next) root = next;
  }
  return root;
}

}  // namespace cloister::privacy
