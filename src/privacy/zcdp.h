#pragma once

// Zero-concentrated differential privacy (Bun, Steinke 2016) and what it is worth in (epsilon, delta).
//
// rho-zCDP mechanisms chosen one after the other, each after the answers before it, are together sum(rho)-zCDP. The
// conversion is that of Canonne, Kamath, Steinke 2020, proposition 12, for the best order alpha:
//
//   epsilon = min over alpha > 1 of  rho alpha + ln(1 - 1/alpha) - ln(delta alpha) / (alpha - 1)
//
// Any alpha gives a true bound, so the search for the best one cannot be wrong, only less than optimal; results are
// rounded to the safe side by more than the error of double precision. Tighter than rho + 2 sqrt(rho ln(1/delta)).
//
// Example: rho 0.5, delta 1e-5: epsilon 4.72 (the older formula says 5.30).
//
// Pure and thread-safe.

#include "privacy/amount.h"

namespace cloister::privacy {

// Rounded up. delta above 0. Rho 0 is epsilon 0.
Epsilon EpsilonOfZcdp(Rho rho, Delta delta);
// The largest rho with EpsilonOfZcdp(rho, delta) <= epsilon; 0 when there is none, or delta is 0.
Rho ZcdpWithin(Epsilon epsilon, Delta delta);
// epsilon-DP is (epsilon^2 / 2)-zCDP; (epsilon, delta)-DP is the same delta-approximately. Rounded up.
Rho ZcdpOfPure(Epsilon epsilon);

}  // namespace cloister::privacy
