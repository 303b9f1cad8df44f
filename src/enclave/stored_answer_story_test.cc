// Level differential_privacy from the query to the opened result, and what the same question costs again.

#include "enclave/story_for_test.h"

namespace cloister::enclave {
namespace {

class StoredAnswerStory : public EnclaveStory {
 protected:
  StoredAnswerStory() {
    level_ = agreement::Level::kDifferentialPrivacy;
    policy_ = R"({"levels":["differential_privacy"],"privacy_unit":"patient_id","min_group_size":15,
                  "columns":{"patient_id":{"roles":["join_key"],"domain":"person"},
                             "ward":{"roles":["dimension"],"public_values":["North","South","Rare","Closed"]},
                             "charge":{"roles":["measure"],"bounds":[0,500],"granularity":1}},
                  "differential_privacy":{"epsilon_budget":1,"epsilon_per_query":1,"max_rows_per_unit":3},
                  "limits":{"runs":3}})";
    Open();
    Register();
  }

  const agreement::Charge& ChargeOf(const QueryId& query) {
    ledger_.emplace(Ledger());
    return ledger_->FindQuery(query)->report->charges.front();
  }

  std::string Run(const std::string& sql) {
    Ask(sql);
    Agreed(Say(hospital_, ApprovalOf(*query_)));
    const auto executed = enclave_->Execute(*query_);
    EXPECT_TRUE(executed.has_value()) << executed.error().public_message;
    return executed ? OpenResult(analyst_) : "";
  }

  std::optional<ledger::LedgerState> ledger_;
};

constexpr char kAverages[] = "SELECT ward, COUNT(*) AS n, AVG(charge) AS a FROM visits GROUP BY ward";

TEST_F(StoredAnswerStory, AnAnswerCarriesItsIntervals) {
  const std::string json = Run(kAverages);
  EXPECT_THAT(json, testing::HasSubstr(R"("intervals":[{"column":"a","confidence":0.95,"high":[)"));
  EXPECT_THAT(json, testing::HasSubstr("Closed")) << "a listed group is shown, empty or not";
}

TEST_F(StoredAnswerStory, TheSameQuestionIsTheSameAnswerAndSpendsNothing) {
  const std::string first = Run(kAverages);
  EXPECT_NEAR(ChargeOf(*query_).epsilon, 1, 1e-8);
  const std::string again = Run("SELECT  ward, COUNT(*)  AS n, AVG(charge) AS a FROM visits v GROUP BY 1");
  EXPECT_EQ(ChargeOf(*query_).epsilon, 0);
  EXPECT_EQ(ChargeOf(*query_).runs, 1) << "it is a run like any other";
  EXPECT_EQ(again, first);
  EXPECT_NEAR(Ledger().SpentOn(*dataset_).privacy.epsilon.ToNumber(), 1, 1e-8);
  Restart();
  EXPECT_EQ(Run(kAverages), first);
  EXPECT_EQ(Ledger().SpentOn(*dataset_).runs, 3);
}

TEST_F(StoredAnswerStory, AnotherQuestionIsChargedAndDoesNotFitAnyMore) {
  Run(kAverages);
  Ask("SELECT COUNT(*) FROM visits");
  EXPECT_NEAR(ChargeOf(*query_).epsilon, 1, 1e-8);
  const auto said = Say(hospital_, ApprovalOf(*query_));
  ASSERT_TRUE(said.has_value());
  EXPECT_FALSE(enclave_->Execute(*query_).has_value());
}

// Asked twice before either ran, both are charged: what was approved is what is spent.
TEST_F(StoredAnswerStory, OnlyWhatWasReservedIsPaid) {
  Ask(kAverages);
  const QueryId first = *query_;
  Ask(kAverages);
  EXPECT_NEAR(ChargeOf(first).epsilon, 1, 1e-8);
  EXPECT_NEAR(ChargeOf(*query_).epsilon, 1, 1e-8);
}

}  // namespace
}  // namespace cloister::enclave
