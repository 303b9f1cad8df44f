#include "privacy/differencing/unit_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace cloister::privacy {
namespace {

using Numbers = std::vector<UnitNumber>;

// Numbers of one of several shapes: sparse, dense, in runs, over one or many containers.
Numbers RandomNumbers(std::mt19937& random) {
  const std::size_t count = std::vector<std::size_t>{0, 1, 7, 300, 4096, 4097, 30'000}[random() % 7];
  const UnitNumber reach = std::vector<UnitNumber>{50'000, 65'536, 200'000, kUnitNumberMax}[random() % 4];
  Numbers numbers;
  for (std::size_t i = 0; i < count; ++i) numbers.push_back(static_cast<UnitNumber>(random() % reach));
  return numbers;
}

TEST(UnitSet, HoldsWhatItWasMadeOf) {
  const UnitSet set = UnitSet::Of({70'000, 3, 3, 70'000, 5});
  EXPECT_EQ(set.size(), 3u);
  EXPECT_TRUE(set.Contains(3));
  EXPECT_TRUE(set.Contains(70'000));
  EXPECT_FALSE(set.Contains(4464));  // the lower half of 70,000
  EXPECT_EQ(set.Numbers(), (Numbers{3, 5, 70'000}));
  EXPECT_TRUE(UnitSet().empty());
  EXPECT_TRUE(UnitSet::Of({kUnitNumberMax}).Contains(kUnitNumberMax));
}

TEST(UnitSet, AgreesWithSortedListsOnRandomNumbers) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const Numbers a = RandomNumbers(random);
    const Numbers b = RandomNumbers(random);
    const std::set<UnitNumber> plain_a(a.begin(), a.end());
    const std::set<UnitNumber> plain_b(b.begin(), b.end());
    Numbers both;
    Numbers either;
    std::set_intersection(plain_a.begin(), plain_a.end(), plain_b.begin(), plain_b.end(), std::back_inserter(both));
    std::set_union(plain_a.begin(), plain_a.end(), plain_b.begin(), plain_b.end(), std::back_inserter(either));
    const UnitSet set_a = UnitSet::Of(a);
    const UnitSet set_b = UnitSet::Of(b);
    EXPECT_EQ(set_a.IntersectionSize(set_b), both.size());
    EXPECT_EQ(set_b.IntersectionSize(set_a), both.size());
    EXPECT_EQ(set_a.LackedBy(set_b, 1'000'000), plain_a.size() - both.size());
    EXPECT_EQ(set_a.LackedBy(set_b, 5), std::min<std::size_t>(5, plain_a.size() - both.size()));
    EXPECT_EQ(set_a.Union(set_b).Numbers(), either);
    EXPECT_EQ(set_a.Union(set_b), UnitSet::Of(either));
    EXPECT_EQ(set_a == set_b, plain_a == plain_b);
  }
}

TEST(UnitSet, IsTheSameHoweverItsNumbersCame) {
  std::mt19937 random(8);
  for (int round = 0; round < 8; ++round) {
    Numbers numbers = RandomNumbers(random);
    UnitSetBuilder one;
    UnitSetBuilder other;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      (i % 2 == 0 ? one : other).Add(numbers[i]);
      one.Add(numbers[i / 2]);
    }
    one.AddAll(other);
    EXPECT_EQ(std::move(one).Finish(), UnitSet::Of(numbers));
  }
}

TEST(UnitSet, CountsItsRemainders) {
  std::mt19937 random(10);
  for (int round = 0; round < 50; ++round) {
    const Numbers numbers = RandomNumbers(random);
    const UnitSet set = UnitSet::Of(numbers);
    UnitSet::Remainders expected{};
    for (const UnitNumber number : set.Numbers()) ++expected[number % UnitSet::kRemainders];
    EXPECT_EQ(set.CountRemainders(), expected);
  }
}

TEST(UnitSet, ABuilderCountsWhatItFinishes) {
  std::mt19937 random(11);
  for (int round = 0; round < 8; ++round) {
    UnitSetBuilder builder;
    const Numbers numbers = RandomNumbers(random);
    for (const UnitNumber number : numbers) builder.Add(number);
    for (const UnitNumber number : numbers) builder.Add(number);
    EXPECT_EQ(builder.Count(), UnitSet::Of(numbers).size());
    EXPECT_EQ(std::move(builder).Finish(), UnitSet::Of(numbers));
  }
}

TEST(UnitSet, UnionOfManyIsTheUnion) {
  EXPECT_EQ(UnitSet::UnionOf({}), UnitSet());
  EXPECT_EQ(UnitSet::UnionOf({UnitSet::Of({1}), UnitSet::Of({2, 3}), UnitSet::Of({3})}), UnitSet::Of({1, 2, 3}));
}

TEST(UnitSet, CostsWhatTheHeaderSays) {
  Numbers all(100'000);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<UnitNumber>(i);
  EXPECT_LE(UnitSet::Of(all).MemoryBytes(), 2 * 8192u + 400);
  EXPECT_LE(UnitSet::Of({1, 2, 3, 4, 5}).MemoryBytes(), 200u);
}

TEST(UnitSet, KnowsThePlaceOfEachNumber) {
  std::mt19937 random(9);
  for (int round = 0; round < 20; ++round) {
    const UnitSet set = UnitSet::Of(RandomNumbers(random));
    const Numbers numbers = set.Numbers();
    for (std::size_t i = 0; i < numbers.size(); i += 1 + i / 8) {
      EXPECT_EQ(set.PlaceOf(numbers[i]), i);
      EXPECT_EQ(set.PlaceOf(numbers[i] + 1).has_value(), set.Contains(numbers[i] + 1));
    }
  }
}

}  // namespace
}  // namespace cloister::privacy
