#pragma once

// Filters: whether one more query still fits into a dataset's budget, valid when each query is chosen after the answers
// to those before it (which sums of advanced composition and PLD accountants are not; Rogers, Roth, Ullman, Vadhan
// 2016).
//
//   sums    sum(epsilon) <= budget.epsilon and sum(delta) <= budget.delta; Gaussian noise has no place here
//   zcdp    half of delta is for mechanisms, the other half turns rho into epsilon:
//           sum(delta) <= delta/2 and sum(rho + epsilon^2/2) <= ZcdpWithin(budget.epsilon, delta/2)
//           (Whitehouse, Ramdas, Rogers, Wu 2023: the limits of approximate zCDP are fixed beforehand, which is why
//           delta is split by the owner's numbers and not by what was spent)
//
// The owner chooses one of them in his manifest, before anything is asked: a choice after answers would be a third
// filter that nobody has proved. All sums are of integers; "fits" never depends on the order in which charges came.
//
// Example (zcdp): budget (1, 1e-6) holds rho 0.0229; a query at epsilon 0.01 costs 0.00005 of it, so 458 of them fit,
// where sums allow 100.
//
// Pure values; thread-safe.

#include <cstdint>

#include "privacy/amount.h"

namespace cloister::privacy {

enum class Accounting { kSums, kZcdp };

struct PrivacyBudget {
  Accounting accounting = Accounting::kSums;
  Epsilon epsilon;
  Delta delta;
};

// What one query costs: (epsilon, delta) for Laplace noise, selection of groups and quantiles, and rho besides for
// Gaussian noise.
struct PrivacyLoss {
  Epsilon epsilon;
  Delta delta;
  Rho rho;
  bool IsZero() const { return epsilon.IsZero() && delta.IsZero() && rho.IsZero(); }
  bool operator==(const PrivacyLoss&) const = default;
};

// What queries have cost together.
struct PrivacySpent {
  Epsilon epsilon;
  Delta delta;
  Rho rho;   // of Gaussian noise
  Rho zcdp;  // of everything: sum of rho + epsilon^2/2, query by query

  void Add(const PrivacyLoss& loss);
  bool operator==(const PrivacySpent&) const = default;
};

// Which limit of the budget would be passed; kNone when the loss fits beside what is spent. A loss of zero always fits.
enum class BudgetLimit { kNone, kEpsilon, kDelta, kGaussianNotAllowed };
BudgetLimit LimitPassed(const PrivacyBudget& budget, const PrivacySpent& spent, const PrivacyLoss& loss);

// How many times `loss` still fits, at most kQueriesLeftMax; a loss of zero fits that often.
inline constexpr std::int64_t kQueriesLeftMax = 1'000'000;
std::int64_t QueriesLeft(const PrivacyBudget& budget, PrivacySpent spent, const PrivacyLoss& loss);

// The epsilon that holds for all that was spent, together with the budget's delta, as the owner's accounting proves it.
Epsilon EpsilonSpent(const PrivacyBudget& budget, const PrivacySpent& spent);

}  // namespace cloister::privacy
