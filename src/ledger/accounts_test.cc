#include "ledger/accounts.h"

#include <gtest/gtest.h>

#include "agreement/people_for_test.h"

namespace cloister::ledger {
namespace {

const DatasetId kVisits = agreement::for_test::Dataset('1');
const DatasetId kPlans = agreement::for_test::Dataset('2');
constexpr Digest256 kFirst{1};
constexpr Digest256 kSecond{2};
constexpr Digest256 kThird{3};

agreement::Charge OneRun(const DatasetId& dataset) { return {.dataset = dataset, .runs = 1}; }

agreement::DatasetPolicy Runs(std::int64_t runs) {
  agreement::DatasetPolicy policy;
  policy.limits.runs = runs;
  return policy;
}

TEST(Accounts, AQueryIsChargedOnceADataset) {
  Accounts accounts;
  accounts.Book(kFirst, OneRun(kVisits));
  accounts.Book(kFirst, OneRun(kVisits));
  accounts.Book(kFirst, OneRun(kPlans));
  EXPECT_EQ(accounts.SpentOn(kVisits).runs, 1);
  accounts.Book(kFirst, {.dataset = kVisits, .runs = 3});
  EXPECT_EQ(accounts.SpentOn(kVisits).runs, 3);
  accounts.Book(kFirst, OneRun(kVisits));
  EXPECT_EQ(accounts.SpentOn(kVisits).runs, 3);
  EXPECT_EQ(accounts.SpentOn(agreement::for_test::Dataset('9')), Spending{});
}

TEST(Accounts, RunsFitUpToTheLimit) {
  Accounts accounts;
  accounts.Book(kFirst, OneRun(kVisits));
  EXPECT_TRUE(accounts.CheckFits(kSecond, OneRun(kVisits), Runs(2)).has_value());
  accounts.Book(kSecond, OneRun(kVisits));
  EXPECT_EQ(accounts.CheckFits(kThird, OneRun(kVisits), Runs(2)).error().code, Code::kResourceExhausted);
  EXPECT_TRUE(accounts.CheckFits(kSecond, OneRun(kVisits), Runs(2)).has_value());
  EXPECT_TRUE(accounts.CheckFits(kThird, OneRun(kVisits), {}).has_value());  // no limit
  EXPECT_TRUE(accounts.CheckFits(kThird, OneRun(kPlans), Runs(1)).has_value());
}

TEST(Accounts, PrivacyFitsUpToTheBudgetAndTheSafeBudgetIsNone) {
  Accounts accounts;
  agreement::DatasetPolicy policy;
  const agreement::Charge half{.dataset = kVisits, .runs = 1, .epsilon = 0.5, .delta = 1e-6};
  EXPECT_FALSE(accounts.CheckFits(kFirst, half, policy).has_value());
  policy.budget.epsilon_budget = 1;
  EXPECT_FALSE(accounts.CheckFits(kFirst, half, policy).has_value());
  policy.budget.delta_budget = 2e-6;
  EXPECT_TRUE(accounts.CheckFits(kFirst, half, policy).has_value());
  accounts.Book(kFirst, half);
  accounts.Book(kSecond, half);
  EXPECT_FALSE(accounts.CheckFits(kThird, half, policy).has_value());
  EXPECT_TRUE(accounts.CheckFits(kThird, OneRun(kVisits), policy).has_value());
}

agreement::DatasetPolicy Budget(double epsilon, double delta,
                                agreement::BudgetAccounting accounting = agreement::BudgetAccounting::kSums) {
  agreement::DatasetPolicy policy;
  policy.budget.epsilon_budget = epsilon;
  policy.budget.delta_budget = delta;
  policy.budget.accounting = accounting;
  return policy;
}

// The n-th of many queries.
Digest256 Query(int n) {
  Digest256 digest{};
  digest[0] = static_cast<std::uint8_t>(n);
  digest[1] = static_cast<std::uint8_t>(n >> 8);
  return digest;
}

// How many queries of this charge the accounts take before they say no.
int Taken(const agreement::Charge& charge, const agreement::DatasetPolicy& policy) {
  Accounts accounts;
  int count = 0;
  for (; count < 1000 && accounts.CheckFits(Query(count), charge, policy); ++count) {
    EXPECT_GT(QueriesLeft(accounts.SpentOn(charge.dataset), charge, policy), 0);
    accounts.Book(Query(count), charge);
  }
  EXPECT_EQ(QueriesLeft(accounts.SpentOn(charge.dataset), charge, policy), 0);
  EXPECT_EQ(QueriesLeft({}, charge, policy), count);
  return count;
}

// 0.1 ten times is 1, though as doubles it is not.
TEST(Accounts, AddUpTheDecimalsOfTheDocuments) {
  EXPECT_EQ(Taken({.dataset = kVisits, .epsilon = 0.1}, Budget(1, 0)), 10);
  EXPECT_EQ(Taken({.dataset = kVisits, .epsilon = 0.1}, Budget(0.3, 0)), 3);
  EXPECT_EQ(Taken({.dataset = kVisits, .epsilon = 0.7, .delta = 1e-7}, Budget(100, 1e-6)), 10);
  EXPECT_EQ(Taken({.dataset = kVisits, .epsilon = 1e-9}, Budget(0.000000003, 0)), 3);
  // Digits beyond a billionth are charged as a whole one.
  EXPECT_EQ(Taken({.dataset = kVisits, .epsilon = 1e-12}, Budget(0.000000003, 0)), 3);
}

TEST(Accounts, TheOwnersAccountingDecidesWhatFits) {
  const auto zcdp = agreement::BudgetAccounting::kZcdp;
  EXPECT_EQ(Taken({.dataset = kVisits, .epsilon = 0.01}, Budget(1, 1e-6)), 100);
  EXPECT_EQ(Taken({.dataset = kVisits, .epsilon = 0.01}, Budget(1, 1e-6, zcdp)), 458);
  const agreement::Charge gaussian{.dataset = kVisits, .rho = 0.001};
  EXPECT_EQ(Taken(gaussian, Budget(1, 1e-6)), 0);
  EXPECT_EQ(Taken(gaussian, Budget(1, 1e-6, zcdp)), 22);
  const Status no = CheckFits({}, gaussian, Budget(1, 1e-6));
  EXPECT_NE(no.error().public_message.find("zcdp"), std::string::npos);
}

TEST(Accounts, RunsLimitWhatIsLeftToo) {
  agreement::DatasetPolicy policy = Budget(10, 0);
  policy.limits.runs = 4;
  EXPECT_EQ(Taken({.dataset = kVisits, .epsilon = 0.1}, policy), 4);
}

// A query that is charged anew needs room for the larger amount of each kind, and only for what is new.
TEST(Accounts, ChargedAnewItNeedsRoomForTheLargerAmount) {
  Accounts accounts;
  accounts.Book(kFirst, {.dataset = kVisits, .epsilon = 0.6});
  accounts.Book(kSecond, {.dataset = kVisits, .epsilon = 0.3});
  EXPECT_TRUE(accounts.CheckFits(kFirst, {.dataset = kVisits, .epsilon = 0.7}, Budget(1, 0)));
  EXPECT_FALSE(accounts.CheckFits(kFirst, {.dataset = kVisits, .epsilon = 0.71}, Budget(1, 0)));
  EXPECT_FALSE(accounts.CheckFits(kFirst, {.dataset = kVisits, .epsilon = 0.1}, Budget(0.8, 0)));
}

TEST(Accounts, TheOdometerIsTighterThanSums) {
  Accounts accounts;
  for (int i = 0; i < 50; ++i) accounts.Book(Query(i), {.dataset = kVisits, .epsilon = 0.1});
  EXPECT_EQ(accounts.SpentOn(kVisits).privacy.epsilon.ToNumber(), 5);
  // The worst 0.1-private mechanisms, fifty times (golden number of an independent accountant for discrete Laplace).
  EXPECT_NEAR(accounts.OdometerOf(kVisits, 1e-6), 3.172903, 2e-3);
  EXPECT_EQ(accounts.OdometerOf(kPlans, 1e-6), 0);
  accounts.Book(kThird, {.dataset = kVisits, .epsilon = 0.1, .delta = 1e-5});
  EXPECT_GT(accounts.OdometerOf(kVisits, 1e-6), 1e9);
}

TEST(Accounts, GivesBackWhatIsNotSettled) {
  Accounts accounts;
  accounts.Book(kFirst, OneRun(kVisits));
  accounts.Book(kSecond, OneRun(kVisits));
  accounts.Settle(kSecond);
  accounts.GiveBack(kFirst);
  accounts.GiveBack(kSecond);
  EXPECT_EQ(accounts.SpentOn(kVisits).runs, 1);
  // What ran is paid, whatever the limit has become since.
  EXPECT_TRUE(accounts.CheckFits(kSecond, OneRun(kVisits), Runs(0)).has_value());
}

}  // namespace
}  // namespace cloister::ledger
