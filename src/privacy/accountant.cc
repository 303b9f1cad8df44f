#include "privacy/accountant.h"

#include <algorithm>

#include "privacy/zcdp.h"

namespace cloister::privacy {
namespace {

// Delta of mechanisms, and what turns rho into epsilon: fixed by the budget alone.
Delta HalfOf(Delta delta) { return delta.Share(2); }

PrivacySpent After(PrivacySpent spent, const PrivacyLoss& loss) {
  spent.Add(loss);
  return spent;
}

// How many losses of `each` fit between `spent` and `limit`, both of one kind of amount.
template <typename AmountType>
std::int64_t Times(AmountType limit, AmountType spent, AmountType each) {
  if (each.IsZero()) return kQueriesLeftMax;
  return std::min(kQueriesLeftMax, limit.Minus(spent).units() / each.units());
}

BudgetLimit LimitOfSums(const PrivacyBudget& budget, const PrivacySpent& spent, const PrivacyLoss& loss) {
  const PrivacySpent after = After(spent, loss);
  if (!after.rho.IsZero()) return BudgetLimit::kGaussianNotAllowed;
  if (!loss.epsilon.IsZero() && after.epsilon > budget.epsilon) return BudgetLimit::kEpsilon;
  if (!loss.delta.IsZero() && after.delta > budget.delta) return BudgetLimit::kDelta;
  return BudgetLimit::kNone;
}

BudgetLimit LimitOfZcdp(const PrivacyBudget& budget, const PrivacySpent& spent, const PrivacyLoss& loss) {
  const PrivacySpent after = After(spent, loss);
  if (after.zcdp > ZcdpWithin(budget.epsilon, HalfOf(budget.delta))) return BudgetLimit::kEpsilon;
  if (!loss.delta.IsZero() && after.delta > HalfOf(budget.delta)) return BudgetLimit::kDelta;
  return BudgetLimit::kNone;
}

}  // namespace

void PrivacySpent::Add(const PrivacyLoss& loss) {
  epsilon += loss.epsilon;
  delta += loss.delta;
  rho += loss.rho;
  zcdp += loss.rho + ZcdpOfPure(loss.epsilon);
}

BudgetLimit LimitPassed(const PrivacyBudget& budget, const PrivacySpent& spent, const PrivacyLoss& loss) {
  if (loss.IsZero()) return BudgetLimit::kNone;
  return budget.accounting == Accounting::kSums ? LimitOfSums(budget, spent, loss) : LimitOfZcdp(budget, spent, loss);
}

std::int64_t QueriesLeft(const PrivacyBudget& budget, PrivacySpent spent, const PrivacyLoss& loss) {
  if (LimitPassed(budget, spent, loss) != BudgetLimit::kNone) return 0;
  if (budget.accounting == Accounting::kSums) {
    return std::min(Times(budget.epsilon, spent.epsilon, loss.epsilon), Times(budget.delta, spent.delta, loss.delta));
  }
  const Rho each = loss.rho + ZcdpOfPure(loss.epsilon);
  return std::min(Times(ZcdpWithin(budget.epsilon, HalfOf(budget.delta)), spent.zcdp, each),
                  Times(HalfOf(budget.delta), spent.delta, loss.delta));
}

Epsilon EpsilonSpent(const PrivacyBudget& budget, const PrivacySpent& spent) {
  if (budget.accounting == Accounting::kSums) return spent.epsilon;
  return HalfOf(budget.delta).IsZero() ? Epsilon() : EpsilonOfZcdp(spent.zcdp, HalfOf(budget.delta));
}

}  // namespace cloister::privacy
