// Level k_anonymized from the query to the opened result, and what a second query gets of the same version.

#include "enclave/story_for_test.h"

namespace cloister::enclave {
namespace {

class AnonymousStory : public EnclaveStory {
 protected:
  AnonymousStory() {
    level_ = agreement::Level::kKAnonymized;
    policy_ = R"({"levels":["k_anonymized"],"privacy_unit":"patient_id","min_group_size":15,
                  "columns":{"patient_id":{"roles":["join_key"],"domain":"person"},
                             "ward":{"roles":["dimension"],"quasi_identifier":true,"hierarchy":["value","*"]},
                             "charge":{"roles":["measure"],"bounds":[0,5000],"kanon_band":50}},
                  "limits":{}})";
    Open();
    Register();
  }

  ledger::QueryPhase PhaseAfterAsking(const std::string& sql) {
    Ask(sql);
    return Ledger().FindQuery(*query_)->phase;
  }

  void Run(const std::string& sql) {
    ASSERT_EQ(PhaseAfterAsking(sql), ledger::QueryPhase::kReported);
    Agreed(Say(hospital_, ApprovalOf(*query_)));
    const auto executed = enclave_->Execute(*query_);
    ASSERT_TRUE(executed.has_value()) << executed.error().public_message;
    ASSERT_EQ(executed->outcome, ledger::Outcome::kReleased) << executed->code;
  }
};

TEST_F(AnonymousStory, RowsComeOutInClassesOfKPersons) {
  Run("SELECT ward, charge FROM visits");
  const std::string json = OpenResult(analyst_);
  EXPECT_THAT(json, testing::HasSubstr("[\"North\",\"[100, 150)\"]"));
  EXPECT_THAT(json, testing::HasSubstr("[\"*\",\"[100, 150)\"]"));
  EXPECT_THAT(json, testing::Not(testing::HasSubstr("Rare")));  // ten patients, k is fifteen
}

TEST_F(AnonymousStory, WhatGeneralisingLostStandsBesideTheRows) {
  Run("SELECT ward, charge FROM visits");
  const std::string json = OpenResult(analyst_);
  EXPECT_THAT(json, testing::HasSubstr(R"("generalised":{"average_class_size":)"));
  EXPECT_THAT(json, testing::HasSubstr(R"("k":15,"suppression_limit":0.05)"));
}

// Ten patients are in the ward, k is fifteen: nobody learns that it is there, or that it is not.
TEST_F(AnonymousStory, AReleaseOfTooFewIsThatOfNobody) {
  Run("SELECT ward, charge FROM visits WHERE ward = 'Rare'");
  EXPECT_THAT(OpenResult(analyst_),
              testing::HasSubstr(R"("rows":[],"generalised":{"average_class_size":0,"certainty_penalty":0,"classes":0,)"
                                 R"("discernibility":0,"k":15,"suppression_limit":0.05})"));
}

TEST_F(AnonymousStory, AVersionIsReleasedOnceAndPartsOfThatAgain) {
  Run("SELECT ward, charge FROM visits");
  EXPECT_EQ(PhaseAfterAsking("SELECT ward, charge FROM visits WHERE ward <> 'Rare'"), ledger::QueryPhase::kRefused);
  Run("SELECT charge FROM visits");
  Run("SELECT ward AS w, charge AS c FROM visits");
}

TEST_F(AnonymousStory, WhatThePinLeavesOutStaysOutAfterARestart) {
  Run("SELECT charge FROM visits");
  Restart();
  EXPECT_EQ(PhaseAfterAsking("SELECT ward, charge FROM visits"), ledger::QueryPhase::kRefused);
  Run("SELECT charge FROM visits");
}

TEST_F(AnonymousStory, OfTwoThatWereReportedTogetherTheFirstApprovedPins) {
  ASSERT_EQ(PhaseAfterAsking("SELECT ward FROM visits"), ledger::QueryPhase::kReported);
  const QueryId first = *query_;
  ASSERT_EQ(PhaseAfterAsking("SELECT charge FROM visits"), ledger::QueryPhase::kReported);
  const QueryId second = *query_;
  Agreed(Say(hospital_, ApprovalOf(second)));
  Agreed(Say(hospital_, ApprovalOf(first)));
  EXPECT_EQ(enclave_->Execute(first).error().code, Code::kRefused);
  EXPECT_TRUE(enclave_->Execute(second).has_value());
}

}  // namespace
}  // namespace cloister::enclave
