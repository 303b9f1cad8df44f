#include "privacy/differencing/closeness.h"

#include <algorithm>
#include <limits>
#include <map>

namespace cloister::privacy {
namespace {

std::uint64_t Unsigned(std::int64_t value) { return static_cast<std::uint64_t>(value); }

// For each number of units of a set that a union of cells misses, the fewest that it then has beyond the set. Only
// numbers below k are kept; `beyond` falls as `missed` grows.
class UnionsNear {
 public:
  UnionsNear(std::uint64_t k, std::uint64_t missed, std::uint64_t beyond = 0) : k_(k), pairs_{{missed, beyond}} {}

  // Of the next cell, `in` units are in the set and `out` are not. False: no union is near any more.
  bool Add(std::uint64_t in, std::uint64_t out) {
    std::map<std::uint64_t, std::uint64_t> next;
    std::uint64_t best = std::numeric_limits<std::uint64_t>::max();
    for (const auto& [missed, beyond] : pairs_) {
      if (beyond >= best) continue;  // one that misses fewer has no more beyond
      best = beyond;
      Offer(next, missed + in, beyond);
      Offer(next, missed, beyond + out);
    }
    pairs_ = std::move(next);
    return !pairs_.empty();
  }

 private:
  void Offer(std::map<std::uint64_t, std::uint64_t>& pairs, std::uint64_t missed, std::uint64_t beyond) const {
    if (missed >= k_ || beyond >= k_) return;
    const auto [at, added] = pairs.emplace(missed, beyond);
    if (!added) at->second = std::min(at->second, beyond);
  }

  std::uint64_t k_;
  std::map<std::uint64_t, std::uint64_t> pairs_;
};

// Cells with the same units.
bool HaveFewOtherRows(const ReleasedCell& a, const ReleasedCell& b, std::uint64_t k) {
  for (const CellSums& of_a : a.sums) {
    for (const CellSums& of_b : b.sums) {
      if (of_a.measure() != of_b.measure()) continue;
      const std::uint64_t differing = of_a.CountDiffering(of_b, *a.units, k);
      if (differing != 0 && differing < k) return true;
    }
  }
  return false;
}

// Of one measure of both.
bool IsNearByRows(const ReleasedCell& a, const ReleasedCell& b, std::uint64_t k) {
  for (const CellSums& of_a : a.sums) {
    for (const CellSums& of_b : b.sums) {
      if (of_a.measure() != of_b.measure()) continue;
      if (AreNear({.units = a.units.get(), .sums = &of_a}, {.units = b.units.get(), .sums = &of_b}, k)) return true;
    }
  }
  return false;
}

bool IsCloseToSum(const ReleasedCell& single, const ReleasedFamily& family) {
  const std::uint64_t k = Unsigned(std::max(single.k, family.k));
  const std::uint64_t size = single.units->size();
  if (!family.disjoint || single.by_rows) return false;
  if (size >= family.sum.size() + k || family.cells.front()->size() >= size + k) return false;
  const std::uint64_t missed = single.units->LackedBy(family.sum, k);
  if (missed >= k) return false;
  UnionsNear unions(k, missed);
  std::uint64_t least = missed;
  for (auto cell = family.cells.rbegin(); cell != family.cells.rend(); ++cell) {
    const std::uint64_t in = single.units->IntersectionSize(**cell);
    const std::uint64_t out = (*cell)->size() - in;
    if (!unions.Add(in, out)) return false;
    least += std::min(in, out);
  }
  return least != 0;  // 0: it is such a union
}

bool IsNearSomeRows(const ReleasedCell& single, const ReleasedFamily& family) {
  const std::uint64_t k = Unsigned(std::max(single.k, family.k));
  if (family.cells.size() < 2 || single.units->LackedBy(family.sum, k) >= k) return false;
  for (const CellSums& sums : single.sums) {
    for (std::size_t i = 0; i < family.sums.front().size(); ++i) {
      if (family.sums.front()[i].measure() != sums.measure()) continue;
      const MeasuredRows rows{.units = single.units.get(), .sums = &sums};
      if (IsNearSomeOf(rows, RowsOf(family, i), family.sum, k)) return true;
    }
  }
  return false;
}

// `hidden` lies beside the family's cells: is the set the sum of `hidden` and some of them, or close to such a sum?
bool Uncovers(const ReleasedCell& single, const ReleasedFamily& family, const UnitSet& hidden) {
  if (!family.disjoint || single.by_rows) return false;
  const std::uint64_t k = Unsigned(std::max(single.k, family.k));
  const std::uint64_t beyond = hidden.LackedBy(*single.units, k);
  if (beyond >= k) return false;
  const std::uint64_t size = single.units->size();
  const std::uint64_t inside = single.units->IntersectionSize(hidden) + single.units->IntersectionSize(family.sum);
  if (size >= inside + k) return false;
  UnionsNear unions(k, size - inside, beyond);
  for (auto cell = family.cells.rbegin(); cell != family.cells.rend(); ++cell) {
    const std::uint64_t in = single.units->IntersectionSize(**cell);
    if (!unions.Add(in, (*cell)->size() - in)) return false;
  }
  return true;
}

}  // namespace

std::vector<MeasuredRows> RowsOf(const ReleasedFamily& family, std::size_t index) {
  std::vector<MeasuredRows> rows;
  for (std::size_t i = 0; i < family.cells.size(); ++i)
    rows.push_back({.units = family.cells[i].get(), .sums = &family.sums[i][index]});
  return rows;
}

bool ReleasedCell::operator==(const ReleasedCell& other) const {
  return all == other.all && k == other.k && is_sum == other.is_sum && measures == other.measures &&
         *units == *other.units && sums == other.sums;
}

bool ReleasedFamily::operator==(const ReleasedFamily& other) const {
  const auto same = [](const auto& a, const auto& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) { return *x == *y; });
  };
  return k == other.k && measures == other.measures && sum == other.sum && same(cells, other.cells) &&
         sums == other.sums && same(hidden, other.hidden);
}

bool Related(const MeasureNumbers& a, const MeasureNumbers& b) {
  return std::any_of(a.begin(), a.end(), [&](auto name) { return std::binary_search(b.begin(), b.end(), name); });
}

bool IsClose(const ReleasedCell& a, const ReleasedCell& b) {
  const std::uint64_t k = Unsigned(std::max(a.k, b.k));
  if (a.by_rows || b.by_rows) return IsNearByRows(a, b, k);
  if (*a.units == *b.units) {
    if (HaveFewOtherRows(a, b, k)) return true;
  } else if (const std::uint64_t only_a = a.units->LackedBy(*b.units, k); only_a < k) {
    const std::uint64_t only_b = only_a + b.units->size() - a.units->size();
    if (only_b < k) return true;
  }
  const std::uint64_t sum = a.units->size() + b.units->size();
  const std::uint64_t all = std::max(a.all, b.all);
  if (sum + k <= all || sum >= all + k) return false;  // both = neither + sum - all
  const std::uint64_t both = a.units->IntersectionSize(*b.units);
  const std::uint64_t neither = std::max(all, sum - both) - (sum - both);
  return both + neither != 0 && both < k && neither < k;
}

bool Tells(const ReleasedCell& single, const ReleasedFamily& family) {
  return IsCloseToSum(single, family) || IsNearSomeRows(single, family) ||
         std::any_of(family.hidden.begin(), family.hidden.end(),
                     [&](const std::shared_ptr<const UnitSet>& cell) { return Uncovers(single, family, *cell); });
}

}  // namespace cloister::privacy
