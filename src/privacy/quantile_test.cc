#include "privacy/quantile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace cloister::privacy {
namespace {

QuantileMechanism Quantile(double epsilon, QuantileRank rank, std::int64_t rows_max = 1) {
  return QuantileMechanism::Make({.epsilon = Epsilon::FromNumber(epsilon, Rounding::kDown).value(),
                                  .rank = rank,
                                  .rows_max = rows_max})
      .value();
}

// How often each bin is released.
std::map<std::size_t, double> Frequencies(const QuantileMechanism& mechanism, const std::vector<std::int64_t>& counts) {
  constexpr int kDraws = 40'000;
  InsecureRngForTest rng(1);
  std::map<std::size_t, double> frequencies;
  for (int i = 0; i < kDraws; ++i) frequencies[mechanism.Release(rng, counts)] += 1.0 / kDraws;
  return frequencies;
}

TEST(Quantile, FindsTheBinThatHoldsTheRank) {
  std::vector<std::int64_t> counts(100, 50);
  InsecureRngForTest rng(2);
  for (const QuantileRank rank : {QuantileRank{1, 2}, QuantileRank{9, 10}, QuantileRank{1, 20}}) {
    for (int i = 0; i < 50; ++i) {
      const auto bin = static_cast<double>(Quantile(1, rank).Release(rng, counts));
      EXPECT_NEAR(bin, 100.0 * static_cast<double>(rank.numerator) / static_cast<double>(rank.denominator), 2);
    }
  }
}

TEST(Quantile, ReleasesWrongBinsAsOftenAsTheFormulaSays) {
  // Distances 10, 0, 0, 10, doubled 20: exp(-20 / (2 * 1)) at epsilon 1.
  auto seen = Frequencies(Quantile(1, {1, 2}), {10, 10, 10, 10});
  EXPECT_NEAR(seen[1], 0.5, 0.02);
  EXPECT_NEAR(seen[2], 0.5, 0.02);
  EXPECT_LT(seen[0] + seen[3], 0.001);
  // Two bins, distances b d = 0 and 2: the worse one comes first with 1/2 and is then kept with exp(-0.1 * 2 / 2).
  seen = Frequencies(Quantile(0.1, {1, 2}), {0, 2});
  EXPECT_NEAR(seen[0], std::exp(-0.1) / 2, 0.01);
  // Four rows of one person make the same distances count a quarter.
  seen = Frequencies(Quantile(0.4, {1, 2}, 4), {0, 2});
  EXPECT_NEAR(seen[0], std::exp(-0.1) / 2, 0.01);
}

TEST(Quantile, OfNothingIsAnyBin) {
  const auto seen = Frequencies(Quantile(1, {1, 2}), {0, 0, 0, 0, 0});
  for (std::size_t bin = 0; bin < 5; ++bin) EXPECT_NEAR(seen.at(bin), 0.2, 0.02);
}

TEST(Quantile, RanksLieWithinTheIntervalAsOftenAsItSays) {
  const std::vector<std::int64_t> counts(200, 3);
  const QuantileMechanism mechanism = Quantile(0.2, {1, 2});
  const double half = mechanism.RankHalfWidth(0.9, counts.size());
  InsecureRngForTest rng(4);
  int inside = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto bin = static_cast<double>(mechanism.Release(rng, counts));
    const double below = std::max(0.0, 300 - (bin + 1) * 3);
    const double above = std::max(0.0, bin * 3 - 300);
    inside += std::max(below, above) <= half ? 1 : 0;
  }
  EXPECT_GE(inside, 900);
}

TEST(Quantile, RefusesWhatIsNoQuantile) {
  const Epsilon one = Epsilon::OfUnits(Epsilon::kOne);
  EXPECT_FALSE(QuantileMechanism::Make({.epsilon = one, .rank = {0, 2}}));
  EXPECT_FALSE(QuantileMechanism::Make({.epsilon = one, .rank = {2, 2}}));
  EXPECT_FALSE(QuantileMechanism::Make({.epsilon = one, .rank = {1, kQuantileDenominatorMax + 1}}));
  EXPECT_FALSE(QuantileMechanism::Make({.epsilon = {}, .rank = {1, 2}}));
  EXPECT_FALSE(QuantileMechanism::Make({.epsilon = one, .rank = {1, 2}, .rows_max = 0}));
  EXPECT_FALSE(QuantileMechanism::Make({.epsilon = one, .rank = {1, 2}, .groups_max = 0}));
}

}  // namespace
}  // namespace cloister::privacy
