// Rule R09: filters are tests of one column against constants, joined by AND, OR and NOT. Anything cleverer could
// hide a test of something else, and the history guard could not compare two filters.

#include <cmath>

#include "sql/function.h"
#include "sql/passes/unit_scope.h"

namespace cloister::sql {

using agreement::DateGranularity;
using agreement::Role;

namespace {

// A cast that keeps every value changes no test; a narrower one rounds, or loses what does not fit, off the grid.
bool IsWideningCast(const ExprPtr& expr) {
  if (expr->kind != ExprKind::kCast) return false;
  const Type& from = expr->args[0]->type;
  if (expr->type.kind == Type::Kind::kBoolean) return from.kind == Type::Kind::kBoolean;  // x IS TRUE
  if (expr->type.kind == Type::Kind::kDouble) return from.IsNumeric();
  return expr->type.IsInteger() && from.IsInteger() && !(expr->type.kind < from.kind);
}

// LEAST and GREATEST name groups, but in a filter they would say a second test beside the one that is seen.
bool HidesConstant(const ExprPtr& expr) {
  return AnyNode(expr, [](const Expr& node) {
    return node.kind == ExprKind::kCall && (node.function == "least" || node.function == "greatest");
  });
}

}  // namespace

bool UnitScope::CheckPredicate(const ExprPtr& expr, Place place) {
  if (is_noisy()) return CheckRowExpression(expr);
  if (IsLiteral(expr) && expr->type.kind == Type::Kind::kBoolean) return true;
  if (IsColumn(expr)) return CheckBooleanColumn(expr, place);
  if (expr->kind == ExprKind::kCall) {
    if (expr->function == "and" || expr->function == "or" || expr->function == "not") {
      bool fine = true;
      for (const ExprPtr& arg : expr->args) fine = CheckPredicate(arg, place) && fine;
      return fine;
    }
    return CheckTest(*expr, place);
  }
  if (expr->kind == ExprKind::kSubquery) {
    Refuse(
        "R13", expr,
        "A subquery over protected data must be IN or EXISTS on a join key, as a condition of its own joined by AND.");
    return false;
  }
  Refuse("R09", expr, "A filter compares a column with constants; CASE, COALESCE and the like are not admitted here.");
  return false;
}

bool UnitScope::CheckBooleanColumn(const ExprPtr& column, Place place) {
  if (IsUntouchable(*column)) return false;
  const UnitColumn& known = Column(*column);
  if (known.policy.Is(Role::kDimension) || known.policy.Is(Role::kPublic)) return true;
  if (place == Place::kCondition && known.policy.Is(Role::kMeasure)) return true;
  RefuseColumn(place == Place::kKey ? "R10" : "R09", *column,
               known.name + " is a measure: it may be aggregated, not filtered.",
               "COUNT(*) FILTER (WHERE " + known.name + ")");
  return false;
}

bool UnitScope::CheckTest(const Expr& test, Place place) {
  const std::string& f = test.function;
  const auto self = std::make_shared<Expr>(test);
  if (f == "is_null" || f == "is_not_null") {
    if (IsColumn(test.args[0])) {
      const UnitColumn& known = Column(*test.args[0]);
      if (IsUntouchable(*test.args[0])) return false;
      if (known.policy.Is(Role::kDimension) || known.policy.Is(Role::kPublic)) return true;
    }
    Refuse("R09", self, "IS NULL tests a dimension only.");
    return false;
  }
  if (!IsComparison(f) && f != "in" && f != "like" && f != "ilike") {
    Refuse("R09", self, f + " is not admitted in a filter; compare a column with a constant.");
    return false;
  }
  ExprPtr subject = test.args[0];
  std::vector<ExprPtr> constants(test.args.begin() + 1, test.args.end());
  Expr normal = test;
  const bool constant_first = IsLiteral(subject) || subject->kind == ExprKind::kSubquery;
  if (IsComparison(f) && constant_first && !IsLiteral(constants[0])) {
    std::swap(subject, constants[0]);
    normal.function = MirroredComparison(f);
    normal.args = {subject, constants[0]};
  }
  if (IsWideningCast(subject) && IsColumn(subject->args[0])) subject = subject->args[0];
  if (constants.size() == 1 && constants[0]->kind == ExprKind::kSubquery && constants[0]->function == "constant")
    return CheckReleasedTest(normal, subject, place);
  for (const ExprPtr& constant : constants) {
    if (IsLiteral(constant)) continue;
    bool untouchable = false;
    for (const ExprPtr& arg : test.args) {
      ForEachColumn(
          arg, [&](const Expr& column) { untouchable = (Has(column.source) && IsUntouchable(column)) || untouchable; });
    }
    if (!untouchable) {
      Refuse(ContainsKind(constant, ExprKind::kSubquery) ? "R13" : "R09", self,
             "A filter compares a column with constants, not with other columns or queries.");
    }
    return false;
  }
  if (!IsColumn(subject)) {
    if (!HidesConstant(subject) && IsGeneralisation(subject)) return true;
    Refuse("R09", self, "A filter tests a column, or a generalisation of it such as left(zip, 3), against constants.");
    return false;
  }
  bool fine = true;
  for (const ExprPtr& constant : constants) fine = fine && CheckColumnTest(normal, *subject, constant->literal, place);
  return fine;
}

// A released number that permit_constants.cc has brought to the column's grid.
bool UnitScope::CheckReleasedTest(const Expr& test, const ExprPtr& subject, Place place) {
  const auto self = std::make_shared<Expr>(test);
  if (place == Place::kFilter && IsColumn(subject)) {
    if (IsUntouchable(*subject)) return false;
    const UnitColumn& known = Column(*subject);
    const bool range = test.function == "<" || test.function == "<=" || test.function == ">" || test.function == ">=";
    const bool coarse = known.policy.filter_grid && known.type.IsNumeric();
    if (range && (coarse || known.policy.Is(Role::kPublic) || known.unit_count)) return true;
  }
  Refuse("R09", self,
         "A released number may be compared by <, <=, >, >= in WHERE with a column that has a filter grid.");
  return false;
}

bool UnitScope::CheckColumnTest(const Expr& test, const Expr& column, const Literal& constant, Place place) {
  if (IsUntouchable(column)) return false;
  const UnitColumn& known = Column(column);
  const bool range = test.function == "<" || test.function == "<=" || test.function == ">" || test.function == ">=";
  if (known.policy.Is(Role::kPublic) || known.unit_count) return true;
  if (known.type.IsTemporal() && known.policy.Is(Role::kDimension)) return CheckDateTest(test, column, constant);
  if (known.policy.Is(Role::kDimension)) {
    if (constant.AsNumber() && known.policy.filter_grid) return CheckGrid(test, column, constant);
    return true;
  }
  if (known.type.kind == Type::Kind::kBoolean && place == Place::kCondition) return true;
  if (!range) {
    std::optional<std::string> band;
    const auto number = constant.AsNumber();
    if (test.function == "=" && number && known.policy.filter_grid) {
      const double grid = *known.policy.filter_grid;
      const double low = std::floor(*number / grid) * grid;
      band = "(" + known.name + " >= " + codec::CanonicalJson(low) + " AND " + known.name + " < " +
             codec::CanonicalJson(low + grid) + ")";
    }
    // Not before: a list is tested constant by constant, and each copy of it is as long as the list.
    Refuse("R09", std::make_shared<Expr>(test), known.name + " is a measure: test it by <, <=, >, >= only.", band);
    return false;
  }
  return CheckGrid(test, column, constant);
}

bool UnitScope::CheckGrid(const Expr& test, const Expr& column, const Literal& constant) {
  const UnitColumn& known = Column(column);
  const auto number = constant.AsNumber();
  if (!known.policy.filter_grid) {
    RefuseColumn("R09", column, "The owner has set no filter grid for " + known.name + ", so it cannot be filtered.");
    return false;
  }
  const double grid = *known.policy.filter_grid;
  if (number && IsMultiple(*number, grid)) return true;
  Complaint complaint{"R09", test.range,
                      "Constants for " + known.name + " must be multiples of " + codec::CanonicalJson(grid) + "."};
  if (known.dataset != nullptr) complaint.owner = known.dataset->organisation;
  for (const ExprPtr& arg : test.args) {
    if (!number || !IsLiteral(arg) || !(arg->literal == constant) || arg->range.from == arg->range.to) continue;
    complaint.range = arg->range;
    complaint.fix = codec::CanonicalJson(std::round(*number / grid) * grid);
  }
  findings_.Add(std::move(complaint));
  return false;
}

// A test by day would give single days of single persons: only whole months (quarters, years) can be told apart.
bool UnitScope::CheckDateTest(const Expr& test, const Expr& column, const Literal& constant) {
  const UnitColumn& known = Column(column);
  const DateGranularity granularity = GranularityOf(known);
  if (granularity == DateGranularity::kDay) return true;
  const auto* value = std::get_if<std::int64_t>(&constant.value);
  const bool date = constant.type.kind == Type::Kind::kDate;
  constexpr std::int64_t kMicrosPerDay = 86'400'000'000;
  const bool midnight = constant.type.kind == Type::Kind::kTimestamp && value != nullptr && *value % kMicrosPerDay == 0;
  if (value != nullptr && (date || midnight)) {
    const std::int64_t days = date ? *value : *value / kMicrosPerDay;
    if ((test.function == ">=" || test.function == "<") && IsBoundary(days, granularity)) return true;
    // For whole days "<= the last" says "< the first".
    const bool last = known.type.kind == Type::Kind::kDate && date && IsBoundary(days + 1, granularity);
    if ((test.function == ">" || test.function == "<=") && last) return true;
  }
  Complaint complaint{"R09", test.range,
                      known.name + " may be tested at boundaries of a " +
                          std::string(DateGranularityName(granularity)) + " only, by >= and <."};
  if (known.dataset != nullptr) complaint.owner = known.dataset->organisation;
  for (const ExprPtr& arg : test.args) {
    if (value == nullptr || !date || !IsLiteral(arg) || !(arg->literal == constant)) continue;
    CivilDate first = ToCivil(*value);
    first.day = 1;
    if (granularity == DateGranularity::kQuarter) first.month -= (first.month - 1) % 3;
    if (granularity == DateGranularity::kYear) first.month = 1;
    complaint.range = arg->range;
    complaint.fix = "'" + FormatDate(FromCivil(first)) + "'";
  }
  findings_.Add(std::move(complaint));
  return false;
}

}  // namespace cloister::sql
