#include "privacy/additive_noise.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/check.h"
#include "privacy/normal.h"

namespace cloister::privacy {
namespace {

// Bits of the sensitivity in steps: rounding it up to a step costs at most one part in 2^15 (Laplace: 2^19).
constexpr int kLaplaceStepBits = 20;
constexpr int kGaussianStepBits = 16;
// A variance below 2^20 steps keeps 20 bits after the point; above, a whole number is fine enough.
constexpr int kVarianceFractionBits = 20;

Status CheckContribution(Contribution contribution) {
  if (contribution.per_group_max < 1 || contribution.groups_max < 1 || contribution.groups_max > kGroupsMax) {
    return InvalidArgument("a unit's contribution is at least 1, to 1 to " + std::to_string(kGroupsMax) + " groups");
  }
  return {};
}

UInt128 StepsOf(std::int64_t per_group_max, int shift) {
  return CeilDivide(static_cast<UInt128>(per_group_max), UInt128{1} << shift);
}

int ShiftFor(std::int64_t per_group_max, int step_bits) {
  return std::max(0, BitWidth(static_cast<UInt128>(per_group_max)) - step_bits);
}

// groups * steps^2 / (2 rho), rounded up to what the sampler takes; nothing when it is too large for it.
std::optional<Ratio> VarianceFor(UInt128 steps, std::int64_t groups, Rho rho) {
  const UInt128 numerator = static_cast<UInt128>(groups) * steps * steps * static_cast<UInt128>(Rho::kOne);
  const UInt128 denominator = 2 * static_cast<UInt128>(rho.units());
  const UInt128 whole = CeilDivide(numerator, denominator);
  if (whole > UInt128{1} << kVarianceBitsMax) return std::nullopt;
  if (whole >= UInt128{1} << kVarianceFractionBits) return Ratio{.numerator = whole, .denominator = 1};
  // numerator < 2^20 * denominator < 2^84, so the shifted one fits.
  const UInt128 fine = CeilDivide(numerator << kVarianceFractionBits, denominator);
  return Ratio{.numerator = fine, .denominator = UInt128{1} << kVarianceFractionBits}.Reduced();
}

Error TooMuchNoise(const std::string& parameter) {
  return InvalidArgument(parameter + " is too small for these bounds: the noise would drown every answer");
}

}  // namespace

Result<AdditiveNoise> AdditiveNoise::Laplace(Contribution contribution, Epsilon epsilon) {
  CLOISTER_TRY(CheckContribution(contribution));
  if (epsilon.IsZero()) return InvalidArgument("epsilon must be above 0");
  const int shift = ShiftFor(contribution.per_group_max, kLaplaceStepBits);
  const Ratio rate = Ratio{.numerator = static_cast<UInt128>(epsilon.units()),
                           .denominator = static_cast<UInt128>(contribution.groups_max) *
                                          StepsOf(contribution.per_group_max, shift) *
                                          static_cast<UInt128>(Epsilon::kOne)}
                         .Reduced();
  if (rate.denominator / rate.numerator >= UInt128{1} << kScaleBitsMax) return TooMuchNoise("epsilon");
  return AdditiveNoise(Kind::kDiscreteLaplace, rate, shift);
}

Result<AdditiveNoise> AdditiveNoise::Gaussian(Contribution contribution, Rho rho) {
  CLOISTER_TRY(CheckContribution(contribution));
  if (rho.IsZero()) return InvalidArgument("rho must be above 0");
  const int shift = ShiftFor(contribution.per_group_max, kGaussianStepBits);
  const auto variance = VarianceFor(StepsOf(contribution.per_group_max, shift), contribution.groups_max, rho);
  if (!variance) return TooMuchNoise("rho");
  return AdditiveNoise(Kind::kDiscreteGaussian, *variance, shift);
}

Int128 AdditiveNoise::Release(Rng& rng, Int128 exact) const {
  constexpr Int128 kMax = Int128{1} << 126;
  CLOISTER_CHECK(exact > -kMax && exact < kMax);
  RandomBits bits(rng);
  const Int128 noise = kind_ == Kind::kDiscreteLaplace ? SampleDiscreteLaplace(bits, parameter_)
                                                       : SampleDiscreteGaussian(bits, parameter_);
  const Int128 half = shift_ == 0 ? 0 : Int128{1} << (shift_ - 1);
  const Int128 steps = (exact + half) >> shift_;  // towards minus infinity: C++20 fixes the shift of negative numbers
  return (steps + noise) * (Int128{1} << shift_);
}

std::string_view AdditiveNoise::name() const {
  return kind_ == Kind::kDiscreteLaplace ? "discrete_laplace" : "discrete_gaussian";
}

double AdditiveNoise::Scale() const {
  const double steps = kind_ == Kind::kDiscreteLaplace ? 1 / parameter_.ToDouble() : std::sqrt(parameter_.ToDouble());
  return std::ldexp(steps, shift_);
}

double AdditiveNoise::StandardDeviation() const {
  if (kind_ == Kind::kDiscreteGaussian) return Scale();
  // sqrt(2 a) / (1 - a) with a = exp(-rate)
  const double rate = parameter_.ToDouble();
  return std::ldexp(std::sqrt(2 * std::exp(-rate)) / -std::expm1(-rate), shift_);
}

// Laplace: P[|X| > w] = 2 a^(w+1) / (1 + a). Gaussian: P[X > w] <= P[N(0, variance) > w] (Canonne, Kamath, Steinke
// 2020, proposition 25). Rounding to a step moves the exact value by at most half a step.
Int128 AdditiveNoise::HalfWidth(double confidence) const {
  CLOISTER_CHECK(confidence > 0 && confidence < 1);
  const double outside = 1 - confidence;
  double steps = 0;
  if (kind_ == Kind::kDiscreteLaplace) {
    const double rate = parameter_.ToDouble();
    steps = std::log(2 / ((1 + std::exp(-rate)) * outside)) / rate - 1;
  } else {
    steps = std::sqrt(parameter_.ToDouble()) * NormalQuantile(1 - outside / 2);
  }
  const auto whole = static_cast<Int128>(std::ceil(std::max(0.0, steps * (1 + 1e-12))));
  const Int128 half = shift_ == 0 ? 0 : Int128{1} << (shift_ - 1);
  return whole * (Int128{1} << shift_) + half;
}

}  // namespace cloister::privacy
