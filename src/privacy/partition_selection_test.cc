#include "privacy/partition_selection.h"

#include <gtest/gtest.h>

#include <cmath>

namespace cloister::privacy {
namespace {

struct Setting {
  double epsilon = 1;
  double delta = 1e-6;
  std::int64_t groups_max = 1;
  std::int64_t units_min = 1;
};

PartitionSelection Make(Setting setting) {
  auto made = PartitionSelection::Make({.epsilon = Epsilon::FromNumber(setting.epsilon, Rounding::kDown).value(),
                                        .delta = Delta::FromNumber(setting.delta, Rounding::kDown).value(),
                                        .groups_max = setting.groups_max,
                                        .units_min = setting.units_min});
  EXPECT_TRUE(made.has_value()) << made.error().public_message;
  return std::move(made).value();
}

// Desfontaines, Voss, Gipson, Mandayam 2020, theorem 1, in double precision.
double ClosedForm(const Setting& setting, std::int64_t n) {
  const double e = setting.epsilon / static_cast<double>(setting.groups_max);
  const double d = setting.delta / static_cast<double>(setting.groups_max);
  const double turn = 1 + std::floor(std::log1p(std::tanh(e / 2) * (1 / d - 1)) / e);
  const auto rising = [&](double count) { return d * std::expm1(count * e) / std::expm1(e); };
  if (static_cast<double>(n) <= turn) return rising(static_cast<double>(n));
  const double top = rising(turn);
  const double full = turn + std::floor(std::log1p(std::expm1(e) / d * (1 - top)) / e);
  if (static_cast<double>(n) > full) return 1;
  return top + (1 - top + d / std::expm1(e)) * -std::expm1(-(static_cast<double>(n) - turn) * e);
}

TEST(PartitionSelection, HasTheNumbersOfThePaperAndOfItsPublicImplementation) {
  const PartitionSelection half = Make({.epsilon = 0.5, .delta = 0.02});
  EXPECT_NEAR(half.KeepProbability(6), 0.58840484458, 1e-10);
  EXPECT_NEAR(half.KeepProbability(8), 0.86807080625, 1e-10);
  EXPECT_LT(half.KeepProbability(11), 1);
  EXPECT_EQ(half.CertainFrom(), 12);
  const PartitionSelection one = Make({});
  EXPECT_EQ(one.LikelyFrom(), 14);
  EXPECT_EQ(one.CertainFrom(), 28);
  const PartitionSelection four = Make({.groups_max = 4});
  EXPECT_EQ(four.LikelyFrom(), 53);
  EXPECT_EQ(four.CertainFrom(), 106);
  const PartitionSelection ten = Make({.units_min = 10});
  EXPECT_EQ(ten.LikelyFrom(), 23);
  EXPECT_EQ(ten.CertainFrom(), 37);
  EXPECT_EQ(ten.KeepProbability(9), 0);
}

TEST(PartitionSelection, IsTheClosedFormToTheLastDigits) {
  for (const Setting setting :
       {Setting{.epsilon = 0.5, .delta = 0.02}, Setting{}, Setting{.epsilon = 0.1, .delta = 1e-9},
        Setting{.epsilon = 3, .delta = 1e-5, .groups_max = 7}}) {
    const PartitionSelection selection = Make(setting);
    for (std::int64_t n = 1; n <= selection.CertainFrom() + 2; ++n) {
      const double closed = ClosedForm(setting, n);
      EXPECT_NEAR(selection.KeepProbability(n), closed, 1e-9 * closed) << setting.epsilon << " " << n;
    }
  }
}

// The definition itself, in numbers that a double holds to 2^-52.
TEST(PartitionSelection, KeepsBothInequalities) {
  for (const Setting setting :
       {Setting{}, Setting{.epsilon = 0.01, .delta = 1e-8}, Setting{.epsilon = 30, .delta = 1e-12}}) {
    const PartitionSelection selection = Make(setting);
    for (std::int64_t n = 0; n < selection.CertainFrom() + 2; ++n) {
      const double fewer = selection.KeepProbability(n);
      const double more = selection.KeepProbability(n + 1);
      const double growth = std::exp(setting.epsilon);
      const double rounding = growth * 4e-16;
      EXPECT_LE(more, growth * fewer + setting.delta + rounding);
      EXPECT_LE(1 - fewer, growth * (1 - more) + setting.delta + rounding);
      EXPECT_LE(fewer, more);
    }
  }
}

TEST(PartitionSelection, NeverReleasesAnEmptyGroupAndAlwaysACertainOne) {
  const PartitionSelection selection = Make({});
  InsecureRngForTest rng(1);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(selection.Keep(rng, 0));
    EXPECT_TRUE(selection.Keep(rng, 28));
  }
}

TEST(PartitionSelection, DrawsWithItsProbability) {
  const PartitionSelection selection = Make({.epsilon = 0.5, .delta = 0.02});
  InsecureRngForTest rng(2);
  int kept = 0;
  for (int i = 0; i < 20'000; ++i) kept += selection.Keep(rng, 6) ? 1 : 0;
  EXPECT_NEAR(kept / 20'000.0, 0.588405, 5 * std::sqrt(0.25 / 20'000));
}

TEST(PartitionSelection, RefusesWhatCannotBePrivate) {
  const Epsilon one = Epsilon::OfUnits(Epsilon::kOne);
  const Delta small = Delta::OfUnits(1'000'000'000'000);
  EXPECT_FALSE(PartitionSelection::Make({.epsilon = {}, .delta = small}));
  EXPECT_FALSE(PartitionSelection::Make({.epsilon = one, .delta = {}}));
  EXPECT_FALSE(PartitionSelection::Make({.epsilon = one, .delta = Delta::OfUnits(Delta::kOne + 1)}));
  EXPECT_FALSE(PartitionSelection::Make({.epsilon = one, .delta = small, .groups_max = 0}));
  EXPECT_FALSE(PartitionSelection::Make({.epsilon = one, .delta = small, .units_min = 0}));
  // Certainty would need more units than the table holds.
  EXPECT_FALSE(PartitionSelection::Make({.epsilon = Epsilon::OfUnits(1'000), .delta = Delta::OfUnits(1'000'000'000)}));
}

}  // namespace
}  // namespace cloister::privacy
