// The guard against differencing in the enclave: what two approved queries may show together, before and after a
// restart, and when one of them was never run here.

#include "enclave/story_for_test.h"

namespace cloister::enclave {
namespace {

class GuardStory : public EnclaveStory {
 protected:
  GuardStory() {
    visits_csv_ += "1,Day,999\n";  // a fourth visit of a patient who has three elsewhere
    Open();
    Register();
  }

  void Approve(const std::string& sql) {
    Ask(sql);
    ASSERT_EQ(Ledger().FindQuery(*query_)->phase, ledger::QueryPhase::kReported);
    Agreed(Say(hospital_, ApprovalOf(*query_)));
  }

  std::string Result() {
    const auto executed = enclave_->Execute(*query_);
    EXPECT_TRUE(executed.has_value()) << executed.error().public_message;
    EXPECT_EQ(executed->outcome, ledger::Outcome::kReleased) << executed->code;
    return OpenResult(analyst_);
  }

  std::string ResultOf(const std::string& sql) {
    Approve(sql);
    return Result();
  }

  // Ten patients are in the ward Rare, and k is fifteen: the two answers together would show their sum.
  static constexpr char kAll[] = "SELECT SUM(charge) AS s FROM visits";
  static constexpr char kWithoutRare[] = "SELECT SUM(charge) AS s FROM visits WHERE ward <> 'Rare'";
  static constexpr char kWithoutDay[] = "SELECT SUM(charge) AS s FROM visits WHERE ward <> 'Day'";
  static constexpr char kCountAll[] = "SELECT COUNT(*) AS n FROM visits";
  const testing::Matcher<const std::string&> kHasNoRow = testing::HasSubstr("\"rows\":[]");
  const testing::Matcher<const std::string&> kHasARow = testing::HasSubstr("\"rows\":[[");
};

TEST_F(GuardStory, AnAnswerThatDiffersByFewPeopleIsSuppressed) {
  EXPECT_THAT(ResultOf(kAll), kHasARow);
  EXPECT_THAT(ResultOf(kWithoutRare), kHasNoRow);
  EXPECT_THAT(ResultOf(kAll), kHasARow);  // the same answer again
}

TEST_F(GuardStory, ATotalBesideItsPartsIsSuppressed) {
  EXPECT_THAT(ResultOf(kByWard), kHasARow);
  EXPECT_THAT(ResultOf(kAll), kHasNoRow);
}

TEST_F(GuardStory, MeasuresThatHaveNothingInCommonAreShown) {
  EXPECT_THAT(ResultOf(kCountAll), kHasARow);
  EXPECT_THAT(ResultOf(kWithoutRare), kHasARow);
}

TEST_F(GuardStory, TheHistoryOutlivesARestart) {
  EXPECT_THAT(ResultOf(kAll), kHasARow);
  Restart();
  EXPECT_THAT(ResultOf(kWithoutRare), kHasNoRow);
}

// The same sixty patients stand behind both, and one's visit would be their difference.
TEST_F(GuardStory, AnAnswerThatDiffersByAVisitIsSuppressedAlsoAfterARestart) {
  EXPECT_THAT(ResultOf(kAll), kHasARow);
  EXPECT_THAT(ResultOf(kWithoutDay), kHasNoRow);
  Restart();
  EXPECT_THAT(ResultOf(kWithoutDay), kHasNoRow);
  EXPECT_THAT(ResultOf(kAll), kHasARow);
}

TEST_F(GuardStory, AWithheldQueryCountsAsIfItHadRun) {
  Approve(kAll);  // and the host runs it elsewhere
  EXPECT_THAT(ResultOf(kWithoutRare), kHasNoRow);
}

// A report that nobody can approve has no place in the ledger: it was written, and ended the enclave.
TEST_F(GuardStory, AQueryOfNoDatasetIsRefused) {
  for (const char* sql : {"SELECT 1", "WITH a AS (SELECT 1) SELECT * FROM a"}) {
    Ask(sql);
    EXPECT_EQ(Ledger().FindQuery(*query_)->phase, ledger::QueryPhase::kRefused) << sql;
  }
  EXPECT_THAT(ResultOf(kAll), kHasARow);
}

TEST_F(GuardStory, AnUnapprovedQueryDoesNotCount) {
  Ask(kAll);
  EXPECT_THAT(ResultOf(kWithoutRare), kHasARow);
}

TEST_F(GuardStory, WithoutTheDataOfAnEarlierAnswerNothingRuns) {
  EXPECT_THAT(ResultOf(kAll), kHasARow);
  Restart();
  Approve(kWithoutRare);
  const Bytes stored = host_.objects[dataset_->str()];
  host_.objects[dataset_->str()].back() ^= 1;
  EXPECT_EQ(enclave_->Execute(*query_).error().code, Code::kUnavailable);
  host_.objects[dataset_->str()] = stored;
  EXPECT_THAT(Result(), kHasNoRow);
}

}  // namespace
}  // namespace cloister::enclave
