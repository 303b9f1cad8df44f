#include "privacy/kanon/table.h"

#include <algorithm>

namespace cloister::privacy {
namespace {

bool InRange(const std::vector<ValueCode>& codes, std::size_t values) {
  return std::all_of(codes.begin(), codes.end(), [&](ValueCode code) { return code < values; });
}

bool IsShare(double value) { return value >= 0 && value <= 1; }  // false for NaN

// Each level is a function of the one before, and its losses do not fall.
bool IsHierarchy(const QuasiIdentifier& column) {
  for (std::size_t level = 0; level < column.levels(); ++level) {
    const auto& to = column.to[level];
    if (to.size() != column.leaves() || !InRange(to, column.loss[level].size())) return false;
    if (!std::all_of(column.loss[level].begin(), column.loss[level].end(), IsShare)) return false;
    if (level == 0) continue;
    std::vector<std::int64_t> parent(column.loss[level - 1].size(), -1);
    for (std::size_t leaf = 0; leaf < to.size(); ++leaf) {
      std::int64_t& known = parent[column.to[level - 1][leaf]];
      if (known >= 0 && known != to[leaf]) return false;
      if (column.loss[level][to[leaf]] < column.loss[level - 1][column.to[level - 1][leaf]]) return false;
      known = to[leaf];
    }
  }
  return true;
}

Status CheckQuasiIdentifier(const QuasiIdentifier& column, std::size_t rows) {
  if (column.rows.size() != rows) return InvalidArgument("columns of a table have as many rows as it has");
  if (column.to.empty() || column.to.size() > kGeneralisationLevelsMax || column.loss.size() != column.to.size())
    return InvalidArgument("a quasi-identifier has 1 to " + std::to_string(kGeneralisationLevelsMax) + " levels");
  for (std::size_t leaf = 0; leaf < column.leaves(); ++leaf) {
    if (column.to[0][leaf] != leaf) return InvalidArgument("level 0 of a hierarchy is the value itself");
  }
  if (!InRange(column.rows, column.leaves()) || !IsHierarchy(column))
    return InvalidArgument("a quasi-identifier's levels are no hierarchy");
  return {};
}

Status CheckSensitive(const SensitiveColumn& column, std::size_t rows) {
  if (column.rows.size() != rows || !InRange(column.rows, column.values))
    return InvalidArgument("a sensitive column has a code below its number of values in each row");
  if (column.distinct_l < 1 || !(column.entropy_l >= 1) || !IsShare(column.closeness_t))
    return InvalidArgument("a sensitive column's l is at least 1 and its t between 0 and 1");
  return {};
}

}  // namespace

Status AnonymousTable::Check() const {
  if (rows() > kAnonymousRowsMax) return ResourceExhausted("the table has more rows than can be made anonymous");
  if (quasi_identifiers.size() > kQuasiIdentifiersMax)
    return InvalidArgument("a table has at most " + std::to_string(kQuasiIdentifiersMax) + " quasi-identifiers");
  for (const QuasiIdentifier& column : quasi_identifiers) CLOISTER_TRY(CheckQuasiIdentifier(column, rows()));
  for (const SensitiveColumn& column : sensitive) CLOISTER_TRY(CheckSensitive(column, rows()));
  return {};
}

}  // namespace cloister::privacy
