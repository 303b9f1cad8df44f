// Rules R08, R20. SUM(age) and COUNT(*) where age is 40 or 97 tell how many are 97, and COVAR_POP(cost, age) what they
// cost: a column whose single values the query chooses is no measure any more. Nor is a public one, or a dimension,
// chosen by the rows it is joined to.

#include <algorithm>
#include <cmath>

#include "sql/function.h"
#include "sql/passes/tested_range.h"
#include "sql/passes/unit_scope.h"

namespace cloister::sql {
namespace {

using agreement::Role;

constexpr double kValuesMin = 5;  // of a column that are added up, where the query chooses them by a range

// What an aggregate adds up: not what the conditions of its CASE test.
void CollectAdded(const ExprPtr& expr, std::vector<ExprPtr>& out) {
  if (IsColumn(expr)) out.push_back(expr);
  if (expr->kind != ExprKind::kCase) {
    ForEachChild(*expr, [&](const ExprPtr& child) { CollectAdded(child, out); });
    return;
  }
  for (std::size_t i = 1; i < expr->args.size(); i += 2) CollectAdded(expr->args[i], out);
  CollectAdded(expr->args.back(), out);
}

// Conditions inside a key: CASE WHEN age = 97 THEN ..., age = 97.
void CollectTests(const ExprPtr& key, std::vector<ExprPtr>& out) {
  if (key->type.kind == Type::Kind::kBoolean && !IsColumn(key)) {
    out.push_back(key);
    return;
  }
  ForEachChild(*key, [&](const ExprPtr& child) { CollectTests(child, out); });
}

bool IsJoin(const ExprPtr& test) {
  return IsCall(test, "=") && IsColumn(test->args[0]) && IsColumn(test->args[1]);
}

// What a block selects its rows by, at any depth.
void CollectTests(const UnitBlock& block, std::vector<ExprPtr>& out) {
  out.insert(out.end(), block.where.begin(), block.where.end());
  for (const UnitSemiJoin& join : block.semi_joins) {
    CollectTests(*join.block, out);
    // IN (SELECT ... of a public table): values, one by one.
    if (join.block->counters.empty())
      out.push_back(MakeCall("in", {join.outer, MakeLiteral(Literal::Null())}, kBooleanType, join.outer->range));
  }
  const auto table = [&](const UnitTable& one) {
    out.insert(out.end(), one.filters.begin(), one.filters.end());
    for (const auto& inner : one.blocks) CollectTests(*inner, out);
  };
  for (const UnitTablePtr& one : block.tables) table(*one);
  for (const UnitOuterJoin& join : block.outer_joins) {
    out.insert(out.end(), join.conditions.begin(), join.conditions.end());
    table(*join.table);
  }
}

// The tests of one column together: one range, of at least the owner's finest width inside the bounds, and of his
// widest at their upper end, where few are. Without bounds there is no telling; counts of one person's rows are few
// beyond two.
bool AreOneRange(const std::vector<std::pair<ExprPtr, const Expr*>>& tests, const UnitColumn& known) {
  ColumnTests found;
  for (const auto& [test, column] : tests) AddTests(test, *column, 0, found);
  const TestedRange& range = found.together;
  if (range.single_values || !std::ranges::all_of(found.alone, &TestedRange::says_nothing)) return false;
  if (known.unit_count) return range.low <= 2 && !std::isfinite(range.high);
  if (!known.policy.bounds) return false;
  const double low = std::max(range.low, known.policy.bounds->min);
  const double high = std::min(range.high, known.policy.bounds->max);
  const double least = high >= known.policy.bounds->max ? CoarsestWidth(known.policy) : FinestWidth(known.policy);
  return high - low + 1 >= std::max(kValuesMin, least);
}

}  // namespace

bool UnitScope::CheckChosenValues(const Release& release) {
  const UnitBlock& block = *release.block;
  std::vector<ExprPtr> tests;
  std::vector<ExprPtr> joins;
  std::vector<ExprPtr> all;
  CollectTests(block, all);
  for (const ExprPtr& test : all) (IsJoin(test) ? joins : tests).push_back(test);
  for (const ExprPtr& key : release.keys) CollectTests(key, tests);
  bool fine = true;
  for (const UnitAggregate& aggregate : release.aggregates) {
    if (aggregate.function.find("count") != std::string::npos) continue;
    const std::vector<ExprPtr> added = AddedBy(aggregate);
    std::vector<ExprPtr> own = tests;
    if (aggregate.filter) own.push_back(aggregate.filter);
    for (const ExprPtr& arg : aggregate.args) CollectTests(arg, own);
    const bool moment = aggregate.function != "sum" && aggregate.function != "avg";
    if (moment) {
      // Of a band of few values a covariance tells what those who have each of them have.
      for (const ExprPtr& key : release.keys) {
        if (!IsColumn(key)) own.push_back(key);
      }
    }
    for (const ExprPtr& column : added) fine = fine && CheckChosenValues(*column, own, joins, moment);
  }
  return fine;
}

// Columns of datasets that a column of the unit level is made of.
void UnitScope::CollectOrigins(const Expr& column, ColumnOrigins& out) const {
  if (!Has(column.source)) return;
  const UnitTable& table = *Table(column.source);
  if (table.dataset != nullptr) out.insert({table.dataset, column.column});
  for (const auto& block : table.blocks) {
    if (column.column >= static_cast<int>(block->items.size())) continue;
    ForEachColumn(block->items[column.column], [&](const Expr& inner) { CollectOrigins(inner, out); });
  }
}

std::vector<ExprPtr> UnitScope::AddedBy(const UnitAggregate& aggregate) {
  std::vector<ExprPtr> added;
  for (const ExprPtr& arg : aggregate.args) CollectAdded(arg, added);
  return added;
}

bool UnitScope::IsMadeOfBooleans(const Expr& column) const {
  ColumnOrigins origins;
  CollectOrigins(column, origins);
  return std::any_of(origins.begin(), origins.end(), [](const auto& one) {
    const auto& type = one.first->schema.columns[static_cast<std::size_t>(one.second)].type;
    return Type::Of(type).kind == Type::Kind::kBoolean;
  });
}

// The same column, or of another reference to the same dataset: both are joined by the person's key.
bool UnitScope::HoldsTheSame(const Expr& a, const Expr& b) const {
  if (a.source == b.source && a.column == b.column) return true;
  ColumnOrigins of_a, of_b;
  CollectOrigins(a, of_a);
  CollectOrigins(b, of_b);
  return std::any_of(of_a.begin(), of_a.end(), [&](const auto& one) { return of_b.contains(one); });
}

bool UnitScope::CheckChosenValues(const Expr& column, const std::vector<ExprPtr>& tests,
                                  const std::vector<ExprPtr>& joins, bool moment) {
  const UnitColumn& known = Column(column);
  const bool boolean = known.type.kind == Type::Kind::kBoolean;
  ColumnOrigins origins;
  CollectOrigins(column, origins);
  const bool of_dimension = std::any_of(origins.begin(), origins.end(), [](const auto& one) {
    const auto& name = one.first->schema.columns[static_cast<std::size_t>(one.second)].name;
    return one.first->policy.Column(name).Is(Role::kDimension);
  });
  const bool chosen = known.policy.Is(Role::kPublic) || of_dimension || known.unit_count;
  if (!chosen || (boolean && !moment)) return true;
  // A public value stands for what its table is joined by.
  std::vector<ExprPtr> stand_ins;
  for (const ExprPtr& join : joins) {
    const bool of_table = join->args[0]->source == column.source || join->args[1]->source == column.source;
    if (!known.policy.Is(Role::kPublic) || !of_table) continue;
    stand_ins.insert(stand_ins.end(), join->args.begin(), join->args.end());
  }
  std::vector<std::pair<ExprPtr, const Expr*>> ranges;
  ExprPtr wrong;
  for (const ExprPtr& test : tests) {
    ForEachColumn(test, [&](const Expr& tested) {
      const bool by_join = std::any_of(stand_ins.begin(), stand_ins.end(),
                                       [&](const ExprPtr& other) { return HoldsTheSame(tested, *other); });
      // With one value alone there is nothing to tell apart.
      const bool one_value = IsCall(test, "=") && tested.source == column.source && !boolean;
      const bool itself = HoldsTheSame(tested, column) && !one_value;
      if (by_join || (itself && moment)) wrong = test;
      if (itself) ranges.emplace_back(test, &tested);
    });
  }
  if (!wrong && !ranges.empty() && !AreOneRange(ranges, Column(*ranges.back().second))) wrong = ranges.front().first;
  if (!wrong) return true;
  Refuse("R20", wrong,
         "This tests values of " + known.name +
             ", which an aggregate of the query adds up: both together tell how many have each value. Test a wide "
             "range of it, or aggregate another column.");
  return false;
}

}  // namespace cloister::sql
