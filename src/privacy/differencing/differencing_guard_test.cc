#include "privacy/differencing/differencing_guard.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace cloister::privacy {
namespace {

using Numbers = std::vector<UnitNumber>;
using Verdicts = std::vector<bool>;

constexpr std::uint64_t kAll = 6000;
constexpr std::int64_t kGroupSize = 10;

Numbers Range(UnitNumber from, UnitNumber to) {
  Numbers numbers;
  for (UnitNumber number = from; number < to; ++number) numbers.push_back(number);
  return numbers;
}

Numbers Without(Numbers numbers, const Numbers& out) {
  std::erase_if(numbers, [&](UnitNumber n) { return std::find(out.begin(), out.end(), n) != out.end(); });
  return numbers;
}

GuardCell Cell(const Numbers& units, std::uint32_t family = 0, const std::string& measure = "cost") {
  return {.measures = {measure},
          .family = family,
          .sets = {{.dataset = "patients", .all = kAll, .k = kGroupSize, .units = UnitSet::Of(units)}}};
}

class Guard : public ::testing::Test {
 protected:
  Verdicts Ask(const std::vector<GuardCell>& cells) { return guard_.Release(cells).value(); }
  bool AskOne(const Numbers& units, const std::string& measure = "cost") {
    return Ask({Cell(units, 0, measure)}).front();
  }
  DifferencingGuard guard_;
};

TEST_F(Guard, ATotalAndTheTotalWithoutOnePersonAreNotBothShown) {
  EXPECT_TRUE(AskOne(Range(0, 6000)));
  EXPECT_FALSE(AskOne(Without(Range(0, 6000), {4242})));
  EXPECT_TRUE(AskOne(Without(Range(0, 6000), Range(100, 110)))) << "ten people hide each other";
  EXPECT_TRUE(AskOne(Range(0, 6000))) << "the same answer again";
}

TEST_F(Guard, TheOrderOfTheTwoMakesNoDifference) {
  EXPECT_TRUE(AskOne(Without(Range(0, 6000), {4242})));
  EXPECT_FALSE(AskOne(Range(0, 6000)));
}

TEST_F(Guard, APaddedCellIsTheCellWithoutItsPadding) {
  EXPECT_TRUE(AskOne(Range(0, 900)));
  Numbers padded = Range(0, 900);
  padded.push_back(4242);
  EXPECT_FALSE(AskOne(padded));
  padded.erase(padded.begin());  // one in, one out: a difference of two people's values
  EXPECT_FALSE(AskOne(padded));
}

TEST_F(Guard, OneSideOfKPeopleHidesTheOther) {
  EXPECT_TRUE(AskOne(Range(0, 900)));
  Numbers shifted = Range(10, 900);
  shifted.push_back(4242);
  EXPECT_TRUE(AskOne(shifted));
}

TEST_F(Guard, CellsThatOverlapInFewAndLeaveNobodyOutAreATotalAndThatFew) {
  EXPECT_TRUE(AskOne(Range(0, 3001)));
  EXPECT_FALSE(AskOne(Range(3000, 6000))) << "A + B - total is person 3000";
  EXPECT_TRUE(AskOne(Range(3001, 6000))) << "an exact complement shows the total and no more";
  EXPECT_FALSE(AskOne(Range(3002, 6000)));
  EXPECT_TRUE(AskOne(Range(2000, 5000)));
}

TEST_F(Guard, MeasuresThatShareNoNameAreNotSubtracted) {
  EXPECT_TRUE(AskOne(Range(0, 6000), "cost"));
  EXPECT_TRUE(AskOne(Range(1, 6000), "age"));
  EXPECT_FALSE(AskOne(Range(1, 6000), "cost"));
  const GuardCell both{.measures = {"age", "cost"},
                       .sets = {{.dataset = "patients", .all = kAll, .k = 10, .units = UnitSet::Of(Range(1, 6000))}}};
  EXPECT_FALSE(Ask({both}).front());
}

TEST_F(Guard, DatasetsAreNotCompared) {
  EXPECT_TRUE(AskOne(Range(0, 6000)));
  const GuardCell other{.measures = {"cost"},
                        .sets = {{.dataset = "claims", .all = kAll, .k = 10, .units = UnitSet::Of(Range(1, 6000))}}};
  EXPECT_TRUE(Ask({other}).front());
}

TEST_F(Guard, EverySetOfACellCounts) {
  EXPECT_TRUE(AskOne(Range(0, 500)));
  GuardCell joined = Cell(Range(0, 499));
  joined.sets.front().dataset = "claims";
  EXPECT_TRUE(Ask({joined}).front());
  joined.sets.push_back({.dataset = "patients", .all = kAll, .k = 10, .units = UnitSet::Of(Range(0, 499))});
  EXPECT_FALSE(Ask({joined}).front());
}

TEST_F(Guard, TheLargerGroupSizeOfTwoHolds) {
  GuardCell strict = Cell(Range(0, 500));
  strict.sets.front().k = 100;
  EXPECT_TRUE(Ask({strict}).front());
  EXPECT_FALSE(AskOne(Range(50, 500)));
  EXPECT_TRUE(AskOne(Range(100, 500)));
}

// Six hospitals of 999 people are shown beside one of 6 that was too small.
std::vector<GuardCell> Hospitals() {
  std::vector<GuardCell> cells;
  for (UnitNumber i = 0; i < 6; ++i) cells.push_back(Cell(Range(6 + i * 999, 6 + (i + 1) * 999)));
  return cells;
}

TEST_F(Guard, ATotalIsNotShownBesideItsParts) {
  EXPECT_EQ(Ask(Hospitals()), Verdicts(6, true));
  EXPECT_FALSE(AskOne(Range(0, 6000)));
  EXPECT_TRUE(AskOne(Range(6, 6000))) << "the sum of the parts";
  EXPECT_FALSE(AskOne(Range(1005, 6000))) << "with the first hospital everybody but six";
}

TEST_F(Guard, APartitionsComplementsAreKnownToo) {
  EXPECT_EQ(Ask(Hospitals()), Verdicts(6, true));
  EXPECT_FALSE(AskOne(Range(1008, 6000))) << "five hospitals without three people";
  EXPECT_FALSE(AskOne(Range(2000, 6000))) << "four hospitals and four people";
  EXPECT_TRUE(AskOne(Range(2500, 6000)));
}

TEST_F(Guard, PartsOfAKnownTotalLoseTheirSmallestCell) {
  EXPECT_TRUE(AskOne(Range(0, 6000)));
  std::vector<GuardCell> cells = Hospitals();
  cells[2] = Cell(Range(6 + 2 * 999, 6 + 3 * 999 - 3));  // three of it said nothing
  EXPECT_EQ(Ask(cells), (Verdicts{true, true, false, true, true, true}));
  EXPECT_EQ(Ask(cells), (Verdicts{true, true, false, true, true, true})) << "and so again";
  EXPECT_FALSE(Ask({cells[2]}).front()) << "alone it would complete the sum";
}

TEST_F(Guard, ASuppressedCellIsNotATotalLessTheOthers) {
  std::vector<GuardCell> cells;
  for (UnitNumber i = 0; i < 6; ++i) cells.push_back(Cell(Range(i * 1000, (i + 1) * 1000)));
  EXPECT_TRUE(AskOne(Range(0, 6000)));
  EXPECT_TRUE(AskOne(Range(2001, 3000)));
  const Verdicts verdicts = Ask(cells);
  EXPECT_FALSE(verdicts[2]) << "one person more than the cell before";
  EXPECT_EQ(std::count(verdicts.begin(), verdicts.end(), false), 2) << "the total less five others would be it";
  EXPECT_EQ(Ask(cells), verdicts);
}

TEST_F(Guard, ATotalThatComesLaterDoesNotUncoverASuppressedCell) {
  std::vector<GuardCell> cells;
  for (UnitNumber i = 0; i < 3; ++i) cells.push_back(Cell(Range(i * 1000, (i + 1) * 1000)));
  EXPECT_TRUE(AskOne(Range(2001, 3000)));
  EXPECT_EQ(Ask(cells), (Verdicts{true, true, false}));
  EXPECT_FALSE(AskOne(Range(0, 3000))) << "less the two others it is the third";
  EXPECT_FALSE(AskOne(Range(1000, 3000)));
  EXPECT_TRUE(AskOne(Range(0, 2000)));
}

TEST_F(Guard, TwoBlocksOfOneAnswerAreComparedToo) {
  std::vector<GuardCell> cells = Hospitals();
  cells.push_back(Cell(Range(0, 6000), 1));
  const Verdicts verdicts = Ask(cells);
  EXPECT_TRUE(verdicts.back()) << "the total is the largest";
  EXPECT_EQ(std::count(verdicts.begin(), verdicts.end(), false), 1);
  EXPECT_EQ((DifferencingGuard().Release({Cell(Range(0, 900), 0), Cell(Range(0, 901), 1)}).value()),
            (Verdicts{false, true}));
}

TEST_F(Guard, CellsThatOverlapAreNoPartition) {
  EXPECT_EQ(Ask({Cell(Range(0, 100)), Cell(Range(50, 200))}), Verdicts(2, true));
  EXPECT_TRUE(AskOne(Range(0, 195)));
}

TEST_F(Guard, GroupsWithoutMeasuresShowOnlyThatTheyExist) {
  GuardCell group = Cell(Range(0, 100));
  group.measures.clear();
  EXPECT_TRUE(Ask({group}).front());
  EXPECT_EQ(guard_.cells(), 0u);
}

TEST_F(Guard, VersionsOfADatasetAreOneHistory) {
  EXPECT_TRUE(AskOne(Range(0, 6000)));
  GuardCell next = Cell(Range(0, 6001));
  next.sets.front().all = 6001;
  EXPECT_FALSE(Ask({next}).front());
}

TEST_F(Guard, RefusesWhatIsOutOfRangeAndRecordsNothing) {
  GuardCell wrong = Cell(Range(0, 100));
  wrong.sets.front().k = 0;
  EXPECT_EQ(guard_.Release({Cell(Range(0, 100)), wrong}).error().code, Code::kInvalidArgument);
  wrong.sets.front().k = 10;
  wrong.sets.front().all = 99;
  EXPECT_EQ(guard_.Release({wrong}).error().code, Code::kInvalidArgument);
  EXPECT_EQ(guard_.cells(), 0u);
}

TEST_F(Guard, AFullHistoryAnswersNothing) {
  std::vector<GuardCell> cells(kGuardCellsMax + 1, Cell({1}));
  EXPECT_EQ(guard_.Release(cells).error().code, Code::kResourceExhausted);
  EXPECT_EQ(guard_.cells(), 0u);
}

// The rule written down as it is said, over lists.
struct Oracle {
  static bool Close(const Numbers& a, const Numbers& b, std::uint64_t all) {
    Numbers both;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    const std::uint64_t only_a = a.size() - both.size();
    const std::uint64_t only_b = b.size() - both.size();
    const std::uint64_t neither = all - a.size() - only_b;
    const auto near = [](std::uint64_t x, std::uint64_t y) { return x < 10 && y < 10 && x + y > 0; };
    return near(only_a, only_b) || near(both.size(), neither);
  }
  std::vector<Numbers> released;
  bool Ask(const Numbers& units) {
    for (const Numbers& other : released) {
      if (Close(units, other, kAll)) return false;
    }
    released.push_back(units);
    return true;
  }
};

Numbers RandomSet(std::mt19937& random, std::size_t count) {
  Numbers numbers;
  std::vector<bool> taken(kAll);
  while (numbers.size() < count) {
    const auto number = static_cast<UnitNumber>(random() % kAll);
    if (!taken[number]) numbers.push_back(number);
    taken[number] = true;
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

// A set that differs from `from`, or from what `from` leaves out, by a few units.
Numbers NearDuplicate(std::mt19937& random, const Numbers& from, bool complement) {
  Numbers near = complement ? Without(Range(0, kAll), from) : from;
  std::shuffle(near.begin(), near.end(), random);
  near.resize(near.size() - 1 - random() % 8);
  std::sort(near.begin(), near.end());
  return near;
}

TEST_F(Guard, AgreesWithAllPairsOnRandomHistories) {
  std::mt19937 random(11);
  Oracle oracle;
  int refused = 0;
  for (int round = 0; round < 600; ++round) {
    Numbers units = RandomSet(random, 10 + random() % 300);
    if (!oracle.released.empty() && round % 3 == 0) {
      units = NearDuplicate(random, oracle.released[random() % oracle.released.size()], round % 2 == 0);
    }
    const bool expected = oracle.Ask(units);
    refused += expected ? 0 : 1;
    ASSERT_EQ(AskOne(units), expected) << "round " << round;
  }
  EXPECT_GT(refused, 50);
}

TEST_F(Guard, FindsEveryNearDuplicateAmongTenThousandCells) {
  std::mt19937 random(12);
  std::vector<Numbers> history;
  for (int i = 0; i < 10'000; ++i) {
    history.push_back(RandomSet(random, 30 + random() % 1500));
    ASSERT_TRUE(AskOne(history.back())) << i;
  }
  for (int i = 0; i < 300; ++i) {
    const Numbers near = NearDuplicate(random, history[random() % history.size()], i % 2 == 0);
    if (near.size() < 10) continue;
    EXPECT_FALSE(AskOne(near)) << i;
  }
}

// Some union of the cells is close to the set, and none is the set: all unions tried.
bool CloseToSomeUnion(const Numbers& set, const std::vector<Numbers>& cells) {
  bool close = false;
  for (std::uint32_t chosen = 0; chosen < 1u << cells.size(); ++chosen) {
    Numbers sum;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if ((chosen >> i & 1) != 0) sum.insert(sum.end(), cells[i].begin(), cells[i].end());
    }
    std::sort(sum.begin(), sum.end());
    if (sum == set) return false;
    close = close || (Without(set, sum).size() < 10 && Without(sum, set).size() < 10);
  }
  return close;
}

TEST_F(Guard, AgreesWithAllUnionsOfAPartitionsCells) {
  std::mt19937 random(13);
  int refused = 0;
  for (int round = 0; round < 400; ++round) {
    std::vector<Numbers> parts;
    std::vector<GuardCell> cells;
    UnitNumber at = 0;
    for (std::size_t i = 0; i < 2 + random() % 5; ++i) {
      const auto size = static_cast<UnitNumber>(10 + random() % 30);
      parts.push_back(Range(at, at + size));
      cells.push_back(Cell(parts.back()));
      at += size + static_cast<UnitNumber>(random() % 4);
    }
    Numbers set;
    for (const Numbers& part : parts) {
      if (random() % 2 == 0) set.insert(set.end(), part.begin(), part.end());
    }
    for (std::size_t i = random() % 12; i > 0 && set.size() > 10; --i)
      set.erase(set.begin() + static_cast<std::ptrdiff_t>(random() % set.size()));
    for (std::size_t i = random() % 6; i > 0; --i) set.push_back(at + 2000 + static_cast<UnitNumber>(i));
    if (set.size() < 10) continue;
    const bool expected = !CloseToSomeUnion(set, parts);
    refused += expected ? 0 : 1;
    DifferencingGuard parts_first;
    ASSERT_EQ(parts_first.Release(cells).value(), Verdicts(cells.size(), true));
    EXPECT_EQ(parts_first.Release({Cell(set)}).value().front(), expected) << "round " << round;
    DifferencingGuard sum_first;
    ASSERT_TRUE(sum_first.Release({Cell(set)}).value().front());
    const Verdicts verdicts = sum_first.Release(cells).value();
    EXPECT_TRUE(expected || verdicts != Verdicts(cells.size(), true)) << "round " << round;
  }
  EXPECT_GT(refused, 50);
}

}  // namespace
}  // namespace cloister::privacy
