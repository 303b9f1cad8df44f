#include "privacy/zcdp.h"

#include <cmath>
#include <limits>

#include "base/check.h"
#include "privacy/integers.h"

namespace cloister::privacy {
namespace {

constexpr std::int64_t kUnitsMax = std::numeric_limits<std::int64_t>::max();

// At alpha = 1 + exp(t): orders near 1 and very large ones are equally well in reach.
double EpsilonAtOrder(double rho, double log_delta, double t) {
  const double beyond_one = std::exp(t);
  const double alpha = 1 + beyond_one;
  return rho * alpha + std::log(beyond_one / alpha) - (log_delta + std::log(alpha)) / beyond_one;
}

// A golden-section search: the bound has one minimum in alpha.
double BestEpsilon(double rho, double log_delta) {
  constexpr double kRatio = 0.6180339887498949;
  double low = std::log(1e-6);
  double high = std::log(1e12);
  for (int step = 0; step < 120; ++step) {
    const double left = high - kRatio * (high - low);
    const double right = low + kRatio * (high - low);
    if (EpsilonAtOrder(rho, log_delta, left) < EpsilonAtOrder(rho, log_delta, right)) {
      high = right;
    } else {
      low = left;
    }
  }
  return EpsilonAtOrder(rho, log_delta, (low + high) / 2);
}

}  // namespace

Epsilon EpsilonOfZcdp(Rho rho, Delta delta) {
  if (rho.IsZero()) return {};
  CLOISTER_CHECK(!delta.IsZero());
  const double best = BestEpsilon(static_cast<double>(rho.units()) / static_cast<double>(Rho::kOne),
                                  std::log(static_cast<double>(delta.units()) / static_cast<double>(Delta::kOne)));
  // A delta near 1 allows even less than nothing.
  if (best <= 0) return {};
  const double units = std::ceil(best * static_cast<double>(Epsilon::kOne) * (1 + 1e-11)) + 1;
  return Epsilon::OfUnits(units >= static_cast<double>(kUnitsMax) ? kUnitsMax : static_cast<std::int64_t>(units));
}

Rho ZcdpWithin(Epsilon epsilon, Delta delta) {
  if (epsilon.IsZero() || delta.IsZero()) return {};
  std::int64_t fits = 0;
  std::int64_t too_much = kUnitsMax;
  while (too_much - fits > 1) {
    const std::int64_t middle = fits + (too_much - fits) / 2;
    (EpsilonOfZcdp(Rho::OfUnits(middle), delta) <= epsilon ? fits : too_much) = middle;
  }
  return Rho::OfUnits(fits);
}

Rho ZcdpOfPure(Epsilon epsilon) {
  // (n / 1e9)^2 / 2 in units of 1e-12
  const auto units = static_cast<UInt128>(epsilon.units());
  const UInt128 rho = CeilDivide(units * units, 2'000'000);
  return Rho::OfUnits(rho > static_cast<UInt128>(kUnitsMax) ? kUnitsMax : static_cast<std::int64_t>(rho));
}

}  // namespace cloister::privacy
