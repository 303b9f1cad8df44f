#include "privacy/derived.h"

#include <gtest/gtest.h>

#include <cmath>

#include "privacy/additive_noise.h"

namespace cloister::privacy {
namespace {

constexpr ValueBounds kAges{.low = 0, .high = 110, .middle = 55};

TEST(Derived, WithoutNoiseIsTheValueItself) {
  // Ages 40, 50, 60: around 55 they sum to -15, their squares to 275.
  const Estimate mean = NoisyMean({.value = -15}, {.value = 3}, kAges);
  EXPECT_DOUBLE_EQ(mean.value, 50);
  EXPECT_DOUBLE_EQ(mean.low, 50);
  EXPECT_DOUBLE_EQ(mean.high, 50);
  const NoisyMoments moments{.centred_sum = {.value = -15}, .centred_squares = {.value = 275}, .count = {.value = 3}};
  EXPECT_NEAR(NoisyVariance(moments, kAges).value, 200.0 / 3, 1e-9);
  EXPECT_NEAR(NoisySampleVariance(moments, kAges).value, 100, 1e-9);
  EXPECT_NEAR(SquareRoot(NoisySampleVariance(moments, kAges)).value, 10, 1e-9);
}

TEST(Derived, StaysWithinTheBoundsWhateverTheNoise) {
  for (const double count : {-5.0, 0.0, 0.5, 2.0}) {
    for (const double sum : {-1e9, 0.0, 1e9}) {
      const Estimate mean = NoisyMean({.value = sum, .half_width = 100}, {.value = count, .half_width = 3}, kAges);
      EXPECT_GE(mean.low, 0);
      EXPECT_LE(mean.high, 110);
      EXPECT_LE(mean.low, mean.value);
      EXPECT_LE(mean.value, mean.high);
      const Estimate variance = NoisyVariance(
          {.centred_sum = {sum, 100}, .centred_squares = {sum, 5000}, .count = {count, 3}}, kAges);
      EXPECT_GE(variance.low, 0);
      EXPECT_LE(variance.high, 110.0 * 110 / 4);
    }
  }
  EXPECT_EQ(NoisyMean({.value = 3}, {.value = 0}, kAges).value, 58);
}

// The interval of an average of 1,000 people holds the exact average at least as often as it says.
TEST(Derived, IntervalsCoverTheExactAverage) {
  constexpr double kExact = 47.5;
  const double each = ConfidenceOfEach(0.9, 2);
  const auto sum = AdditiveNoise::Laplace({.per_group_max = 55}, Epsilon::OfUnits(50'000'000)).value();
  const auto count = AdditiveNoise::Laplace({}, Epsilon::OfUnits(50'000'000)).value();
  InsecureRngForTest rng(7);
  int covered = 0;
  constexpr int kDraws = 2000;
  for (int i = 0; i < kDraws; ++i) {
    const Estimate mean = NoisyMean(
        {.value = static_cast<double>(sum.Release(rng, -7500)), .half_width = static_cast<double>(sum.HalfWidth(each))},
        {.value = static_cast<double>(count.Release(rng, 1000)),
         .half_width = static_cast<double>(count.HalfWidth(each))},
        kAges);
    covered += mean.low <= kExact && kExact <= mean.high ? 1 : 0;
  }
  EXPECT_GT(covered, kDraws * 0.9);
}

}  // namespace
}  // namespace cloister::privacy
