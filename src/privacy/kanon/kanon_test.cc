#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <optional>

#include "privacy/kanon/class_rule.h"
#include "privacy/kanon/kanon_for_test.h"
#include "privacy/kanon/loss.h"
#include "privacy/kanon/mondrian.h"
#include "privacy/kanon/representatives.h"

namespace cloister::privacy {
namespace {

using Rows = std::vector<std::uint32_t>;

// zip 00142 00142 00143 00150 with left(zip,4) and *
AnonymousTable Zips() {
  AnonymousTable table{.units = {0, 1, 2, 3}};
  table.quasi_identifiers.push_back(
      {.rows = {0, 0, 1, 2}, .to = {{0, 1, 2}, {0, 0, 1}, {0, 0, 0}}, .loss = {{0, 0, 0}, {0.5, 0}, {1}}});
  return table;
}

TEST(FullDomain, TakesTheNodeThatLosesLeast) {
  const auto whole = GeneraliseFullDomain(Zips(), 2, 0).value();
  ASSERT_EQ(whole.classes.size(), 1u);
  EXPECT_EQ(whole.classes[0].levels, (std::vector<std::size_t>{2}));
  EXPECT_EQ(whole.loss, 1);
  const auto quarter = GeneraliseFullDomain(Zips(), 2, 0.25).value();
  ASSERT_EQ(quarter.classes.size(), 1u);
  EXPECT_EQ(quarter.classes[0].rows, (Rows{0, 1, 2}));
  EXPECT_EQ(quarter.classes[0].levels, (std::vector<std::size_t>{1}));
  EXPECT_EQ(quarter.loss, (3 * 0.5 + 1) / 4);
  const auto half = GeneraliseFullDomain(Zips(), 2, 0.5).value();
  EXPECT_EQ(half.classes[0].rows, (Rows{0, 1})) << "two suppressed lose 0.5, left(zip,4) loses 0.625";
}

TEST(FullDomain, CountsUnitsNotRows) {
  AnonymousTable table = Zips();
  table.units = {7, 7, 7, 8};
  EXPECT_EQ(GeneraliseFullDomain(table, 2, 0).value().classes.size(), 1u);
  EXPECT_TRUE(GeneraliseFullDomain(table, 3, 1).value().classes.empty());
}

TEST(FullDomain, SuppressesAllWhereEvenTheTopBreaksTheRule) {
  const auto out = GeneraliseFullDomain(Zips(), 5, 0).value();
  EXPECT_TRUE(out.classes.empty());
  EXPECT_EQ(out.loss, 1);
}

TEST(FullDomain, AsksSensitiveColumnsToo) {
  AnonymousTable table = Zips();
  table.sensitive.push_back({.rows = {0, 0, 1, 1}, .values = 2, .distinct_l = 2});
  EXPECT_EQ(GeneraliseFullDomain(table, 2, 0.25).value().classes[0].rows, (Rows{0, 1, 2}));
  table.sensitive[0].entropy_l = 2;  // {0,0,1} has entropy 0.64 < ln 2
  EXPECT_EQ(GeneraliseFullDomain(table, 2, 0.25).value().classes[0].rows, (Rows{0, 1, 2, 3}));
}

TEST(FullDomain, RefusesWhatIsNoTable) {
  AnonymousTable levels = Zips();
  levels.quasi_identifiers[0].to[2] = {0, 1, 0};  // 00142 and 00143 part again
  EXPECT_FALSE(GeneraliseFullDomain(levels, 2, 0));
  AnonymousTable code = Zips();
  code.quasi_identifiers[0].rows[0] = 3;
  EXPECT_FALSE(GeneraliseFullDomain(code, 2, 0));
  AnonymousTable shorter = Zips();
  shorter.sensitive.push_back({.rows = {0}, .values = 1});
  EXPECT_FALSE(GeneraliseFullDomain(shorter, 2, 0));
  EXPECT_FALSE(GeneraliseFullDomain(Zips(), 0, 0));
  EXPECT_FALSE(GeneraliseFullDomain(Zips(), 2, 1.5));
  EXPECT_FALSE(GeneraliseFullDomain(Zips(), 2, std::nan("")));
}

TEST(FullDomain, RefusesMoreNodesThanItTries) {
  AnonymousTable table{.units = {0, 1}};
  for (int i = 0; i < 9; ++i) table.quasi_identifiers.push_back(BandedColumn({0, 1}, 16, {2, 4}));
  EXPECT_EQ(GeneraliseFullDomain(table, 2, 0).error().code, Code::kResourceExhausted);
}

// Every node tried, nothing cut short.
double LeastLoss(const AnonymousTable& table, std::int64_t k, double suppression_max) {
  double best = 1;
  std::size_t nodes = 1;
  for (const auto& column : table.quasi_identifiers) nodes *= column.levels();
  for (std::size_t number = 0; number < nodes; ++number) {
    std::map<std::vector<ValueCode>, Rows> groups;
    double loss = 0;
    std::map<std::uint32_t, double> of_row;
    for (std::uint32_t row = 0; row < table.rows(); ++row) {
      std::size_t rest = number;
      std::vector<ValueCode> values;
      for (const auto& column : table.quasi_identifiers) {
        const std::size_t level = rest % column.levels();
        rest /= column.levels();
        values.push_back(column.to[level][column.rows[row]]);
        of_row[row] += column.loss[level][values.back()] / static_cast<double>(table.quasi_identifiers.size());
      }
      groups[values].push_back(row);
    }
    std::size_t suppressed = 0;
    for (const auto& [values, rows] : groups) {
      const bool keeps = KeepsRule(table, rows, k);
      if (!keeps) suppressed += rows.size();
      for (const std::uint32_t row : rows) loss += keeps ? of_row[row] : 1;
    }
    if (static_cast<double>(suppressed) <= suppression_max * static_cast<double>(table.rows()) + 1e-9)
      best = std::min(best, loss / static_cast<double>(table.rows()));
  }
  return best;
}

void CheckClasses(const AnonymousTable& table, const Anonymised& out, std::int64_t k) {
  std::set<std::uint32_t> seen;
  for (const EquivalenceClass& one : out.classes) {
    EXPECT_TRUE(KeepsRule(table, one.rows, k));
    for (const std::uint32_t row : one.rows) {
      EXPECT_TRUE(seen.insert(row).second) << "a row in two classes";
      for (std::size_t i = 0; i < one.levels.size(); ++i) {
        const auto& to = table.quasi_identifiers[i].to[one.levels[i]];
        const auto& codes = table.quasi_identifiers[i].rows;
        EXPECT_EQ(to[codes[row]], to[codes[one.rows.front()]]) << "rows of a class that do not look alike";
      }
    }
  }
}

TEST(FullDomain, IsTheBestOfAllNodesOnRandomTables) {
  std::mt19937 random(21);
  for (int round = 0; round < 200; ++round) {
    const AnonymousTable table = RandomTable(random);
    const auto k = static_cast<std::int64_t>(1 + random() % 5);
    const double allowed = static_cast<double>(random() % 4) / 10;
    const auto out = GeneraliseFullDomain(table, k, allowed).value();
    CheckClasses(table, out, k);
    EXPECT_NEAR(out.loss, LeastLoss(table, k, allowed), 1e-9) << "round " << round;
  }
}

TEST(FullDomain, DoesNotDependOnTheOrderOfRows) {
  std::mt19937 random(22);
  for (int round = 0; round < 50; ++round) {
    AnonymousTable table = RandomTable(random);
    AnonymousTable reversed = table;
    std::reverse(reversed.units.begin(), reversed.units.end());
    for (auto& column : reversed.quasi_identifiers) std::reverse(column.rows.begin(), column.rows.end());
    std::reverse(reversed.sensitive[0].rows.begin(), reversed.sensitive[0].rows.end());
    const auto one = GeneraliseFullDomain(table, 3, 0.2).value();
    const auto other = GeneraliseFullDomain(reversed, 3, 0.2).value();
    ASSERT_EQ(one.classes.size(), other.classes.size());
    EXPECT_TRUE(one.classes.empty() || one.classes[0].levels == other.classes[0].levels);
  }
}

TEST(Mondrian, CutsAtTheMedianWhileBothHalvesKeepTheRule) {
  AnonymousTable table{.units = {0, 1, 2, 3, 4, 5, 6}};
  table.quasi_identifiers.push_back(BandedColumn({20, 21, 22, 40, 41, 60, 62}, 64, {8, 32}));
  const auto out = PartitionMondrian(table, 3, Partitioning::kStrict).value();
  ASSERT_EQ(out.classes.size(), 2u);
  EXPECT_EQ(out.classes[0].rows, (Rows{0, 1, 2}));
  EXPECT_EQ(out.classes[0].levels[0], 1u) << "20 to 22 lie in one band of 8";
  EXPECT_EQ(out.classes[1].levels[0], 2u) << "40 to 62 in one of 32";
}

TEST(Mondrian, StrictKeepsEqualValuesTogetherAndRelaxedDoesNot) {
  AnonymousTable table{.units = {0, 1, 2, 3, 4, 5}};
  table.quasi_identifiers.push_back(BandedColumn({1, 1, 1, 1, 1, 2}, 4, {2}));
  EXPECT_EQ(PartitionMondrian(table, 3, Partitioning::kStrict).value().classes.size(), 1u);
  EXPECT_EQ(PartitionMondrian(table, 3, Partitioning::kRelaxed).value().classes.size(), 2u);
}

TEST(Mondrian, KeepsTheRuleAndEveryRowOnRandomTables) {
  std::mt19937 random(23);
  for (int round = 0; round < 300; ++round) {
    const AnonymousTable table = RandomTable(random);
    const auto k = static_cast<std::int64_t>(1 + random() % 5);
    Rows all(table.rows());
    for (std::uint32_t row = 0; row < all.size(); ++row) all[row] = row;
    for (const auto partitioning : {Partitioning::kStrict, Partitioning::kRelaxed}) {
      const auto out = PartitionMondrian(table, k, partitioning).value();
      CheckClasses(table, out, k);
      std::size_t rows = 0;
      for (const auto& one : out.classes) rows += one.rows.size();
      EXPECT_EQ(rows, KeepsRule(table, all, k) ? table.rows() : 0u);
    }
  }
}

TEST(Mondrian, NeedsATopThatIsOneValue) {
  AnonymousTable table{.units = {0, 1}};
  table.quasi_identifiers.push_back({.rows = {0, 1}, .to = {{0, 1}}, .loss = {{0, 0}}});
  EXPECT_EQ(PartitionMondrian(table, 1, Partitioning::kStrict).error().code, Code::kInvalidArgument);
}

// The example of Li, Li, Venkatasubramanian (2007), section 4: salaries 3k to 11k, classes {3,4,5} and {6,8,11}.
TEST(Closeness, IsTheEarthMoversDistanceOfThePaper) {
  AnonymousTable table{.units = {0, 1, 2, 3, 4, 5, 6, 7, 8}};
  table.sensitive.push_back({.rows = {0, 1, 2, 3, 4, 5, 6, 7, 8}, .values = 9, .ordered = true});
  const auto holds = [&](const Rows& rows, double t) {
    table.sensitive[0].closeness_t = t;
    return ClassRule(table, 1).Holds(rows);
  };
  EXPECT_TRUE(holds({0, 1, 2}, 0.375));
  EXPECT_FALSE(holds({0, 1, 2}, 0.3749));
  EXPECT_TRUE(holds({3, 5, 8}, 0.1667));
  EXPECT_FALSE(holds({3, 5, 8}, 0.1666));
  table.sensitive[0].ordered = false;
  EXPECT_TRUE(holds({0, 1, 2}, 0.6667)) << "half the sum of |1/3 - 1/9| * 3 + 1/9 * 6";
  EXPECT_FALSE(holds({0, 1, 2}, 0.6666));
}

TEST(Diversity, EntropyAsksForMoreThanDifferentValues) {
  AnonymousTable table{.units = {0, 1, 2, 3}};
  table.sensitive.push_back({.rows = {0, 0, 0, 1}, .values = 2, .distinct_l = 2});
  EXPECT_TRUE(ClassRule(table, 4).Holds({0, 1, 2, 3}));
  EXPECT_FALSE(ClassRule(table, 1).Holds({0, 1, 2}));
  table.sensitive[0].entropy_l = 1.75;  // e^0.5623 = 1.7548
  EXPECT_TRUE(ClassRule(table, 4).Holds({0, 1, 2, 3}));
  table.sensitive[0].entropy_l = 1.76;
  EXPECT_FALSE(ClassRule(table, 4).Holds({0, 1, 2, 3}));
}

// Values: 0 flu, 1 asthma, 2 cancer.
TEST(Diversity, OnePersonsRowsMakeNoClassDiverse) {
  AnonymousTable table{.units = {1, 2, 3, 3, 3}};
  table.sensitive.push_back({.rows = {0, 0, 0, 1, 2}, .values = 3, .distinct_l = 2});
  const Rows all = {0, 1, 2, 3, 4};
  EXPECT_FALSE(ClassRule(table, 3).Holds(all)) << "everybody has flu";
  table.sensitive[0].rows = {0, 0, 1, 1, 2};
  EXPECT_TRUE(ClassRule(table, 3).Holds(all));
  table.sensitive[0].distinct_l = 3;
  EXPECT_FALSE(ClassRule(table, 3).Holds(all)) << "asthma and cancer are one person's";
  table.units = {1, 2, 3, 3, 2};
  EXPECT_TRUE(ClassRule(table, 3).Holds(all)) << "1 has flu, 2 cancer, 3 asthma";
}

TEST(Diversity, EachPersonWeighsTheSame) {
  AnonymousTable table{.units = {1, 2, 3, 4, 4, 4, 4}};
  table.sensitive.push_back({.rows = {0, 0, 0, 1, 1, 1, 1}, .values = 2});
  const Rows all = {0, 1, 2, 3, 4, 5, 6};
  table.sensitive[0].entropy_l = 1.75;
  EXPECT_TRUE(ClassRule(table, 4).Holds(all)) << "3/4 and 1/4 of the persons: 1.7548";
  table.sensitive[0].entropy_l = 1.76;
  EXPECT_FALSE(ClassRule(table, 4).Holds(all)) << "3/7 and 4/7 of the rows would be 1.98";
}

TEST(Closeness, HoldsOverRowsAndOverPersons) {
  AnonymousTable table{.units = {1, 2, 3, 4, 4, 4}};
  table.sensitive.push_back({.rows = {0, 0, 1, 1, 1, 0}, .values = 2});
  const auto holds = [&](const Rows& rows, double t) {
    table.sensitive[0].closeness_t = t;
    return ClassRule(table, 1).Holds(rows);
  };
  // Rows 2 and 3 to 5: 3/4 of value 1, of all rows 1/2. Persons 3 and 4: 5/6, of all persons 5/12.
  EXPECT_TRUE(holds({2, 3, 4, 5}, 0.4167));
  EXPECT_FALSE(holds({2, 3, 4, 5}, 0.4166)) << "over rows it would be 0.25";
  // Row 4 alone of person 4 with person 1: over both 1/2, of all rows 1/2, of all persons 5/12.
  EXPECT_TRUE(holds({0, 4}, 0.0834));
  EXPECT_FALSE(holds({0, 4}, 0.0833));
}

TEST(Representatives, AreAsManyAsTheLargestMatching) {
  std::mt19937 random(24);
  for (int round = 0; round < 2000; ++round) {
    const std::size_t values = 1 + random() % 6;
    std::map<std::uint32_t, std::set<ValueCode>> by_unit;
    std::vector<Shown> shown;
    for (std::size_t i = 0; i < 1 + random() % 14; ++i)
      by_unit[static_cast<std::uint32_t>(random() % 7)].insert(static_cast<ValueCode>(random() % values));
    for (const auto& [unit, theirs] : by_unit) {
      for (const ValueCode value : theirs) shown.push_back({.unit = unit, .value = value});
    }
    const auto most = static_cast<std::int64_t>(RepresentativesAtMost(by_unit, values));
    EXPECT_TRUE(HaveRepresentatives(shown, most)) << "round " << round;
    EXPECT_FALSE(HaveRepresentatives(shown, most + 1)) << "round " << round;
  }
}

TEST(Loss, IsWhatTheHeaderSays) {
  const AnonymousTable table = Zips();
  const auto out = GeneraliseFullDomain(table, 2, 0.25).value();
  const LossMetrics loss = MeasureLoss(table, out.classes, 2);
  EXPECT_EQ(loss.discernibility, 3 * 3);
  EXPECT_EQ(loss.average_class_size, 1.5);
  EXPECT_EQ(loss.certainty_penalty, 0.5);
  EXPECT_EQ(loss.classes, 1);
  EXPECT_EQ(NormalisedCertaintyPenalty(table, out.classes), 0.625) << "a suppressed row loses everything";
}

TEST(Loss, OfARowThatIsLeftOutNothingIsCounted) {
  AnonymousTable table = Zips();
  const auto classes = GeneraliseFullDomain(table, 2, 0.25).value().classes;
  const LossMetrics before = MeasureLoss(table, classes, 2);
  table.units.push_back(9);
  table.quasi_identifiers[0].rows.push_back(table.quasi_identifiers[0].rows.back());
  const LossMetrics after = MeasureLoss(table, classes, 2);
  EXPECT_EQ(before.discernibility, after.discernibility);
  EXPECT_EQ(before.certainty_penalty, after.certainty_penalty);
  EXPECT_EQ(before.average_class_size, after.average_class_size);
  EXPECT_EQ(MeasureLoss(table, {}, 2).discernibility, 0) << "an empty release tells nothing of who was left out";
}

}  // namespace
}  // namespace cloister::privacy
