// From an analyst's text to protected rows: the real parser, the real compiler, the real engine.

#include <gmock/gmock.h>

#include "engine/database_for_test.h"
#include "engine/statement_parser.h"
#include "sql/compile.h"

namespace cloister::engine {
namespace {

using testing::ElementsAre;

constexpr const char* kDataset = "ds_00000000000000000000000001";

sql::CompileRequest RequestFor(const std::string& text) {
  agreement::DatasetPolicy policy;
  policy.levels = {agreement::Level::kAggregateOnly};
  policy.privacy_unit = "patient_id";
  policy.min_group_size = 3;
  policy.columns["patient_id"].roles = {agreement::Role::kJoinKey};
  policy.columns["city"].roles = {agreement::Role::kDimension};
  sql::CompileRequest request;
  request.text = text;
  request.datasets.push_back({.id = kDataset,
                              .name = "visits",
                              .organisation = "hospital",
                              .schema = SchemaForTest({{"patient_id", "BIGINT"}, {"city", "VARCHAR"}}),
                              .policy = policy});
  request.analyst_organisation = "insurer";
  return request;
}

class PlanTest : public testing::Test {
 protected:
  sql::ExecutablePlan PlanOf(const std::string& text) {
    auto verdict = sql::Compile(RequestFor(text), *parser_).value();
    if (const auto* findings = std::get_if<std::vector<sql::Finding>>(&verdict)) {
      ADD_FAILURE() << findings->front().rule << ": " << findings->front().message;
    }
    return std::get<sql::CompiledQuery>(verdict).plan;
  }

  std::unique_ptr<DuckDbStatementParser> parser_ = DuckDbStatementParser::Open().value();
  std::unique_ptr<Database> database_ = DatabaseForTest();
  Cancellation cancellation_;
  TextSink sink_;
};

TEST_F(PlanTest, RunsOverLoadedDatasets) {
  ASSERT_TRUE(LoadText(*database_, FileFormat::kCsv,
                       SchemaForTest({{"patient_id", "BIGINT"}, {"city", "VARCHAR"}}),
                       "patient_id,city\n1,Bern\n2,Bern\n3,Bern\n4,Basel\n5,Basel\n1,Bern\n", kDataset)
                  .has_value());
  const auto summary =
      Execute(*database_, PlanOf("SELECT city, COUNT(DISTINCT patient_id) AS n FROM visits GROUP BY city"),
              kLimitsForTest, cancellation_, sink_);
  ASSERT_TRUE(summary.has_value()) << summary.error().public_message << summary.error().detail;
  EXPECT_THAT(sink_.rows, ElementsAre("Bern|3"));
}

TEST_F(PlanTest, NeedsItsDatasets) {
  const auto summary = Execute(*database_, PlanOf("SELECT COUNT(DISTINCT patient_id) AS n FROM visits"),
                               kLimitsForTest, cancellation_, sink_);
  ASSERT_FALSE(summary.has_value());
  EXPECT_EQ(summary.error().code, Code::kFailedPrecondition);
}

TEST_F(PlanTest, IsNotStartedWhenMemoryIsNearlyFull) {
  auto full = DatabaseForTest({.memory_bytes = kMemoryBytesMin, .threads = 7});
  std::string text = "patient_id,city\n";
  while (text.size() < 8u << 20) text += "123456789,\n";
  ASSERT_TRUE(LoadText(*full, FileFormat::kCsv,
                       SchemaForTest({{"patient_id", "BIGINT"}, {"city", "VARCHAR"}}), text, kDataset)
                  .has_value());
  const auto summary = Execute(*full, PlanOf("SELECT COUNT(DISTINCT patient_id) AS n FROM visits"),
                               kLimitsForTest, cancellation_, sink_);
  ASSERT_FALSE(summary.has_value());
  EXPECT_EQ(summary.error().code, Code::kResourceExhausted);
}

}  // namespace
}  // namespace cloister::engine
