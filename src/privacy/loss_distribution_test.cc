#include "privacy/loss_distribution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace cloister::privacy {
namespace {

struct Golden {
  double at_1e_5;
  double at_1e_6;
  double at_1e_9;
};

// Not below the true value, and above it by no more than one part in 2,000. The golden numbers are those of an
// implementation that errs to the same side on a finer grid, so the lower margin is its own error.
void ExpectEpsilons(const LossDistribution& distribution, const Golden& golden) {
  const auto close = [&](double delta, double wanted) {
    const double epsilon = distribution.EpsilonFor(delta);
    EXPECT_GT(epsilon, wanted * (1 - 3e-4)) << delta;
    EXPECT_LT(epsilon, wanted * (1 + 5e-4)) << delta;
  };
  close(1e-5, golden.at_1e_5);
  close(1e-6, golden.at_1e_6);
  close(1e-9, golden.at_1e_9);
}

TEST(LossDistribution, HasTheGoldenNumbersOfAnIndependentAccountant) {
  ExpectEpsilons(LossDistribution::OfGaussian(10).Repeated(100), {4.377178, 4.886554, 6.173935});
  ExpectEpsilons(LossDistribution::OfGaussian(20).Repeated(100), {1.993091, 2.254085, 2.909732});
  ExpectEpsilons(LossDistribution::OfLaplace(10).Repeated(100), {4.220347, 4.692667, 5.853250});
  ExpectEpsilons(LossDistribution::OfLaplace(5).Repeated(10).Then(LossDistribution::OfGaussian(8).Repeated(10)),
                 {2.819582, 3.107786, 3.776546});
  ExpectEpsilons(LossDistribution::OfDiscreteLaplace(0.1, 1).Repeated(50), {2.844667, 3.172903, 3.953110});
}

TEST(LossDistribution, CountsEventsThatMayFailAltogether) {
  const LossDistribution twenty = LossDistribution::OfPure(0.1, 1e-7).Repeated(20);
  EXPECT_NEAR(twenty.EpsilonFor(1e-5), 1.628390, 1e-3);
  EXPECT_EQ(twenty.EpsilonFor(1e-6), std::numeric_limits<double>::infinity());
}

TEST(LossDistribution, OfOneMechanismIsItsOwnCurve) {
  EXPECT_NEAR(LossDistribution::OfLaplace(0.5).DeltaFor(2), 0, 1e-12);
  // Laplace: delta(epsilon) = 1 - exp((epsilon - 1/b) / 2)
  EXPECT_NEAR(LossDistribution::OfLaplace(0.5).DeltaFor(1), 1 - std::exp(-0.5), 1e-9);
  EXPECT_NEAR(LossDistribution::OfGaussian(3.730631635).DeltaFor(1), 1e-5, 1e-9);
  EXPECT_NEAR(LossDistribution::OfPure(1).EpsilonFor(0), 1, 1e-9);
  EXPECT_EQ(LossDistribution().EpsilonFor(0), 0);
  // Sensitivity 3 is three times the rate at sensitivity 1 in the worst case.
  EXPECT_NEAR(LossDistribution::OfDiscreteLaplace(0.25, 3).EpsilonFor(1e-12), 0.75, 1e-3);
}

// Wide losses make the grid coarser, to the safe side, and stay within the bound on memory.
TEST(LossDistribution, WideLossesStayBoundedAndPessimistic) {
  const LossDistribution wide = LossDistribution::OfPure(2).Repeated(200);
  EXPECT_GT(wide.step(), LossDistribution::kStepDefault);
  // 200 coins of +-2, heads with e^2/(1 + e^2): mean loss 304.6.
  const double mean = 200 * 2 * std::tanh(1);
  EXPECT_GT(wide.EpsilonFor(1e-6), mean);
  EXPECT_LE(wide.EpsilonFor(0), 400 + 1e-6);
}

TEST(LossDistribution, OfAChargeHasBothItsParts) {
  PrivacyLoss loss{.epsilon = Epsilon::OfUnits(200'000'000), .delta = {}, .rho = {}};
  loss.rho = Rho::OfUnits(7'812'500'000);  // multiplier 8
  const LossDistribution ten = LossDistribution::OfLoss(loss).Repeated(10);
  // Randomised response is worse than Laplace noise of the same epsilon.
  EXPECT_GT(ten.EpsilonFor(1e-5), 2.819582);
  EXPECT_LT(ten.EpsilonFor(1e-5), 3.2);
}

}  // namespace
}  // namespace cloister::privacy
