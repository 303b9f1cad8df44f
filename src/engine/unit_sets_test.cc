#include "engine/unit_sets.h"

#include <gtest/gtest.h>

#include "engine/database_internals.h"

namespace cloister::engine {
namespace {

class UnitSetsTest : public ::testing::Test {
 protected:
  UnitSetsTest() : database_(std::move(OpenSingleThreaded()).value()) {
    connection_ = std::move(Connect(database_.get())).value();
    EXPECT_TRUE(RegisterUnitSets(connection_.get(), sets_));
  }

  // The units that a statement with one column of handles gives.
  std::vector<privacy::UnitRows> Rows(const std::string& sql) {
    ResultHandle result;
    EXPECT_EQ(duckdb_query(connection_.get(), sql.c_str(), result.get()), DuckDBSuccess)
        << duckdb_result_error(result.get());
    std::vector<privacy::UnitRows> out;
    while (true) {
      const ChunkHandle chunk(duckdb_fetch_chunk(*result.get()));
      if (!chunk) return out;
      const auto* handles =
          static_cast<std::int64_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk.get(), 0)));
      for (idx_t row = 0; row < duckdb_data_chunk_get_size(chunk.get()); ++row)
        out.push_back(std::move(sets_.Take(handles[row])).value());
    }
  }

  std::vector<privacy::UnitSet> Run(const std::string& sql) {
    std::vector<privacy::UnitSet> out;
    for (privacy::UnitRows& rows : Rows(sql)) out.push_back(std::move(rows.units));
    return out;
  }

  UnitSets sets_;
  DatabaseHandle database_;
  ConnectionHandle connection_;
};

TEST_F(UnitSetsTest, AGroupsUnitsAreCountedOnce) {
  const auto sets = Run("SELECT cloister_units('person', i % 100) FROM range(5000) t(i) GROUP BY i % 2 ORDER BY i % 2");
  ASSERT_EQ(sets.size(), 2u);
  EXPECT_EQ(sets[0].size(), 50u);
  EXPECT_EQ(sets[1].size(), 50u);
  EXPECT_EQ(sets[0].IntersectionSize(sets[1]), 0u);
}

TEST_F(UnitSetsTest, AUnitKeepsItsNumber) {
  const auto first = Run("SELECT cloister_units('person', i) FROM range(100) t(i)");
  const auto again = Run("SELECT cloister_units('person', i) FROM range(99, -1, -1) t(i)");
  EXPECT_EQ(first[0], again[0]);
  const auto other = Run("SELECT cloister_units('place', i + 7) FROM range(100) t(i)");
  EXPECT_EQ(other[0], first[0]) << "another domain numbers its own";
}

TEST_F(UnitSetsTest, TextsAndLargeAndNegativeKeysAreUnitsToo) {
  EXPECT_EQ(Run("SELECT cloister_units('t', 'unit ' || i % 10) FROM range(1000) t(i)")[0].size(), 10u);
  EXPECT_EQ(Run("SELECT cloister_units('n', -i) FROM range(1000) t(i)")[0].size(), 1000u);
  EXPECT_EQ(Run("SELECT cloister_units('b', 9000000000000000000 + i % 3) FROM range(1000) t(i)")[0].size(), 3u);
}

TEST_F(UnitSetsTest, NobodyIsNoUnitAndAFilterCountsItsOwn) {
  EXPECT_EQ(Run("SELECT cloister_units('p', CASE WHEN i < 10 THEN i END) FROM range(1000) t(i)")[0].size(), 10u);
  EXPECT_EQ(Run("SELECT cloister_units('p', i) FILTER (WHERE i < 20) FROM range(1000) t(i)")[0].size(), 20u);
  EXPECT_TRUE(Run("SELECT cloister_units('p', i) FROM range(0) t(i)")[0].empty());
}

constexpr const char* kVisits =
    "SELECT cloister_units('p', i % 50, cloister_mark(CAST(i AS DOUBLE)), 1::UINTEGER) FROM range(500) t(i)";

TEST_F(UnitSetsTest, RowsOfAUnitAreCountedAndTheirMarksAddUp) {
  const auto all = Rows(kVisits)[0];
  ASSERT_EQ(all.sums.size(), 3u);
  EXPECT_EQ(all.sums[0], std::vector<privacy::RowSum>(50, 10));
  EXPECT_EQ(all.sums[2], std::vector<privacy::RowSum>(50, 10));
  const auto few = Rows(std::string(kVisits) + " WHERE i < 100")[0];
  const auto many = Rows(std::string(kVisits) + " WHERE i >= 100")[0];
  for (std::size_t unit = 0; unit < 50; ++unit)
    EXPECT_EQ(static_cast<privacy::RowSum>(few.sums[1][unit] + many.sums[1][unit]), all.sums[1][unit]);
}

TEST_F(UnitSetsTest, SumsAreOfValuesWhateverTheirOrder) {
  const auto all = Rows(kVisits)[0];
  EXPECT_EQ(Rows(std::string(kVisits) + " ORDER BY random()")[0].sums, all.sums);
  const auto without = Rows(std::string(kVisits) + " WHERE i <> 77")[0];
  EXPECT_EQ(without.units, all.units);
  int differ = 0;
  for (std::size_t unit = 0; unit < 50; ++unit) differ += without.sums[1][unit] != all.sums[1][unit] ? 1 : 0;
  EXPECT_EQ(differ, 1);
}

TEST_F(UnitSetsTest, EveryTypeHasItsMarks) {
  for (const std::string type : {"BOOLEAN", "INTEGER", "BIGINT", "HUGEINT", "DOUBLE", "DECIMAL(18,2)", "DECIMAL(38,2)",
                                 "DATE", "TIMESTAMP", "VARCHAR"}) {
    const bool is_day = type == "DATE" || type == "TIMESTAMP";
    const std::string value = is_day ? "DATE '2026-01-01' + CAST(i % 2 AS INTEGER)" : "i % 2";
    const auto rows = Rows("SELECT cloister_units('t', i, cloister_mark(CAST(" + value + " AS " + type + ")), "
                           "cloister_mark(CAST(NULL AS " + type + "))) FROM range(4) t(i)")[0];
    EXPECT_EQ(rows.sums[1][0], rows.sums[1][2]) << type;
    EXPECT_NE(rows.sums[1][0], rows.sums[1][1]) << type;
    EXPECT_NE(rows.sums[1][0], rows.sums[2][0]) << type;
  }
}

TEST_F(UnitSetsTest, AHandleIsTakenOnce) {
  const std::int64_t handle = sets_.Put({.units = privacy::UnitSet::Of({1})});
  EXPECT_TRUE(sets_.Take(handle));
  EXPECT_EQ(sets_.Take(handle).error().code, Code::kInternal);
  const std::int64_t left = sets_.Put({.units = privacy::UnitSet::Of({1})});
  sets_.Clear();
  EXPECT_FALSE(sets_.Take(left));
}

}  // namespace
}  // namespace cloister::engine
