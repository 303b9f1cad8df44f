#include "privacy/samplers.h"

#include "base/check.h"

namespace cloister::privacy {
namespace {

// The k-th factor of exp(-x), x <= 1, is reached with probability below 1 / k!, and 1/64! < 2^-295.
constexpr int kFactorsMax = 64;
// Passed once more with probability exp(-1) each time: e^-200 < 2^-288.
constexpr std::int64_t kWholeStepsMax = 200;
// Refused with probability at most 1/2 (Laplace) or 4/5 (Gaussian): (4/5)^1024 < 2^-329.
constexpr int kTriesMax = 1024;

// rate <= 1
bool BernoulliExpOfFraction(RandomBits& bits, Ratio rate) {
  for (int k = 1; k <= kFactorsMax; ++k) {
    const bool next = (k == 1 || bits.Below(static_cast<UInt128>(k)) == 0) &&
                      bits.Bernoulli(rate.numerator, rate.denominator);
    if (!next) return k % 2 == 1;
  }
  CLOISTER_CHECK(!"the random number generator is broken");
  return false;
}

bool BernoulliExpOfOne(RandomBits& bits) { return BernoulliExpOfFraction(bits, {.numerator = 1, .denominator = 1}); }

// Geometric of exp(-1).
std::int64_t SampleWholeSteps(RandomBits& bits) {
  std::int64_t steps = 0;
  while (BernoulliExpOfOne(bits)) {
    ++steps;
    CLOISTER_CHECK(steps < kWholeStepsMax);
  }
  return steps;
}

}  // namespace

Ratio Ratio::Reduced() const {
  const UInt128 common = Gcd(numerator, denominator);
  return {.numerator = numerator / common, .denominator = denominator / common};
}

bool BernoulliExp(RandomBits& bits, Ratio rate) {
  CLOISTER_CHECK(rate.denominator >= 1);
  const UInt128 whole = rate.numerator / rate.denominator;
  for (UInt128 step = 0; step < whole; ++step) {
    if (!BernoulliExpOfOne(bits)) return false;
    CLOISTER_CHECK(step < static_cast<UInt128>(kWholeStepsMax));
  }
  return BernoulliExpOfFraction(bits,
                                {.numerator = rate.numerator % rate.denominator, .denominator = rate.denominator});
}

// With u uniform on 0..t-1 kept with probability exp(-u/t), and v geometric of exp(-1), u + t v is geometric of
// exp(-1/t); every s-th of its steps is one of exp(-s/t).
std::int64_t SampleGeometric(RandomBits& bits, Ratio rate) {
  CLOISTER_CHECK(rate.numerator >= 1 && BitWidth(rate.numerator) <= 112 && BitWidth(rate.denominator) <= 112);
  CLOISTER_CHECK(rate.denominator / rate.numerator <= UInt128{1} << kScaleBitsMax);
  for (int tries = 0; tries < kTriesMax; ++tries) {
    const UInt128 fine = bits.Below(rate.denominator);
    if (!BernoulliExpOfFraction(bits, {.numerator = fine, .denominator = rate.denominator})) continue;
    const auto whole = static_cast<UInt128>(SampleWholeSteps(bits));
    return static_cast<std::int64_t>((fine + rate.denominator * whole) / rate.numerator);
  }
  CLOISTER_CHECK(!"the random number generator is broken");
  return 0;
}

std::int64_t SampleDiscreteLaplace(RandomBits& bits, Ratio rate) {
  for (int tries = 0; tries < kTriesMax; ++tries) {
    const bool negative = bits.Coin();
    const std::int64_t magnitude = SampleGeometric(bits, rate);
    // Zero would otherwise have two chances.
    if (negative && magnitude == 0) continue;
    return negative ? -magnitude : magnitude;
  }
  CLOISTER_CHECK(!"the random number generator is broken");
  return 0;
}

// A discrete Laplace draw y of scale t = floor(sigma) + 1, kept with probability exp(-(|y| - sigma^2/t)^2 / (2
// sigma^2)). With sigma^2 = a/b that is exp(-(|y| t b - a)^2 / (2 a b t^2)). As |y| < 2^8 t and t^2 b <= 4 max(a, b),
// nothing exceeds 2^108.
std::int64_t SampleDiscreteGaussian(RandomBits& bits, Ratio variance) {
  const UInt128 a = variance.numerator;
  const UInt128 b = variance.denominator;
  CLOISTER_CHECK(a >= 1 && b >= 1 && a <= UInt128{1} << kVarianceBitsMax && b <= UInt128{1} << kVarianceBitsMax);
  const UInt128 t = FloorSqrt(a / b) + 1;
  for (int tries = 0; tries < kTriesMax; ++tries) {
    const std::int64_t y = SampleDiscreteLaplace(bits, {.numerator = 1, .denominator = t});
    const UInt128 magnitude = static_cast<UInt128>(y < 0 ? -y : y);
    const UInt128 scaled = magnitude * t * b;
    const UInt128 distance = scaled > a ? scaled - a : a - scaled;
    if (BernoulliExp(bits, {.numerator = distance * distance, .denominator = 2 * a * b * t * t})) return y;
  }
  CLOISTER_CHECK(!"the random number generator is broken");
  return 0;
}

}  // namespace cloister::privacy
