#pragma once

// What was released, and when two releases are so close that subtracting them would be about fewer than k people: the
// rules of differencing_guard.h, two by two.
//
// Values; thread-compatible.

#include <cstdint>
#include <memory>
#include <vector>

#include "privacy/differencing/row_sums.h"

namespace cloister::privacy {

using MeasureNumbers = std::vector<std::uint32_t>;  // interned, sorted

// One set of a released cell, or the whole of a family.
struct ReleasedCell {
  std::shared_ptr<const UnitSet> units;
  std::vector<CellSums> sums;
  MeasureNumbers measures;
  std::uint64_t all = 0;
  std::int64_t k = 1;
  bool is_sum = false;   // a whole family, which nobody was shown as one value
  bool by_rows = false;  // of cells that overlap: its units alone say nothing
  bool operator==(const ReleasedCell& other) const;
};

// Cells that lie beside each other in one answer.
struct ReleasedFamily {
  std::vector<std::shared_ptr<const UnitSet>> cells;  // the smallest first
  std::vector<std::vector<CellSums>> sums;            // by cell
  bool disjoint = true;
  std::vector<std::shared_ptr<const UnitSet>> hidden;  // beside them; suppressed because they are close to others
  UnitSet sum;
  MeasureNumbers measures;
  std::int64_t k = 1;
  bool operator==(const ReleasedFamily& other) const;
};

// They share a measure.
bool Related(const MeasureNumbers& a, const MeasureNumbers& b);
// By difference, complement or rows.
bool IsClose(const ReleasedCell& a, const ReleasedCell& b);
// The cell, less cells of the family, is a few people, few people's rows, or a hidden cell.
bool Tells(const ReleasedCell& cell, const ReleasedFamily& family);
// The rows that the family's cells have of one measure, the index-th of theirs.
std::vector<MeasuredRows> RowsOf(const ReleasedFamily& family, std::size_t index);

}  // namespace cloister::privacy
