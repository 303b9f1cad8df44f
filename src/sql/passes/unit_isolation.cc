// Rule R08, the part that can be seen in the text. A condition inside an aggregate splits a large group without
// making it smaller, so its text must not be made to pick out persons: it names at most two quasi-identifiers, and each
// no finer than its owner generalises it. The engine counts the units on both sides as well (protect).

#include <algorithm>
#include <cmath>
#include <map>

#include "sql/function.h"
#include "sql/passes/tested_range.h"
#include "sql/passes/unit_scope.h"

namespace cloister::sql {
namespace {

using agreement::ColumnPolicy;
using agreement::Role;

constexpr std::size_t kIdentifiersMax = 2;
constexpr double kTailShareMin = 0.1;  // of a measure's bounds, at the upper end, where few persons are

// A numeric quasi-identifier: a range inside its bounds as wide as the first generalisation, an open end as the last.
bool IsWideEnough(const TestedRange& range, const ColumnPolicy& policy) {
  if (range.single_values) return false;
  const bool open_low = !std::isfinite(range.low);
  const bool open_high = !std::isfinite(range.high);
  if (open_low && open_high) return true;
  const agreement::Bounds bounds = policy.bounds.value_or(agreement::Bounds{0, 0});
  const double low = open_low ? bounds.min : range.low;
  const double high = open_high ? bounds.max : range.high;
  const bool tail = low <= bounds.min || high >= bounds.max;
  return high - low + 1 >= (tail ? CoarsestWidth(policy) : FinestWidth(policy));
}

// A band on the owner's grid, but none within the upper end: its few persons are who a text would want to pick out.
bool IsWideMeasure(const TestedRange& range, const ColumnPolicy& policy) {
  if (!policy.bounds || !std::isfinite(range.low)) return true;
  return range.low <= policy.bounds->max - kTailShareMin * (policy.bounds->max - policy.bounds->min);
}

bool IsGeneralised(const ColumnPolicy& policy) { return policy.quasi_identifier && !policy.generalise.empty(); }

bool MayBeTested(const TestedRange& range, const ColumnPolicy& policy) {
  if (IsGeneralised(policy)) return FinestWidth(policy) > 0 ? IsWideEnough(range, policy) : !range.single_values;
  const bool measure = policy.Is(Role::kMeasure) && !policy.Is(Role::kDimension);
  return !measure || IsWideMeasure(range, policy);
}

// A quasi-identifier inside a call, such as left(zip, 3): only a prefix no longer than its owner's.
bool IsCoarseCall(const Expr& call, const ColumnPolicy& policy) {
  if (call.kind != ExprKind::kCall || (call.function != "left" && call.function != "substr")) return false;
  const auto length = IsLiteral(call.args.back()) ? call.args.back()->literal.AsInteger() : std::nullopt;
  return length && *length <= LongestPrefix(policy);
}

// Whether each place where the column stands inside a call is coarse enough.
bool CallsAreCoarse(const ExprPtr& expr, const Expr& column, const ColumnPolicy& policy, bool inside) {
  bool fine = true;
  const bool test = expr->kind == ExprKind::kCall &&
                    (IsComparison(expr->function) || expr->function == "and" || expr->function == "or" ||
                     expr->function == "not" || expr->function == "in" || expr->function == "like" ||
                     expr->function == "ilike" || expr->function == "is_null" || expr->function == "is_not_null");
  ForEachChild(*expr, [&](const ExprPtr& child) {
    const bool it = IsColumn(child) && child->source == column.source && child->column == column.column;
    if (it && (inside || !test)) fine = fine && IsCoarseCall(*expr, policy);
    fine = fine && CallsAreCoarse(child, column, policy, inside || !test);
  });
  return fine;
}

}  // namespace

bool UnitScope::CheckIsolation(const ExprPtr& condition) {
  std::map<std::pair<int, int>, const Expr*> seen;
  std::set<std::pair<int, int>> identifiers;
  ForEachColumn(condition, [&](const Expr& column) {
    seen.try_emplace({column.source, column.column}, &column);
    if (Column(column).policy.quasi_identifier) identifiers.insert({column.source, column.column});
  });
  if (identifiers.size() > kIdentifiersMax) {
    Refuse("R08", condition,
           "This condition combines quasi-identifiers and could pick out one person; use WHERE and GROUP BY, or fewer "
           "of them.");
    return false;
  }
  for (const auto& [place, column] : seen) {
    const UnitColumn& known = Column(*column);
    ColumnTests tests;
    AddTests(condition, *column, LongestPrefix(known.policy), tests);
    std::vector<TestedRange> ranges = std::move(tests.alone);
    ranges.push_back(tests.together);
    const bool coarse = !IsGeneralised(known.policy) || CallsAreCoarse(condition, *column, known.policy, false);
    const auto may_be_tested = [&](const TestedRange& range) { return MayBeTested(range, known.policy); };
    if (coarse && std::ranges::all_of(ranges, may_be_tested)) continue;
    Refuse("R08", condition,
           "Inside an aggregate " + known.name + " may be tested only as coarsely as its owner generalises it.");
    return false;
  }
  return true;
}

}  // namespace cloister::sql
