#include "privacy/samplers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <vector>

namespace cloister::privacy {
namespace {

constexpr int kDraws = 200'000;
constexpr double kDeviations = 5;

// Each value's frequency lies within five standard deviations of its probability.
void ExpectFrequencies(const std::map<std::int64_t, int>& counts, const std::function<double(std::int64_t)>& p) {
  for (std::int64_t x = -12; x <= 12; ++x) {
    const double wanted = p(x);
    const double got = counts.contains(x) ? counts.at(x) / double{kDraws} : 0;
    EXPECT_NEAR(got, wanted, kDeviations * std::sqrt(wanted * (1 - wanted) / kDraws) + 1e-9) << x;
  }
}

std::map<std::int64_t, int> Draw(std::uint64_t seed, const std::function<std::int64_t(RandomBits&)>& sampler) {
  InsecureRngForTest rng(seed);
  RandomBits bits(rng);
  std::map<std::int64_t, int> counts;
  for (int i = 0; i < kDraws; ++i) ++counts[sampler(bits)];
  return counts;
}

TEST(Samplers, UniformNumbersAreUniformWhateverTheRange) {
  for (const std::int64_t n : {1, 2, 3, 7, 10}) {
    const auto counts =
        Draw(static_cast<std::uint64_t>(n),
             [&](RandomBits& bits) { return static_cast<std::int64_t>(bits.Below(static_cast<UInt128>(n))); });
    ExpectFrequencies(counts, [&](std::int64_t x) { return x >= 0 && x < n ? 1.0 / static_cast<double>(n) : 0; });
  }
}

TEST(Samplers, UniformNumbersReachTheLastBits) {
  InsecureRngForTest rng(5);
  RandomBits bits(rng);
  const UInt128 n = (UInt128{1} << 100) + 3;
  UInt128 seen = 0;
  for (int i = 0; i < 300; ++i) {
    const UInt128 x = bits.Below(n);
    ASSERT_LT(x, n);
    seen |= x;
  }
  EXPECT_EQ(seen & ((UInt128{1} << 100) - 1), (UInt128{1} << 100) - 1);
}

TEST(Samplers, BernoulliOfExp) {
  for (const Ratio rate : {Ratio{0, 1}, Ratio{1, 1000}, Ratio{1, 2}, Ratio{1, 1}, Ratio{7, 3}, Ratio{5, 1}}) {
    const auto counts = Draw(11, [&](RandomBits& bits) { return BernoulliExp(bits, rate) ? 1 : 0; });
    const double p = std::exp(-rate.ToDouble());
    ExpectFrequencies(counts, [&](std::int64_t x) { return x == 1 ? p : x == 0 ? 1 - p : 0; });
  }
}

TEST(Samplers, Geometric) {
  for (const Ratio rate : {Ratio{1, 3}, Ratio{2, 3}, Ratio{5, 2}, Ratio{99, 1000}}) {
    const double a = std::exp(-rate.ToDouble());
    const auto counts = Draw(13, [&](RandomBits& bits) { return SampleGeometric(bits, rate); });
    ExpectFrequencies(counts, [&](std::int64_t x) { return x < 0 ? 0 : (1 - a) * std::pow(a, x); });
  }
}

TEST(Samplers, DiscreteLaplace) {
  for (const Ratio rate : {Ratio{1, 10}, Ratio{1, 1}, Ratio{3, 2}, Ratio{4, 1}}) {
    const double a = std::exp(-rate.ToDouble());
    const auto counts = Draw(17, [&](RandomBits& bits) { return SampleDiscreteLaplace(bits, rate); });
    ExpectFrequencies(counts, [&](std::int64_t x) { return (1 - a) / (1 + a) * std::pow(a, std::abs(x)); });
  }
}

TEST(Samplers, DiscreteGaussian) {
  for (const Ratio variance : {Ratio{1, 5}, Ratio{1, 1}, Ratio{13, 2}, Ratio{40, 1}}) {
    double total = 0;
    const auto weight = [&](std::int64_t x) { return std::exp(-static_cast<double>(x * x) / 2 / variance.ToDouble()); };
    for (std::int64_t x = -200; x <= 200; ++x) total += weight(x);
    const auto counts = Draw(19, [&](RandomBits& bits) { return SampleDiscreteGaussian(bits, variance); });
    ExpectFrequencies(counts, [&](std::int64_t x) { return weight(x) / total; });
  }
}

// Large scales by their moments: the low bits of the magnitude are as even as those of any wide distribution.
TEST(Samplers, WideScalesHaveTheirMomentsAndEvenLowBits) {
  InsecureRngForTest rng(23);
  RandomBits bits(rng);
  const Ratio rate{1, UInt128{1} << 40};
  const Ratio variance{(UInt128{1} << 44) - 17, 1};
  double laplace = 0;
  double gaussian = 0;
  int odd = 0;
  for (int i = 0; i < kDraws; ++i) {
    const std::int64_t x = SampleDiscreteLaplace(bits, rate);
    laplace += std::fabs(static_cast<double>(x));
    odd += static_cast<int>(x & 1);
    const auto y = static_cast<double>(SampleDiscreteGaussian(bits, variance));
    gaussian += y * y;
  }
  EXPECT_NEAR(laplace / kDraws / std::ldexp(1, 40), 1, 0.02);
  EXPECT_NEAR(gaussian / kDraws / std::ldexp(1, 44), 1, 0.02);
  EXPECT_NEAR(odd / double{kDraws}, 0.5, 0.01);
}

// The same bytes, the same draw; one other byte, another stream of draws.
TEST(Samplers, AreAFunctionOfTheirBytes) {
  const auto draws = [](std::uint64_t seed) {
    InsecureRngForTest rng(seed);
    RandomBits bits(rng);
    std::vector<std::int64_t> out;
    for (int i = 0; i < 64; ++i) out.push_back(SampleDiscreteLaplace(bits, {1, 1000}));
    return out;
  };
  EXPECT_EQ(draws(1), draws(1));
  EXPECT_NE(draws(1), draws(2));
}

// A generator that always says the same never ends a rejection: the bound stops the process instead.
class StuckRng final : public Rng {
 public:
  void Fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), std::uint8_t{0xff}); }
};

TEST(SamplersDeathTest, ABrokenGeneratorStopsTheProcess) {
  StuckRng rng;
  RandomBits bits(rng);
  EXPECT_DEATH((void)bits.Below(5), "broken");
  EXPECT_DEATH((void)SampleDiscreteLaplace(bits, {1, 3}), "");
}

}  // namespace
}  // namespace cloister::privacy
