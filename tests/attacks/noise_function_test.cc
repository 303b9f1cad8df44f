// Noise is a function of the plan and the noise key (docs/formats/noise.md), seen through queries: the same plan gives
// the same numbers whatever the order of rows and the number of threads, and one other bit in a manifest gives other
// ones everywhere.

#include <gtest/gtest.h>

#include <set>

#include "lab.h"
#include "noise_check.h"
#include "value_text.h"

namespace cloister::attacks {
namespace {

// Sums in cents with noise of a million cents: two draws are equal once in a million.
const char* const kQueries[] = {
    "SELECT hospital, SUM(cost) AS s FROM patients GROUP BY hospital",
    "SELECT diagnosis, COUNT(*) AS n, AVG(cost) AS a, STDDEV(cost) AS d FROM patients GROUP BY diagnosis",
    "SELECT ward, SUM(charge) AS s, COUNT(*) AS n FROM visits GROUP BY ward",
    "SELECT c.plan, SUM(p.cost) AS s FROM claims c JOIN patients p ON c.member_id = p.patient_id GROUP BY c.plan",
    "SELECT MEDIAN(cost) AS m, QUANTILE_CONT(cost, 0.9) AS q FROM patients",
    "SELECT date_trunc('month', visit_date) AS m, SUM(charge) AS s FROM visits GROUP BY m",
};

class NoiseFunction : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    corpus_ = new Corpus(ReadCorpus(CLOISTER_SOURCE_DIR "/tests/attacks/corpus").value());
  }
  static void TearDownTestSuite() { delete corpus_; }

  static Answer Ask(Lab& lab, const std::string& text) {
    lab.ForgetHistory();
    const Outcome outcome = lab.Run(text, "differential_privacy");
    EXPECT_TRUE(outcome.error.empty() && !outcome.refused()) << text << outcome.error;
    EXPECT_FALSE(outcome.answer.rows.empty()) << text;
    return outcome.answer;
  }

  static Corpus* corpus_;
};
Corpus* NoiseFunction::corpus_ = nullptr;

TEST_F(NoiseFunction, OrderOfRowsAndNumberOfThreadsChangeNothing) {
  const auto lab = Lab::Open(*corpus_).value();
  const auto alone = Lab::Open(*corpus_, 1).value();
  for (const char* text : kQueries) {
    const Answer answer = Ask(*lab, text);
    EXPECT_EQ(Ask(*lab, text), answer) << text;
    EXPECT_EQ(Ask(*alone, text), answer) << text;
    ASSERT_TRUE(lab->Rebuild(true).has_value());
    EXPECT_EQ(Ask(*lab, text), answer) << text;
    ASSERT_TRUE(lab->Rebuild().has_value());
  }
}

// Noisy numbers of an answer, as text.
std::multiset<std::string> Numbers(const Answer& answer) {
  std::multiset<std::string> numbers;
  for (const auto& row : answer.rows) {
    for (const auto& value : row) {
      const auto number = NumberOf(value);
      // Small whole numbers may be equal by chance: counts have noise of a few only.
      if (number && std::abs(*number) > 20'000) numbers.insert(ValueText(value));
    }
  }
  return numbers;
}

TEST_F(NoiseFunction, OneBitOfAManifestChangesEveryDraw) {
  const auto lab = Lab::Open(*corpus_).value();
  for (const char* text : {kQueries[0], kQueries[3], kQueries[5]}) {
    const auto before = Numbers(Ask(*lab, text));
    for (const int byte : {0, 31}) {
      std::vector<sql::CompileDataset> changed = corpus_->datasets;
      for (auto& dataset : changed) dataset.manifest[static_cast<std::size_t>(byte)] ^= 1;
      Sabotage other_manifests;
      other_manifests.datasets = &changed;
      lab->Do(other_manifests);
      const auto after = Numbers(Ask(*lab, text));
      lab->Do({});
      EXPECT_FALSE(after.empty()) << text;
      for (const std::string& number : after) EXPECT_FALSE(before.contains(number)) << text << ": " << number;
    }
    EXPECT_EQ(Numbers(Ask(*lab, text)), before);
  }
}

// Two queries that read the same group do not share its draw, so their difference is no difference of exact values.
TEST_F(NoiseFunction, AnotherQueryIsAnotherDraw) {
  const auto lab = Lab::Open(*corpus_).value();
  const auto by_hospital = Numbers(Ask(*lab, "SELECT hospital, SUM(cost) AS s FROM patients GROUP BY hospital"));
  const auto filtered =
      Numbers(Ask(*lab, "SELECT hospital, SUM(cost) AS s FROM patients WHERE age < 500 GROUP BY hospital"));
  for (const std::string& number : filtered) EXPECT_FALSE(by_hospital.contains(number)) << number;
}

// Whatever their labels check: every accepted query of the corpus with noise bounds what one person can change, and
// pays for each mechanism.
TEST_F(NoiseFunction, EveryQueryOfTheCorpusIsBoundedAndCharged) {
  const auto lab = Lab::Open(*corpus_).value();
  int queries = 0;
  for (const Case& one : corpus_->cases) {
    if (one.level != "differential_privacy" || one.reject) continue;
    lab->ForgetHistory();
    const Outcome outcome = lab->Run(one.sql, one.level);
    if (outcome.refused() || outcome.stages.empty()) continue;
    ++queries;
    EXPECT_EQ(RunNoiseCheck({.type = "contribution_bounded", .body = {}}, one, outcome, *lab), "") << one.sql;
    EXPECT_EQ(RunNoiseCheck({.type = "charge_at_least", .body = {}}, one, outcome, *lab), "") << one.sql;
  }
  EXPECT_GT(queries, 20);
}

}  // namespace
}  // namespace cloister::attacks
