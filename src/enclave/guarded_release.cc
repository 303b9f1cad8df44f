#include "enclave/guarded_release.h"

#include <algorithm>

#include "base/check.h"
#include "enclave/value_key.h"

namespace cloister::enclave {

using engine::Value;

Status GuardedReleaser::Row(std::span<const Value> row) {
  if (groups_.size() >= kGuardedGroupsMax)
    return ResourceExhausted("the result has more groups than it may; group more coarsely or filter more");
  CLOISTER_CHECK(row.size() == stage_.exact.size());
  Group group;
  for (std::size_t i = 0; i < stage_.columns.size(); ++i) {
    group.order.push_back(KeyOf(row[i]));
    group.values.push_back(row[i]);
  }
  std::map<std::int64_t, int> taken;  // columns that are equal by a join are one aggregate of the engine's
  for (const auto& cell : release_.cells) {
    for (const auto& set : cell.sets) {
      if (group.sets.contains(set.column)) continue;
      const auto* handle = std::get_if<std::int64_t>(&row[static_cast<std::size_t>(set.column)]);
      CLOISTER_CHECK(handle != nullptr);
      const auto [first, fresh] = taken.emplace(*handle, set.column);
      if (fresh) {
        CLOISTER_ASSIGN(group.sets[set.column], session_.TakeUnits(*handle));
      } else {
        group.sets[set.column] = group.sets[first->second];
      }
    }
  }
  if (release_.grouping >= 0) {
    const auto* grouping = std::get_if<std::int64_t>(&row[static_cast<std::size_t>(release_.grouping)]);
    CLOISTER_CHECK(grouping != nullptr);
    group.grouping = *grouping;
  }
  groups_.push_back(std::move(group));
  return {};
}

Result<std::uint64_t> GuardedReleaser::UnitsOf(const sql::GuardedRelease::Set& set) {
  if (const auto known = history_.units.find(set.dataset); known != history_.units.end()) return known->second;
  CLOISTER_ASSIGN(const std::uint64_t count, session_.CountUnits(set.dataset, set.unit));
  history_.units[set.dataset] = count;
  return count;
}

Result<privacy::GuardCell> GuardedReleaser::CellOf(const Group& group, std::size_t index) {
  constexpr std::uint32_t kCellsMax = 256;
  const sql::GuardedRelease::Cell& says = release_.cells[index];
  CLOISTER_CHECK(release_.cells.size() <= kCellsMax);
  privacy::GuardCell cell{
      .measures = says.measures,
      .family = static_cast<std::uint32_t>(group.grouping) * kCellsMax + static_cast<std::uint32_t>(index)};
  for (const auto& set : says.sets) {
    const privacy::UnitRows& rows = group.sets.at(set.column);
    if (rows.units.empty()) continue;
    CLOISTER_ASSIGN(const std::uint64_t all, UnitsOf(set));
    privacy::GuardedSet guarded{
        .dataset = set.dataset, .all = std::max(all, rows.units.size()), .k = set.k, .units = rows.units};
    CLOISTER_CHECK(rows.sums.size() == set.sums.size());
    for (std::size_t i = 0; i < set.sums.size(); ++i) {
      if (!set.sums[i].empty()) guarded.sums.push_back({.measure = set.sums[i], .of = rows.sums[i]});
    }
    cell.sets.push_back(std::move(guarded));
  }
  return cell;
}

Result<std::vector<std::vector<Value>>> GuardedReleaser::Finish() {
  std::sort(groups_.begin(), groups_.end(), [](const Group& a, const Group& b) { return a.order < b.order; });
  std::vector<privacy::GuardCell> cells;
  for (const Group& group : groups_) {
    for (std::size_t i = 0; i < release_.cells.size(); ++i) {
      CLOISTER_ASSIGN(privacy::GuardCell cell, CellOf(group, i));
      // A cell that thresholds suppressed shows nothing.
      const auto& columns = release_.cells[i].columns;
      const bool hidden = !columns.empty() && std::all_of(columns.begin(), columns.end(), [&](int column) {
        return engine::IsNull(group.values[static_cast<std::size_t>(column)]);
      });
      if (hidden) cell.measures.clear();
      cells.push_back(std::move(cell));
    }
  }
  CLOISTER_ASSIGN(const std::vector<bool> allowed, history_.guard.Release(std::move(cells)));
  std::vector<std::vector<Value>> rows;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    bool whole = true;
    for (std::size_t i = 0; i < release_.cells.size(); ++i) {
      if (allowed[g * release_.cells.size() + i]) continue;
      if (release_.cells[i].columns.empty()) whole = false;
      for (const int column : release_.cells[i].columns) groups_[g].values[static_cast<std::size_t>(column)] = {};
    }
    if (whole) rows.push_back(std::move(groups_[g].values));
  }
  return rows;
}

}  // namespace cloister::enclave
