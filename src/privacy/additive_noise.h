#pragma once

// Noise for counts and fixed-point sums: exact integers in, noisy integers out.
//
// One unit (person) may change the exact value of each group that it touches by at most `per_group_max`, and touches at
// most `groups_max` groups. Then releasing the noisy values of all groups together is
//
//   Laplace    epsilon-differentially private: scale = groups_max * per_group_max / epsilon  (Ghosh, Roughgarden,
//              Sundararajan 2009; L1 sensitivity)
//   Gaussian   rho-zCDP: variance = groups_max * per_group_max^2 / (2 rho)  (Canonne, Kamath, Steinke 2020, theorem 14;
//              L2 sensitivity), and (epsilon, delta) by zcdp.h
//
// under addition or removal of one unit. Neither scale is rounded to the unsafe side anywhere.
//
// A sum with a wide range is first rounded to the nearest multiple of granularity(), a power of two that depends on the
// parameters alone, so that numbers stay small; the sensitivity is rounded up to multiples of it (|round(a/g) -
// round(b/g)| <= ceil(|a - b| / g)). Answers are multiples of granularity(); it is 1 for counts.
//
// Example: a count with one group per person, epsilon 1: scale 1, standard deviation 1.357, 95 % within +-3.
//
// Immutable, thread-safe.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/rng.h"
#include "privacy/amount.h"
#include "privacy/integers.h"
#include "privacy/samplers.h"

namespace cloister::privacy {

// How much one unit can change: in the units of the exact integer.
struct Contribution {
  std::int64_t per_group_max = 1;  // at least 1
  std::int64_t groups_max = 1;     // at least 1, at most kGroupsMax
};
inline constexpr std::int64_t kGroupsMax = 1'000'000;

class AdditiveNoise {
 public:
  enum class Kind { kDiscreteLaplace, kDiscreteGaussian };

  // kInvalidArgument: a contribution out of range, or so little epsilon (rho) that the noise would not fit its
  // integers.
  static Result<AdditiveNoise> Laplace(Contribution contribution, Epsilon epsilon);
  static Result<AdditiveNoise> Gaussian(Contribution contribution, Rho rho);

  // The exact value, noisy. |exact| below 2^126. `rng` must be this draw's own.
  Int128 Release(Rng& rng, Int128 exact) const;

  Kind kind() const { return kind_; }
  std::string_view name() const;  // "discrete_laplace", "discrete_gaussian"
  std::int64_t granularity() const { return std::int64_t{1} << shift_; }
  // Of the noise, in units. For the Gaussian an upper bound.
  double StandardDeviation() const;
  // Laplace: the scale b of exp(-|x| / b); Gaussian: sigma. In units.
  double Scale() const;
  // The least half width w, in units, such that the exact value lies within the released one +-w with at least this
  // probability. 0 < confidence < 1.
  Int128 HalfWidth(double confidence) const;

 private:
  AdditiveNoise(Kind kind, Ratio parameter, int shift) : kind_(kind), parameter_(parameter), shift_(shift) {}

  Kind kind_;
  Ratio parameter_;  // of steps of granularity(): the Laplace rate, or the Gaussian variance
  int shift_;
};

}  // namespace cloister::privacy
