#pragma once

// What the rows of a cell's units add up to in one measure (unit_rows.h), kept, and compared with those of other cells.
//
// Most cells of a history hold all rows of their units, so each unit's sum is nearly always the one that it was first
// seen with: those are kept once a dataset and measure (CommonSums), and a cell with no others keeps nothing.
//
// Two cells are *near* by their rows when both sides of their difference are below k and not both empty, where a unit
// with other rows in one than in the other stands on both sides:
//
//   {7: 2 rows, 8: 1 row, 9: 1 row}, {7: 1 row, 8: 1 row, 9: 1 row}    1 and 1: near for k = 2 or more
//   {7: 2 rows, 8: 1 row}, the same                                   0 and 0: the same answer
//
// Values; thread-compatible.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "privacy/differencing/unit_rows.h"

namespace cloister::privacy {

// Each unit's sum as it was first seen.
class CommonSums {
 public:
  // Whether every unit's is known and the same.
  bool Hold(const UnitSet& units, std::span<const RowSum> sums) const;
  // Takes those of new units.
  void Learn(const UnitSet& units, std::span<const RowSum> sums);
  // Of units that are known.
  RowSum At(UnitNumber unit) const { return sums_[unit]; }
  std::vector<RowSum> Of(const UnitSet& units) const;
  std::uint64_t MemoryBytes() const { return sums_.size() * sizeof(RowSum) + seen_.size() / 8; }

 private:
  std::vector<RowSum> sums_;  // by unit
  std::vector<bool> seen_;
};

// Of one cell and measure.
class CellSums {
 public:
  CellSums(std::uint32_t measure, std::vector<RowSum> sums)
      : measure_(measure), own_(std::make_shared<const std::vector<RowSum>>(std::move(sums))) {}

  std::uint32_t measure() const { return measure_; }
  // Says the same in fewer bytes where the common sums are its own.
  void Shorten(const UnitSet& units, const std::shared_ptr<const CommonSums>& common);
  // Of one unit, the place-th of its cell.
  RowSum At(std::size_t place, UnitNumber unit) const { return own_ ? (*own_)[place] : common_->At(unit); }
  std::vector<RowSum> Of(const UnitSet& units) const { return own_ ? *own_ : common_->Of(units); }
  // Of how many of the units, which both cells have, the sums differ; counting ends at `limit`, for unlike cells
  // soon.
  std::uint64_t CountDiffering(const CellSums& other, const UnitSet& units, std::uint64_t limit) const;
  // Of cells with the same units, both shortened as far as they go.
  bool operator==(const CellSums& other) const;
  std::uint64_t MemoryBytes() const { return own_ ? own_->size() * sizeof(RowSum) : 0; }

 private:
  std::uint32_t measure_;
  std::shared_ptr<const std::vector<RowSum>> own_;  // in the order of the units; null: the common ones
  std::shared_ptr<const CommonSums> common_;
};

// A short account of a cell's units and their rows. Cells with other digests have other units; where the units are the
// same, as many have other rows as buckets differ, or more. So most cells of a long history are told apart without a
// look at them.
struct CellSketch {
  static constexpr std::size_t kMeasuresMax = 2;  // the first ones
  struct Rows {
    std::uint32_t measure = 0;
    std::array<std::uint16_t, UnitSet::kRemainders> buckets{};  // by the unit's remainder
  };
  std::uint64_t units = 0;  // digest
  std::uint64_t rows = 0;   // digest of all measures' sums
  std::size_t measures = 0;
  std::array<Rows, kMeasuresMax> of{};

  static CellSketch Of(const UnitSet& units, std::span<const CellSums> sums);
  // Of cells with the same units: that at least k of them have other rows in each measure of both.
  bool TellsApart(const CellSketch& other, std::uint64_t k) const;
};

// Rows of one measure; both outlive it.
struct MeasuredRows {
  const UnitSet* units = nullptr;
  const CellSums* sums = nullptr;
};

bool AreNear(const MeasuredRows& a, const MeasuredRows& b, std::uint64_t k);
// The rows of all cells together; a unit may stand in several.
UnitRows Together(std::span<const MeasuredRows> cells);
// Whether some of the cells together are near `rows`. Which ones is found by what units tell: the rows of a unit that
// stands in a few cells are those of one choice of them and no other. `all`: the units of all cells.
bool IsNearSomeOf(const MeasuredRows& rows, std::span<const MeasuredRows> cells, const UnitSet& all, std::uint64_t k);

}  // namespace cloister::privacy
