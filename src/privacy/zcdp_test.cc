#include "privacy/zcdp.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "privacy/gaussian.h"

namespace cloister::privacy {
namespace {

double EpsilonAt(double rho, double delta) {
  return EpsilonOfZcdp(Rho::FromNumber(rho, Rounding::kUp).value(), Delta::FromNumber(delta, Rounding::kDown).value())
      .ToNumber();
}

// 100 times Gaussian noise of multiplier 10: rho 0.5. Renyi accounting on a list of orders says a little more, the
// older conversion much more, the exact loss distribution less.
TEST(Zcdp, ConvertsBetterThanTheOlderFormulaAndNoBetterThanTheTruth) {
  const struct {
    double delta;
    double exact;
    double by_orders;
    double older;
  } golden[] = {
      {1e-5, 4.377178, 4.728507, 5.298526}, {1e-6, 4.886554, 5.221540, 5.756522}, {1e-9, 6.173935, 6.474124, 6.937898}};
  for (const auto& line : golden) {
    const double epsilon = EpsilonAt(0.5, line.delta);
    EXPECT_NEAR(0.5 + 2 * std::sqrt(0.5 * std::log(1 / line.delta)), line.older, 1e-6);
    EXPECT_LE(epsilon, line.by_orders + 1e-6);
    EXPECT_GT(epsilon, line.by_orders - 2e-3);
    EXPECT_GT(epsilon, line.exact);
  }
}

TEST(Zcdp, TheLargestRhoIsTheInverse) {
  for (const double epsilon : {0.01, 0.5, 1.0, 8.0}) {
    for (const double delta : {1e-12, 1e-6, 0.01}) {
      const Epsilon wanted = Epsilon::FromNumber(epsilon, Rounding::kDown).value();
      const Delta at = Delta::FromNumber(delta, Rounding::kDown).value();
      const Rho rho = ZcdpWithin(wanted, at);
      EXPECT_LE(EpsilonOfZcdp(rho, at), wanted);
      EXPECT_GT(EpsilonOfZcdp(Rho::OfUnits(rho.units() + rho.units() / 1000 + 1), at), wanted);
    }
  }
  EXPECT_TRUE(ZcdpWithin({}, Delta::OfUnits(1)).IsZero());
  EXPECT_TRUE(ZcdpWithin(Epsilon::OfUnits(1), {}).IsZero());
  EXPECT_TRUE(EpsilonOfZcdp({}, {}).IsZero());
}

TEST(Zcdp, OfPureIsHalfOfTheSquareRoundedUp) {
  EXPECT_EQ(ZcdpOfPure(Epsilon::OfUnits(Epsilon::kOne)).units(), Rho::kOne / 2);
  EXPECT_EQ(ZcdpOfPure(Epsilon::OfUnits(1)).units(), 1);
  EXPECT_EQ(ZcdpOfPure({}).units(), 0);
  // Beyond its integer it is the largest one, which no budget holds.
  const Rho most = ZcdpOfPure(Epsilon::OfUnits(1'000'000'000'000'000));
  EXPECT_EQ(most.units(), std::numeric_limits<std::int64_t>::max());
  EXPECT_GT(most, ZcdpWithin(Epsilon::OfUnits(1'000'000'000'000'000), Delta::OfUnits(Delta::kOne)));
}

TEST(Gaussian, HasTheGoldenSigmas) {
  EXPECT_NEAR(GaussianSigma(0.1, 1e-6), 36.304690426, 1e-6);
  EXPECT_NEAR(GaussianSigma(0.5, 1e-5), 7.031826676, 1e-6);
  EXPECT_NEAR(GaussianSigma(1, 1e-5), 3.730631635, 1e-6);
  EXPECT_NEAR(GaussianSigma(1, 1e-9), 5.495266157, 1e-6);
  EXPECT_NEAR(GaussianSigma(2, 1e-6), 2.230476271, 1e-6);
  EXPECT_NEAR(GaussianSigma(4, 1e-8), 1.395582684, 1e-6);
}

// What is calibrated by rho has at least the noise that the analytic formula asks for.
TEST(Gaussian, CalibrationByRhoIsNeverBelowTheAnalyticSigma) {
  for (const double epsilon : {0.1, 1.0, 4.0}) {
    for (const double delta : {1e-5, 1e-9}) {
      const Rho rho = ZcdpWithin(Epsilon::FromNumber(epsilon, Rounding::kDown).value(),
                                 Delta::FromNumber(delta, Rounding::kDown).value());
      const double sigma = 1 / std::sqrt(2 * rho.ToNumber());
      EXPECT_GE(sigma, GaussianSigma(epsilon, delta));
      EXPECT_LE(sigma, GaussianSigma(epsilon, delta) * 1.15);
    }
  }
}

}  // namespace
}  // namespace cloister::privacy
