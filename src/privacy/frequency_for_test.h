#pragma once

// How sure a number of successes is: exact bounds of a probability (Clopper, Pearson 1934), through the incomplete beta
// function. For tests that try to show a mechanism to be less private than it says.

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace cloister::privacy::for_test {

struct Frequency {
  std::int64_t hits = 0;
  std::int64_t draws = 0;
  double Mean() const { return static_cast<double>(hits) / static_cast<double>(draws); }
};

// I_x(a, b) by its continued fraction (DLMF 8.17.22), evaluated by Lentz's method.
inline double IncompleteBeta(double x, double a, double b) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - IncompleteBeta(1 - x, b, a);
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) +
                                b * std::log1p(-x)) / a;
  constexpr double kTiny = 1e-300;
  double c = 1;
  double d = 1 / std::max(kTiny, 1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int m = 1; m < 20'000; ++m) {
    for (const double term : {m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                              -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))}) {
      d = 1 / (1 + term * d);
      c = 1 + term / c;
      fraction *= c * d;
    }
    if (std::fabs(c * d - 1) < 1e-13) break;
  }
  return front * fraction;
}

// The p at which `tail(p)`, which rises with p, is `wanted`.
template <typename Tail>
double Solve(Tail tail, double wanted) {
  double low = 0;
  double high = 1;
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    (tail(middle) < wanted ? low : high) = middle;
  }
  return (low + high) / 2;
}

// The true probability is below / above this only with probability `doubt`.
inline double LowerBound(const Frequency& of, double doubt) {
  if (of.hits == 0) return 0;
  const auto k = static_cast<double>(of.hits);
  const auto n = static_cast<double>(of.draws);
  return Solve([&](double p) { return IncompleteBeta(p, k, n - k + 1); }, doubt);
}
inline double UpperBound(const Frequency& of, double doubt) {
  if (of.hits == of.draws) return 1;
  const auto k = static_cast<double>(of.hits);
  const auto n = static_cast<double>(of.draws);
  return Solve([&](double p) { return IncompleteBeta(p, k + 1, n - k); }, 1 - doubt);
}

}  // namespace cloister::privacy::for_test
