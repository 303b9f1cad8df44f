#include "privacy/differencing/unit_rows.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace cloister::privacy {
namespace {

TEST(UnitRows, AddsUpTheRowsOfEachUnit) {
  UnitRowsBuilder builder(2);
  for (const auto& [unit, number] : std::vector<std::pair<UnitNumber, RowSum>>{{7, 120}, {70'000, 5}, {7, 80}}) {
    RowSum* sums = builder.SumsOf(unit);
    sums[0] += 1;
    sums[1] += number;
  }
  const UnitRows rows = std::move(builder).Finish();
  EXPECT_EQ(rows.units, UnitSet::Of({7, 70'000}));
  EXPECT_EQ(rows.sums, (std::vector<std::vector<RowSum>>{{2, 1}, {200, 5}}));
}

// As several threads collect it, whatever the order; numbers far apart and in steps that a table could trip over.
TEST(UnitRows, IsWhatAMapHolds) {
  std::mt19937 random(3);
  for (const UnitNumber step : {1u, 3u, 1024u, 65'536u, 1'000'003u}) {
    std::map<UnitNumber, RowSum> expected;
    UnitRowsBuilder whole(1);
    for (int thread = 0; thread < 3; ++thread) {
      UnitRowsBuilder builder(1);
      for (int row = 0; row < 5000; ++row) {
        const UnitNumber unit = random() % 2000 * step;
        const RowSum number = random();
        builder.SumsOf(unit)[0] += number;
        expected[unit] += number;
      }
      whole.AddAll(builder);
    }
    const UnitRows rows = std::move(whole).Finish();
    const std::vector<UnitNumber> numbers = rows.units.Numbers();
    ASSERT_EQ(numbers.size(), expected.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(rows.sums[0][i], expected.at(numbers[i]));
  }
}

TEST(UnitRows, OfNobodyIsEmpty) {
  const UnitRows rows = UnitRowsBuilder(3).Finish();
  EXPECT_TRUE(rows.units.empty());
  EXPECT_EQ(rows.sums.size(), 3u);
  EXPECT_TRUE(rows.sums[0].empty());
}

}  // namespace
}  // namespace cloister::privacy
