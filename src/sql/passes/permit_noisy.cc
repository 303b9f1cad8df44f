// Rule R25, whose contributions are bounded: level differential_privacy protects one kind of person, so every table of
// persons in a block must hang on one unit, and the strictest owner's limits hold for all.

#include <algorithm>

#include "privacy/additive_noise.h"
#include "sql/passes/permitter.h"

namespace cloister::sql {
namespace {

// Equalities of where and of outer joins that make two columns one.
bool AreOne(const UnitBlock& block, const ExprPtr& a, const ExprPtr& b) {
  if (SameExpr(a, b)) return true;
  UnitBlock all;
  all.where = block.where;
  for (const UnitOuterJoin& join : block.outer_joins)
    all.where.insert(all.where.end(), join.conditions.begin(), join.conditions.end());
  return AreJoined(all, a, b);
}

bool IsOneRowAUnit(const UnitTable& table) {
  return table.kind == UnitTable::Kind::kPerUnit && table.blocks[0]->keys.size() == 1;
}

// Of a union: each branch's unit in a column of its own, the others NULL.
ExprPtr UnitOfUnion(const UnitTable& table) {
  std::vector<ExprPtr> units;
  for (const UnitCounter& counter : table.counters) units.push_back(counter.unit);
  if (units.size() == 1) return units[0];
  const Type type = units[0]->type;
  return MakeCall("coalesce", std::move(units), type, table.range);
}

// NOT IN and NOT EXISTS count nobody (release.h), so that they are on the unit is asked here: a list of other keys
// would let one person of it change the rows of many.
bool ListsAreOfUnits(const UnitBlock& block) {
  for (const UnitSemiJoin& join : block.semi_joins) {
    if (!ListsAreOfUnits(*join.block)) return false;
    if (join.block->counters.empty() || !join.negated) continue;
    const bool on_unit = std::any_of(block.counters.begin(), block.counters.end(), [&](const UnitCounter& counter) {
      return AreOne(block, counter.unit, join.outer);
    });
    if (!on_unit) return false;
  }
  return std::all_of(block.tables.begin(), block.tables.end(), [](const UnitTablePtr& table) {
    return std::all_of(table->blocks.begin(), table->blocks.end(),
                       [](const auto& inner) { return ListsAreOfUnits(*inner); });
  });
}

}  // namespace

ExprPtr Permitter::UnitOf(const UnitBlock& block, const Relation& at) {
  if (!ListsAreOfUnits(block)) {
    findings_.Add({"R25", at.range, "With noise NOT IN and NOT EXISTS test the privacy unit and no other key."});
    return nullptr;
  }
  for (const UnitTablePtr& table : block.tables) {
    if (table->kind != UnitTable::Kind::kUnion) continue;
    if (block.counters.size() == table->counters.size()) return UnitOfUnion(*table);
    findings_.Add({"R25", at.range,
                   "With noise a UNION ALL stands alone below its aggregate; join inside each of its branches."});
    return nullptr;
  }
  const auto first = std::find_if(block.counters.begin(), block.counters.end(),
                                  [](const UnitCounter& counter) { return !counter.optional; });
  if (first == block.counters.end()) {
    findings_.Add({"R25", at.range, "A query with noise reads at least one table of persons."});
    return nullptr;
  }
  for (const UnitCounter& counter : block.counters) {
    if (AreOne(block, first->unit, counter.unit)) continue;
    findings_.Add({"R25", at.range,
                   "With noise all tables of persons are joined on their privacy units, so that what one person "
                   "contributes can be bounded.",
                   counter.dataset->organisation});
    return nullptr;
  }
  return first->unit;
}

// The key is one value for each person: he is in one group whatever his rows are.
bool Permitter::IsOfUnit(const UnitBlock& block, const ExprPtr& key) const {
  bool of_unit = true;
  ForEachColumn(key, [&](const Expr& column) {
    const auto table = std::find_if(block.tables.begin(), block.tables.end(),
                                    [&](const UnitTablePtr& leaf) { return leaf->source == column.source; });
    of_unit = of_unit && table != block.tables.end() && IsOneRowAUnit(**table);
  });
  return of_unit;
}

std::optional<UnitLimits> Permitter::LimitsOf(const UnitBlock& block, const std::vector<ExprPtr>& keys,
                                              const Relation& at) {
  UnitLimits limits;
  limits.unit = UnitOf(block, at);
  if (!limits.unit) return std::nullopt;
  limits.one_group = std::all_of(keys.begin(), keys.end(), [&](const ExprPtr& key) { return IsOfUnit(block, key); });
  const bool one_row = std::all_of(block.tables.begin(), block.tables.end(), [](const UnitTablePtr& table) {
    return table->counters.empty() ? false : IsOneRowAUnit(*table);
  });
  limits.rows = one_row && block.outer_joins.empty() ? 1 : privacy::kGroupsMax;
  limits.groups = limits.one_group ? 1 : privacy::kGroupsMax;
  for (const UnitCounter& counter : block.counters) {
    const agreement::PrivacyBudget& budget = counter.dataset->policy.budget;
    limits.rows = std::min(limits.rows, budget.max_rows_per_unit);
    limits.groups = std::min(limits.groups, budget.max_groups_contributed);
  }
  return limits;
}

}  // namespace cloister::sql
