#include "engine/execute.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "base/clock.h"
#include "engine/database_for_test.h"

namespace cloister::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Joins nothing can finish; the engine must be stopped.
constexpr const char* kEndless =
    "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE (a.range * 7919 + b.range) % 1000003 = "
    "17";

class ExecuteTest : public testing::Test {
 protected:
  Code CodeOf(const std::string& sql, const ExecutionLimits& limits = kLimitsForTest) {
    auto rows = Select(*database_, sql, {"BIGINT"}, limits);
    EXPECT_FALSE(rows.has_value()) << sql;
    return rows ? Code::kInternal : rows.error().code;
  }

  std::unique_ptr<Database> database_ = DatabaseForTest();
};

TEST_F(ExecuteTest, GivesTypedValues) {
  EXPECT_THAT(
      Select(
          *database_,
          "SELECT true, 1::TINYINT, 2::SMALLINT, 3::INTEGER, 4::BIGINT, 5::UTINYINT, 6::USMALLINT, "
          "7::UINTEGER, "
          "18446744073709551615::UBIGINT, '-170141183460469231731687303715884105728'::HUGEINT, 0.5::FLOAT, "
          "0.25::DOUBLE, "
          "1.5::DECIMAL(4,1), 1.5::DECIMAL(9,1), 1.5::DECIMAL(18,1), -1.5::DECIMAL(38,1), 'ä', "
          "'longer than twelve bytes', DATE '2026-11-22', TIMESTAMP '2026-11-22 08:36:00.000001'",
          {"BOOLEAN",       "TINYINT",       "SMALLINT", "INTEGER", "BIGINT", "UTINYINT",     "USMALLINT",
           "UINTEGER",      "UBIGINT",       "HUGEINT",  "FLOAT",   "DOUBLE", "DECIMAL(4,1)", "DECIMAL(9,1)",
           "DECIMAL(18,1)", "DECIMAL(38,1)", "VARCHAR",  "VARCHAR", "DATE",   "TIMESTAMP"})
          .value(),
      ElementsAre("true|1|2|3|4|5|6|7|18446744073709551615|-170141183460469231731687303715884105728|0.500000|"
                  "0.250000|"
                  "1.5|1.5|1.5|-1.5|ä|longer than twelve bytes|2026-11-22|2026-11-22T08:36:00.000001"));
}

TEST_F(ExecuteTest, StreamsManyRows) {
  const auto rows = Select(*database_, "SELECT i, CASE WHEN i % 2 = 0 THEN i END FROM range(100000) t(i)",
                           {"BIGINT", "BIGINT"});
  ASSERT_EQ(rows->size(), 100000u);
  EXPECT_THAT(*rows, testing::Contains("99999|NULL"));
}

TEST_F(ExecuteTest, RefusesTypesThatThePlanDoesNotState) {
  for (const char* sql :
       {"SELECT 1::INTEGER", "SELECT 'x'", "SELECT [1]", "SELECT {'a': 1}", "SELECT INTERVAL 1 DAY",
        "SELECT 'x'::BLOB", "SELECT TIMESTAMPTZ '2026-11-22 00:00:00+00'", "SELECT 1::BIGINT, 2::BIGINT"}) {
    EXPECT_EQ(CodeOf(sql), Code::kInternal) << sql;
  }
}

TEST_F(ExecuteTest, EngineTextStaysInTheDetail) {
  const auto rows = Select(*database_, "SELECT CAST('secret' AS BIGINT) + i FROM range(5) t(i)", {"BIGINT"});
  ASSERT_FALSE(rows.has_value());
  EXPECT_EQ(rows.error().public_message, "the engine could not run the plan");
  EXPECT_THAT(rows.error().detail, HasSubstr("secret"));
}

TEST_F(ExecuteTest, StopsAtTheBoundsOfTheResult) {
  ExecutionLimits limits = kLimitsForTest;
  limits.rows_max = 10;
  EXPECT_EQ(CodeOf("SELECT i FROM range(11) t(i)", limits), Code::kResourceExhausted);
  EXPECT_EQ(Select(*database_, "SELECT i FROM range(10) t(i)", {"BIGINT"}, limits)->size(), 10u);
  limits = kLimitsForTest;
  limits.result_bytes_max = 160;
  EXPECT_EQ(CodeOf("SELECT i FROM range(11) t(i)", limits), Code::kResourceExhausted);
  EXPECT_EQ(Select(*database_, "SELECT i FROM range(10) t(i)", {"BIGINT"}, limits)->size(), 10u);
}

TEST_F(ExecuteTest, NeedsEveryLimit) {
  for (const ExecutionLimits limits :
       {ExecutionLimits{0, 1, 1}, ExecutionLimits{1, 0, 1}, ExecutionLimits{1, 1, 0}}) {
    EXPECT_EQ(CodeOf("SELECT 1::BIGINT", limits), Code::kInvalidArgument);
  }
}

TEST_F(ExecuteTest, StopsWhenMemoryIsFull) {
  auto small = DatabaseForTest({.memory_bytes = kMemoryBytesMin, .threads = 2});
  const auto rows = Select(
      *small, "SELECT count(*) FROM (SELECT i, count(*) FROM range(50000000) t(i) GROUP BY i)", {"BIGINT"});
  ASSERT_FALSE(rows.has_value());
  EXPECT_EQ(rows.error().code, Code::kResourceExhausted) << rows.error().detail;
  EXPECT_THAT(rows.error().public_message, HasSubstr("limits.memory_bytes"));
  EXPECT_THAT(Select(*small, "SELECT 1::BIGINT", {"BIGINT"}).value(), ElementsAre("1"));
}

// Kinds of work whose inner loops differ: joins, sorts, aggregates, text.
const char* const kLongStatements[] = {
    kEndless,
    "SELECT count(*) FROM range(100000) a, range(100000) b, range(100000) c WHERE a.range + b.range + "
    "c.range = 5",
    "SELECT max(s) FROM (SELECT md5(a.range::VARCHAR || b.range) s FROM range(1000000) a, range(1000000) b)",
    "SELECT sum(r) FROM (SELECT row_number() OVER (ORDER BY md5(range::VARCHAR)) r FROM range(30000000))",
    "SELECT count(*) FROM (SELECT DISTINCT md5(range::VARCHAR) FROM range(40000000))",
};

TEST_F(ExecuteTest, StopsWithinASecondOfItsDeadline) {
  const SystemClock clock;
  for (const char* sql : kLongStatements) {
    auto database = DatabaseForTest({.memory_bytes = 6LL << 30, .threads = 2});
    ExecutionLimits limits = kLimitsForTest;
    limits.time_ms = 100;
    const auto began = clock.MonotonicMs();
    const auto rows = Select(*database, sql, {"HUGEINT"}, limits);
    ASSERT_FALSE(rows.has_value()) << sql;
    EXPECT_EQ(rows.error().code, Code::kDeadlineExceeded) << sql << rows.error().detail;
    EXPECT_LT(clock.MonotonicMs() - began, 100 + 2000) << sql;  // 1 s, and a busy machine
  }
}

TEST_F(ExecuteTest, StopsWithinASecondOfItsCancellation) {
  const SystemClock clock;
  for (const char* sql : kLongStatements) {
    auto database = DatabaseForTest({.memory_bytes = 6LL << 30, .threads = 2});
    Cancellation cancellation;
    TextSink sink;
    const auto began = clock.MonotonicMs();
    std::thread other([&] {
      while (clock.MonotonicMs() - began < 100) std::this_thread::yield();
      cancellation.Cancel();
    });
    const auto summary =
        RunSelect(*database, {.sql = sql, .columns = {{"n", "HUGEINT"}}}, kLimitsForTest, cancellation, sink);
    other.join();
    ASSERT_FALSE(summary.has_value()) << sql;
    EXPECT_EQ(summary.error().code, Code::kCancelled) << sql << summary.error().detail;
    EXPECT_LT(clock.MonotonicMs() - began, 100 + 2000) << sql;  // 1 s, and a busy machine
  }
}

TEST_F(ExecuteTest, ACancellationBeforeTheStartHolds) {
  Cancellation cancellation;
  cancellation.Cancel();
  TextSink sink;
  const auto summary = RunSelect(*database_, {.sql = kEndless, .columns = {{"n", "BIGINT"}}}, kLimitsForTest,
                                 cancellation, sink);
  EXPECT_EQ(summary.error().code, Code::kCancelled);
}

// Cancels while its first rows are being taken.
class CancellingSink final : public RowSink {
 public:
  explicit CancellingSink(Cancellation& cancellation) : cancellation_(cancellation) {}
  Status Row(std::span<const Value>) override {
    cancellation_.Cancel();
    return {};
  }

 private:
  Cancellation& cancellation_;
};

TEST_F(ExecuteTest, ACancellationHoldsWhileRowsStream) {
  Cancellation cancellation;
  CancellingSink sink(cancellation);
  ExecutionLimits limits{.time_ms = 600'000, .rows_max = 1LL << 60, .result_bytes_max = 1LL << 60};
  const auto summary =
      RunSelect(*database_, {.sql = "SELECT range FROM range(1000000000)", .columns = {{"n", "BIGINT"}}},
                limits, cancellation, sink);
  EXPECT_EQ(summary.error().code, Code::kCancelled);
}

TEST_F(ExecuteTest, ASinksErrorEndsIt) {
  class Refusing final : public RowSink {
   public:
    Status Row(std::span<const Value>) override { return InvalidArgument("no more"); }
  } sink;
  Cancellation cancellation;
  const auto summary = RunSelect(*database_, {.sql = "SELECT 1::BIGINT", .columns = {{"n", "BIGINT"}}},
                                 kLimitsForTest, cancellation, sink);
  EXPECT_EQ(summary.error().public_message, "no more");
}

TEST_F(ExecuteTest, QueriesRunSideBySide) {
  ASSERT_TRUE(
      LoadText(*database_, FileFormat::kCsv, SchemaForTest({{"n", "BIGINT"}}), "n\n1\n2\n3\n").has_value());
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 25; ++j) {
        if (Select(*database_, "SELECT sum(n) FROM ds_test", {"HUGEINT"}).value() ==
            std::vector<std::string>{"6"})
          ++right;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 100);
}

}  // namespace
}  // namespace cloister::engine
