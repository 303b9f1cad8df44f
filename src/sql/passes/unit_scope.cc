#include "sql/passes/unit_scope.h"

#include <cmath>

namespace cloister::sql {

using agreement::DateGranularity;
using agreement::Role;

void ForEachColumn(const ExprPtr& expr, const std::function<void(const Expr&)>& visit) {
  if (IsColumn(expr)) visit(*expr);
  ForEachChild(*expr, [&](const ExprPtr& child) { ForEachColumn(child, visit); });
}

bool IsMultiple(double value, double step) {
  if (!(step > 0) || !std::isfinite(value)) return false;
  const double times = value / step;
  return std::fabs(times - std::round(times)) < 1e-9 * std::max(1.0, std::fabs(times));
}

DateGranularity GranularityOf(const UnitColumn& column) {
  return column.policy.date_granularity.value_or(DateGranularity::kYear);
}

bool IsBoundary(std::int64_t days, DateGranularity granularity) {
  const CivilDate date = ToCivil(days);
  switch (granularity) {
    case DateGranularity::kDay:
      return true;
    case DateGranularity::kMonth:
      return date.day == 1;
    case DateGranularity::kQuarter:
      return date.day == 1 && date.month % 3 == 1;
    case DateGranularity::kYear:
      return date.day == 1 && date.month == 1;
  }
  return false;
}

void UnitScope::Refuse(std::string_view rule, const ExprPtr& at, std::string message, std::optional<std::string> fix) {
  Complaint complaint{rule, at->range, std::move(message)};
  ForEachColumn(at, [&](const Expr& column) {
    if (Has(column.source) && Column(column).dataset != nullptr) complaint.owner = Column(column).dataset->organisation;
  });
  complaint.fix = std::move(fix);
  findings_.Add(std::move(complaint));
}

void UnitScope::RefuseColumn(std::string_view rule, const Expr& column, std::string message,
                             std::optional<std::string> fix) {
  Complaint complaint{rule, column.range, std::move(message)};
  const UnitColumn& known = Column(column);
  if (known.dataset != nullptr) complaint.owner = known.dataset->organisation;
  complaint.fix = std::move(fix);
  findings_.Add(std::move(complaint));
}

bool UnitScope::IsUntouchable(const Expr& column) {
  const UnitColumn& known = Column(column);
  if (known.policy.Is(Role::kHidden)) {
    RefuseColumn("R04", column, "The column " + known.name + " is hidden by its owner and cannot be used in a query.");
    return true;
  }
  if (known.policy.Is(Role::kJoinKey) && !known.policy.Is(Role::kDimension)) {
    RefuseColumn(
        "R04", column,
        "The key " + known.name + " may only join, be counted, or group rows of one person in an inner query.");
    return true;
  }
  return false;
}

}  // namespace cloister::sql
