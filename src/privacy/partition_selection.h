#pragma once

// Which groups may appear at all, when the list of groups is itself private: release a group with a probability that
// grows with its number of units, and with the greatest one that (epsilon, delta) allows (Desfontaines, Voss, Gipson,
// Mandayam, "Differentially private partition selection", 2020, theorem 1).
//
// One unit is in at most `groups_max` groups. Each group then has epsilon' = epsilon / groups_max and delta' = 1 -
// (1 - delta)^(1/groups_max), of which delta / groups_max is the safe side. p(0) = 0, and p(n) is the greatest value
// with
//
//   p(n) <= exp(epsilon') p(n-1) + delta'              one more unit makes it appear
//   1 - p(n-1) <= exp(epsilon') (1 - p(n)) + delta'    one unit less makes it vanish
//
// The probabilities are integers over 2^63, made from these inequalities with every rounding to the safe side, so what
// is sampled satisfies them exactly; floating point has no part in it.
//
// With `units_min` T above 1 a group of fewer than T units never appears, and n units count as n - (T - 1); private for
// the same reason, as T does not depend on data.
//
// Example: epsilon 1, delta 1e-6, one group per unit: p(n) passes 1/2 at 14 units and is 1 from 28 units.
//
// Immutable, thread-safe. Memory: 8 bytes for each n with p(n) below 1.

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "privacy/amount.h"

namespace cloister::privacy {

struct SelectionParameters {
  Epsilon epsilon;
  Delta delta;
  std::int64_t groups_max = 1;  // per unit
  std::int64_t units_min = 1;   // the pre-threshold; 1 is none
};

class PartitionSelection {
 public:
  // A table that would be longer (more units than this before certainty) is refused.
  static constexpr std::size_t kTableMax = 1 << 20;

  // kInvalidArgument: epsilon, delta or delta / groups_max is 0, delta above 1, or the table would pass kTableMax.
  static Result<PartitionSelection> Make(const SelectionParameters& parameters);

  // True with probability p(units). `rng` must be this group's own. 0 units: never.
  bool Keep(Rng& rng, std::int64_t units) const;
  double KeepProbability(std::int64_t units) const;
  // The least number of units with p >= 1/2, and with p = 1.
  std::int64_t LikelyFrom() const;
  std::int64_t CertainFrom() const;

 private:
  PartitionSelection(std::vector<std::uint64_t> table, std::int64_t units_min)
      : table_(std::move(table)), units_min_(units_min) {}
  std::uint64_t Threshold(std::int64_t units) const;

  std::vector<std::uint64_t> table_;  // p(1), p(2), ... times 2^63, up to the last below 1
  std::int64_t units_min_;
};

}  // namespace cloister::privacy
