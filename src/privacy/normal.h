#pragma once

// The standard normal distribution in double precision, for reports and calibration; never between an exact value and
// what is released.

namespace cloister::privacy {

double NormalCdf(double x);
// ln P[N(0,1) <= x]; finite for every finite x.
double LogNormalCdf(double x);
// The x with NormalCdf(x) = p, by bisection to the last bits; 0 < p < 1.
double NormalQuantile(double p);

}  // namespace cloister::privacy
