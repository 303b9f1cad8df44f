// The guard where people are the same and their rows are not.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "privacy/differencing/differencing_guard.h"

namespace cloister::privacy {
namespace {

using Verdicts = std::vector<bool>;

constexpr std::int64_t kGroupSize = 10;

// As an engine marks a charge.
RowSum MarkOf(std::uint64_t charge) {
  std::uint64_t x = charge + 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return static_cast<RowSum>((x ^ x >> 31) >> 32);
}

struct Visit {
  UnitNumber person = 0;
  std::uint32_t ward = 0;
  std::uint64_t charge = 0;
};
using Visits = std::vector<Visit>;
using Which = std::function<bool(const Visit&)>;

bool All(const Visit&) { return true; }
Which Ward(std::uint32_t ward) {
  return [ward](const Visit& visit) { return visit.ward == ward; };
}

// Persons 0 .. people - 1 with `each` visits to `wards` wards in turn.
Visits MakeVisits(UnitNumber people, std::uint32_t each, std::uint32_t wards) {
  Visits visits;
  for (UnitNumber person = 0; person < people; ++person) {
    for (std::uint32_t i = 0; i < each; ++i)
      visits.push_back({.person = person, .ward = (person + i) % wards, .charge = visits.size()});
  }
  return visits;
}

// SUM(charge) and COUNT(*) of what is chosen.
GuardCell CellOf(const Visits& visits, const Which& which, std::uint32_t family = 0) {
  UnitRowsBuilder builder(2);
  UnitNumber people = 0;
  for (const Visit& visit : visits) {
    people = std::max(people, visit.person + 1);
    if (!which(visit)) continue;
    RowSum* sums = builder.SumsOf(visit.person);
    sums[0] += 1;
    sums[1] += MarkOf(visit.charge);
  }
  UnitRows rows = std::move(builder).Finish();
  return {.measures = {"#", "charge"},
          .family = family,
          .sets = {{.dataset = "visits",
                    .all = people,
                    .k = kGroupSize,
                    .units = std::move(rows.units),
                    .sums = {{"#", std::move(rows.sums[0])}, {"charge", std::move(rows.sums[1])}}}}};
}

GuardCell Alone(GuardCell cell, const std::string& measure) {
  cell.measures = {measure};
  std::erase_if(cell.sets[0].sums, [&](const GuardedSums& sums) { return sums.measure != measure; });
  return cell;
}

class GuardOfRows : public ::testing::Test {
 protected:
  Verdicts Ask(std::vector<GuardCell> cells) { return guard_.Release(std::move(cells)).value(); }
  bool AskOne(const Which& which) { return AskCell(CellOf(visits_, which)); }
  bool AskCell(GuardCell cell) { return Ask({std::move(cell)}).front(); }
  std::vector<GuardCell> ByWard(std::uint32_t wards) const {
    std::vector<GuardCell> cells;
    for (std::uint32_t ward = 0; ward < wards; ++ward) cells.push_back(CellOf(visits_, Ward(ward)));
    return cells;
  }

  Visits visits_ = MakeVisits(600, 3, 6);  // three of six wards each
  DifferencingGuard guard_;
};

TEST_F(GuardOfRows, AllVisitsAndAllButOnePersonsToOneWardAreNotBothShown) {
  const Which without = [](const Visit& visit) { return visit.person != 42 || visit.ward != 0; };
  EXPECT_TRUE(AskOne(All));
  EXPECT_FALSE(AskOne(without));
  EXPECT_TRUE(AskOne(All)) << "the same answer again";
  DifferencingGuard other_order;
  EXPECT_TRUE(other_order.Release({CellOf(visits_, without)}).value().front());
  EXPECT_FALSE(other_order.Release({CellOf(visits_, All)}).value().front());
}

TEST_F(GuardOfRows, KPeopleHideEachOthersRows) {
  const auto without = [](UnitNumber people) {
    return [people](const Visit& visit) {
      return visit.person % 6 != 0 || visit.ward != 0 || visit.person >= 6 * people;
    };
  };
  EXPECT_TRUE(AskOne(All));
  EXPECT_FALSE(AskOne(without(9)));
  EXPECT_TRUE(AskOne(without(10)));
  EXPECT_FALSE(AskOne(without(11))) << "one person more than the answer before";
  EXPECT_TRUE(AskOne(without(21)));
}

TEST_F(GuardOfRows, CountsAreComparedAsSumsAre) {
  const Which without = [](const Visit& visit) { return visit.person != 42 || visit.ward != 0; };
  EXPECT_TRUE(AskCell(Alone(CellOf(visits_, All), "#")));
  EXPECT_TRUE(AskCell(Alone(CellOf(visits_, without), "charge"))) << "nothing that the count has";
  EXPECT_FALSE(AskCell(Alone(CellOf(visits_, without), "#")));
  EXPECT_FALSE(AskCell(CellOf(visits_, without)));
}

TEST_F(GuardOfRows, EqualRowsAreOneAnswerWhateverChoseThem) {
  EXPECT_TRUE(AskOne([](const Visit& visit) { return visit.ward != 0; }));
  EXPECT_TRUE(AskOne([](const Visit& visit) { return visit.ward >= 1; }));
  EXPECT_EQ(guard_.cells(), 1u);
}

TEST_F(GuardOfRows, AVersionThatChangesFewPeoplesValuesIsNotShownBesideTheOther) {
  EXPECT_TRUE(AskOne(All));
  for (Visit& visit : visits_) visit.charge += visit.person < 9 ? 1'000'000 : 0;
  EXPECT_FALSE(AskOne(All)) << "the difference is nine people's";
  EXPECT_TRUE(AskCell(Alone(CellOf(visits_, All), "#"))) << "their visits are as many as before";
  for (Visit& visit : visits_) visit.charge += visit.person < 10 ? 1'000'000 : 0;
  EXPECT_TRUE(AskOne(All)) << "of ten people";
}

TEST_F(GuardOfRows, ATotalIsNotShownBesideWardsThatLackFewPeople) {
  visits_.push_back({.person = 7, .ward = 6, .charge = 1'000'001});
  visits_.push_back({.person = 8, .ward = 6, .charge = 1'000'002});
  EXPECT_EQ(Ask(ByWard(6)), Verdicts(6, true)) << "the seventh has two people";
  EXPECT_FALSE(AskOne(All)) << "everybody stands in the six wards, and two people's visits do not";
  EXPECT_TRUE(AskOne([](const Visit& visit) { return visit.ward < 6; }));
}

TEST_F(GuardOfRows, SomeWardsTogetherAreKnownToo) {
  EXPECT_EQ(Ask(ByWard(6)), Verdicts(6, true));
  const auto some = [](UnitNumber but) {
    return [but](const Visit& visit) { return visit.ward < 3 && (visit.person != but || visit.ward != 2); };
  };
  EXPECT_TRUE(AskOne(some(kUnitNumberMax))) << "exactly three wards";
  EXPECT_FALSE(AskOne([](const Visit& visit) { return visit.ward >= 2 && (visit.person != 3 || visit.ward != 3); }));
  EXPECT_FALSE(AskOne(some(2)));
  EXPECT_TRUE(AskOne([](const Visit& visit) { return visit.ward < 3 && visit.charge % 2 == 0; }));
}

TEST_F(GuardOfRows, WardsOfAKnownTotalLoseTheirSmallest) {
  visits_.push_back({.person = 7, .ward = 6, .charge = 1'000'001});
  EXPECT_TRUE(AskOne(All));
  const Verdicts verdicts = Ask(ByWard(6));
  EXPECT_EQ(std::count(verdicts.begin(), verdicts.end(), false), 1);
  EXPECT_EQ(Ask(ByWard(6)), verdicts) << "and so again";
}

TEST_F(GuardOfRows, WholeAnswersByTwoAttributesAreSubtracted) {
  std::vector<GuardCell> by_other;
  for (std::uint64_t rest = 0; rest < 4; ++rest) {
    by_other.push_back(CellOf(visits_, [rest](const Visit& visit) {
      return visit.charge % 4 == rest && (visit.person != 5 || visit.ward != 1);
    }));
  }
  EXPECT_EQ(Ask(ByWard(6)), Verdicts(6, true));
  const Verdicts verdicts = Ask(by_other);
  EXPECT_GE(std::count(verdicts.begin(), verdicts.end(), false), 1) << "all less all is one person's visit";
}

TEST_F(GuardOfRows, TwoBlocksOfOneAnswerAreComparedByRows) {
  const Which without = [](const Visit& visit) { return visit.person != 42 || visit.ward != 0; };
  const Verdicts verdicts = Ask({CellOf(visits_, All, 0), CellOf(visits_, without, 1)});
  EXPECT_EQ(std::count(verdicts.begin(), verdicts.end(), false), 1);
}

TEST_F(GuardOfRows, SumsOfOtherUnitsAreRefused) {
  GuardCell wrong = CellOf(visits_, All);
  wrong.sets[0].sums[0].of.pop_back();
  EXPECT_EQ(guard_.Release({wrong}).error().code, Code::kInvalidArgument);
  EXPECT_EQ(guard_.cells(), 0u);
}

// As an enclave does after a restart: with marks by another key, so nothing of the first one's history is of use.
TEST_F(GuardOfRows, AHistoryThatIsReleasedAgainIsTheSameHistory) {
  const auto without = [](UnitNumber person) {
    return [person](const Visit& visit) { return visit.person % 40 != person || visit.ward % 2 != 0; };
  };
  for (const int start : {1, 2}) {
    DifferencingGuard guard;
    for (Visit& visit : visits_) visit.charge += static_cast<std::uint64_t>(start) << 40;
    for (UnitNumber person = 0; person < 20; ++person)
      ASSERT_TRUE(guard.Release({CellOf(visits_, without(person))}).value().front()) << person;
    for (UnitNumber person = 0; person < 20; ++person) {
      const Which one_less = [&, person](const Visit& visit) {
        return without(person)(visit) && (visit.person != 39 || visit.ward != 5);
      };
      EXPECT_FALSE(guard.Release({CellOf(visits_, one_less)}).value().front()) << person;
    }
  }
}

// The rule as it is said, over lists of visits.
struct Oracle {
  struct Cell {
    std::vector<std::vector<std::uint64_t>> charges;  // by person
  };
  static Cell Read(const Visits& visits, const Which& which, UnitNumber people) {
    Cell cell{.charges = std::vector<std::vector<std::uint64_t>>(people)};
    for (const Visit& visit : visits) {
      if (which(visit)) cell.charges[visit.person].push_back(visit.charge);
    }
    for (auto& charges : cell.charges) std::sort(charges.begin(), charges.end());
    return cell;
  }
  static bool Near(std::int64_t x, std::int64_t y) { return x < kGroupSize && y < kGroupSize && x + y > 0; }
  static bool Close(const Cell& a, const Cell& b) {
    std::int64_t only_a = 0, only_b = 0, both = 0, neither = 0, charged = 0, counted = 0;
    for (std::size_t person = 0; person < a.charges.size(); ++person) {
      const bool in_a = !a.charges[person].empty();
      const bool in_b = !b.charges[person].empty();
      only_a += in_a && !in_b ? 1 : 0;
      only_b += in_b && !in_a ? 1 : 0;
      both += in_a && in_b ? 1 : 0;
      neither += in_a || in_b ? 0 : 1;
      charged += in_a && in_b && a.charges[person] != b.charges[person] ? 1 : 0;
      counted += in_a && in_b && a.charges[person].size() != b.charges[person].size() ? 1 : 0;
    }
    if (Near(only_a, only_b) || Near(both, neither)) return true;
    return Near(only_a + charged, only_b + charged) || Near(only_a + counted, only_b + counted);
  }
  bool Ask(Cell cell) {
    for (const Cell& other : released) {
      if (Close(cell, other)) return false;
    }
    released.push_back(std::move(cell));
    return true;
  }
  std::vector<Cell> released;
};

TEST_F(GuardOfRows, AgreesWithAllPairsOnRandomHistories) {
  constexpr UnitNumber kPeople = 200;
  std::mt19937 random(21);
  Visits visits = MakeVisits(kPeople, 3, 4);
  Oracle oracle;
  int refused = 0;
  for (int round = 0; round < 500; ++round) {
    if (round % 100 == 99) {  // a new version: a few people's or many people's values
      const UnitNumber until = random() % 2 == 0 ? 5 : 50;
      for (Visit& visit : visits) visit.charge += visit.person < until ? 10'000 : 0;
    }
    const std::uint32_t wards = 1 + random() % 15;  // a bit each
    const UnitNumber from = random() % 4 == 0 ? random() % 100 : 0;
    std::vector<bool> out(visits.size());
    for (std::size_t i = random() % 25; i > 0; --i) out[random() % out.size()] = true;
    const Which which = [&](const Visit& visit) {
      const auto row = static_cast<std::size_t>(&visit - visits.data());
      return (wards >> visit.ward & 1) != 0 && visit.person >= from && !out[row];
    };
    const bool expected = oracle.Ask(Oracle::Read(visits, which, kPeople));
    refused += expected ? 0 : 1;
    ASSERT_EQ(AskCell(CellOf(visits, which)), expected) << "round " << round;
  }
  EXPECT_GT(refused, 50);
  EXPECT_GT(oracle.released.size(), 50u);
}

// A history of 10,000 cells over two versions of a dataset, and near-duplicates of them: a few people of a cell with
// other rows, in the version of the cell and in another that changes a few people's values. After a restart the history
// is released again in its order, so the guard is the same one.
TEST_F(GuardOfRows, FindsEveryNearDuplicateByRowsAmongTenThousandCells) {
  constexpr UnitNumber kPeople = 300;
  std::mt19937 random(22);
  const Visits first = MakeVisits(kPeople, 4, 8);
  Visits second = first;
  for (Visit& visit : second) visit.charge += 100'000;
  std::vector<std::vector<bool>> history;  // rows that a cell leaves out
  const auto cell_of = [&](const Visits& visits, const std::vector<bool>& out) {
    return CellOf(visits, [&](const Visit& visit) { return !out[static_cast<std::size_t>(&visit - visits.data())]; });
  };
  const auto version_of = [&](std::size_t i) -> const Visits& { return i % 2 == 0 ? first : second; };
  while (history.size() < 10'000) {
    std::vector<bool> out(first.size());
    const std::size_t people = 50 + random() % 100;
    for (std::size_t j = 0; j < people; ++j) out[random() % kPeople * 4 + random() % 2] = true;
    for (std::size_t j = 20 + random() % 100; j > 0; --j) std::fill_n(out.begin() + random() % kPeople * 4, 4, true);
    if (AskCell(cell_of(version_of(history.size()), out))) history.push_back(std::move(out));
  }
  for (int i = 0; i < 200; ++i) {
    const std::size_t cell = random() % history.size();
    std::vector<bool> out = history[cell];
    Visits visits = version_of(cell);
    for (std::size_t j = 1 + random() % 9; j > 0;) {
      const std::size_t row = random() % kPeople * 4 + 3;
      if (out[row]) continue;
      --j;
      if (i % 2 == 0)
        out[row] = true;
      else
        visits[row].charge += 1'000'000;
    }
    EXPECT_FALSE(AskCell(cell_of(visits, out))) << i;
  }
}

}  // namespace
}  // namespace cloister::privacy
