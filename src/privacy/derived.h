#pragma once

// Averages and variances from noisy sums: post-processing of what is private already, so it costs nothing and may use
// doubles.
//
// Values are summed around a middle of their bounds, which halves the sensitivity (Li, Lyu, Su, Yang 2016, algorithm
// 2.3): an average is middle + sum(x - middle) / count, a variance the average of squares minus the square of the
// average, both around that middle. Results are put into the range that the bounds allow, noisy counts below 1 count as
// 1. Exact numerators or denominators never meet noisy ones.
//
// Intervals: if each of the n noisy numbers lies within its half width with probability 1 - (1 - c)/n, all do with at
// least c (Bonferroni), and the interval covers every value that they allow together.
//
// Pure, thread-safe.

namespace cloister::privacy {

// A noisy number and its half width, in the value's own unit (euros, not steps of a grid).
struct Noisy {
  double value = 0;
  double half_width = 0;
};

struct Estimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

struct ValueBounds {
  double low = 0;
  double high = 0;
  double middle = 0;  // that the sums were taken around
};

// The confidence that each of `parts` noisy numbers needs, so that all hold together with `confidence`.
double ConfidenceOfEach(double confidence, int parts);

Estimate NoisyMean(Noisy centred_sum, Noisy count, const ValueBounds& bounds);

struct NoisyMoments {
  Noisy centred_sum;
  Noisy centred_squares;  // sum of (x - middle)^2
  Noisy count;
};
// Of the population, within [0, (high - low)^2 / 4].
Estimate NoisyVariance(const NoisyMoments& moments, const ValueBounds& bounds);
// n / (n - 1) times that, with the noisy n of at least 2.
Estimate NoisySampleVariance(const NoisyMoments& moments, const ValueBounds& bounds);
Estimate SquareRoot(const Estimate& of);  // standard deviations

}  // namespace cloister::privacy
