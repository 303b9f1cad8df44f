// Tries to show that mechanisms are less private than they say. Two neighbouring inputs, many draws of each, and an
// event whose frequencies differ by more than exp(epsilon) and delta allow, by exact confidence bounds: that would
// prove a violation, with a doubt of one in 10^9 for each event and a fixed seed, so a test that passes always passes.
//
// That the search can find something is shown by canaries: mechanisms with a classic mistake each, all of them caught.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "privacy/additive_noise.h"
#include "privacy/frequency_for_test.h"
#include "privacy/partition_selection.h"
#include "privacy/quantile.h"
#include "privacy/zcdp.h"

namespace cloister::privacy {
namespace {

using for_test::Frequency;
using for_test::LowerBound;
using for_test::UpperBound;

constexpr int kDraws = 60'000;
constexpr double kDoubt = 1e-9;

// What one run shows: one number, or one per group.
using Shown = std::vector<double>;
using Mechanism = std::function<Shown(Rng&, bool with_the_unit)>;
struct Event {
  std::string name;
  std::function<bool(const Shown&)> happens;
};

struct Claim {
  double epsilon = 0;
  double delta = 0;
};

// The first event that refutes the claim, in either direction; empty when none does.
std::string Refutation(const Mechanism& mechanism, const Claim& claim, const std::vector<Event>& events) {
  std::vector<Frequency> with(events.size(), {.draws = kDraws});
  std::vector<Frequency> without(events.size(), {.draws = kDraws});
  InsecureRngForTest rng(20);
  for (int draw = 0; draw < kDraws; ++draw) {
    const Shown a = mechanism(rng, true);
    const Shown b = mechanism(rng, false);
    for (std::size_t i = 0; i < events.size(); ++i) {
      with[i].hits += events[i].happens(a) ? 1 : 0;
      without[i].hits += events[i].happens(b) ? 1 : 0;
    }
  }
  const auto refutes = [&](const Frequency& more, const Frequency& less) {
    return LowerBound(more, kDoubt) > std::exp(claim.epsilon) * UpperBound(less, kDoubt) + claim.delta;
  };
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (refutes(with[i], without[i]) || refutes(without[i], with[i])) return events[i].name;
  }
  return "";
}

// Every threshold and every single value around the exact answers, and what low bits could say.
std::vector<Event> EventsOfANumber(double from, double to, double step) {
  std::vector<Event> events;
  for (double t = from; t <= to; t += step) {
    events.push_back({"at least " + std::to_string(t), [=](const Shown& x) { return x[0] >= t; }});
    events.push_back({"equal to " + std::to_string(t), [=](const Shown& x) { return x[0] == t; }});
  }
  events.push_back({"odd", [](const Shown& x) { return std::fmod(std::fabs(x[0]), 2) == 1; }});
  events.push_back({"finer than 2^-52", [](const Shown& x) {
                      const double scaled = std::ldexp(x[0], 52);
                      return scaled != std::floor(scaled);
                    }});
  return events;
}

// A count of 10, or of 11 with the unit.
Mechanism CountBy(const AdditiveNoise& noise) {
  return [noise](Rng& rng, bool with) { return Shown{static_cast<double>(noise.Release(rng, with ? 11 : 10))}; };
}

AdditiveNoise Laplace(double epsilon, Contribution contribution = {}) {
  return AdditiveNoise::Laplace(contribution, Epsilon::FromNumber(epsilon, Rounding::kDown).value()).value();
}

TEST(Falsify, LaplaceCounts) {
  for (const double epsilon : {0.1, 1.0, 3.0}) {
    EXPECT_EQ(Refutation(CountBy(Laplace(epsilon)), {.epsilon = epsilon}, EventsOfANumber(0, 20, 1)), "") << epsilon;
  }
}

TEST(Falsify, CanaryWithHalfOfTheNoiseIsCaught) {
  EXPECT_NE(Refutation(CountBy(Laplace(2)), {.epsilon = 1}, EventsOfANumber(0, 20, 1)), "");
}

TEST(Falsify, CanaryWithoutNoiseIsCaught) {
  const Mechanism exact = [](Rng&, bool with) { return Shown{with ? 11.0 : 10.0}; };
  EXPECT_NE(Refutation(exact, {.epsilon = 5}, EventsOfANumber(0, 20, 1)), "");
}

// The textbook's inverse of the distribution function in doubles (Mironov 2012): around 10 a double cannot be as fine
// as around 0, which shows whose noise it is.
double FloatingPointLaplace(Rng& rng, double scale) {
  RandomBits bits(rng);
  const double u = std::ldexp(static_cast<double>(bits.Next64() >> 11) + 0.5, -53) - 0.5;
  return -scale * std::copysign(std::log1p(-2 * std::fabs(u)), u);
}

TEST(Falsify, CanaryInFloatingPointIsCaughtByItsLowBits) {
  const Mechanism textbook = [](Rng& rng, bool with) {
    return Shown{(with ? 1.0 : 0.0) + FloatingPointLaplace(rng, 1)};
  };
  EXPECT_EQ(Refutation(textbook, {.epsilon = 1}, EventsOfANumber(-3, 4, 0.5)), "finer than 2^-52");
}

// A unit that moves a sum by its bound: cents up to 100 euros, on a grid of 1 and of 16.
TEST(Falsify, LaplaceSums) {
  for (const std::int64_t bound : {10'000LL, 10'000'000LL}) {
    const AdditiveNoise noise = Laplace(1, {.per_group_max = bound});
    const Mechanism sum = [&](Rng& rng, bool with) {
      return Shown{static_cast<double>(noise.Release(rng, 123'457 + (with ? bound : 0)))};
    };
    const auto b = static_cast<double>(bound);
    EXPECT_EQ(Refutation(sum, {.epsilon = 1}, EventsOfANumber(-4 * b, 5 * b, b / 4)), "") << bound;
  }
}

TEST(Falsify, CanaryOfASumThatIgnoresItsBoundIsCaught) {
  const AdditiveNoise noise = Laplace(1, {.per_group_max = 100});
  const Mechanism sum = [&](Rng& rng, bool with) {
    return Shown{static_cast<double>(noise.Release(rng, with ? 400 : 0))};
  };
  EXPECT_NE(Refutation(sum, {.epsilon = 1}, EventsOfANumber(-400, 800, 20)), "");
}

// The low digits of a sum must go before noise on a grid is added: 16 n + exact says exact mod 16.
TEST(Falsify, CanaryThatRoundsTheNoiseAloneIsCaught) {
  const AdditiveNoise steps = Laplace(1);
  const Mechanism sum = [&](Rng& rng, bool with) {
    return Shown{static_cast<double>(16 * steps.Release(rng, 0) + (with ? 3 : 0))};
  };
  EXPECT_NE(Refutation(sum, {.epsilon = 1}, EventsOfANumber(-32, 32, 1)), "");
}

std::vector<Event> EventsOfTwoGroups() {
  std::vector<Event> events;
  for (double t = -8; t <= 12; t += 2) {
    events.push_back({"both at least " + std::to_string(t), [=](const Shown& x) { return x[0] >= t && x[1] >= t; }});
    events.push_back({"sum at least " + std::to_string(t), [=](const Shown& x) { return x[0] + x[1] >= t; }});
  }
  return events;
}

Mechanism TwoGroups(const AdditiveNoise& noise) {
  return [noise](Rng& rng, bool with) {
    const Int128 exact = with ? 1 : 0;
    return Shown{static_cast<double>(noise.Release(rng, exact)), static_cast<double>(noise.Release(rng, exact))};
  };
}

TEST(Falsify, AUnitInTwoGroups) {
  EXPECT_EQ(Refutation(TwoGroups(Laplace(1, {.groups_max = 2})), {.epsilon = 1}, EventsOfTwoGroups()), "");
}

TEST(Falsify, CanaryThatForgetsTheSecondGroupIsCaught) {
  EXPECT_NE(Refutation(TwoGroups(Laplace(1)), {.epsilon = 1}, EventsOfTwoGroups()), "");
}

AdditiveNoise Gaussian(const Claim& claim, Contribution contribution = {}) {
  const Rho rho = ZcdpWithin(Epsilon::FromNumber(claim.epsilon, Rounding::kDown).value(),
                             Delta::FromNumber(claim.delta, Rounding::kDown).value());
  return AdditiveNoise::Gaussian(contribution, rho).value();
}

TEST(Falsify, GaussianCounts) {
  for (const Claim claim : {Claim{1, 1e-6}, Claim{0.5, 0.01}, Claim{3, 1e-3}}) {
    EXPECT_EQ(Refutation(CountBy(Gaussian(claim)), claim, EventsOfANumber(-10, 30, 1)), "") << claim.epsilon;
    EXPECT_EQ(Refutation(TwoGroups(Gaussian(claim, {.groups_max = 2})), claim, EventsOfTwoGroups()), "");
  }
}

TEST(Falsify, CanaryWithHalfOfSigmaIsCaught) {
  const Claim claim{0.5, 0.001};
  const Rho rho = ZcdpWithin(Epsilon::OfUnits(500'000'000), Delta::OfUnits(Delta::kOne / 1000));
  const auto noise = AdditiveNoise::Gaussian({}, rho.Times(4)).value();
  EXPECT_NE(Refutation(CountBy(noise), claim, EventsOfANumber(-10, 30, 1)), "");
}

PartitionSelection Selection(double epsilon, double delta, std::int64_t groups_max = 1) {
  return PartitionSelection::Make({.epsilon = Epsilon::FromNumber(epsilon, Rounding::kDown).value(),
                                   .delta = Delta::FromNumber(delta, Rounding::kDown).value(),
                                   .groups_max = groups_max})
      .value();
}

const std::vector<Event> kAppears = {{"appears", [](const Shown& x) { return x[0] == 1; }},
                                     {"is missing", [](const Shown& x) { return x[0] == 0; }}};

TEST(Falsify, SelectionOfGroupsOfEverySize) {
  const PartitionSelection selection = Selection(0.5, 0.02);
  for (std::int64_t units = 0; units < selection.CertainFrom(); ++units) {
    const Mechanism one = [&](Rng& rng, bool with) {
      return Shown{selection.Keep(rng, units + (with ? 1 : 0)) ? 1.0 : 0.0};
    };
    EXPECT_EQ(Refutation(one, {0.5, 0.02}, kAppears), "") << units;
  }
}

TEST(Falsify, CanaryThatSelectsByAFixedThresholdIsCaught) {
  const Mechanism fixed = [](Rng&, bool with) { return Shown{(with ? 10 : 9) >= 10 ? 1.0 : 0.0}; };
  EXPECT_NE(Refutation(fixed, {5, 0.02}, kAppears), "");
}

TEST(Falsify, CanaryThatSelectsWithTooMuchDeltaIsCaught) {
  const PartitionSelection selection = Selection(0.5, 0.05);
  const Mechanism one = [&](Rng& rng, bool with) { return Shown{selection.Keep(rng, with ? 1 : 0) ? 1.0 : 0.0}; };
  EXPECT_NE(Refutation(one, {0.5, 0.02}, kAppears), "");
}

// A unit alone in four groups: that any of them appears has probability delta at most.
TEST(Falsify, SelectionOfAUnitInFourGroups) {
  const auto any = [](const PartitionSelection& selection) {
    return Mechanism([&](Rng& rng, bool with) {
      bool shown = false;
      for (int group = 0; group < 4; ++group) shown |= selection.Keep(rng, with ? 1 : 0);
      return Shown{shown ? 1.0 : 0.0};
    });
  };
  const PartitionSelection split = Selection(0.5, 0.02, 4);
  EXPECT_EQ(Refutation(any(split), {0.5, 0.02}, kAppears), "");
  const PartitionSelection forgotten = Selection(0.5, 0.02);
  EXPECT_NE(Refutation(any(forgotten), {0.5, 0.02}, kAppears), "");
}

std::vector<Event> EventsOfBins(int bins) {
  std::vector<Event> events;
  for (int bin = 0; bin < bins; ++bin) {
    events.push_back({"bin " + std::to_string(bin), [=](const Shown& x) { return x[0] == bin; }});
    events.push_back({"at least bin " + std::to_string(bin), [=](const Shown& x) { return x[0] >= bin; }});
  }
  return events;
}

// Four rows of one unit at the far end move the median.
Mechanism MedianBy(std::int64_t rows_max, double epsilon) {
  const auto mechanism =
      QuantileMechanism::Make({.epsilon = Epsilon::FromNumber(epsilon, Rounding::kDown).value(), .rows_max = rows_max})
          .value();
  return [mechanism](Rng& rng, bool with) {
    const std::vector<std::int64_t> counts = {3, 2, 1, 1, 2, with ? 6 : 2};
    return Shown{static_cast<double>(mechanism.Release(rng, counts))};
  };
}

TEST(Falsify, Medians) {
  for (const double epsilon : {0.5, 2.0, 6.0}) {
    EXPECT_EQ(Refutation(MedianBy(4, epsilon), {.epsilon = epsilon}, EventsOfBins(6)), "") << epsilon;
  }
}

TEST(Falsify, CanaryOfAMedianThatCountsOneRowAPersonIsCaught) {
  EXPECT_NE(Refutation(MedianBy(1, 2), {.epsilon = 2}, EventsOfBins(6)), "");
}

// The bounds that all of this rests on: numbers of the binomial distribution.
TEST(Frequency, BoundsAreThoseOfClopperAndPearson) {
  EXPECT_NEAR(LowerBound({.hits = 5, .draws = 10}, 0.025), 0.187086, 1e-6);
  EXPECT_NEAR(UpperBound({.hits = 5, .draws = 10}, 0.025), 0.812914, 1e-6);
  EXPECT_NEAR(UpperBound({.hits = 0, .draws = 10}, 0.025), 1 - std::pow(0.025, 0.1), 1e-6);
  EXPECT_NEAR(LowerBound({.hits = 10, .draws = 10}, 0.025), std::pow(0.025, 0.1), 1e-6);
  EXPECT_EQ(LowerBound({.hits = 0, .draws = 10}, 0.025), 0);
  EXPECT_EQ(UpperBound({.hits = 10, .draws = 10}, 0.025), 1);
}

}  // namespace
}  // namespace cloister::privacy
