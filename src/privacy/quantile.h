#pragma once

// A quantile of values on the owner's grid: exact counts per bin in, the number of one bin out.
//
// The bin is chosen by "permute and flip" (McKenna, Sheldon 2020): bins in random order, each taken with probability
// exp(-epsilon (d(bin) - d_best) / (2 s)), where d(bin) is how far the wanted rank lies outside of the bin's ranks:
//
//   d(bin) = max(0, before(bin) - q n, q n - before(bin) - count(bin))
//
// It is epsilon-differentially private and never less accurate than the exponential mechanism (their theorems 1 and 3);
// its probabilities are of the form exp(-integer/integer), so that the draw is exact, and the best bin is always taken
// when its turn comes, so that it ends after one turn per bin.
//
// Privacy. Adding or removing one row changes before(bin) - q n and before(bin) + count(bin) - q n by at most
// max(q, 1 - q) each, for every bin, so d too (a maximum of such functions). With at most rows_max rows of a unit in
// each of at most groups_max groups, the sensitivity per group is s = rows_max * max(q, 1 - q), and epsilon is divided
// by groups_max. The bins must not depend on data.
//
// With q = a/b everything is integer: distances are b times d, the sensitivity is rows_max * max(a, b - a).
//
// Example: bins {10, 10, 10, 10}, q = 1/2: d = 10, 0, 0, 10; at epsilon 1, one row per unit, the second or third bin is
// released all but once in 11,000 draws.
//
// Immutable, thread-safe. Time and memory are linear in the number of bins.

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "privacy/amount.h"

namespace cloister::privacy {

// numerator / denominator, strictly between 0 and 1; the denominator at most kQuantileDenominatorMax.
struct QuantileRank {
  std::int64_t numerator = 1;
  std::int64_t denominator = 2;
};
inline constexpr std::int64_t kQuantileDenominatorMax = 1'000'000;

struct QuantileParameters {
  Epsilon epsilon;
  QuantileRank rank;
  std::int64_t rows_max = 1;    // of one unit in one group; at most 2^31
  std::int64_t groups_max = 1;  // of one unit; at most kGroupsMax
};

class QuantileMechanism {
 public:
  static constexpr std::size_t kBinsMax = 1 << 16;

  // kInvalidArgument when a parameter is out of range.
  static Result<QuantileMechanism> Make(const QuantileParameters& parameters);

  // counts: 1 to kBinsMax, each at least 0, together below 2^40. `rng` must be this draw's own.
  std::size_t Release(Rng& rng, std::span<const std::int64_t> counts) const;

  // With at least this probability the wanted rank lies within this many rows of the released bin's ranks.
  double RankHalfWidth(double confidence, std::size_t bins) const;
  static constexpr const char* kName = "quantile_permute_and_flip";

 private:
  explicit QuantileMechanism(const QuantileParameters& parameters) : parameters_(parameters) {}

  QuantileParameters parameters_;
};

}  // namespace cloister::privacy
