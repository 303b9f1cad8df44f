// Level differential_privacy: what a row's value lies in. Bounds go through an expression as intervals, so that noise
// is as large as what one person can do to the sum, whatever the analyst multiplies by. What has no interval is
// refused.

#include <algorithm>
#include <cmath>
#include <limits>

#include "sql/function.h"
#include "sql/passes/unit_scope.h"

namespace cloister::sql {

using agreement::Bounds;
using agreement::Role;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Bounds Hull(const Bounds& a, const Bounds& b) { return {std::min(a.min, b.min), std::max(a.max, b.max)}; }
Bounds Whole(const Bounds& bounds) { return {std::floor(bounds.min), std::ceil(bounds.max)}; }

Bounds Times(const Bounds& bounds, double factor) {
  if (factor == 0) return {0, 0};
  const double a = bounds.min * factor;
  const double b = bounds.max * factor;
  return {std::min(a, b), std::max(a, b)};
}

std::optional<double> Constant(const ExprPtr& expr) {
  return IsLiteral(expr) ? expr->literal.AsNumber() : std::nullopt;
}

bool IsNullLiteral(const ExprPtr& expr) { return IsLiteral(expr) && expr->literal.IsNull(); }

}  // namespace

bool UnitScope::CheckRowExpression(const ExprPtr& expr) {
  switch (expr->kind) {
    case ExprKind::kLiteral:
      return true;
    case ExprKind::kColumn:
      return !IsUntouchable(*expr);
    case ExprKind::kCall:
    case ExprKind::kCase:
    case ExprKind::kCast: {
      bool fine = true;
      for (const ExprPtr& arg : expr->args) fine = CheckRowExpression(arg) && fine;
      return fine;
    }
    case ExprKind::kSubquery:
      Refuse("R13", expr,
             "A subquery beside persons' rows must be IN or EXISTS on a join key, as a condition of its own joined by "
             "AND.");
      return false;
    default:
      Refuse("R14", expr, "Windows and aggregates over persons' rows compare persons with each other.");
      return false;
  }
}

std::optional<Bounds> UnitScope::BoundsOfColumn(const Expr& column) {
  const UnitColumn& known = Column(column);
  if (!CheckMeasureColumn(column)) return std::nullopt;
  if (known.type.kind == Type::Kind::kBoolean) return Bounds{0, 1};
  return known.policy.bounds.value_or(Bounds{-kInfinity, kInfinity});
}

bool UnitScope::CheckConstantInside(const ExprPtr& constant, const Bounds& bounds) {
  if (IsNullLiteral(constant)) return true;
  const auto value = Constant(constant);
  if (value && *value >= bounds.min && *value <= bounds.max) return true;
  Refuse("R29", constant, "A constant next to a measure must lie inside the measure's bounds.");
  return false;
}

std::optional<Bounds> UnitScope::BoundsOfCase(const Expr& expr) {
  bool fine = true;
  std::optional<Bounds> measures;
  std::optional<Bounds> constants;
  std::vector<ExprPtr> literals;
  for (std::size_t i = 0; i < expr.args.size(); ++i) {
    const bool condition = i % 2 == 0 && i + 1 < expr.args.size();
    if (condition) {
      fine = CheckRowExpression(expr.args[i]) && fine;
      continue;
    }
    if (IsNullLiteral(expr.args[i])) continue;
    const auto bounds = BoundsOf(expr.args[i]);
    if (!bounds) return std::nullopt;
    auto& into = IsLiteral(expr.args[i]) ? constants : measures;
    into = into ? Hull(*into, *bounds) : *bounds;
    if (IsLiteral(expr.args[i])) literals.push_back(expr.args[i]);
  }
  if (!fine) return std::nullopt;
  if (!measures) return constants.value_or(Bounds{0, 0});
  // Zero is what a row that is left out adds; any other constant could stand out.
  for (const ExprPtr& literal : literals) {
    if (Constant(literal) != 0.0 && !CheckConstantInside(literal, *measures)) return std::nullopt;
  }
  return constants ? Hull(*measures, *constants) : *measures;
}

// LEAST and GREATEST with a constant: the analyst narrows a range, or gives a column without bounds some.
std::optional<Bounds> UnitScope::BoundsOfClamp(const Expr& call) {
  std::optional<Bounds> out;
  const bool least = call.function == "least";
  int values = 0;
  for (const ExprPtr& arg : call.args) {
    const auto bounds = BoundsOf(arg);
    if (!bounds) return std::nullopt;
    values += IsLiteral(arg) ? 0 : 1;
    if (!out) {
      out = bounds;
    } else if (least) {
      out = Bounds{std::min(out->min, bounds->min), std::min(out->max, bounds->max)};
    } else {
      out = Bounds{std::max(out->min, bounds->min), std::max(out->max, bounds->max)};
    }
  }
  if (values <= 1) return out;
  Refuse("R20", std::make_shared<Expr>(call), "LEAST and GREATEST take one measure and constants.");
  return std::nullopt;
}

std::optional<Bounds> UnitScope::BoundsOfCall(const Expr& call) {
  const auto self = std::make_shared<Expr>(call);
  const std::string& f = call.function;
  const auto of = [&](std::size_t i) { return BoundsOf(call.args[i]); };
  if (f == "least" || f == "greatest") return BoundsOfClamp(call);
  if (f == "negate" || f == "abs" || f == "round" || f == "floor" || f == "ceil" || f == "trunc") {
    const auto bounds = of(0);
    const bool constant = call.args.size() == 1 || IsLiteral(call.args[1]);
    if (!bounds) return std::nullopt;
    if (f == "negate") return Times(*bounds, -1);
    if (f == "abs") {
      const double most = std::max(std::fabs(bounds->min), std::fabs(bounds->max));
      return Bounds{bounds->min <= 0 && bounds->max >= 0 ? 0 : std::min(std::fabs(bounds->min), std::fabs(bounds->max)),
                    most};
    }
    // The sum clamps to these whatever a coarser rounding does.
    if (constant) return Whole(*bounds);
  }
  if (f == "+" || f == "-") {
    const auto left = of(0);
    const auto right = of(1);
    if (!left || !right) return std::nullopt;
    const Bounds other = f == "+" ? *right : Times(*right, -1);
    return Bounds{left->min + other.min, left->max + other.max};
  }
  if (f == "*" && (Constant(call.args[0]) || Constant(call.args[1]))) {
    const bool first = Constant(call.args[0]).has_value();
    const auto bounds = of(first ? 1 : 0);
    if (!bounds) return std::nullopt;
    return Times(*bounds, *Constant(call.args[first ? 0 : 1]));
  }
  if ((f == "/" || f == "//") && Constant(call.args[1]).value_or(0) != 0) {
    const auto bounds = of(0);
    if (!bounds) return std::nullopt;
    const Bounds scaled = Times(*bounds, 1 / *Constant(call.args[1]));
    return f == "/" ? scaled : Whole(scaled);
  }
  if (f == "coalesce" && call.args.size() == 2 && IsLiteral(call.args[1])) {
    const auto bounds = of(0);
    if (!bounds || !CheckConstantInside(call.args[1], *bounds)) return std::nullopt;
    return bounds;
  }
  if (f == "nullif" && IsLiteral(call.args[1])) return of(0);
  const std::size_t before = findings_.size();
  CheckRowExpression(self);
  if (findings_.size() == before) {
    Refuse("R20", self,
           "With noise a value inside an aggregate is a measure, scaled, shifted or clamped by constants: only then is "
           "it known how much one person can add.");
  }
  return std::nullopt;
}

std::optional<Bounds> UnitScope::BoundsOf(const ExprPtr& expr) {
  if (IsNullLiteral(expr)) return Bounds{0, 0};
  if (expr->type.kind == Type::Kind::kBoolean && !IsColumn(expr)) {
    return CheckRowExpression(expr) ? std::optional(Bounds{0, 1}) : std::nullopt;
  }
  switch (expr->kind) {
    case ExprKind::kLiteral:
      if (const auto value = Constant(expr)) return Bounds{*value, *value};
      break;
    case ExprKind::kColumn:
      return BoundsOfColumn(*expr);
    case ExprKind::kCase:
      return BoundsOfCase(*expr);
    case ExprKind::kCall:
      return BoundsOfCall(*expr);
    case ExprKind::kCast: {
      const Type& from = expr->args[0]->type;
      if (!expr->type.IsNumeric() || (!from.IsNumeric() && from.kind != Type::Kind::kBoolean)) break;
      const auto bounds = BoundsOf(expr->args[0]);
      if (!bounds) return std::nullopt;
      return expr->type.IsInteger() ? Whole(*bounds) : *bounds;
    }
    default:
      break;
  }
  if (CheckRowExpression(expr)) Refuse("R20", expr, "With noise an aggregate takes numbers.");
  return std::nullopt;
}

bool UnitScope::CheckFinite(const ExprPtr& expr, const Bounds& bounds) {
  constexpr double kLargest = 1e100;  // squares of it, and sums of those, are still numbers
  if (std::fabs(bounds.min) <= kLargest && std::fabs(bounds.max) <= kLargest) return true;
  const std::size_t before = findings_.size();
  ForEachColumn(expr, [&](const Expr& column) {
    const UnitColumn& known = Column(column);
    if (known.policy.bounds || known.type.kind == Type::Kind::kBoolean) return;
    RefuseColumn("R25", column,
                 "The owner has set no bounds for " + known.name +
                     ", so it is not known how much one person can add; clamp it with constants.",
                 "LEAST(GREATEST(" + known.name + ", 0), 100)");
  });
  if (findings_.size() == before)
    Refuse("R25", expr, "The value has no bounds, or too large ones; clamp it with LEAST and GREATEST.");
  return false;
}

}  // namespace cloister::sql
