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
