#include "privacy/additive_noise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace cloister::privacy {
namespace {

AdditiveNoise Laplace(Contribution contribution, double epsilon) {
  return AdditiveNoise::Laplace(contribution, Epsilon::FromNumber(epsilon, Rounding::kDown).value()).value();
}
AdditiveNoise Gaussian(Contribution contribution, double rho) {
  return AdditiveNoise::Gaussian(contribution, Rho::FromNumber(rho, Rounding::kDown).value()).value();
}

TEST(AdditiveNoise, ScaleIsSensitivityOverEpsilon) {
  EXPECT_DOUBLE_EQ(Laplace({}, 1).Scale(), 1);
  EXPECT_DOUBLE_EQ(Laplace({.per_group_max = 3, .groups_max = 4}, 0.5).Scale(), 24);
  EXPECT_NEAR(Laplace({}, 1).StandardDeviation(), 1.3570, 1e-4);
  // sigma^2 = 4 * 9 / (2 rho)
  EXPECT_NEAR(Gaussian({.per_group_max = 3, .groups_max = 4}, 0.5).Scale(), 6, 1e-5);
  EXPECT_GE(Gaussian({.per_group_max = 3, .groups_max = 4}, 0.5).Scale(), 6);
  EXPECT_EQ(Laplace({}, 1).granularity(), 1);
}

// Cents up to 100,000 euros: the noise is on a grid far finer than itself, and never smaller than the exact formula.
TEST(AdditiveNoise, WideSumsAreRoundedToAGridTheNoiseHides) {
  const AdditiveNoise laplace = Laplace({.per_group_max = 10'000'000}, 1);
  EXPECT_EQ(laplace.granularity(), 16);
  EXPECT_GE(laplace.Scale(), 10'000'000);
  EXPECT_LT(laplace.Scale(), 10'000'000 * (1 + 1e-5));
  const AdditiveNoise gaussian = Gaussian({.per_group_max = 10'000'000}, 0.5);
  EXPECT_GE(gaussian.Scale(), 10'000'000);
  EXPECT_LT(gaussian.Scale(), 10'000'000 * (1 + 1e-4));
  const AdditiveNoise widest = Laplace({.per_group_max = std::numeric_limits<std::int64_t>::max()}, 0.1);
  EXPECT_GE(widest.Scale(), 9.2e19);
  InsecureRngForTest rng(1);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(laplace.Release(rng, 12'345 + i) % 16, 0);
    EXPECT_EQ(laplace.Release(rng, -12'345 - i) % 16, 0);
  }
}

TEST(AdditiveNoise, IsCentredOnTheExactValueAtEverySize) {
  InsecureRngForTest rng(2);
  for (const Int128 exact : {Int128{0}, Int128{1'000'003}, -(Int128{1} << 100)}) {
    for (const AdditiveNoise& noise :
         {Laplace({.per_group_max = 1000}, 1), Gaussian({.per_group_max = 1 << 20}, 0.5)}) {
      double sum = 0;
      constexpr int kDraws = 20'000;
      for (int i = 0; i < kDraws; ++i) sum += static_cast<double>(noise.Release(rng, exact) - exact);
      EXPECT_NEAR(sum / kDraws / noise.Scale(), 0, 5 * 1.5 / std::sqrt(kDraws));
    }
  }
}

TEST(AdditiveNoise, IntervalsHoldAsOftenAsTheySayAndNotMuchMore) {
  InsecureRngForTest rng(3);
  for (const AdditiveNoise& noise :
       {Laplace({}, 0.1), Laplace({.per_group_max = 10'000'000}, 1), Gaussian({}, 0.01), Gaussian({}, 5),
        Gaussian({.per_group_max = 10'000'000, .groups_max = 3}, 0.1)}) {
    for (const double confidence : {0.5, 0.95, 0.999}) {
      const Int128 half = noise.HalfWidth(confidence);
      constexpr int kDraws = 20'000;
      int inside = 0;
      for (int i = 0; i < kDraws; ++i) {
        const Int128 off = noise.Release(rng, 777) - 777;
        inside += -half <= off && off <= half ? 1 : 0;
      }
      const double slack = 4 * std::sqrt(confidence * (1 - confidence) / kDraws);
      EXPECT_GT(inside / double{kDraws}, confidence - slack);
      // Small noise cannot do better than whole numbers.
      if (noise.Scale() > 5) {
        EXPECT_LT(inside / double{kDraws}, confidence + slack + 0.06);
      }
    }
  }
  EXPECT_EQ(Laplace({}, 1).HalfWidth(0.95), 3);
}

TEST(AdditiveNoise, RefusesWhatItCannotMakePrivate) {
  const Epsilon one = Epsilon::OfUnits(Epsilon::kOne);
  EXPECT_FALSE(AdditiveNoise::Laplace({}, {}));
  EXPECT_FALSE(AdditiveNoise::Gaussian({}, {}));
  EXPECT_FALSE(AdditiveNoise::Laplace({.per_group_max = 0}, one));
  EXPECT_FALSE(AdditiveNoise::Laplace({.groups_max = 0}, one));
  EXPECT_FALSE(AdditiveNoise::Laplace({.groups_max = kGroupsMax + 1}, one));
  EXPECT_FALSE(AdditiveNoise::Laplace({.per_group_max = 1 << 20, .groups_max = kGroupsMax}, Epsilon::OfUnits(1)));
  EXPECT_FALSE(AdditiveNoise::Gaussian({.groups_max = kGroupsMax}, Rho::OfUnits(1)));
}

}  // namespace
}  // namespace cloister::privacy
