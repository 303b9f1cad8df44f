// Rule R20: what may stand inside an aggregate. A measure alone or in affine form: then no constant of the analyst can
// make one row dominate the sum, or a step or a spike single out a range of values.

#include <algorithm>
#include <cmath>
#include <limits>

#include "sql/function.h"
#include "sql/passes/unit_scope.h"

namespace cloister::sql {

using agreement::Role;

bool UnitScope::CheckMeasureColumn(const Expr& column) {
  if (IsUntouchable(column)) return false;
  const UnitColumn& known = Column(column);
  if (known.policy.Is(Role::kMeasure)) return true;
  if (known.policy.Is(Role::kPublic) && known.type.IsNumeric()) {
    // A table of the analyst's own could carry a weight for each value of a dimension.
    if (known.dataset == nullptr) {
      Refuse("R20", std::make_shared<Expr>(column),
             known.name + " is computed from a public table; only its own columns may be summed over persons' rows.");
      return false;
    }
    if (known.dataset->organisation != request_.analyst_organisation) return true;
    RefuseColumn("R28", column, "A public table of your own organisation cannot be summed over others' rows.");
    return false;
  }
  if (known.unit_count) return true;
  RefuseColumn("R06", column, known.name + " is not a measure; it cannot be summed or averaged.");
  return false;
}

// ROUND, FLOOR, CEIL, ABS of a bare measure. Rounding to more than the grid would be a step function.
bool UnitScope::CheckRounded(const Expr& call) {
  const auto self = std::make_shared<Expr>(call);
  if (IsColumn(call.args[0])) {
    if (!CheckMeasureColumn(*call.args[0])) return false;
    if (call.args.size() == 1) return true;
    const auto digits = IsLiteral(call.args[1]) ? call.args[1]->literal.AsInteger() : std::nullopt;
    const double grid = Column(*call.args[0]).policy.filter_grid.value_or(1);
    if (digits && *digits <= 15 && std::pow(10.0, static_cast<double>(-*digits)) <= grid) return true;
  }
  Refuse("R20", self,
         call.function + "() inside an aggregate takes a measure alone, rounded no coarser than its grid.");
  return false;
}

namespace {

// Beyond these a double drops digits, a whole number overflows to NULL, and either is a hidden condition: with
// (x + 1e21) - 1e21 or x * 2e7 the analyst would choose which rows count.
constexpr double kReachMax = 1e12;
constexpr double kReachMin = 1e-3;
constexpr double kReachRatioMax = 1e7;
constexpr double kIntegerMax = 2147483647;
constexpr double kUnboundedReach = 1e9;  // taken for a column without bounds

}  // namespace

std::optional<UnitScope::Reach> UnitScope::ReachOf(const ExprPtr& expr) const {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  Reach reach;
  if (IsLiteral(expr)) {
    reach = {std::fabs(expr->literal.AsNumber().value_or(0)), kNone};
  } else if (IsColumn(expr)) {
    const UnitColumn& known = Column(*expr);
    double size = known.type.kind == Type::Kind::kBoolean ? 1 : kUnboundedReach;
    if (const auto& bounds = known.policy.bounds) size = std::max(std::fabs(bounds->min), std::fabs(bounds->max));
    reach = {size, size};
  } else {
    const auto first = ReachOf(expr->args[0]);
    if (!first) return std::nullopt;
    reach = *first;
    const bool two = expr->kind == ExprKind::kCall && expr->args.size() == 2;
    const std::string& f = expr->function;
    if (two && (f == "+" || f == "-" || f == "*" || f == "/")) {
      const auto second = ReachOf(expr->args[1]);
      if (!second) return std::nullopt;
      if (f == "+" || f == "-") {
        reach = {first->largest + second->largest, std::min(first->smallest, second->smallest)};
      } else if (f == "/") {
        reach = {first->largest / second->largest, first->smallest / second->largest};
      } else {
        const bool constant_first = !std::isfinite(first->smallest);
        const double smallest = constant_first ? second->smallest * first->largest : first->smallest * second->largest;
        reach = {first->largest * second->largest, smallest};
      }
    }
  }
  const bool varies = std::isfinite(reach.smallest) && reach.smallest > 0;
  if (!(reach.largest <= kReachMax)) return std::nullopt;
  if (varies && (reach.smallest < kReachMin || reach.largest / reach.smallest > kReachRatioMax)) return std::nullopt;
  if (expr->type.kind == Type::Kind::kInteger && !IsColumn(expr) && reach.largest > kIntegerMax) return std::nullopt;
  return reach;
}

bool UnitScope::CheckMeasure(const ExprPtr& expr) {
  if (!CheckMeasureForm(expr)) return false;
  if (ReachOf(expr)) return true;
  Refuse("R20", expr,
         "The constants beside a measure are too large or too small for it; compute outside the aggregate.");
  return false;
}

bool UnitScope::CheckMeasureForm(const ExprPtr& expr) {
  if (IsLiteral(expr)) {
    if (expr->type.IsNumeric()) return true;
  } else if (IsColumn(expr)) {
    return CheckMeasureColumn(*expr);
  } else if (expr->kind == ExprKind::kCast) {
    const Type& from = expr->args[0]->type;
    const bool wider = expr->type.IsNumeric() &&
                       (from.kind == Type::Kind::kBoolean || (from.IsInteger() && !(expr->type.kind < from.kind)) ||
                        (from.IsNumeric() && expr->type.kind == Type::Kind::kDouble));
    // A condition cast to 0 and 1 would be a conditional sum without its thresholds.
    if (wider && (from.kind != Type::Kind::kBoolean || IsColumn(expr->args[0]))) return CheckMeasureForm(expr->args[0]);
  } else if (expr->kind == ExprKind::kCall) {
    const std::string& f = expr->function;
    if (f == "+" || f == "-") {
      const bool left = CheckMeasureForm(expr->args[0]);
      return CheckMeasureForm(expr->args[1]) && left;
    }
    if (f == "negate") return CheckMeasureForm(expr->args[0]);
    if (f == "*" && IsLiteral(expr->args[0])) return CheckMeasureForm(expr->args[1]);
    if ((f == "*" || f == "/") && IsLiteral(expr->args[1]) && expr->args[1]->literal.AsNumber().value_or(0) != 0) {
      return CheckMeasureForm(expr->args[0]);
    }
    if (f == "round" || f == "floor" || f == "ceil" || f == "abs") return CheckRounded(*expr);
    if (f == "coalesce" && expr->args.size() == 2 && IsColumn(expr->args[0]) && IsLiteral(expr->args[1])) {
      if (!CheckMeasureColumn(*expr->args[0])) return false;
      const auto& bounds = Column(*expr->args[0]).policy.bounds;
      const auto value = expr->args[1]->literal.AsNumber();
      if (value && bounds && *value >= bounds->min && *value <= bounds->max) return true;
      Complaint complaint{"R29", expr->args[1]->range,
                          "A constant in the place of a missing value must lie inside the measure's bounds."};
      const UnitColumn& known = Column(*expr->args[0]);
      if (known.dataset != nullptr) complaint.owner = known.dataset->organisation;
      if (bounds && value) complaint.fix = codec::CanonicalJson(std::clamp(*value, bounds->min, bounds->max));
      findings_.Add(std::move(complaint));
      return false;
    }
  }
  bool untouchable = false;
  ForEachColumn(
      expr, [&](const Expr& column) { untouchable = (Has(column.source) && IsUntouchable(column)) || untouchable; });
  if (!untouchable) {
    Refuse("R20", expr,
           "Inside an aggregate a measure stands alone, or with constants as a * x + b; compute the rest outside the "
           "aggregate.");
  }
  return false;
}

}  // namespace cloister::sql
