// What an enclosing block may do with a column that an inner block computes.

#include <algorithm>

#include "sql/passes/unit_scope.h"

namespace cloister::sql {

using agreement::ColumnPolicy;
using agreement::Role;

namespace {

ColumnPolicy PolicyOf(Role role) {
  ColumnPolicy policy;
  policy.roles = {role};
  return policy;
}

}  // namespace

UnitColumn UnitScope::DescribeItem(const ExprPtr& expr, const std::string& name) {
  UnitColumn column;
  column.name = name;
  column.type = expr->type;
  if (IsColumn(expr)) {
    column = Column(*expr);
    column.name = name;
  }
  const bool of_chosen = HasChosenRows(expr);
  if (of_chosen) {  // from outside the count of those rows is not seen
    column.policy = PolicyOf(Role::kHidden);
    column.chosen_rows = std::nullopt;
    column.unit_count = false;
  }
  if (IsColumn(expr) || of_chosen) return column;
  ForEachColumn(expr, [&](const Expr& inner) {
    if (Has(inner.source) && column.dataset == nullptr) column.dataset = Column(inner).dataset;
  });
  // Silent: a column that fits nothing is hidden, and whoever uses it is told so.
  Findings silent("");
  UnitScope probe(request_, silent);
  probe.tables_ = tables_;
  if (probe.CheckKey(expr)) {
    column.policy = PolicyOf(Role::kDimension);
    column.policy.date_granularity = agreement::DateGranularity::kDay;  // already as coarse as it must be
    ForEachColumn(expr, [&](const Expr& inner) {
      if (Column(inner).policy.quasi_identifier) column.policy.quasi_identifier = true;
    });
    // A label may hide an exact test of an identifier, so it is no condition inside an aggregate.
    if (column.policy.quasi_identifier) column.policy.generalise = {{std::nullopt, "*"}};
  } else if (is_noisy()) {
    const auto bounds = probe.BoundsOf(expr);
    column.policy = PolicyOf(bounds ? Role::kMeasure : Role::kHidden);
    column.policy.bounds = bounds;
  } else if (probe.CheckMeasure(expr)) {
    column.policy = PolicyOf(Role::kMeasure);
  } else {
    column.policy = PolicyOf(Role::kHidden);
  }
  return column;
}

}  // namespace cloister::sql
