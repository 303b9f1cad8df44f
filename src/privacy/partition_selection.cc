#include "privacy/partition_selection.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "privacy/exp_bound.h"
#include "privacy/integers.h"
#include "privacy/random_bits.h"

namespace cloister::privacy {
namespace {

constexpr std::uint64_t kOne = std::uint64_t{1} << 63;  // probability 1

// p(n) from p(n-1): the two inequalities of the header, solved for p(n) and rounded down.
std::uint64_t Next(std::uint64_t before, std::uint64_t delta, const ExpBound& growth) {
  const UInt128 appears = growth.TimesDown(before) + delta;
  const std::uint64_t missing = kOne - before;
  const std::uint64_t vanishes = missing <= delta ? kOne : kOne - growth.DividedUp(missing - delta);
  return static_cast<std::uint64_t>(std::min<UInt128>(appears, vanishes));
}

// delta / groups, as an integer over 2^63, rounded down.
std::uint64_t DeltaPerGroup(Delta delta, std::int64_t groups) {
  return static_cast<std::uint64_t>((static_cast<UInt128>(delta.units()) << 63) / static_cast<UInt128>(Delta::kOne) /
                                    static_cast<UInt128>(groups));
}

}  // namespace

Result<PartitionSelection> PartitionSelection::Make(const SelectionParameters& parameters) {
  if (parameters.groups_max < 1 || parameters.units_min < 1) {
    return InvalidArgument("groups per unit and the least number of units are at least 1");
  }
  if (parameters.epsilon.IsZero() || parameters.delta > Delta::OfUnits(Delta::kOne)) {
    return InvalidArgument("selecting groups needs epsilon above 0 and delta of at most 1");
  }
  const std::uint64_t delta = DeltaPerGroup(parameters.delta, parameters.groups_max);
  if (delta == 0) return InvalidArgument("delta is too small to release any group");
  const ExpBound growth =
      LowerBoundOfExp(static_cast<UInt128>(parameters.epsilon.units()),
                      static_cast<UInt128>(Epsilon::kOne) * static_cast<UInt128>(parameters.groups_max));
  std::vector<std::uint64_t> table;
  for (std::uint64_t p = Next(0, delta, growth); p < kOne; p = Next(p, delta, growth)) {
    if (table.size() == kTableMax) return InvalidArgument("epsilon per group is too small to select groups");
    table.push_back(p);
  }
  return PartitionSelection(std::move(table), parameters.units_min);
}

std::uint64_t PartitionSelection::Threshold(std::int64_t units) const {
  const std::int64_t counted = units - (units_min_ - 1);
  if (units < 1 || counted < 1) return 0;
  const auto index = static_cast<std::uint64_t>(counted) - 1;
  return index < table_.size() ? table_[index] : kOne;
}

bool PartitionSelection::Keep(Rng& rng, std::int64_t units) const {
  RandomBits bits(rng);
  return (bits.Next64() >> 1) < Threshold(units);
}

double PartitionSelection::KeepProbability(std::int64_t units) const {
  return std::ldexp(static_cast<double>(Threshold(units)), -63);
}

std::int64_t PartitionSelection::LikelyFrom() const {
  const auto half = std::lower_bound(table_.begin(), table_.end(), kOne / 2);
  return units_min_ + (half - table_.begin());
}

std::int64_t PartitionSelection::CertainFrom() const {
  return units_min_ + static_cast<std::int64_t>(table_.size());
}

}  // namespace cloister::privacy
