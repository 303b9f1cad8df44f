#pragma once

// Exact samplers on integers (Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy", 2020,
// algorithms 1 to 3). Every probability is that of the formula, not of its floating-point neighbour: low bits of a
// noisy answer say nothing (Mironov 2012), because there is no rounding anywhere.
//
// A draw takes a constant expected number of random bytes; how many depends on the draw, so callers release answers at
// times that do not depend on it. Constant memory. Bounds of loops: random_bits.h.

#include <cstdint>

#include "privacy/integers.h"
#include "privacy/random_bits.h"

namespace cloister::privacy {

// A ratio of integers, denominator >= 1.
struct Ratio {
  UInt128 numerator = 0;
  UInt128 denominator = 1;

  Ratio Reduced() const;
  double ToDouble() const { return static_cast<double>(numerator) / static_cast<double>(denominator); }
};

// True with probability exp(-rate). Numerator and denominator below 2^120.
bool BernoulliExp(RandomBits& bits, Ratio rate);

// P[x] = (1 - a) a^x for x = 0, 1, ..., with a = exp(-rate); 0 < rate. Numerator and denominator below 2^112, and
// 1 / rate at most 2^kScaleBitsMax.
inline constexpr int kScaleBitsMax = 50;
std::int64_t SampleGeometric(RandomBits& bits, Ratio rate);

// P[x] = (1 - a) / (1 + a) * a^|x| for all integers x, with a = exp(-rate). Bounds as above. |x| < 2^60.
std::int64_t SampleDiscreteLaplace(RandomBits& bits, Ratio rate);

// P[x] proportional to exp(-x^2 / (2 variance)) for all integers x. `variance` is the parameter, and an upper bound of
// the true variance. Numerator and denominator from 1 to 2^kVarianceBitsMax.
inline constexpr int kVarianceBitsMax = 44;
std::int64_t SampleDiscreteGaussian(RandomBits& bits, Ratio variance);

}  // namespace cloister::privacy
