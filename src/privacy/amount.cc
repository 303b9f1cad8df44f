#include "privacy/amount.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "base/check.h"
#include "privacy/integers.h"

namespace cloister::privacy {
namespace {

// digits * 10^exponent
struct Decimal {
  std::uint64_t digits = 0;
  int exponent = 0;
};

// Of a finite, positive number: at most 17 significant digits.
Decimal ShortestDecimal(double value) {
  std::array<char, 64> text;
  const auto written = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific);
  CLOISTER_CHECK(written.ec == std::errc());
  Decimal decimal;
  bool after_point = false;
  for (const char* at = text.data(); at != written.ptr; ++at) {
    if (*at == '.') {
      after_point = true;
    } else if (*at == 'e') {
      const char* sign = at + 1 + (at[1] == '+' ? 1 : 0);
      int exponent = 0;
      CLOISTER_CHECK(std::from_chars(sign, written.ptr, exponent).ec == std::errc());
      decimal.exponent += exponent;
      break;
    } else {
      decimal.digits = decimal.digits * 10 + static_cast<std::uint64_t>(*at - '0');
      if (after_point) --decimal.exponent;
    }
  }
  return decimal;
}

}  // namespace

Result<std::int64_t> UnitsOf(double value, std::int64_t units_per_one, Rounding rounding) {
  if (!std::isfinite(value) || value < 0) return InvalidArgument("a privacy amount must be a number of at least 0");
  if (value == 0) return std::int64_t{0};
  const Decimal decimal = ShortestDecimal(value);
  int exponent = decimal.exponent;
  for (std::int64_t rest = units_per_one; rest > 1; rest /= 10) ++exponent;
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  UInt128 units = decimal.digits;
  for (; exponent > 0 && units <= kMax; --exponent) units *= 10;
  if (units > kMax) return InvalidArgument("a privacy amount is too large");
  bool inexact = false;
  for (; exponent < 0 && units > 0; ++exponent) {
    inexact |= units % 10 != 0;
    units /= 10;
  }
  if (inexact && rounding == Rounding::kUp) ++units;
  return static_cast<std::int64_t>(units);
}

double NumberOf(std::int64_t units, std::int64_t units_per_one) {
  int exponent = 0;
  for (std::int64_t rest = units_per_one; rest > 1; rest /= 10) --exponent;
  const std::string text = std::to_string(units) + "e" + std::to_string(exponent);
  double value = 0;
  CLOISTER_CHECK(std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc());
  return value;
}

}  // namespace cloister::privacy
