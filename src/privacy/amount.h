#pragma once

// What differential privacy spends, as integers: sums of charges are exact in any order, and a filter that says "fits"
// is not wrong by a rounding error.
//
//   Epsilon   integer multiples of 1e-9
//   Delta     integer multiples of 1e-18
//   Rho       integer multiples of 1e-12   (zero-concentrated differential privacy)
//
// Owners write decimal numbers in documents whose bytes they sign (RFC 8785: the shortest decimal text of a double).
// FromNumber reads a double as exactly that decimal text: 0.1 is 1/10, and ten charges of 0.1 fill a budget of 1.
// Digits beyond the unit are rounded, and the caller says to which side: what is spent up, what a mechanism may use
// down.
//
// Values; thread-safe. Never negative; sums stop at the largest value instead of wrapping.

#include <compare>
#include <cstdint>
#include <limits>

#include "base/result.h"

namespace cloister::privacy {

enum class Rounding { kDown, kUp };

// `value` times `units_per_one`, which is a power of ten, by the shortest decimal text of `value`.
// kInvalidArgument: negative, not finite, or beyond the integer.
Result<std::int64_t> UnitsOf(double value, std::int64_t units_per_one, Rounding rounding);
// The double that is nearest to units / units_per_one; its shortest decimal text is that quotient wherever the quotient
// has at most 15 digits.
double NumberOf(std::int64_t units, std::int64_t units_per_one);

template <typename Kind, std::int64_t kUnitsPerOne>
class Amount {
 public:
  static constexpr std::int64_t kOne = kUnitsPerOne;

  constexpr Amount() = default;
  // units >= 0
  static constexpr Amount OfUnits(std::int64_t units) { return Amount(units < 0 ? 0 : units); }
  static Result<Amount> FromNumber(double value, Rounding rounding) {
    CLOISTER_ASSIGN(const std::int64_t units, UnitsOf(value, kUnitsPerOne, rounding));
    return Amount(units);
  }

  constexpr std::int64_t units() const { return units_; }
  double ToNumber() const { return NumberOf(units_, kUnitsPerOne); }
  constexpr bool IsZero() const { return units_ == 0; }

  constexpr Amount operator+(Amount other) const {
    constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
    return Amount(units_ > kMax - other.units_ ? kMax : units_ + other.units_);
  }
  constexpr Amount& operator+=(Amount other) { return *this = *this + other; }
  // At least zero.
  constexpr Amount Minus(Amount other) const { return Amount(units_ > other.units_ ? units_ - other.units_ : 0); }
  constexpr Amount Times(std::int64_t count) const {
    constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
    return Amount(count > 0 && units_ > kMax / count ? kMax : units_ * (count < 0 ? 0 : count));
  }
  // One of `parts` equal shares, rounded down: the shares together never exceed the whole. parts >= 1
  constexpr Amount Share(std::int64_t parts) const { return Amount(units_ / parts); }

  constexpr auto operator<=>(const Amount&) const = default;

 private:
  explicit constexpr Amount(std::int64_t units) : units_(units) {}
  std::int64_t units_ = 0;
};

using Epsilon = Amount<struct EpsilonKind, 1'000'000'000>;
using Delta = Amount<struct DeltaKind, 1'000'000'000'000'000'000>;
using Rho = Amount<struct RhoKind, 1'000'000'000'000>;

}  // namespace cloister::privacy
