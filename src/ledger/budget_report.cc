#include "ledger/budget_report.h"

namespace cloister::ledger {

double EpsilonSpent(const Spending& spent, const agreement::DatasetPolicy& policy) {
  return privacy::EpsilonSpent(BudgetOf(policy), spent.privacy).ToNumber();
}

double OdometerDelta(const agreement::DatasetPolicy& policy) {
  constexpr double kWithoutBudget = 1e-9;
  return policy.budget.delta_budget > 0 ? policy.budget.delta_budget : kWithoutBudget;
}

}  // namespace cloister::ledger
