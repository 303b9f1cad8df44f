#pragma once

// Which rows of each unit stand behind a cell, as numbers that add up: of every row each of several *parts* gets a
// number, and a unit has the sums of its rows' numbers, modulo 2^32. Part 0 counts the rows. Where a part's numbers are
// keyed hashes of a column's value, two cells have equal sums for a unit if the same values of it stand behind both,
// and unequal ones but for a chance of 2^-32 if not; sums of disjoint rows are the sum of both, which is what makes
// the groups of an answer comparable with their total.
//
//   rows of unit 7: charges 120 and 80       parts {rows, charge}    sums {2, h(120) + h(80)}
//   the same without his visit to one ward                          sums {1, h(120)}
//
// Values; thread-compatible.

#include <cstdint>
#include <vector>

#include "privacy/differencing/unit_set.h"

namespace cloister::privacy {

using RowSum = std::uint32_t;

struct UnitRows {
  UnitSet units;
  std::vector<std::vector<RowSum>> sums;  // by part; in each one number a unit, in the order of units.Numbers()
};

// Collects rows one by one, as an aggregate does. Memory is at most 4 * (parts + 1) * 4 bytes a unit.
class UnitRowsBuilder {
 public:
  UnitRowsBuilder() : UnitRowsBuilder(0) {}  // of as many parts as what is first added to it
  explicit UnitRowsBuilder(std::size_t parts) : parts_(parts) { Resize(kSlotsMin); }

  std::size_t parts() const { return parts_; }
  // The sums of a unit, 0 where it is new; to be added to before the next call.
  RowSum* SumsOf(UnitNumber number) {
    RowSum* slot = Find(number);
    if (slot[0] == 0) {
      if (2 * (units_ + 1) > slots()) {
        Resize(2 * slots());
        slot = Find(number);
      }
      slot[0] = number + 1;
      ++units_;
    }
    return slot + 1;
  }
  // Of as many parts.
  void AddAll(const UnitRowsBuilder& other);
  UnitRows Finish() &&;

 private:
  static constexpr std::size_t kSlotsMin = 16;  // a power of two, as all sizes are

  std::size_t slots() const { return mask_ + 1; }
  // Eight numbers that follow each other lie beside each other, and eights as far from one another as they can (Knuth,
  // The Art of Computer Programming 3, 6.4): longer runs would fall on each other, and be looked through to their ends.
  RowSum* Find(UnitNumber number) {
    constexpr std::uint32_t kOdd = 0x9e3779b1;
    std::size_t at = std::size_t{((number >> 3) * kOdd) >> shift_} << 3 | (number & 7);
    while (table_[at * (parts_ + 1)] != 0 && table_[at * (parts_ + 1)] != number + 1) at = (at + 1) & mask_;
    return &table_[at * (parts_ + 1)];
  }
  void Resize(std::size_t slots);

  std::size_t parts_;
  std::size_t mask_ = 0;
  int shift_ = 0;  // leaves of 32 bits those of an eight
  std::size_t units_ = 0;
  std::vector<RowSum> table_;  // open addressing: number + 1 or 0, and the sums
};

}  // namespace cloister::privacy
