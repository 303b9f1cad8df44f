// Queries with noise, from SQL to answers: the real compiler, engine and samplers under a fixed noise key. With an
// epsilon of 100,000,000 the noise vanishes, and what is left is what the bounds on contributions let through.

#include "enclave/protected_run.h"

#include <gmock/gmock.h>

#include <set>

#include "engine/database_for_test.h"
#include "engine/statement_parser.h"
#include "sql/compile.h"

namespace cloister::enclave {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::Not;

constexpr const char* kDataset = "ds_00000000000000000000000001";
constexpr double kNoNoise = 100'000'000;

agreement::DatasetPolicy PolicyOf(double epsilon) {
  agreement::DatasetPolicy policy;
  policy.levels = {agreement::Level::kDifferentialPrivacy};
  policy.privacy_unit = "person";
  policy.columns["person"] = {.roles = {agreement::Role::kJoinKey}, .domain = "person"};
  policy.columns["ward"].roles = {agreement::Role::kDimension};
  policy.columns["cost"] = {.roles = {agreement::Role::kMeasure},
                            .bounds = agreement::Bounds{.min = 0, .max = 100},
                            .granularity = 1,
                            .quantiles = true};
  policy.budget = {.epsilon_per_query = epsilon,
                   .delta_per_query = 1e-6,
                   .epsilon_budget = 10 * epsilon,
                   .delta_budget = 1e-3,
                   .max_groups_contributed = 2,
                   .max_rows_per_unit = 3};
  return policy;
}

class ProtectedRunTest : public testing::Test {
 protected:
  ProtectedRunTest() { database_ = engine::DatabaseForTest(); }

  void Load(const std::string& rows) {
    ASSERT_TRUE(engine::LoadText(*database_, engine::FileFormat::kCsv, Schema(), "person,ward,cost\n" + rows, kDataset)
                    .has_value());
  }

  agreement::DatasetSchema Schema() const {
    return engine::SchemaForTest({{"person", "BIGINT"}, {"ward", "VARCHAR"}, {"cost", "DOUBLE"}});
  }

  sql::CompileVerdict Verdict(const std::string& text) {
    sql::CompileRequest request;
    request.text = text;
    request.level = "differential_privacy";
    request.privacy = privacy_;
    request.datasets.push_back({.id = kDataset,
                                .name = "visits",
                                .organisation = "hospital",
                                .schema = Schema(),
                                .policy = PolicyOf(epsilon_),
                                .manifest = manifest_});
    request.datasets.back().policy.budget.accounting = accounting_;
    request.datasets.back().policy.min_group_size = min_group_size_;
    request.datasets.back().policy.columns["ward"].public_values = wards_;
    return sql::Compile(request, *parser_).value();
  }

  sql::CompiledQuery Compile(const std::string& text) {
    auto verdict = Verdict(text);
    if (const auto* findings = std::get_if<std::vector<sql::Finding>>(&verdict)) {
      ADD_FAILURE() << findings->front().rule << ": " << findings->front().message;
    }
    return std::get<sql::CompiledQuery>(std::move(verdict));
  }

  std::vector<std::string> Ask(const std::string& text) {
    const sql::CompiledQuery compiled = Compile(text);
    engine::Cancellation cancellation;
    engine::TextSink sink;
    const ProtectedRun run(*database_, key_, nullptr);
    const auto done = run.Run(compiled.plan, engine::kLimitsForTest, cancellation, sink);
    EXPECT_TRUE(done.has_value()) << done.error().public_message << done.error().detail;
    intervals_ = done->intervals;
    return std::move(sink.rows);
  }

  // `count` persons with one row each in a ward.
  static std::string Persons(int first, int count, const std::string& ward) {
    std::string rows;
    for (int i = first; i < first + count; ++i)
      rows += std::to_string(i) + "," + ward + "," + std::to_string(i % 100) + "\n";
    return rows;
  }

  double epsilon_ = 1;
  std::int64_t min_group_size_ = 1;
  codec::JsonObject privacy_;
  codec::JsonArray wards_;  // that everybody may know
  std::string intervals_;   // of the last answer
  agreement::BudgetAccounting accounting_ = agreement::BudgetAccounting::kSums;
  Digest256 manifest_{};
  SecretBytes key_ = SecretBytes(32);
  std::unique_ptr<engine::DuckDbStatementParser> parser_ = engine::DuckDbStatementParser::Open().value();
  std::unique_ptr<engine::Database> database_;
};

constexpr const char* kByWard = "SELECT ward, COUNT(*) AS n, SUM(cost) AS s FROM visits GROUP BY ward";

TEST_F(ProtectedRunTest, IsAFunctionOfKeyPlanAndManifests) {
  Load(Persons(0, 400, "er") + Persons(400, 400, "general"));
  const auto answer = Ask(kByWard);
  EXPECT_EQ(answer.size(), 2u);
  EXPECT_EQ(Ask(kByWard), answer);
  EXPECT_EQ(Ask("SELECT  \"ward\", COUNT(*) n, SUM(cost) s FROM visits v GROUP BY 1"), answer);
  manifest_[31] = 1;
  EXPECT_NE(Ask(kByWard), answer);
  manifest_[31] = 0;
  key_.mutable_view()[0] = 1;
  EXPECT_NE(Ask(kByWard), answer);
}

TEST_F(ProtectedRunTest, OrderOfRowsAndThreadsChangeNoDraw) {
  std::string several;
  for (int i = 0; i < 300; ++i) {
    for (const char* ward : {"er", "general", "surgery", "oncology"})
      several += std::to_string(i) + "," + ward + "," + std::to_string(i % 7) + "\n";
  }
  Load(several);
  const auto answer = Ask(kByWard);
  std::string reversed;
  for (std::size_t at = several.size(); at > 0;) {
    const std::size_t line = several.rfind('\n', at - 2);
    const std::size_t begin = line == std::string::npos ? 0 : line + 1;
    reversed += several.substr(begin, at - begin);
    at = begin;
  }
  database_ = engine::DatabaseForTest({.memory_bytes = 1 << 30, .threads = 1});
  Load(reversed);
  EXPECT_EQ(Ask(kByWard), answer);
}

// 2 wards and 3 rows in each are what a person may add; the rest is left out.
TEST_F(ProtectedRunTest, BoundsWhatOnePersonAdds) {
  epsilon_ = kNoNoise;
  std::string rows;
  for (int person = 0; person < 20; ++person) {
    for (const char* ward : {"a", "b", "c", "d"}) {
      for (int i = 0; i < 10; ++i) rows += std::to_string(person) + "," + ward + ",1000\n";
    }
  }
  Load(rows);
  EXPECT_THAT(Ask("SELECT SUM(n), SUM(s) FROM (SELECT ward, COUNT(*) AS n, SUM(cost) AS s FROM visits GROUP BY ward)"),
              ElementsAre("120|12000.000000"));
  EXPECT_THAT(Ask("SELECT SUM(n) FROM (SELECT ward, COUNT(*) AS n, MEDIAN(cost) AS m FROM visits GROUP BY ward)"),
              ElementsAre("120"));
  EXPECT_THAT(Ask("SELECT COUNT(*), COUNT(DISTINCT person), SUM(cost), AVG(cost) FROM visits"),
              ElementsAre("60|20|6000.000000|100.000000"));
  EXPECT_THAT(Ask("SELECT SUM(n) FROM (SELECT person, COUNT(*) AS n FROM visits GROUP BY person)"), ElementsAre("60"));
}

TEST_F(ProtectedRunTest, MakesEveryAggregateOfBoundedSums) {
  epsilon_ = kNoNoise;
  Load("1,er,10\n2,er,20\n3,er,30\n4,er,40\n5,er,\n");
  EXPECT_THAT(Ask("SELECT COUNT(*), COUNT(cost), SUM(cost), AVG(cost), VAR_POP(cost), STDDEV_SAMP(cost), MEDIAN(cost), "
                  "COUNT(*) FILTER (WHERE cost > 15), SUM(CASE WHEN cost < 25 THEN 1 ELSE 0 END) FROM visits"),
              ElementsAre(testing::MatchesRegex("5\\|4\\|100.000000\\|25.000000\\|125.000000\\|12.909944\\|"
                                                "[23][0-9]\\.[0-9]+\\|3\\|2")));
}

TEST_F(ProtectedRunTest, GivesTotalsBesideGroups) {
  epsilon_ = kNoNoise;
  Load(Persons(0, 40, "er") + Persons(40, 60, "general"));
  EXPECT_THAT(Ask("SELECT ward, GROUPING(ward), COUNT(*) FROM visits GROUP BY ROLLUP (ward) ORDER BY 3"),
              ElementsAre("er|0|40", "general|0|60", "NULL|1|100"));
}

TEST_F(ProtectedRunTest, ReadsReleasedValuesOnlyAfterTheNoise) {
  epsilon_ = kNoNoise;
  Load(Persons(0, 40, "er") + Persons(40, 60, "general"));
  EXPECT_THAT(Ask("SELECT ward, 100.0 * COUNT(*) / SUM(COUNT(*)) OVER () AS share FROM visits GROUP BY ward "
                  "HAVING COUNT(*) > 50 ORDER BY share DESC LIMIT 1"),
              ElementsAre("general|100.000000"));
}

// A ward of one person is shown once in a million times.
TEST_F(ProtectedRunTest, KeepsSmallGroupsBack) {
  Load(Persons(0, 400, "er") + "1000,rare,1\n");
  EXPECT_THAT(Ask("SELECT ward FROM visits GROUP BY ward"), ElementsAre("er"));
}

TEST_F(ProtectedRunTest, GroupsOfFewerThanTheOwnersKAreNeverShown) {
  epsilon_ = kNoNoise;
  min_group_size_ = 40;
  Load(Persons(0, 39, "er") + Persons(39, 45, "general"));
  EXPECT_THAT(Ask("SELECT ward, COUNT(*) FROM visits GROUP BY ward"), ElementsAre("general|45"));
  EXPECT_THAT(Ask("SELECT COUNT(*) FROM visits WHERE ward = 'er'"), ElementsAre("39")) << "there is nothing to choose";
}

TEST_F(ProtectedRunTest, ShowsAllListedGroupsAndNoOthers) {
  epsilon_ = kNoNoise;
  wards_ = {"er", "general", "empty"};
  Load(Persons(0, 3, "er") + Persons(3, 4, "general") + "1000,unlisted,1\n1001,,1\n");
  EXPECT_THAT(Ask("SELECT ward, COUNT(*), SUM(cost), AVG(cost) FROM visits GROUP BY ward"),
              ElementsAre("empty|0|0.000000|50.000000", "er|3|3.000000|1.000000", "general|4|18.000000|4.500000"));
  EXPECT_THAT(Ask("SELECT ward, COUNT(*) FROM visits WHERE ward IN ('er', 'empty', 'unlisted') GROUP BY ward"),
              ElementsAre("empty|0", "er|3"));
  EXPECT_THAT(Ask("SELECT ward, COUNT(*) FROM visits WHERE cost >= 4 GROUP BY ward"),
              ElementsAre("empty|0", "er|0", "general|3"));
  EXPECT_THAT(Ask("SELECT ward, COUNT(*) FROM visits GROUP BY ROLLUP (ward)"),
              ElementsAre("empty|0", "er|3", "general|4", "NULL|9"));
  EXPECT_EQ(Ask("SELECT ward, MEDIAN(cost) FROM visits GROUP BY ward").size(), 3u);
}

// Whether anybody is in a listed group is told by its number alone, and nothing is spent on showing it.
TEST_F(ProtectedRunTest, ListedGroupsCostNoDelta) {
  wards_ = {"er", "general", "empty"};
  Load(Persons(0, 400, "er"));
  EXPECT_EQ(Ask(kByWard).size(), 3u);
  const auto loss = Compile(kByWard).datasets.front().loss;
  EXPECT_TRUE(loss.delta.IsZero());
  EXPECT_EQ(loss.epsilon.ToNumber(), 1);
  EXPECT_NE(Compile(kByWard).report.find("of the values that their owner lists"), std::string::npos);
  wards_.clear();
  EXPECT_FALSE(Compile(kByWard).datasets.front().loss.delta.IsZero());
}

TEST_F(ProtectedRunTest, AveragesCarryTheirIntervals) {
  Load(Persons(0, 400, "er") + Persons(400, 400, "general"));
  const auto rows = Ask("SELECT ward, COUNT(*) AS n, AVG(cost) AS a FROM visits GROUP BY ward ORDER BY ward");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_THAT(rows[0], testing::StartsWith("er|"));
  const auto intervals = codec::ParseJson(intervals_).value();
  const auto& interval = intervals.get_array().at(0).get_object();
  EXPECT_EQ(intervals.get_array().size(), 1u);
  EXPECT_EQ(interval.at("column"), "a");
  ASSERT_EQ(interval.at("low").get_array().size(), 2u);
  const double low = interval.at("low").get_array()[0].to_number<double>();
  const double high = interval.at("high").get_array()[0].to_number<double>();
  const double shown = std::stod(rows[0].substr(rows[0].rfind('|') + 1));
  EXPECT_LE(low, 49.5);
  EXPECT_GE(high, 49.5);
  EXPECT_LT(low, shown);
  EXPECT_LT(shown, high);
}

TEST_F(ProtectedRunTest, IntervalsGoWithTheirColumnAndNoFurther) {
  Load(Persons(0, 400, "er") + Persons(400, 400, "general"));
  const auto count = [&](const std::string& text) {
    Ask(text);
    return intervals_.empty() ? 0 : codec::ParseJson(intervals_).value().get_array().size();
  };
  EXPECT_EQ(count("SELECT VAR_POP(cost), STDDEV(cost), AVG(cost), COUNT(*) FROM visits"), 3u);
  EXPECT_EQ(count("WITH x AS (SELECT ward, AVG(cost) AS a FROM visits GROUP BY ward) "
                  "SELECT a AS b, ward FROM x LIMIT 1"),
            1u);
  EXPECT_EQ(count("SELECT AVG(cost) / 2 AS half FROM visits"), 0u);
  EXPECT_EQ(count("SELECT DISTINCT a FROM (SELECT ward, AVG(cost) AS a FROM visits GROUP BY ward)"), 0u);
  EXPECT_EQ(count("SELECT AVG(cost) AS a FROM visits UNION ALL SELECT AVG(cost) FROM visits WHERE ward = 'er'"), 0u);
  EXPECT_EQ(count("SELECT ward, AVG(cost) FROM visits GROUP BY ROLLUP (ward)"), 1u);
}

TEST_F(ProtectedRunTest, AnswersWithoutAnyRow) {
  Load(Persons(0, 10, "er"));
  EXPECT_EQ(Ask("SELECT COUNT(*), AVG(cost) FROM visits WHERE ward = 'nowhere'").size(), 1u);
  EXPECT_TRUE(Ask("SELECT ward, COUNT(*) FROM visits WHERE ward = 'nowhere' GROUP BY ward").empty());
}

TEST_F(ProtectedRunTest, ChargesWhatTheMechanismsSpend) {
  Load(Persons(0, 10, "er"));
  const auto loss = [&](const std::string& text) { return Compile(text).datasets.front().loss; };
  EXPECT_EQ(loss("SELECT COUNT(*) FROM visits").epsilon.ToNumber(), 1);
  EXPECT_TRUE(loss("SELECT COUNT(*) FROM visits").delta.IsZero());
  EXPECT_EQ(loss(kByWard).delta.ToNumber(), 1e-6);
  EXPECT_LE(loss(kByWard).epsilon.ToNumber(), 1);
  privacy_["epsilon"] = 0.25;
  EXPECT_EQ(loss("SELECT COUNT(*) FROM visits").epsilon.ToNumber(), 0.25);
  privacy_["mechanism"] = "gaussian";
  accounting_ = agreement::BudgetAccounting::kZcdp;
  EXPECT_TRUE(loss("SELECT COUNT(*) FROM visits").epsilon.IsZero());
  EXPECT_FALSE(loss("SELECT COUNT(*) FROM visits").rho.IsZero());
}

// Sums of epsilon cannot pay for it: better refused before anybody approves.
TEST_F(ProtectedRunTest, GaussianNoiseNeedsAnAccountThatHoldsIt) {
  privacy_["mechanism"] = "gaussian";
  const auto verdict = Verdict("SELECT COUNT(*) FROM visits");
  const auto* findings = std::get_if<std::vector<sql::Finding>>(&verdict);
  ASSERT_NE(findings, nullptr);
  EXPECT_EQ(findings->front().rule, "R25");
  EXPECT_NE(findings->front().message.find("accounting zcdp"), std::string::npos);
  accounting_ = agreement::BudgetAccounting::kZcdp;
  EXPECT_TRUE(std::holds_alternative<sql::CompiledQuery>(Verdict("SELECT COUNT(*) FROM visits")));
}

}  // namespace
}  // namespace cloister::enclave
