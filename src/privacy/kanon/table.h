#pragma once

// A table to be made k-anonymous, as numbers. What the numbers stand for, and which steps an owner allows, is the
// caller's; nothing here knows a text.
//
//   zip 00142, 00143 with the steps left(zip,4), *       levels of zip
//     level 0 (value)      00142 -> 0, 00143 -> 1
//     level 1 (left 4)     0014* -> 0                      to[1] = {0, 0}
//     level 2 (*)          *     -> 0                      to[2] = {0, 0}
//
// What must be true of its classes says class_rule.h.
//
// Bounded: kAnonymousRowsMax rows, kQuasiIdentifiersMax columns of kGeneralisationLevelsMax levels.

#include <cstdint>
#include <vector>

#include "base/result.h"

namespace cloister::privacy {

inline constexpr std::size_t kAnonymousRowsMax = 50'000'000;
inline constexpr std::size_t kQuasiIdentifiersMax = 32;
inline constexpr std::size_t kGeneralisationLevelsMax = 16;

using ValueCode = std::uint32_t;

// One quasi-identifier: its values are codes 0 .. leaves-1, in their natural order where they have one.
struct QuasiIdentifier {
  std::vector<ValueCode> rows;  // a code a row
  // to[l][v] is the code at level l of leaf code v; to[0] is the identity. Each level is a function of the one before.
  std::vector<std::vector<ValueCode>> to;
  // How much of the domain a value of a level covers, for the loss: of a number hi - lo over max - min, of a text
  // leaves under it less one over all leaves less one; 0 (one value) to 1. loss[l][code of level l].
  std::vector<std::vector<double>> loss;

  std::size_t leaves() const { return to.front().size(); }
  std::size_t levels() const { return to.size(); }
};

// What must be true of each class beside its size.
struct SensitiveColumn {
  std::vector<ValueCode> rows;  // a code a row, 0 .. values-1
  std::size_t values = 0;
  bool ordered = false;         // for closeness: the codes are ranks
  std::int64_t distinct_l = 1;  // different values at least
  double entropy_l = 1;         // entropy at least ln of this
  double closeness_t = 1;       // earth mover's distance to the whole table at most this; 1 is no limit
};

struct AnonymousTable {
  std::vector<std::uint32_t> units;  // whose a row is; several rows may be one unit's
  std::vector<QuasiIdentifier> quasi_identifiers;
  std::vector<SensitiveColumn> sensitive;

  std::size_t rows() const { return units.size(); }
  // kInvalidArgument: columns of different length, codes out of range, levels that are no hierarchy, bounds passed.
  Status Check() const;
};

// Rows that look alike. Rows in no class are suppressed.
struct EquivalenceClass {
  std::vector<std::uint32_t> rows;  // ascending
  std::vector<std::size_t> levels;  // of each quasi-identifier: at this level all rows have one value
};

}  // namespace cloister::privacy
