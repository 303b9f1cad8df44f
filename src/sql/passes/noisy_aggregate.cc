// Aggregates of level differential_privacy: those whose answer is made of sums to which one person adds a bounded
// amount, and quantiles by a mechanism of their own.

#include <algorithm>
#include <cmath>

#include "sql/passes/unit_scope.h"

namespace cloister::sql {

using agreement::Bounds;
using agreement::Role;

namespace {

constexpr double kStepsMax = 4503599627370496;  // 2^52: a double still tells every step
constexpr int kDigitsBeside = 6;                // of a value's largest, where no owner says how fine it is
constexpr double kQuantileBinsMax = 2000;
constexpr double kRankParts = 10'000;

bool IsSpread(std::string_view f) {
  return f == "stddev_samp" || f == "stddev_pop" || f == "var_samp" || f == "var_pop";
}

double Largest(const Bounds& bounds) { return std::max(std::fabs(bounds.min), std::fabs(bounds.max)); }

// So many digits below the power of ten at or above the value.
double DigitsBelow(double value) { return std::pow(10, std::ceil(std::log10(value) - 1e-9) - kDigitsBeside); }

}  // namespace

// What one whole step of the value is worth: whole numbers are whole, prices as fine as their owner says, others six
// digits of the largest; never finer than a double tells apart.
double UnitScope::StepOf(const ExprPtr& expr, const Bounds& bounds) const {
  double step = 1;
  if (expr->type.kind == Type::Kind::kDecimal) {
    step = std::pow(10, -expr->type.scale);
  } else if (expr->type.kind == Type::Kind::kDouble) {
    std::optional<double> finest;
    bool scaled = false;
    ForEachColumn(expr, [&](const Expr& column) {
      const auto& granularity = Column(column).policy.granularity;
      const bool whole = Column(column).type.IsInteger() || Column(column).type.kind == Type::Kind::kBoolean;
      const double own = granularity.value_or(whole ? 1 : 0);
      scaled = scaled || own <= 0;
      finest = finest ? std::min(*finest, own) : own;
    });
    scaled = scaled || AnyNode(expr, [](const Expr& node) {
               return node.kind == ExprKind::kCall && (node.function == "*" || node.function == "/");
             });
    step = scaled || !finest ? DigitsBelow(std::max(Largest(bounds), 1e-9)) : *finest;
  }
  while (Largest(bounds) / step > kStepsMax) step *= 10;
  return step;
}

bool UnitScope::CheckNoisyCount(const Expr& aggregate, const UnitLimits& limits, UnitAggregate& out) {
  if (out.function == "count_star") return true;
  const ExprPtr& arg = aggregate.args[0];
  const bool key = IsColumn(arg) && Column(*arg).policy.Is(Role::kJoinKey);
  const bool of_units = aggregate.distinct || out.function == "approx_count_distinct";
  if (!of_units) return key || CheckRowExpression(arg);
  if (key && SameExpr(arg, limits.unit)) return true;
  if (key) {
    // Another table's key that is joined to the unit, or the shown key of a union.
    out.filter = out.filter ? MakeCall("and", {out.filter, MakeCall("is_not_null", {arg}, kBooleanType)}, kBooleanType)
                            : MakeCall("is_not_null", {arg}, kBooleanType, arg->range);
    const bool is_unit = std::any_of(tables_.begin(), tables_.end(), [&](const auto& entry) {
      return std::any_of(entry.second->counters.begin(), entry.second->counters.end(),
                         [&](const UnitCounter& counter) { return SameExpr(counter.unit, arg); });
    });
    if (is_unit || Table(arg->source)->kind == UnitTable::Kind::kUnion) return true;
  }
  if (IsColumn(arg) && IsUntouchable(*arg) && !key) return false;
  Refuse("R25", std::make_shared<Expr>(aggregate),
         "With noise COUNT(DISTINCT ...) counts persons only: of other values one person could add many; group by them "
         "and count the rows outside.");
  return false;
}

bool UnitScope::CheckNoisyQuantile(const Expr& aggregate, UnitAggregate& out) {
  const auto self = std::make_shared<Expr>(aggregate);
  const auto p = IsLiteral(aggregate.args[1]) ? aggregate.args[1]->literal.AsNumber() : std::nullopt;
  const double parts = p ? std::round(*p * kRankParts) : 0;
  if (parts < 1 || parts > kRankParts - 1) {
    Refuse("R06", self, "A quantile lies between 0 and 1 and is a constant.");
    return false;
  }
  if (!IsColumn(aggregate.args[0])) {
    Refuse("R20", self, "A quantile takes a measure alone.");
    return false;
  }
  const Expr& column = *aggregate.args[0];
  if (!CheckMeasureColumn(column)) return false;
  const UnitColumn& known = Column(column);
  if (!known.policy.quantiles || !known.policy.bounds) {
    RefuseColumn("R06", column, "The owner does not allow quantiles of " + known.name + "; AVG is allowed.");
    return false;
  }
  const double width = known.policy.bounds->max - known.policy.bounds->min;
  double step = known.policy.granularity.value_or(known.type.IsInteger() ? 1 : width / kQuantileBinsMax);
  for (int i = 0; width / step > kQuantileBinsMax; ++i) step *= i % 3 == 1 ? 2.5 : 2;  // 1, 2, 5, 10, 20, ...
  out.args = {aggregate.args[0], MakeLiteral(Literal::Double(parts / kRankParts), aggregate.args[1]->range)};
  out.bounds = known.policy.bounds;
  out.step = step;
  return true;
}

bool UnitScope::CheckNoisyValue(const Expr& aggregate, UnitAggregate& out) {
  const ExprPtr& arg = aggregate.args[0];
  if (aggregate.distinct) {
    Refuse("R06", std::make_shared<Expr>(aggregate), "With noise DISTINCT is admitted in COUNT of persons.");
    return false;
  }
  const auto bounds = BoundsOf(arg);
  if (!bounds || !CheckFinite(arg, *bounds)) return false;
  out.bounds = bounds;
  out.step = StepOf(arg, *bounds);
  return true;
}

std::optional<UnitAggregate> UnitScope::CheckNoisyAggregate(const Expr& aggregate, const UnitLimits& limits) {
  UnitAggregate out = AsWritten(aggregate);
  if (out.function == "approx_count_distinct") out.distinct = true;
  const std::size_t before = findings_.size();
  if (aggregate.filter) CheckRowExpression(aggregate.filter);
  bool fine = false;
  const std::string& f = out.function;
  if (f == "count_star" || f == "count" || f == "approx_count_distinct") {
    fine = CheckNoisyCount(aggregate, limits, out);
  } else if (f == "quantile_cont") {
    fine = CheckNoisyQuantile(aggregate, out);
  } else if (f == "sum" || f == "avg" || IsSpread(f)) {
    fine = CheckNoisyValue(aggregate, out);
  } else {
    Refuse("R06", std::make_shared<Expr>(aggregate),
           "With noise COUNT, SUM, AVG, STDDEV, VAR and permitted quantiles are admitted; " + f + " is not.");
  }
  if (findings_.size() != before) return std::nullopt;
  if (fine) return out;
  Refuse("R06", std::make_shared<Expr>(aggregate), "This aggregate is not admitted with noise.");
  return std::nullopt;
}

// One person's own rows: what comes out is clamped where it is aggregated, so any value with bounds will do.
std::optional<UnitAggregate> UnitScope::CheckNoisyPerUnitAggregate(const Expr& aggregate) {
  UnitAggregate out = AsWritten(aggregate);
  if (aggregate.filter && !CheckRowExpression(aggregate.filter)) return std::nullopt;
  const std::string& f = out.function;
  if (f == "count_star") return out;
  if (f == "count") {
    const bool key = IsColumn(aggregate.args[0]) && Column(*aggregate.args[0]).policy.Is(Role::kJoinKey);
    if (key || CheckRowExpression(aggregate.args[0])) return out;
    return std::nullopt;
  }
  if ((f == "sum" || f == "avg" || f == "min" || f == "max") && !aggregate.distinct) {
    const auto bounds = BoundsOf(aggregate.args[0]);
    if (!bounds) return std::nullopt;
    out.bounds = bounds;
    return out;
  }
  Refuse("R06", std::make_shared<Expr>(aggregate),
         "In an inner query per person COUNT, SUM, AVG, MIN and MAX of bounded measures are admitted.");
  return std::nullopt;
}

}  // namespace cloister::sql
