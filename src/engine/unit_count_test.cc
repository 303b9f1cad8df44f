#include "engine/unit_count.h"

#include <gmock/gmock.h>

#include "engine/database_for_test.h"

namespace cloister::engine {
namespace {

using testing::ElementsAre;

class UnitCountTest : public testing::Test {
 protected:
  std::vector<std::string> Counts(const std::string& sql, std::size_t columns = 1) {
    auto rows = Select(*database_, sql, std::vector<std::string>(columns, "BIGINT"));
    EXPECT_TRUE(rows.has_value()) << rows.error().detail;
    return rows.has_value() ? *rows : std::vector<std::string>{};
  }

  std::unique_ptr<Database> database_ = DatabaseForTest();
};

TEST_F(UnitCountTest, StopsAtTheLimit) {
  const std::string rows = " FROM (VALUES (7), (7), (NULL), (8), (9), (8)) AS t(u)";
  EXPECT_THAT(Counts("SELECT cloister_units_up_to(2, u::BIGINT)" + rows), ElementsAre("2"));
  EXPECT_THAT(Counts("SELECT cloister_units_up_to(3, u::BIGINT)" + rows), ElementsAre("3"));
  EXPECT_THAT(Counts("SELECT cloister_units_up_to(4, u::BIGINT)" + rows), ElementsAre("3"));
  EXPECT_THAT(Counts("SELECT cloister_units_up_to(0, u::BIGINT)" + rows), ElementsAre("1"));
  EXPECT_THAT(Counts("SELECT cloister_unit_count(u::BIGINT)" + rows), ElementsAre("3"));
}

TEST_F(UnitCountTest, NobodyIsZeroAndAFilterCountsItsOwn) {
  EXPECT_THAT(Counts("SELECT cloister_units_up_to(5, NULL::BIGINT), cloister_unit_count(NULL::BIGINT) FROM range(9)",
                     2),
              ElementsAre("0|0"));
  EXPECT_THAT(Counts("SELECT cloister_units_up_to(5, i), cloister_unit_count(i) FROM range(0) t(i)", 2),
              ElementsAre("0|0"));
  EXPECT_THAT(Counts("SELECT cloister_units_up_to(50, i) FILTER (WHERE i < 7), cloister_unit_count(i) FILTER (WHERE "
                     "i % 2 = 0) FROM range(100) t(i)",
                     2),
              ElementsAre("7|50"));
}

// Texts, keys beyond 32 bits and below zero; few and many units, on several threads.
TEST_F(UnitCountTest, EqualsCountDistinct) {
  for (const char* key : {"(h % 700)::BIGINT", "(h % 700)::BIGINT - 350", "(h % 3)::BIGINT * 9000000000",
                          "(h % 100000)::BIGINT"}) {
    const std::string rows = std::string(" FROM (SELECT i % 41 AS g, ") + key +
                             " AS u FROM (SELECT i, hash(i) AS h FROM range(300000) t(i))) WHERE u % 13 <> g % 13 OR "
                             "u % 13 = 0 GROUP BY g HAVING ";
    EXPECT_THAT(Counts("SELECT COUNT(*) FROM (SELECT g" + rows + "cloister_unit_count(u) <> COUNT(DISTINCT u))"),
                ElementsAre("0"));
    for (const char* limit : {"1", "10", "50", "5000"}) {
      const std::string least = std::string("LEAST(") + limit + ", COUNT(DISTINCT u)))";
      EXPECT_THAT(
          Counts("SELECT COUNT(*) FROM (SELECT g" + rows + "cloister_units_up_to(" + limit + ", u) <> " + least),
          ElementsAre("0"));
      EXPECT_THAT(Counts("SELECT COUNT(*) FROM (SELECT g" + rows + "cloister_units_up_to(" + limit +
                         ", 'unit ' || u) <> " + least),
                  ElementsAre("0"));
    }
  }
}

}  // namespace
}  // namespace cloister::engine
