#pragma once

// Whether rows may stand in one class: k different units, and what every sensitive column asks. l-diversity as
// Machanavajjhala et al. (2007) have it, distinct and by entropy; t-closeness as Li, Li and Venkatasubramanian (2007),
// with the equal and the ordered ground distance.
//
// The papers know one row a unit. Where a unit has several, each measure must hold twice: over rows, which is what
// readers can count, and over units, so that one person's many rows cannot make a class diverse in which all others are
// alike. Over units means
//   distinct l    l units can be picked that show l different values, one each; and, from 2 on, no value is shown by
//                 every unit of the class: whoever is known to be in it would be known to have it
//   entropy, t    each unit weighs 1, its rows share that
//
//   unit 1: flu, unit 2: flu, unit 3: flu asthma cancer    three values; over units two at most, and all have flu
//
// Cost: sorting the rows of a class. Thread-safe.

#include "privacy/kanon/table.h"

namespace cloister::privacy {

// How often each value of a sensitive column is there, by code; sums to 1.
using ValueShares = std::vector<double>;

class ClassRule {
 public:
  // `table` outlives it and was checked.
  ClassRule(const AnonymousTable& table, std::int64_t k);
  bool Holds(const std::vector<std::uint32_t>& rows) const;

 private:
  bool IsDiverse(std::size_t column, const std::vector<std::uint32_t>& rows) const;
  bool IsDiverseOverUnits(std::size_t column, const std::vector<std::uint32_t>& rows) const;

  const AnonymousTable& table_;
  std::int64_t k_;
  bool several_rows_ = false;            // some unit has more than one
  std::vector<ValueShares> over_rows_;   // of each sensitive column in the whole table
  std::vector<ValueShares> over_units_;  // empty where units have one row
};

}  // namespace cloister::privacy
