#include "privacy/kanon/table.h"

#include <algorithm>
#include <cmath>

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

// The values that a class has, and how often, in their order. Most classes have few of a column's values: what can be
// said by these alone does not cost all of them.
struct ValueCount {
  ValueCode code = 0;
  double share = 0;  // of the class
};

std::vector<ValueCount> ValuesIn(const SensitiveColumn& column, const std::vector<std::uint32_t>& rows) {
  std::vector<ValueCode> codes;
  codes.reserve(rows.size());
  for (const std::uint32_t row : rows) codes.push_back(column.rows[row]);
  std::sort(codes.begin(), codes.end());
  std::vector<ValueCount> values;
  for (const ValueCode code : codes) {
    if (values.empty() || values.back().code != code) values.push_back({.code = code});
    values.back().share += 1;
  }
  for (ValueCount& value : values) value.share /= static_cast<double>(rows.size());
  return values;
}

// Earth mover's distance to `whole`, where all values are equally far from each other: half the sum of |p - q|.
double EqualDistance(const std::vector<ValueCount>& values, const std::vector<double>& whole) {
  double distance = 1;  // of the values that the class does not have: what is left of `whole`
  for (const ValueCount& value : values)
    distance += std::fabs(value.share - whole[value.code]) - whole[value.code];
  return distance / 2;
}

// The same where values lie on a line, one step apart.
double OrderedDistance(const std::vector<ValueCount>& values, const std::vector<double>& whole) {
  if (whole.size() < 2) return 0;
  double distance = 0;
  double moved = 0;
  auto next = values.begin();
  for (ValueCode code = 0; code < whole.size(); ++code) {
    moved -= whole[code];
    if (next != values.end() && next->code == code) moved += (next++)->share;
    distance += std::fabs(moved);
  }
  return distance / static_cast<double>(whole.size() - 1);
}

std::vector<double> SharesOf(const std::vector<std::uint64_t>& counts, std::size_t rows) {
  std::vector<double> shares;
  shares.reserve(counts.size());
  for (const std::uint64_t count : counts) shares.push_back(static_cast<double>(count) / static_cast<double>(rows));
  return shares;
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

ClassRule::ClassRule(const AnonymousTable& table, std::int64_t k) : table_(table), k_(k) {
  for (const SensitiveColumn& column : table.sensitive) {
    std::vector<std::uint64_t> counts(column.values);
    for (const ValueCode code : column.rows) ++counts[code];
    shares_.push_back(SharesOf(counts, table.rows()));
  }
}

bool ClassRule::HasUnits(const std::vector<std::uint32_t>& rows) const {
  if (static_cast<std::int64_t>(rows.size()) < k_) return false;
  std::vector<std::uint32_t> units;
  units.reserve(rows.size());
  for (const std::uint32_t row : rows) units.push_back(table_.units[row]);
  std::sort(units.begin(), units.end());
  return std::unique(units.begin(), units.end()) - units.begin() >= k_;
}

bool ClassRule::IsDiverse(std::size_t index, const std::vector<std::uint32_t>& rows) const {
  constexpr double kRounding = 1e-12;
  const SensitiveColumn& column = table_.sensitive[index];
  const std::vector<ValueCount> values = ValuesIn(column, rows);
  if (static_cast<std::int64_t>(values.size()) < column.distinct_l) return false;
  if (column.entropy_l > 1) {
    double entropy = 0;
    for (const ValueCount& value : values) entropy -= value.share * std::log(value.share);
    if (entropy + kRounding < std::log(column.entropy_l)) return false;
  }
  if (column.closeness_t >= 1) return true;
  const double distance =
      column.ordered ? OrderedDistance(values, shares_[index]) : EqualDistance(values, shares_[index]);
  return distance <= column.closeness_t + kRounding;
}

bool ClassRule::Holds(const std::vector<std::uint32_t>& rows) const {
  if (rows.empty() || !HasUnits(rows)) return false;
  for (std::size_t i = 0; i < table_.sensitive.size(); ++i) {
    if (!IsDiverse(i, rows)) return false;
  }
  return true;
}

}  // namespace cloister::privacy
