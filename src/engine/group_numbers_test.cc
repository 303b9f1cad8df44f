#include "engine/group_numbers.h"

#include <gmock/gmock.h>

#include "engine/choice_function.h"
#include "engine/database_for_test.h"
#include "engine/watchdog.h"

namespace cloister::engine {
namespace {

using testing::ElementsAre;

constexpr ChoiceKey kKey = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

class GroupNumbersTest : public testing::Test {
 protected:
  GroupNumbersTest() : connection_(Connect(database_->internals().database.get()).value()) {
    scope_.emplace(database_->internals().choice_keys, connection_.get(), kKey);
  }

  Result<std::vector<std::string>> Ask(const std::string& sql, const std::vector<std::string>& types) {
    Cancellation cancellation;
    const Watchdog watchdog(connection_.get(), cancellation.state(), 60'000);
    TextSink sink;
    SelectStatement statement{.sql = sql, .columns = {}};
    for (const auto& type : types) statement.columns.push_back({.name = "c", .type = type});
    CLOISTER_TRY(RunSelectOn(connection_.get(), watchdog, statement, kLimitsForTest, sink));
    return std::move(sink.rows);
  }
  std::vector<std::string> Rows(const std::string& sql, const std::vector<std::string>& types) {
    auto rows = Ask(sql, types);
    EXPECT_TRUE(rows.has_value()) << rows.error().detail;
    return rows.has_value() ? *rows : std::vector<std::string>{};
  }

  std::unique_ptr<Database> database_ = DatabaseForTest();
  ConnectionHandle connection_;
  std::optional<ChoiceKeyScope> scope_;
};

TEST_F(GroupNumbersTest, GivesEveryTypesKeysBack) {
  const std::string row =
      "true AS a, 5::INTEGER AS b, -6::BIGINT AS c, 7::HUGEINT AS d, 0.5::DOUBLE AS e, DATE '2026-11-22' AS f, "
      "TIMESTAMP '2026-11-22 08:36:00' AS g, 'short' AS h, 'a text longer than twelve bytes' AS i";
  const std::vector<std::string> types = {"BOOLEAN", "INTEGER", "BIGINT",    "HUGEINT", "DOUBLE",
                                          "DATE",    "TIMESTAMP", "VARCHAR", "VARCHAR"};
  std::string keys;
  for (std::size_t i = 0; i < types.size(); ++i)
    keys += (i == 0 ? "" : ", ") + ("cloister_group_key(n, " + std::to_string(i) + ", NULL::" + types[i] + ")");
  EXPECT_THAT(Rows("SELECT " + keys + " FROM (SELECT cloister_group(a, b, c, d, e, f, g, h, i) AS n FROM (SELECT " +
                       row + ") GROUP BY n)",
                   types),
              ElementsAre("true|5|-6|7|0.500000|2026-11-22|2026-11-22T08:36:00|short|a text longer than twelve bytes"));
  EXPECT_THAT(Rows("SELECT cloister_group_key(cloister_group(NULL::VARCHAR, x), 0, NULL::VARCHAR) FROM range(1) t(x)",
                   {"VARCHAR"}),
              ElementsAre("NULL"));
}

TEST_F(GroupNumbersTest, TheNumberIsTheChoiceOfTheKeys) {
  EXPECT_THAT(
      Rows("SELECT COUNT(*) FROM (SELECT i % 5000 AS a, concat('key ', i % 7) AS b, concat('a longer key ', i % "
           "3) AS c, CASE WHEN i % 11 > 0 THEN DATE '2026-01-01' + (i % 13)::INTEGER END AS d FROM "
           "range(200000) t(i)) WHERE cloister_group(a, b, c, d) <> cloister_choice(a, b, c, d)",
           {"BIGINT"}),
      ElementsAre("0"));
}

// More groups than a thread keeps at hand, of keys that differ in every part, on several threads.
TEST_F(GroupNumbersTest, GroupsAreThoseOfSql) {
  const std::string rows =
      "(SELECT CASE WHEN h % 17 > 0 THEN h % 401 END AS a, concat('k', h // 401 % 97) AS b, concat('a longer key ', h "
      "// 7 % 5) AS c FROM (SELECT hash(i) AS h FROM range(400000) t(i)))";
  const std::vector<std::string> types = {"BIGINT", "VARCHAR", "VARCHAR", "BIGINT"};
  const auto by_number = Rows(
      "SELECT cloister_group_key(g, 0, NULL::BIGINT), cloister_group_key(g, 1, NULL::VARCHAR), cloister_group_key(g, "
      "2, NULL::VARCHAR), n FROM (SELECT cloister_group(a::BIGINT, b, c) AS g, COUNT(*) AS n FROM " +
          rows + " GROUP BY g) ORDER BY ALL",
      types);
  const auto by_sql = Rows("SELECT a::BIGINT, b, c, COUNT(*) FROM " + rows + " GROUP BY ALL ORDER BY ALL", types);
  EXPECT_GT(by_sql.size(), 50'000u);
  EXPECT_EQ(by_number, by_sql);
}

TEST_F(GroupNumbersTest, TypesOfOneStatementDoNotMeetThoseOfAnother) {
  EXPECT_THAT(Rows("SELECT cloister_group_key(cloister_group(x::INTEGER), 0, NULL::INTEGER) FROM range(3) t(x)",
                   {"INTEGER"}),
              ElementsAre("0", "1", "2"));
  EXPECT_THAT(Rows("SELECT cloister_group_key(cloister_group(x::BIGINT), 0, NULL::BIGINT) FROM range(3) t(x)",
                   {"BIGINT"}),
              ElementsAre("0", "1", "2"));
}

// The plan adds zero: -0.0 and 0.0 are one group in SQL.
TEST_F(GroupNumbersTest, ZeroHasOneSpelling) {
  EXPECT_THAT(Rows("SELECT COUNT(*) FROM (SELECT cloister_group(x + 0.0::DOUBLE) AS g FROM (VALUES (0.0::DOUBLE), "
                   "(-0.0::DOUBLE), ('-0'::DOUBLE)) t(x) GROUP BY g)",
                   {"BIGINT"}),
              ElementsAre("1"));
}

TEST_F(GroupNumbersTest, KnowsNothingOfOtherScopesNumbersAndTypes) {
  ASSERT_TRUE(Ask("SELECT CAST(cloister_group(x) AS HUGEINT) FROM range(3) t(x)", {"HUGEINT"}).has_value());
  EXPECT_FALSE(Ask("SELECT cloister_group_key(1::UBIGINT, 0, NULL::BIGINT)", {"BIGINT"}).has_value());
  EXPECT_FALSE(Ask("SELECT cloister_group_key(cloister_group(x), 1, NULL::BIGINT) FROM range(3) t(x)", {"BIGINT"})
                   .has_value());
  EXPECT_FALSE(Ask("SELECT cloister_group_key(cloister_group(x), 0, NULL::INTEGER) FROM range(3) t(x)", {"INTEGER"})
                   .has_value());
  EXPECT_FALSE(Ask("SELECT CAST(cloister_group([x]) AS HUGEINT) FROM range(3) t(x)", {"HUGEINT"}).has_value());
  scope_.reset();
  EXPECT_FALSE(Ask("SELECT CAST(cloister_group(1) AS HUGEINT)", {"HUGEINT"}).has_value());
}

}  // namespace
}  // namespace cloister::engine
