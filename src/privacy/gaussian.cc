#include "privacy/gaussian.h"

#include <cmath>

#include "privacy/normal.h"

namespace cloister::privacy {

double GaussianDelta(double sigma, double epsilon) {
  const double half = 1 / (2 * sigma);
  const double first = LogNormalCdf(half - epsilon * sigma);
  const double second = epsilon + LogNormalCdf(-half - epsilon * sigma);
  // exp(first) - exp(second), which cancels least in this form.
  return second >= first ? 0 : -std::exp(first) * std::expm1(second - first);
}

double GaussianSigma(double epsilon, double delta) {
  double low = 0;
  double high = 1;
  for (int step = 0; step < 1000 && GaussianDelta(high, epsilon) > delta; ++step) high *= 2;
  for (int step = 0; step < 200; ++step) {
    const double middle = low + (high - low) / 2;
    if (middle == low || middle == high) break;
    (GaussianDelta(middle, epsilon) > delta ? low : high) = middle;
  }
  return high;
}

}  // namespace cloister::privacy
