#include "ledger/budget_report.h"

#include <gtest/gtest.h>

#include "agreement/people_for_test.h"

namespace cloister::ledger {
namespace {

// A hundred queries at 0.01: one as a sum, less by zCDP, and Gaussian noise counts there too.
TEST(BudgetReport, SaysWhatTheOwnersAccountingProves) {
  const DatasetId visits = agreement::for_test::Dataset('1');
  agreement::DatasetPolicy policy;
  policy.budget.epsilon_budget = 2;
  policy.budget.delta_budget = 1e-6;
  Spending spent;
  for (int i = 0; i < 100; ++i) spent.privacy.Add(CostOf({.dataset = visits, .epsilon = 0.01}).privacy);
  EXPECT_EQ(EpsilonSpent(spent, policy), 1);
  policy.budget.accounting = agreement::BudgetAccounting::kZcdp;
  const double before = EpsilonSpent(spent, policy);
  EXPECT_LT(before, 0.6);
  EXPECT_GT(before, 0.3);
  spent.privacy.Add(CostOf({.dataset = visits, .rho = 0.01}).privacy);
  EXPECT_GT(EpsilonSpent(spent, policy), before + 0.1);
}

}  // namespace
}  // namespace cloister::ledger
