#pragma once

// Privacy loss distributions: how much of (epsilon, delta) many mechanisms have cost together, tighter than any filter.
// For reports alone (an odometer): its bound assumes that the mechanisms were fixed beforehand, so nothing is admitted
// by it (accountant.h does that).
//
// The loss of a mechanism at output o is ln(P(o) / Q(o)), o drawn from P, for two neighbouring inputs. It is kept on
// the grid of multiples of step(): the mass of P and Q between two grid points is put on these two points so that both
// masses stay what they are ("connect the dots", Doroshenko, Ghazi, Kamath, Kumar, Manurangsi 2022). The curve
// delta(epsilon) of the result is nowhere below the true one, and is it at the grid points. Tails of less than
// kTailMass go to infinite loss, which is the safe side too. Composition is convolution, done plainly: sizes are
// bounded by kPointsMax, beyond which the grid becomes coarser (again by connecting dots).
//
//   delta(epsilon) = infinite mass + sum over losses l > epsilon of P(l) (1 - exp(epsilon - l))
//
// All mechanisms here look the same when a unit is added as when it is removed, so one direction is enough.
//
// Example: 100 times Gaussian noise of multiplier 10, delta 1e-5: epsilon 4.377 (sums of the best single values: 29).
//
// A value; thread-compatible. Doubles: reports, never noise.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "privacy/accountant.h"

namespace cloister::privacy {

class LossDistribution {
 public:
  static constexpr double kStepDefault = 1e-3;
  static constexpr std::size_t kPointsMax = 1 << 14;
  static constexpr double kTailMass = 1e-16;

  // Of nothing: loss 0 with certainty.
  explicit LossDistribution(double step = kStepDefault);

  // The worst epsilon-DP and (epsilon, delta)-DP mechanisms (randomised response). epsilon at most kLossMax.
  static LossDistribution OfPure(double epsilon, double delta = 0, double step = kStepDefault);
  // Noise of `scale` (of `multiplier` = sigma) on a value of sensitivity 1.
  static LossDistribution OfLaplace(double scale, double step = kStepDefault);
  static LossDistribution OfGaussian(double multiplier, double step = kStepDefault);
  // P[x] in proportion to exp(-rate |x|) on a value of integer sensitivity.
  static LossDistribution OfDiscreteLaplace(double rate, int sensitivity, double step = kStepDefault);
  // One query: its pure part, and its Gaussian part of the same rho.
  static LossDistribution OfLoss(const PrivacyLoss& loss, double step = kStepDefault);

  // Both mechanisms. Grids are made equal first.
  LossDistribution Then(const LossDistribution& other) const;
  // The same mechanism `count` times.
  LossDistribution Repeated(std::int64_t count) const;

  double DeltaFor(double epsilon) const;
  // The least epsilon; infinity when delta is below the infinite mass.
  double EpsilonFor(double delta) const;

  double step() const { return step_; }
  double infinite_mass() const { return infinite_mass_; }

 private:
  struct Mass {
    double p = 0;
    double q = 0;
  };
  // Finite losses between lowest * step and highest * step.
  void Resize(std::int64_t lowest, std::int64_t highest);
  void AddAtom(double loss, double p);
  // Mass of P and Q with losses between the grid points index and index + 1.
  void AddBetween(std::int64_t index, Mass mass);
  // For each grid cell of [from, to], the masses that `between(low, high)` says.
  void AddContinuous(double from, double to, const std::function<Mass(double low, double high)>& between);
  LossDistribution Coarser() const;
  void CutTails();

  double step_;
  std::int64_t lowest_ = 0;
  std::vector<double> p_;  // p_[i] is the mass of P at loss (lowest_ + i) * step_
  double infinite_mass_ = 0;
};

}  // namespace cloister::privacy
