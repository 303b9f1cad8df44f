#include "ledger/budget_report.h"

namespace cloister::ledger {

double EpsilonSpent(const Spending& spent, const agreement::DatasetPolicy& policy) {
  return privacy::EpsilonSpent(BudgetOf(policy), spent.privacy).ToNumber();
}

}  // namespace cloister::ledger
