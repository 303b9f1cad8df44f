// A check that cannot fail proves nothing. For each type of check: a query on which the real engine keeps it, and
// engines with one mistake each that do not.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "check.h"

namespace cloister::attacks {
namespace {

using engine::Value;
using sql::NoiseMechanism;
using sql::NoisyRelease;

class Mutants : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    corpus_ = new Corpus(ReadCorpus(CLOISTER_SOURCE_DIR "/tests/attacks/corpus").value());
    lab_ = Lab::Open(*corpus_).value().release();
  }
  static void TearDownTestSuite() {
    delete lab_;
    delete corpus_;
  }
  void SetUp() override { lab_->ForgetHistory(); }
  void TearDown() override { lab_->Do({}); }

  // What the check says of the query as this engine runs it. Checks change the fixture and put it back.
  static std::string Verdict(const Case& one, Sabotage sabotage) {
    lab_->Do(std::move(sabotage));
    const Outcome outcome = lab_->Run(one.sql, one.level);
    EXPECT_FALSE(outcome.refused()) << one.sql << (outcome.refused() ? outcome.findings[0].message : "");
    const std::string verdict = RunCheck(one.checks.at(0), one, outcome, *lab_);
    lab_->Do({});
    lab_->ForgetHistory();
    return verdict;
  }

  static void ExpectCaught(const Case& one, const std::vector<Sabotage>& mutants) {
    EXPECT_EQ(Verdict(one, {}), "") << "the real engine";
    for (std::size_t i = 0; i < mutants.size(); ++i) EXPECT_NE(Verdict(one, mutants[i]), "") << "mutant " << i;
  }

  static Corpus* corpus_;
  static Lab* lab_;
};
Corpus* Mutants::corpus_ = nullptr;
Lab* Mutants::lab_ = nullptr;

Case A(const std::string& level, const std::string& sql, const std::string& type, const std::string& body = "{}") {
  Case one;
  one.id = type;
  one.level = level;
  one.sql = sql;
  one.checks.push_back({type, codec::ParseJson(body).value().as_object()});
  return one;
}
Case Aggregate(const std::string& sql, const std::string& type, const std::string& body = "{}") {
  return A("aggregate_only", sql, type, body);
}
Case Private(const std::string& sql, const std::string& type, const std::string& body = "{}") {
  return A("differential_privacy", sql, type, body);
}

// An engine without any protection.
Sabotage Plain(const std::string& sql, std::vector<sql::PlanColumn> columns) {
  Sabotage sabotage;
  sabotage.plain = engine::SelectStatement{.sql = sql, .columns = std::move(columns)};
  return sabotage;
}
Sabotage Telling(std::function<void(Outcome&)> lie) {
  Sabotage sabotage;
  sabotage.outcome = std::move(lie);
  return sabotage;
}
Sabotage Running(std::function<void(NoisyRelease&)> mistake) {
  Sabotage sabotage;
  sabotage.stage = [mistake](sql::PlanStage& stage) { mistake(std::get<NoisyRelease>(stage.protection)); };
  return sabotage;
}

const std::vector<sql::PlanColumn> kHospitalAndCount = {{"hospital", "VARCHAR"}, {"n", "BIGINT"}};
const char* const kHospitals = "SELECT hospital, COUNT(*) AS n FROM patients GROUP BY hospital";
const char* const kPlainHospitals = "SELECT hospital, COUNT(*) AS n FROM \"ds_patients\" GROUP BY hospital";

TEST_F(Mutants, Absent) {
  ExpectCaught(Aggregate(kHospitals, "absent", R"({"column":"hospital","value":"St Rare"})"),
               {Plain(kPlainHospitals, kHospitalAndCount)});
}

TEST_F(Mutants, RowsEq) {
  ExpectCaught(Aggregate("SELECT zip, COUNT(*) AS n FROM patients WHERE zip = '00199' GROUP BY zip", "rows_eq",
                         R"({"n":0})"),
               {Plain("SELECT zip, COUNT(*) AS n FROM \"ds_patients\" WHERE zip = '00199' GROUP BY zip",
                      {{"zip", "VARCHAR"}, {"n", "BIGINT"}})});
}

TEST_F(Mutants, NoValue) {
  ExpectCaught(Aggregate("SELECT SUM(cost) AS s FROM patients WHERE age >= 97", "no_value", R"({"value":98765.43})"),
               {Plain("SELECT SUM(cost) AS s FROM \"ds_patients\" WHERE age >= 97", {{"s", "DOUBLE"}})});
}

// The cell itself, or a total that holds it beside parts that do not.
TEST_F(Mutants, NotDerivable) {
  const std::string rollup = "SELECT hospital, COUNT(*) AS n FROM \"ds_patients\" GROUP BY ROLLUP (hospital)";
  ExpectCaught(Aggregate("SELECT hospital, COUNT(*) AS n FROM patients GROUP BY ROLLUP (hospital)", "not_derivable",
                         R"({"cell":{"hospital":"St Rare"}})"),
               {Plain(rollup, kHospitalAndCount),
                Plain("SELECT * FROM (" + rollup + ") WHERE hospital IS DISTINCT FROM 'St Rare'", kHospitalAndCount)});
}

TEST_F(Mutants, SameAsSuppressed) {
  ExpectCaught(
      Aggregate("SELECT COUNT(*) AS n FROM patients WHERE zip = '00142' AND age = 97", "same_as_suppressed"),
      {Plain("SELECT COUNT(*) AS n FROM \"ds_patients\" WHERE zip = '00142' AND age = 97", {{"n", "BIGINT"}})});
}

TEST_F(Mutants, NoError) {
  ExpectCaught(Aggregate(kHospitals, "no_error"), {Telling([](Outcome& outcome) { outcome.error = "overflow"; })});
}

TEST_F(Mutants, CountDistinctOnlyReleased) {
  ExpectCaught(Aggregate("SELECT COUNT(DISTINCT hospital) AS n FROM patients", "count_distinct_only_released"),
               {Plain("SELECT COUNT(DISTINCT hospital) AS n FROM \"ds_patients\"", {{"n", "BIGINT"}})});
}

TEST_F(Mutants, UnitsCountedFrom) {
  ExpectCaught(Aggregate("SELECT k.segment, COUNT(*) AS n FROM cohort k JOIN patients p ON p.patient_id = k.person_id "
                         "GROUP BY k.segment",
                         "units_counted_from", R"({"dataset":"patients"})"),
               {Plain("SELECT segment, COUNT(*) AS n FROM \"ds_cohort\" GROUP BY segment ORDER BY 1",
                      {{"segment", "VARCHAR"}, {"n", "BIGINT"}})});
}

TEST_F(Mutants, NullGroupNotRemainder) {
  ExpectCaught(Aggregate(kHospitals, "null_group_not_remainder"), {Telling([](Outcome& outcome) {
                 outcome.answer.rows.push_back({std::monostate{}, std::int64_t{6}});
               })});
}

TEST_F(Mutants, RoundedToGranularity) {
  ExpectCaught(Aggregate("SELECT MEDIAN(cost) AS m FROM patients", "rounded_to_granularity"),
               {Plain("SELECT AVG(cost) / 7 AS m FROM \"ds_patients\"", {{"m", "DOUBLE"}})});
}

// A guard that sees who stands behind an answer and not which of his rows: one visit of one person is told.
TEST_F(Mutants, RowsBehindAnAnswer) {
  const std::string all = "SELECT SUM(charge) AS s FROM visits";
  const std::string without = all + " WHERE NOT (ward = 'Oncology' AND charge >= 4900 AND "
                                    "visit_date >= DATE '2024-05-01' AND visit_date < DATE '2024-06-01')";
  Sabotage persons_alone;
  persons_alone.stage = [](sql::PlanStage& stage) {
    for (auto& cell : std::get<sql::GuardedRelease>(stage.protection).cells) {
      for (auto& set : cell.sets) std::fill(set.sums.begin(), set.sums.end(), "");
    }
  };
  for (const bool sabotaged : {false, true}) {
    lab_->ForgetHistory();
    lab_->Do(sabotaged ? persons_alone : Sabotage{});
    EXPECT_EQ(lab_->Run(all, "aggregate_only").answer.rows.size(), 1u);
    EXPECT_EQ(lab_->Run(without, "aggregate_only").answer.rows.size(), sabotaged ? 1u : 0u);
  }
}

// Engines that show rows as they lie in the table.
TEST_F(Mutants, CanonicalOrderAndDeterministicSum) {
  const Sabotage as_it_lies =
      Plain("SELECT hospital, age::BIGINT AS n FROM \"ds_patients\" LIMIT 20", kHospitalAndCount);
  ExpectCaught(Aggregate(kHospitals, "canonical_order"), {as_it_lies});
  ExpectCaught(Aggregate("SELECT SUM(cost) AS s FROM patients", "deterministic_sum"), {as_it_lies});
}

// ---- k-anonymity: rows as they are

TEST_F(Mutants, KAndLAtLeast) {
  const std::string rows = "SELECT zip, age, hospital, diagnosis FROM patients";
  const Sabotage plain =
      Plain("SELECT zip, age::BIGINT AS age, hospital, diagnosis FROM \"ds_patients\"",
            {{"zip", "VARCHAR"}, {"age", "BIGINT"}, {"hospital", "VARCHAR"}, {"diagnosis", "VARCHAR"}});
  ExpectCaught(A("k_anonymized", rows, "k_at_least", R"({"k":10,"qi":["zip","age","hospital"]})"), {plain});
  ExpectCaught(A("k_anonymized", rows, "l_at_least", R"({"l":2,"qi":["zip","age","hospital"],"sa":"diagnosis"})"),
               {plain});
}

// ---- differential privacy

TEST_F(Mutants, AbsentWithProbability) {
  ExpectCaught(Private("SELECT zip, age, COUNT(*) AS n FROM patients GROUP BY zip, age", "absent_with_probability",
                       R"({"column":"age","value":97,"delta":true})"),
               {Running([](NoisyRelease& release) { release.selection.reset(); })});
}

TEST_F(Mutants, ChargeAtLeast) {
  const auto free = [](Outcome& outcome) {
    for (auto& use : outcome.uses) use.loss = {};
  };
  const auto cheap = [](Outcome& outcome) {
    for (auto& use : outcome.uses) use.loss.epsilon = use.loss.epsilon.Share(2);
  };
  ExpectCaught(Private("SELECT COUNT(*) AS n, SUM(cost) AS s, AVG(age) AS a FROM patients", "charge_at_least",
                       R"({"releases":3})"),
               {Telling(free), Telling(cheap)});
  ExpectCaught(Private(kHospitals, "charge_at_least", R"({"releases":1,"or":"identical_branches"})"),
               {Telling(free), Telling(cheap)});
}

TEST_F(Mutants, ChargesDatasets) {
  const auto only_the_first = [](Outcome& outcome) {
    for (std::size_t i = 1; i < outcome.uses.size(); ++i) outcome.uses[i].loss = {};
  };
  ExpectCaught(Private("SELECT c.plan, COUNT(*) AS n FROM claims c JOIN patients p ON c.member_id = p.patient_id "
                       "GROUP BY c.plan",
                       "charges_datasets", R"({"datasets":["claims","patients"]})"),
               {Telling(only_the_first)});
}

// Another noise each time averages out, if it costs nothing.
TEST_F(Mutants, RepeatEqual) {
  Sabotage averaging;
  averaging.fresh_noise = true;
  averaging.outcome = [](Outcome& outcome) { outcome.charged = false; };
  for (const char* type : {"repeat_equal_or_charged", "repeat_equal_or_budget_exhausted"})
    ExpectCaught(Private(kHospitals, type), {averaging});
}

// Queries compiled under policies without bounds, that say they have them.
TEST_F(Mutants, ContributionBounded) {
  std::vector<sql::CompileDataset> loose = corpus_->datasets;
  for (auto& dataset : loose) {
    dataset.policy.budget.max_rows_per_unit = 1'000'000;
    dataset.policy.budget.max_groups_contributed = 50;
  }
  for (const char* text :
       {"SELECT ward, SUM(charge) AS s FROM visits GROUP BY ward", "SELECT COUNT(*) AS n FROM visits",
        "SELECT SUM(p.cost) AS s FROM patients p JOIN visits v ON v.patient_id = p.patient_id"}) {
    const Case one = Private(text, "contribution_bounded");
    const Outcome honest = lab_->Run(one.sql, one.level);
    Sabotage unbounded;
    unbounded.datasets = &loose;
    unbounded.outcome = [honest](Outcome& outcome) { outcome.stages = honest.stages; };
    ExpectCaught(one, {unbounded});
  }
}

TEST_F(Mutants, NoiseScaleAtLeast) {
  const Sabotage quiet = Running([](NoisyRelease& release) {
    for (NoiseMechanism& mechanism : release.mechanisms) mechanism.per_group_max = 1;
  });
  const Sabotage silent = Running([](NoisyRelease& release) {
    for (NoiseMechanism& mechanism : release.mechanisms) {
      mechanism.per_group_max = 1;
      mechanism.epsilon = privacy::Epsilon::OfUnits(1'000'000 * privacy::Epsilon::kOne);
    }
  });
  ExpectCaught(Private("SELECT SUM(cost) AS s FROM patients", "noise_scale_at_least", R"({"value":100000})"),
               {quiet, silent});
  ExpectCaught(Private("SELECT COUNT(*) AS n FROM visits", "noise_scale_at_least_units_rows"), {quiet, silent});
}

TEST_F(Mutants, Mechanism) {
  const auto other_kind = [](Outcome& outcome) {
    for (auto& stage : outcome.stages) {
      for (NoiseMechanism& mechanism : std::get<NoisyRelease>(stage.protection).mechanisms)
        mechanism.kind = NoiseMechanism::Kind::kLaplace;
    }
  };
  ExpectCaught(Private("SELECT MEDIAN(cost) AS m FROM patients", "mechanism", R"({"name":"quantile"})"),
               {Telling(other_kind)});
}

TEST_F(Mutants, FiniteWithin) {
  const auto showing = [](double number) {
    return Telling([number](Outcome& outcome) { outcome.answer.rows.at(0).at(0) = number; });
  };
  ExpectCaught(
      Private("SELECT AVG(age) AS a FROM patients WHERE age > 109", "finite_within", R"({"low":0,"high":110})"),
      {showing(std::numeric_limits<double>::infinity()), showing(std::nan("")), showing(110.5)});
}

TEST_F(Mutants, HavingOnNoisy) {
  const auto reads_data = [](Outcome& outcome) { outcome.last_sql += " FROM \"ds_patients\""; };
  const auto noise_after_having = [](Outcome& outcome) {
    for (auto& row : outcome.answer.rows) row.back() = std::get<std::int64_t>(row.back()) - 900;
  };
  ExpectCaught(Private("SELECT diagnosis, COUNT(*) AS n FROM patients GROUP BY diagnosis HAVING COUNT(*) > 500",
                       "having_on_noisy"),
               {Telling(reads_data), Telling(noise_after_having)});
}

TEST_F(Mutants, LatencyBucket) {
  ExpectCaught(Private("SELECT COUNT(*) AS n FROM patients WHERE diagnosis = 'Asthma'", "latency_bucket"),
               {Telling([](Outcome& outcome) { outcome.released_after_ms = 137; })});
}

}  // namespace
}  // namespace cloister::attacks
