#include "privacy/derived.h"

#include <algorithm>
#include <cmath>

namespace cloister::privacy {
namespace {

// Every quotient of a numerator and a count within their half widths; a count is at least 1.
Estimate Quotient(Noisy numerator, Noisy count) {
  const double n = std::max(1.0, count.value);
  const double fewest = std::max(1.0, count.value - count.half_width);
  const double most = std::max(1.0, count.value + count.half_width);
  const double low = numerator.value - numerator.half_width;
  const double high = numerator.value + numerator.half_width;
  return {.value = numerator.value / n,
          .low = std::min(low / fewest, low / most),
          .high = std::max(high / fewest, high / most)};
}

Estimate Clamped(const Estimate& of, double low, double high) {
  return {.value = std::clamp(of.value, low, high),
          .low = std::clamp(of.low, low, high),
          .high = std::clamp(of.high, low, high)};
}

Estimate Squared(const Estimate& of) {
  const double a = of.low * of.low;
  const double b = of.high * of.high;
  const bool crosses_zero = of.low <= 0 && of.high >= 0;
  return {.value = of.value * of.value, .low = crosses_zero ? 0 : std::min(a, b), .high = std::max(a, b)};
}

}  // namespace

double ConfidenceOfEach(double confidence, int parts) { return 1 - (1 - confidence) / parts; }

Estimate NoisyMean(Noisy centred_sum, Noisy count, const ValueBounds& bounds) {
  const Estimate offset = Quotient(centred_sum, count);
  return Clamped({.value = bounds.middle + offset.value,
                  .low = bounds.middle + offset.low,
                  .high = bounds.middle + offset.high},
                 bounds.low, bounds.high);
}

Estimate NoisyVariance(const NoisyMoments& moments, const ValueBounds& bounds) {
  const Estimate mean =
      Clamped(Quotient(moments.centred_sum, moments.count), bounds.low - bounds.middle, bounds.high - bounds.middle);
  const Estimate squares = Quotient(moments.centred_squares, moments.count);
  const Estimate mean_squared = Squared(mean);
  const double width = bounds.high - bounds.low;
  return Clamped({.value = squares.value - mean_squared.value,
                  .low = squares.low - mean_squared.high,
                  .high = squares.high - mean_squared.low},
                 0, width * width / 4);
}

Estimate NoisySampleVariance(const NoisyMoments& moments, const ValueBounds& bounds) {
  const Estimate of = NoisyVariance(moments, bounds);
  const double n = std::max(2.0, moments.count.value);
  const double fewest = std::max(2.0, moments.count.value - moments.count.half_width);
  const double most = std::max(2.0, moments.count.value + moments.count.half_width);
  return {.value = of.value * n / (n - 1), .low = of.low * most / (most - 1), .high = of.high * fewest / (fewest - 1)};
}

Estimate SquareRoot(const Estimate& of) {
  return {.value = std::sqrt(std::max(0.0, of.value)),
          .low = std::sqrt(std::max(0.0, of.low)),
          .high = std::sqrt(std::max(0.0, of.high))};
}

}  // namespace cloister::privacy
