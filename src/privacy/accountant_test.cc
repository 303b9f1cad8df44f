#include "privacy/accountant.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"

namespace cloister::privacy {
namespace {

PrivacyLoss Loss(double epsilon, double delta = 0, double rho = 0) {
  return {.epsilon = Epsilon::FromNumber(epsilon, Rounding::kUp).value(),
          .delta = Delta::FromNumber(delta, Rounding::kUp).value(),
          .rho = Rho::FromNumber(rho, Rounding::kUp).value()};
}

PrivacyBudget Budget(Accounting accounting, double epsilon, double delta) {
  return {.accounting = accounting,
          .epsilon = Epsilon::FromNumber(epsilon, Rounding::kDown).value(),
          .delta = Delta::FromNumber(delta, Rounding::kDown).value()};
}

// How many of them the filter lets through, one after the other.
int Admitted(const PrivacyBudget& budget, const PrivacyLoss& loss, int at_most = 2000) {
  PrivacySpent spent;
  for (int count = 0; count < at_most; ++count) {
    if (LimitPassed(budget, spent, loss) != BudgetLimit::kNone) return count;
    spent.Add(loss);
  }
  return at_most;
}

TEST(Accountant, SumsAdmitExactlyWhatTheDecimalsSay) {
  EXPECT_EQ(Admitted(Budget(Accounting::kSums, 1, 1e-6), Loss(0.1)), 10);
  EXPECT_EQ(Admitted(Budget(Accounting::kSums, 1, 1e-6), Loss(0.1, 3e-7)), 3);
  EXPECT_EQ(Admitted(Budget(Accounting::kSums, 0.3, 0), Loss(0.1)), 3);
  EXPECT_EQ(Admitted(Budget(Accounting::kSums, 1, 0), Loss(0.1, 1e-9)), 0);
}

TEST(Accountant, SumsDoNotTakeGaussianNoise) {
  EXPECT_EQ(LimitPassed(Budget(Accounting::kSums, 100, 0.1), {}, Loss(0, 0, 1e-6)), BudgetLimit::kGaussianNotAllowed);
}

TEST(Accountant, AnEmptyBudgetAdmitsNothingButNothing) {
  for (const Accounting accounting : {Accounting::kSums, Accounting::kZcdp}) {
    EXPECT_EQ(LimitPassed({.accounting = accounting}, {}, Loss(1e-9)), BudgetLimit::kEpsilon);
    EXPECT_EQ(LimitPassed({.accounting = accounting}, {}, {}), BudgetLimit::kNone);
    EXPECT_EQ(QueriesLeft({.accounting = accounting}, {}, {}), kQueriesLeftMax);
  }
}

TEST(Accountant, ZcdpAdmitsMoreSmallQueriesThanSums) {
  EXPECT_EQ(Admitted(Budget(Accounting::kSums, 1, 1e-6), Loss(0.01)), 100);
  EXPECT_EQ(Admitted(Budget(Accounting::kZcdp, 1, 1e-6), Loss(0.01)), 458);
  // And fewer large ones: the owner chooses.
  EXPECT_EQ(Admitted(Budget(Accounting::kSums, 1, 1e-6), Loss(0.5)), 2);
  EXPECT_EQ(Admitted(Budget(Accounting::kZcdp, 1, 1e-6), Loss(0.5)), 0);
}

TEST(Accountant, ZcdpKeepsHalfOfDeltaForMechanisms) {
  const PrivacyBudget budget = Budget(Accounting::kZcdp, 4, 1e-6);
  EXPECT_EQ(Admitted(budget, Loss(0.001, 1e-7)), 5);
  EXPECT_EQ(LimitPassed(budget, {}, Loss(0.001, 6e-7)), BudgetLimit::kDelta);
  EXPECT_EQ(LimitPassed(budget, {}, Loss(0, 0, 0.0001)), BudgetLimit::kNone);
  EXPECT_EQ(LimitPassed(budget, {}, Loss(0, 0, 4)), BudgetLimit::kEpsilon);
}

TEST(Accountant, SaysHowManySuchQueriesAreLeft) {
  InsecureRngForTest rng(3);
  for (const Accounting accounting : {Accounting::kSums, Accounting::kZcdp}) {
    for (const double epsilon : {0.3, 0.07, 0.011}) {
      for (const double delta : {0.0, 3e-8}) {
        const PrivacyBudget budget = Budget(accounting, 3, 1e-6);
        PrivacySpent spent;
        spent.Add(Loss(0.05, 1e-8));
        const PrivacyLoss loss = Loss(epsilon, delta);
        const std::int64_t left = QueriesLeft(budget, spent, loss);
        std::int64_t admitted = 0;
        for (; LimitPassed(budget, spent, loss) == BudgetLimit::kNone; ++admitted) spent.Add(loss);
        EXPECT_EQ(left, admitted) << epsilon << " " << delta;
        EXPECT_EQ(QueriesLeft(budget, spent, loss), 0);
      }
    }
  }
}

TEST(Accountant, TheOrderOfChargesDoesNotMatter) {
  std::vector<PrivacyLoss> losses;
  for (int i = 1; i <= 50; ++i) losses.push_back(Loss(0.1 * i, 1e-9 * i, 0.001 * i));
  PrivacySpent forwards;
  for (const PrivacyLoss& loss : losses) forwards.Add(loss);
  std::reverse(losses.begin(), losses.end());
  PrivacySpent backwards;
  for (const PrivacyLoss& loss : losses) backwards.Add(loss);
  EXPECT_EQ(forwards, backwards);
}

TEST(Accountant, WhatWasSpentNeverReadsAsMoreThanTheBudget) {
  for (const Accounting accounting : {Accounting::kSums, Accounting::kZcdp}) {
    const PrivacyBudget budget = Budget(accounting, 2, 1e-6);
    PrivacySpent spent;
    while (LimitPassed(budget, spent, Loss(0.03)) == BudgetLimit::kNone) spent.Add(Loss(0.03));
    EXPECT_LE(EpsilonSpent(budget, spent), budget.epsilon);
    EXPECT_GT(EpsilonSpent(budget, spent).ToNumber(), 1.9);
  }
}

}  // namespace
}  // namespace cloister::privacy
