#include "privacy/exp_bound.h"

#include "base/check.h"

namespace cloister::privacy {
namespace {

constexpr int kFractionBits = 63;
constexpr std::uint64_t kOne = std::uint64_t{1} << kFractionBits;

// From a mantissa of up to 128 bits, with digits below the 64 highest cut off.
ExpBound Normalised(UInt128 mantissa, int exponent) {
  const int over = BitWidth(mantissa) - 64;
  if (over > 0) mantissa >>= over;
  return {.mantissa = static_cast<std::uint64_t>(over < 0 ? mantissa << -over : mantissa), .exponent = exponent + over};
}

ExpBound Product(ExpBound a, ExpBound b) {
  return Normalised(static_cast<UInt128>(a.mantissa) * b.mantissa, a.exponent + b.exponent - kFractionBits);
}

// The exponential series of x / 2^63 < 1, cut off and rounded down term by term: every term is positive.
ExpBound OfFraction(std::uint64_t x) {
  UInt128 sum = kOne;
  UInt128 term = kOne;
  for (std::uint64_t k = 1; term > 0 && k < 64; ++k) {
    term = (term * x >> kFractionBits) / k;
    sum += term;
  }
  return Normalised(sum, 0);
}

}  // namespace

UInt128 ExpBound::TimesDown(std::uint64_t value) const {
  const UInt128 product = static_cast<UInt128>(value) * mantissa;
  const int shift = kFractionBits - exponent;
  CLOISTER_CHECK(shift >= 0);
  return product >> shift;
}

std::uint64_t ExpBound::DividedUp(std::uint64_t value) const {
  return static_cast<std::uint64_t>(CeilDivide(static_cast<UInt128>(value) << (kFractionBits - exponent), mantissa));
}

ExpBound LowerBoundOfExp(UInt128 numerator, UInt128 denominator) {
  UInt128 whole = numerator / denominator;
  UInt128 rest = numerator % denominator;
  if (whole >= static_cast<UInt128>(kExpArgumentMax)) {
    whole = static_cast<UInt128>(kExpArgumentMax);
    rest = 0;
  }
  ExpBound bound = OfFraction(static_cast<std::uint64_t>((rest << kFractionBits) / denominator));
  // e = 2 * (e / 2), and sqrt(e) = exp(1/2) is in the series' range.
  const ExpBound root_of_e = OfFraction(kOne / 2);
  for (UInt128 step = 0; step < 2 * whole; ++step) bound = Product(bound, root_of_e);
  return bound;
}

}  // namespace cloister::privacy
