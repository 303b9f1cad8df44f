#include "privacy/normal.h"

#include <cmath>

namespace cloister::privacy {

double NormalCdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

// Below -30 erfc is near the smallest double; the continued fraction of Mills' ratio has converged there after a few
// terms (Abramowitz and Stegun 26.2.14).
double LogNormalCdf(double x) {
  if (x > -30) return std::log(NormalCdf(x));
  double fraction = -x;
  for (int k = 20; k >= 1; --k) fraction = -x + k / fraction;
  return -x * x / 2 - 0.5 * std::log(2 * M_PI) - std::log(fraction);
}

double NormalQuantile(double p) {
  double low = -40;
  double high = 40;
  for (int step = 0; step < 200 && low < high; ++step) {
    const double middle = low + (high - low) / 2;
    if (middle == low || middle == high) break;
    (NormalCdf(middle) < p ? low : high) = middle;
  }
  return high;
}

}  // namespace cloister::privacy
