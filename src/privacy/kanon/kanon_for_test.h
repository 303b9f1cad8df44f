#pragma once

// Tables of small numbers for the tests of k-anonymity.

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "privacy/kanon/full_domain.h"

namespace cloister::privacy {

// Numbers 0 .. leaves-1 with bands of the widths, then `*`.
inline QuasiIdentifier BandedColumn(std::vector<ValueCode> rows, std::size_t leaves, std::vector<std::size_t> widths) {
  QuasiIdentifier column{.rows = std::move(rows)};
  widths.insert(widths.begin(), 1);
  widths.push_back(leaves);
  for (const std::size_t width : widths) {
    std::vector<ValueCode> to;
    for (std::size_t leaf = 0; leaf < leaves; ++leaf) to.push_back(static_cast<ValueCode>(leaf / width));
    const double covers = leaves < 2 ? 0 : static_cast<double>(width - 1) / static_cast<double>(leaves - 1);
    column.loss.push_back(std::vector<double>(to.back() + 1, covers));
    column.to.push_back(std::move(to));
  }
  return column;
}

inline AnonymousTable RandomTable(std::mt19937& random) {
  const std::size_t rows = 5 + random() % 60;
  AnonymousTable table;
  for (std::size_t row = 0; row < rows; ++row) table.units.push_back(random() % (rows / 2 + 1));
  for (std::size_t column = 0; column < 1 + random() % 3; ++column) {
    std::vector<ValueCode> codes;
    for (std::size_t row = 0; row < rows; ++row) codes.push_back(random() % 8);
    table.quasi_identifiers.push_back(BandedColumn(std::move(codes), 8, {2, 4}));
  }
  SensitiveColumn sensitive{.values = 4, .distinct_l = static_cast<std::int64_t>(1 + random() % 3)};
  for (std::size_t row = 0; row < rows; ++row) sensitive.rows.push_back(random() % 4);
  table.sensitive.push_back(std::move(sensitive));
  return table;
}

// How many units can show different values, one each: of every set of values, those outside it and the units that show
// one inside it are enough to meet each pair of a unit and a value (Koenig 1931).
inline std::size_t RepresentativesAtMost(const std::map<std::uint32_t, std::set<ValueCode>>& shown,
                                         std::size_t values) {
  std::size_t least = values;
  for (std::size_t inside = 0; inside < std::size_t{1} << values; ++inside) {
    std::size_t size = 0;
    for (ValueCode value = 0; value < values; ++value) size += (inside >> value & 1) == 0 ? 1 : 0;
    for (const auto& [unit, theirs] : shown)
      size += std::any_of(theirs.begin(), theirs.end(), [&](ValueCode value) { return (inside >> value & 1) != 0; });
    least = std::min(least, size);
  }
  return least;
}

// The rule as it is said, counted with sets.
inline bool KeepsRule(const AnonymousTable& table, const std::vector<std::uint32_t>& rows, std::int64_t k) {
  const SensitiveColumn& sensitive = table.sensitive[0];
  std::map<std::uint32_t, std::set<ValueCode>> shown;
  for (const std::uint32_t row : rows) shown[table.units[row]].insert(sensitive.rows[row]);
  if (static_cast<std::int64_t>(shown.size()) < k) return false;
  if (sensitive.distinct_l < 2) return true;
  for (ValueCode value = 0; value < sensitive.values; ++value) {
    if (std::all_of(shown.begin(), shown.end(), [&](const auto& unit) { return unit.second.contains(value); }))
      return false;
  }
  return static_cast<std::int64_t>(RepresentativesAtMost(shown, sensitive.values)) >= sensitive.distinct_l;
}

}  // namespace cloister::privacy
