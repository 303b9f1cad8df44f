#include "privacy/loss_distribution.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "privacy/normal.h"

namespace cloister::privacy {
namespace {

// P[low < N(0,1) <= high], without cancellation in either tail.
double NormalMass(double low, double high) {
  if (low > 0) return NormalMass(-high, -low);
  return NormalCdf(high) - NormalCdf(low);
}

}  // namespace

LossDistribution::LossDistribution(double step) : step_(step), p_{1} { CLOISTER_CHECK(step > 0); }

void LossDistribution::Resize(std::int64_t lowest, std::int64_t highest) {
  lowest_ = lowest;
  p_.assign(static_cast<std::size_t>(highest - lowest + 1), 0);
}

void LossDistribution::AddBetween(std::int64_t index, Mass mass) {
  const double low = std::exp(static_cast<double>(index) * step_);
  // On the upper point q + ..., with exp(upper) = low * growth: p = low q_low + low growth q_high, q = q_low + q_high.
  const double beyond = std::max(0.0, mass.p - low * mass.q);
  const double q_high = std::min(beyond / (low * std::expm1(step_)), mass.q);
  const double p_high = std::min(mass.p, q_high * low * std::exp(step_));
  const auto at = static_cast<std::size_t>(index - lowest_);
  p_[at] += mass.p - p_high;
  p_[at + 1] += p_high;
}

void LossDistribution::AddAtom(double loss, double p) {
  const double place = loss / step_;
  const auto index = static_cast<std::int64_t>(std::floor(place));
  if (place == static_cast<double>(index)) {
    p_[static_cast<std::size_t>(index - lowest_)] += p;
  } else {
    AddBetween(index, {.p = p, .q = p * std::exp(-loss)});
  }
}

void LossDistribution::AddContinuous(double from, double to,
                                     const std::function<Mass(double low, double high)>& between) {
  const auto last = static_cast<std::int64_t>(std::ceil(to / step_));
  for (auto index = static_cast<std::int64_t>(std::floor(from / step_)); index < last; ++index) {
    const double low = std::max(from, static_cast<double>(index) * step_);
    const double high = std::min(to, static_cast<double>(index + 1) * step_);
    if (low < high) AddBetween(index, between(low, high));
  }
}

LossDistribution LossDistribution::OfPure(double epsilon, double delta, double step) {
  while (epsilon / step > static_cast<double>(kPointsMax) / 4) step *= 2;
  LossDistribution out(step);
  const auto reach = static_cast<std::int64_t>(std::ceil(epsilon / step)) + 1;
  out.Resize(-reach, reach);
  out.AddAtom(epsilon, (1 - delta) / (1 + std::exp(-epsilon)));
  out.AddAtom(-epsilon, (1 - delta) / (1 + std::exp(epsilon)));
  out.infinite_mass_ = delta;
  return out;
}

// P is noise around 0, Q around 1: the loss at o is (|o - 1| - |o|) / scale, which is 1/scale for o <= 0, -1/scale for
// o >= 1, and (1 - 2 o) / scale between.
LossDistribution LossDistribution::OfLaplace(double scale, double step) {
  const double most = 1 / scale;
  while (most / step > static_cast<double>(kPointsMax) / 4) step *= 2;
  LossDistribution out(step);
  const auto reach = static_cast<std::int64_t>(std::ceil(most / step)) + 1;
  out.Resize(-reach, reach);
  out.AddAtom(most, 0.5);
  out.AddAtom(-most, 0.5 * std::exp(-most));
  out.AddContinuous(-most, most, [&](double low, double high) {
    const double from = (1 - scale * high) / 2;
    const double to = (1 - scale * low) / 2;
    const double width = -std::expm1(-(to - from) / scale) / 2;
    return Mass{.p = std::exp(-from / scale) * width, .q = std::exp(-(1 - to) / scale) * width};
  });
  return out;
}

// P = N(0, s^2), Q = N(1, s^2): the loss at o is (1 - 2 o) / (2 s^2), which under P is N(1/(2 s^2), 1/s^2) and under Q
// N(-1/(2 s^2), 1/s^2).
LossDistribution LossDistribution::OfGaussian(double multiplier, double step) {
  constexpr double kDeviations = 9;  // beyond: below 1.2e-19
  const double mean = 1 / (2 * multiplier * multiplier);
  const double deviation = 1 / multiplier;
  const double from = mean - kDeviations * deviation;
  const double to = mean + kDeviations * deviation;
  while ((to - from) / step > static_cast<double>(kPointsMax) / 2) step *= 2;
  LossDistribution out(step);
  out.Resize(static_cast<std::int64_t>(std::floor(from / step)) - 1,
             static_cast<std::int64_t>(std::ceil(to / step)) + 1);
  out.AddContinuous(from, to, [&](double low, double high) {
    return Mass{.p = NormalMass((low - mean) / deviation, (high - mean) / deviation),
                .q = NormalMass((low + mean) / deviation, (high + mean) / deviation)};
  });
  out.infinite_mass_ = 2 * NormalCdf(-kDeviations);
  return out;
}

// P[x] = c a^|x|, Q[x] = P[x - s]: the loss is rate s for x <= 0, -rate s for x >= s, rate (s - 2 x) between.
LossDistribution LossDistribution::OfDiscreteLaplace(double rate, int sensitivity, double step) {
  const double most = rate * sensitivity;
  while (most / step > static_cast<double>(kPointsMax) / 4) step *= 2;
  LossDistribution out(step);
  const auto reach = static_cast<std::int64_t>(std::ceil(most / step)) + 1;
  out.Resize(-reach, reach);
  const double at_or_below_0 = 1 / (1 + std::exp(-rate));
  const double at_0 = at_or_below_0 * -std::expm1(-rate);
  out.AddAtom(most, at_or_below_0);
  out.AddAtom(-most, at_or_below_0 * std::exp(-rate * sensitivity));
  for (int x = 1; x < sensitivity; ++x) out.AddAtom(rate * (sensitivity - 2 * x), at_0 * std::exp(-rate * x));
  return out;
}

LossDistribution LossDistribution::OfLoss(const PrivacyLoss& loss, double step) {
  LossDistribution out = OfPure(loss.epsilon.ToNumber(), loss.delta.ToNumber(), step);
  if (loss.rho.IsZero()) return out;
  return out.Then(OfGaussian(1 / std::sqrt(2 * loss.rho.ToNumber()), step));
}

LossDistribution LossDistribution::Coarser() const {
  LossDistribution out(step_ * 2);
  const auto highest = lowest_ + static_cast<std::int64_t>(p_.size()) - 1;
  const auto halved = [](std::int64_t index) { return index >> 1; };
  out.Resize(halved(lowest_), halved(highest) + 1);
  for (std::size_t i = 0; i < p_.size(); ++i) {
    const std::int64_t index = lowest_ + static_cast<std::int64_t>(i);
    if (index % 2 == 0) {
      out.p_[static_cast<std::size_t>(index / 2 - out.lowest_)] += p_[i];
    } else {
      out.AddBetween(halved(index), {.p = p_[i], .q = p_[i] * std::exp(-static_cast<double>(index) * step_)});
    }
  }
  out.infinite_mass_ = infinite_mass_;
  return out;
}

// Low losses move up to where the rest begins, high ones to infinity.
void LossDistribution::CutTails() {
  std::size_t end = p_.size();
  for (double tail = 0; end > 1 && tail + p_[end - 1] < kTailMass; --end) {
    tail += p_[end - 1];
    infinite_mass_ += p_[end - 1];
  }
  p_.resize(end);
  std::size_t begin = 0;
  double low = 0;
  for (; begin + 1 < p_.size() && low + p_[begin] < kTailMass; ++begin) low += p_[begin];
  p_.erase(p_.begin(), p_.begin() + static_cast<std::ptrdiff_t>(begin));
  p_.front() += low;
  lowest_ += static_cast<std::int64_t>(begin);
}

LossDistribution LossDistribution::Then(const LossDistribution& other) const {
  if (step_ < other.step_) return Coarser().Then(other);
  if (other.step_ < step_) return Then(other.Coarser());
  LossDistribution out(step_);
  out.lowest_ = lowest_ + other.lowest_;
  out.p_.assign(p_.size() + other.p_.size() - 1, 0);
  for (std::size_t i = 0; i < p_.size(); ++i) {
    if (p_[i] == 0) continue;
    for (std::size_t j = 0; j < other.p_.size(); ++j) out.p_[i + j] += p_[i] * other.p_[j];
  }
  out.infinite_mass_ = infinite_mass_ + other.infinite_mass_ - infinite_mass_ * other.infinite_mass_;
  out.CutTails();
  while (out.p_.size() > kPointsMax) out = out.Coarser();
  return out;
}

LossDistribution LossDistribution::Repeated(std::int64_t count) const {
  LossDistribution out(step_);
  LossDistribution power = *this;
  for (std::int64_t rest = count; rest > 0; rest /= 2) {
    if (rest % 2 == 1) out = out.Then(power);
    if (rest > 1) power = power.Then(power);
  }
  return out;
}

double LossDistribution::DeltaFor(double epsilon) const {
  double delta = infinite_mass_;
  for (std::size_t i = 0; i < p_.size(); ++i) {
    const double loss = static_cast<double>(lowest_ + static_cast<std::int64_t>(i)) * step_;
    if (loss > epsilon) delta += p_[i] * -std::expm1(epsilon - loss);
  }
  return std::min(delta, 1.0);
}

double LossDistribution::EpsilonFor(double delta) const {
  if (delta < infinite_mass_) return std::numeric_limits<double>::infinity();
  double low = 0;
  double high = std::max(0.0, static_cast<double>(lowest_ + static_cast<std::int64_t>(p_.size())) * step_);
  if (DeltaFor(low) <= delta) return 0;
  for (int step = 0; step < 100; ++step) {
    const double middle = low + (high - low) / 2;
    if (middle == low || middle == high) break;
    (DeltaFor(middle) > delta ? low : high) = middle;
  }
  return high;
}

}  // namespace cloister::privacy
