// Rule R10: what may name a group. Dimensions, the owner's kinds of coarsening of them, and labels made of those.

#include <algorithm>
#include <cmath>

#include "sql/function.h"
#include "sql/passes/unit_scope.h"

namespace cloister::sql {

using agreement::DateGranularity;
using agreement::Role;

namespace {

std::optional<std::int64_t> IntegerLiteral(const ExprPtr& expr) {
  return IsLiteral(expr) ? expr->literal.AsInteger() : std::nullopt;
}

std::optional<double> NumberLiteral(const ExprPtr& expr) {
  return IsLiteral(expr) ? expr->literal.AsNumber() : std::nullopt;
}

// A column divided by a positive constant: its column and the width of one step.
struct Scaled {
  const Expr* column = nullptr;
  double width = 1;
};

// The column itself, or it as a DOUBLE.
const Expr* NumberColumn(const ExprPtr& expr) {
  if (IsColumn(expr)) return expr.get();
  const bool cast = expr->kind == ExprKind::kCast && expr->type.kind == Type::Kind::kDouble;
  return cast && IsColumn(expr->args[0]) && expr->args[0]->type.IsNumeric() ? expr->args[0].get() : nullptr;
}

std::optional<Scaled> ScaledColumn(const ExprPtr& expr, std::string_view division) {
  if (const Expr* column = NumberColumn(expr)) return Scaled{column, 1};
  const Expr* divided = IsCall(expr, division) ? NumberColumn(expr->args[0]) : nullptr;
  if (divided == nullptr) return std::nullopt;
  const auto width = NumberLiteral(expr->args[1]);
  if (!width || !(*width > 0)) return std::nullopt;
  return Scaled{divided, *width};
}

// The bands that an expression cuts a column into: floor(x / 10), x // 10, round(x, -3), CAST(x / 20 AS INTEGER).
std::optional<Scaled> BandsOf(const ExprPtr& expr) {
  if (IsCall(expr, "//")) return ScaledColumn(expr, "//");
  if (IsCall(expr, "floor") || IsCall(expr, "ceil") || IsCall(expr, "trunc") ||
      (IsCall(expr, "round") && expr->args.size() == 1)) {
    return ScaledColumn(expr->args[0], "/");
  }
  if (IsCall(expr, "round") && expr->args.size() == 2 && IsColumn(expr->args[0])) {
    const auto digits = IntegerLiteral(expr->args[1]);
    if (!digits || *digits > 0 || *digits < -15) return std::nullopt;
    return Scaled{expr->args[0].get(), std::pow(10.0, static_cast<double>(-*digits))};
  }
  if (expr->kind == ExprKind::kCast && expr->type.IsInteger() && !expr->args[0]->type.IsInteger()) {
    return ScaledColumn(expr->args[0], "/");
  }
  // x - x % w
  if (IsCall(expr, "-") && IsColumn(expr->args[0]) && IsCall(expr->args[1], "%") &&
      SameExpr(expr->args[0], expr->args[1]->args[0])) {
    const auto width = NumberLiteral(expr->args[1]->args[1]);
    if (width && *width > 0) return Scaled{expr->args[0].get(), *width};
  }
  return std::nullopt;
}

}  // namespace

bool UnitScope::CheckKeyColumn(const Expr& column, bool quiet) {
  const UnitColumn& known = Column(column);
  if (known.policy.Is(Role::kPublic) || known.unit_count) return true;
  const bool dimension = known.policy.Is(Role::kDimension) && !known.policy.Is(Role::kHidden);
  const bool coarse = dimension && known.type.IsTemporal() && GranularityOf(known) != DateGranularity::kDay;
  const bool fractional = dimension && known.type.kind == Type::Kind::kDouble && !known.policy.filter_grid;
  if (dimension && !coarse && !fractional) return true;
  if (quiet || IsUntouchable(column)) return false;
  if (coarse) {
    const std::string part(DateGranularityName(GranularityOf(known)));
    RefuseColumn("R10", column, known.name + " may be shown by " + part + " or coarser.",
                 "date_trunc('" + part + "', " + known.name + ")");
  } else {
    std::optional<std::string> bands;
    if (known.policy.filter_grid && known.policy.Is(Role::kMeasure)) {
      const std::string grid = codec::CanonicalJson(*known.policy.filter_grid);
      bands = "floor(" + known.name + " / " + grid + ") * " + grid;
    }
    RefuseColumn("R10", column,
                 known.name + " is a measure; group by bands of it on the owner's grid, or aggregate it.", bands);
  }
  return false;
}

bool UnitScope::CheckBin(const ExprPtr& expr, bool quiet) {
  const auto bands = BandsOf(expr);
  if (!bands) return false;
  const UnitColumn& known = Column(*bands->column);
  const auto refuse = [&](std::string message) {
    if (!quiet && !IsUntouchable(*bands->column)) Refuse("R10", expr, std::move(message));
    return false;
  };
  if (known.policy.Is(Role::kPublic)) return true;
  const bool usable = !known.policy.Is(Role::kHidden) && !known.policy.Is(Role::kJoinKey);
  const double grid =
      known.policy.filter_grid.value_or(known.policy.Is(Role::kDimension) && known.type.IsInteger() ? 1 : 0);
  if (usable && grid > 0 && IsMultiple(bands->width, grid)) return true;
  return refuse("Bands of " + known.name + " must be multiples of its owner's grid" +
                (grid > 0 ? " of " + codec::CanonicalJson(grid) : "") + ".");
}

bool UnitScope::CheckDatePart(const ExprPtr& expr, bool quiet) {
  const bool format = expr->function == "strftime";
  const ExprPtr& subject = expr->args[format ? 0 : 1];
  const ExprPtr& word = expr->args[format ? 1 : 0];
  if (!IsLiteral(word) || !word->literal.AsText()) return false;
  // A date that is coarse already shows nothing finer in any part of it.
  if (!IsColumn(subject)) return subject->type.IsTemporal() && IsGeneralisation(subject);
  const UnitColumn& known = Column(*subject);
  if (known.policy.Is(Role::kPublic)) return true;
  if (!known.policy.Is(Role::kDimension)) return !quiet && IsUntouchable(*subject) ? false : false;
  const auto finest =
      format ? FormatGranularity(*word->literal.AsText()) : DatePartGranularity(*word->literal.AsText());
  if (finest && *finest >= GranularityOf(known)) return true;
  if (!quiet) {
    const std::string part(DateGranularityName(GranularityOf(known)));
    Refuse("R10", expr, known.name + " may be shown by " + part + " or coarser.",
           "date_trunc('" + part + "', " + known.name + ")");
  }
  return false;
}

bool UnitScope::IsGeneralisation(const ExprPtr& expr) {
  if (IsLiteral(expr)) return false;
  if (IsColumn(expr)) return CheckKeyColumn(*expr, true);
  if (CheckBin(expr, true)) return true;
  if (expr->kind == ExprKind::kCast) {
    const Type& from = expr->args[0]->type;
    // date_trunc gives a TIMESTAMP, and people want a DATE.
    const bool safe = expr->type.kind == Type::Kind::kVarchar || (expr->type.IsNumeric() && from.IsNumeric()) ||
                      (expr->type.IsTemporal() && from.IsTemporal());
    return safe && IsGeneralisation(expr->args[0]);
  }
  if (expr->kind != ExprKind::kCall) return false;
  const std::string& f = expr->function;
  if (f == "date_trunc" || f == "date_part" || f == "strftime") return CheckDatePart(expr, true);
  // Bands with the outermost ones merged: least(age // 10, 8).
  if ((f == "least" || f == "greatest") && expr->args.size() == 2) {
    const std::size_t band = IsLiteral(expr->args[0]) ? 1 : 0;
    return NumberLiteral(expr->args[1 - band]) && IsGeneralisation(expr->args[band]);
  }
  if (f == "lower" || f == "upper" || f == "trim" || f == "ltrim" || f == "rtrim")
    return IsGeneralisation(expr->args[0]);
  if (f == "left") {
    const auto count = IntegerLiteral(expr->args[1]);
    return count && *count >= 1 && IsGeneralisation(expr->args[0]);
  }
  if (f == "substr") {
    const auto count = IntegerLiteral(expr->args[2]);
    return IntegerLiteral(expr->args[1]) == 1 && count && *count >= 1 && IsGeneralisation(expr->args[0]);
  }
  // Bands back on the column's own scale: floor(age / 10) * 10.
  if ((f == "*" || f == "+" || f == "-") && NumberLiteral(expr->args[1]))
    return !IsColumn(expr->args[0]) && IsGeneralisation(expr->args[0]);
  if ((f == "*" || f == "+") && NumberLiteral(expr->args[0]))
    return !IsColumn(expr->args[1]) && IsGeneralisation(expr->args[1]);
  return false;
}

// A test that names a group.
bool UnitScope::CheckKeyCondition(const ExprPtr& condition) {
  std::set<std::pair<int, int>> identifiers;
  ForEachColumn(condition, [&](const Expr& column) {
    if (Column(column).policy.quasi_identifier) identifiers.insert({column.source, column.column});
  });
  const bool several = identifiers.size() > 1 && !is_noisy();
  if (several) {
    Refuse("R08", condition,
           "A group that is defined by several quasi-identifiers could pick out one person; group by the columns "
           "themselves.");
  }
  return CheckPredicate(condition, Place::kKey) && !several;
}

// Calls that make labels of keys.
bool UnitScope::CheckKeyCall(const ExprPtr& expr) {
  const std::string& f = expr->function;
  const auto rest_is_literal = [&] { return std::all_of(expr->args.begin() + 1, expr->args.end(), IsLiteral); };
  if (f == "concat" || f == "concat_ws" || f == "||") {
    return std::all_of(expr->args.begin(), expr->args.end(), [&](const ExprPtr& arg) { return CheckKey(arg); });
  }
  if ((f == "coalesce" || f == "nullif" || f == "replace") && rest_is_literal()) return CheckKey(expr->args[0]);
  if (f == "length" || f == "lower" || f == "upper" || f == "trim" || f == "ltrim" || f == "rtrim")
    return CheckKey(expr->args[0]);
  // Of a label, its beginning; of a column that is how its owner generalises it (IsGeneralisation).
  if (f == "left" && IntegerLiteral(expr->args[1]).value_or(0) >= 1) return CheckKey(expr->args[0]);
  if (expr->type.kind == Type::Kind::kBoolean) return CheckKeyCondition(expr);
  if (f == "+" && expr->type.IsNumeric()) {
    // year * 100 + month
    return IsGeneralisation(expr->args[0]) && IsGeneralisation(expr->args[1]) && !IsColumn(expr->args[0]) &&
           !IsColumn(expr->args[1]);
  }
  return false;
}

bool UnitScope::CheckKey(const ExprPtr& expr) {
  if (IsLiteral(expr)) return true;
  if (IsColumn(expr)) return CheckKeyColumn(*expr, false);
  if (IsGeneralisation(expr)) return true;
  const std::size_t before = findings_.size();
  if (expr->kind == ExprKind::kCase) {
    bool fine = true;
    for (std::size_t i = 0; i + 1 < expr->args.size(); i += 2) {
      fine = CheckKeyCondition(expr->args[i]) && fine;
      fine = CheckKey(expr->args[i + 1]) && fine;
    }
    return CheckKey(expr->args.back()) && fine;
  }
  if (expr->kind == ExprKind::kCast && expr->type.kind == Type::Kind::kVarchar) {
    if (CheckKey(expr->args[0])) return true;
  } else if (expr->kind == ExprKind::kCall) {
    if (CheckKeyCall(expr)) return true;
    if (expr->function == "date_trunc" || expr->function == "date_part" || expr->function == "strftime")
      CheckDatePart(expr, false);
    if (findings_.size() == before) CheckBin(expr, false);
  }
  if (findings_.size() == before) {
    bool untouchable = false;
    ForEachColumn(
        expr, [&](const Expr& column) { untouchable = (Has(column.source) && IsUntouchable(column)) || untouchable; });
    if (!untouchable)
      Refuse("R10", expr, "A group key is a dimension, an admitted coarsening of one, or a label made of those.");
  }
  return false;
}

}  // namespace cloister::sql
