#pragma once

// Tables of small numbers for the tests of k-anonymity.

#include <algorithm>
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
  SensitiveColumn sensitive{.values = 4, .distinct_l = static_cast<std::int64_t>(1 + random() % 2)};
  for (std::size_t row = 0; row < rows; ++row) sensitive.rows.push_back(random() % 4);
  table.sensitive.push_back(std::move(sensitive));
  return table;
}

// The rule as it is said, counted with sets.
inline bool KeepsRule(const AnonymousTable& table, const std::vector<std::uint32_t>& rows, std::int64_t k) {
  std::set<std::uint32_t> units;
  std::set<ValueCode> values;
  for (const std::uint32_t row : rows) {
    units.insert(table.units[row]);
    values.insert(table.sensitive[0].rows[row]);
  }
  return static_cast<std::int64_t>(units.size()) >= k &&
         static_cast<std::int64_t>(values.size()) >= table.sensitive[0].distinct_l;
}

}  // namespace cloister::privacy
