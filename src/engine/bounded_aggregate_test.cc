#include "engine/bounded_aggregate.h"

#include <gmock/gmock.h>

#include "engine/database_for_test.h"

namespace cloister::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class BoundedTest : public testing::Test {
 protected:
  std::vector<std::string> Rows(const std::string& sql, const std::vector<std::string>& types) {
    auto rows = Select(*database_, sql, types);
    EXPECT_TRUE(rows.has_value()) << rows.error().detail;
    return rows.has_value() ? *rows : std::vector<std::string>{};
  }

  std::unique_ptr<Database> database_ = DatabaseForTest();
};

TEST_F(BoundedTest, KeepsTheGroupsWithTheLeastChoicesAndAllTheirRows) {
  const std::string rows =
      "(VALUES (1, 30, 3, 5), (1, 10, 1, 7), (1, 20, 2, 100), (1, 30, 3, 6), (1, 10, 1, NULL)) AS t(u, c, g, v)";
  const std::string bounded = "SELECT CAST(e.g AS HUGEINT), e.r0, e.r1 FROM (SELECT UNNEST(cloister_bounded_2(";
  const std::string arguments =
      ", c::UBIGINT, g::UBIGINT, 1, v::BIGINT)) AS e FROM " + rows + " GROUP BY u) ORDER BY 1";
  const std::vector<std::string> types = {"HUGEINT", "HUGEINT", "HUGEINT"};
  EXPECT_THAT(Rows(bounded + "2" + arguments, types), ElementsAre("1|2|7", "2|1|100"));
  EXPECT_THAT(Rows(bounded + "1" + arguments, types), ElementsAre("1|2|7"));
  EXPECT_THAT(Rows(bounded + "0" + arguments, types), ElementsAre("1|2|7"));
  EXPECT_THAT(Rows(bounded + "9" + arguments, types), ElementsAre("1|2|7", "2|1|100"));
}

TEST_F(BoundedTest, HasNothingWithoutRows) {
  EXPECT_THAT(Rows("SELECT CAST(e.g AS HUGEINT) FROM (SELECT UNNEST(cloister_bounded_1(1, 1::UBIGINT, 1::UBIGINT)) "
                   "AS e FROM range(0))",
                   {"HUGEINT"}),
              IsEmpty());
}

// The same by windows over a hash table of persons and groups, for many persons on several threads; sums beyond 64
// bits.
TEST_F(BoundedTest, EqualsTheWindowOverAllGroups) {
  const std::string rows =
      "(SELECT (h % 5000)::BIGINT AS u, (h // 5000 % 37)::UBIGINT AS g, hash(h % 5000, h // 5000 % 37) AS c, "
      "CASE WHEN i % 11 <> 0 THEN (h % 1000)::BIGINT * 9000000000000000 END AS v "
      "FROM (SELECT i, hash(i) AS h FROM range(300000) r(i)))";
  const std::vector<std::string> types = {"BIGINT", "HUGEINT", "HUGEINT", "HUGEINT"};
  const auto fast = Rows(
      "SELECT u, CAST(e.g AS HUGEINT), e.r0, e.r1 FROM (SELECT u, UNNEST(cloister_bounded_4(3, c, g, 1, v)) AS e "
      "FROM " +
          rows + " GROUP BY u) ORDER BY ALL",
      types);
  const auto slow = Rows(
      "SELECT u, CAST(g AS HUGEINT), CAST(n AS HUGEINT), COALESCE(s, 0) FROM (SELECT u, g, c, COUNT(*) AS n, SUM(v) "
      "AS s FROM " +
          rows + " GROUP BY u, g, c) QUALIFY ROW_NUMBER() OVER (PARTITION BY u ORDER BY c, g) <= 3 ORDER BY ALL",
      types);
  EXPECT_GT(fast.size(), 14'000u);
  EXPECT_EQ(fast, slow);
}

}  // namespace
}  // namespace cloister::engine
