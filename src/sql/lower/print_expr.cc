#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "sql/function.h"
#include "sql/lower/sql_printer.h"

namespace cloister::sql {
namespace {

std::string As(const std::string& sql, const Type& type) { return "CAST(" + sql + " AS " + type.ToString() + ")"; }

bool MayRaise(const Expr& expr) {
  constexpr std::array<std::string_view, 13> kRaising = {"+",   "-",     "*",     "//", "%",        "negate",    "abs",
                                                         "exp", "power", "round", "/",  "strftime", "date_trunc"};
  return expr.kind == ExprKind::kCall && std::find(kRaising.begin(), kRaising.end(), expr.function) != kRaising.end();
}

// Its type has a place for every digit that it can come to.
bool FitsItsDecimal(const Expr& expr) {
  constexpr int kDigitsMax = 38;  // as many as types are cut to
  const bool sums = expr.function == "+" || expr.function == "-" || expr.function == "*";
  return sums && expr.type.kind == Type::Kind::kDecimal && expr.type.precision < kDigitsMax;
}

bool SquaresItsArguments(std::string_view function) {
  return function.starts_with("stddev") || function.starts_with("var_") || function.starts_with("covar") ||
         function == "corr";
}

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : std::string(separator)) + part;
  return out;
}

}  // namespace

std::string QuoteIdentifier(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::string SqlPrinter::Alias(int source) {
  if (!numbers_) return "\"s" + std::to_string(source) + "\"";
  const auto number = numbers_->find(source);
  if (number != numbers_->end()) return "\"s" + std::to_string(number->second) + "\"";
  looks_outside_ = true;
  return "\"o" + std::to_string(source) + "\"";
}

std::string SqlPrinter::NewAlias(int source, std::vector<std::string> columns) {
  names_[source] = std::move(columns);
  if (numbers_) numbers_->emplace(source, static_cast<int>(numbers_->size()));
  return " AS " + Alias(source);
}

std::string SqlPrinter::Column(const Expr& column) {
  if (column.source == kOwnOutput) return std::to_string(column.column + 1);
  const auto names = names_.find(column.source);
  CLOISTER_CHECK(names != names_.end() && column.column < static_cast<int>(names->second.size()));
  return Alias(column.source) + "." + names->second[column.column];
}

std::string SqlPrinter::List(const std::vector<ExprPtr>& exprs) {
  std::vector<std::string> parts;
  for (const ExprPtr& expr : exprs) parts.push_back(Expression(expr));
  return Join(parts, ", ");
}

std::string SqlPrinter::Orders(const std::vector<OrderItem>& items) {
  std::vector<std::string> parts;
  for (const OrderItem& item : items) {
    // A bare number would mean an output column.
    const std::string sql = IsLiteral(item.expr) ? As(Expression(item.expr), item.expr->type) : Expression(item.expr);
    parts.push_back(sql + (item.descending ? " DESC" : " ASC") + (item.nulls_first ? " NULLS FIRST" : " NULLS LAST"));
  }
  return Join(parts, ", ");
}

std::string SqlPrinter::Total(const ExprPtr& expr) {
  const bool bare = ContainsKind(expr, ExprKind::kAggregate) || ContainsKind(expr, ExprKind::kWindow) ||
                    ContainsKind(expr, ExprKind::kSubquery);
  const auto raises = [&](const Expr& node) { return MayRaise(node) && (released() || !FitsItsDecimal(node)); };
  if (!AnyNode(expr, raises)) return Expression(expr);
  return bare ? Wide(expr) : "TRY(" + Expression(expr) + ")";
}

// Each part of a conjunction by itself, so that the engine still finds the equalities that it joins by.
std::string SqlPrinter::Condition(const ExprPtr& expr) {
  if (expr->kind != ExprKind::kCall || expr->function != "and") return Total(expr);
  std::vector<std::string> parts;
  for (const ExprPtr& part : expr->args) parts.push_back(Condition(part));
  return "(" + Join(parts, " AND ") + ")";
}

std::string SqlPrinter::Wide(const ExprPtr& expr) {
  const bool before = std::exchange(wide_, true);
  std::string sql = Expression(expr);
  wide_ = before;
  return sql;
}

// What an aggregate or window reads of a row; of released rows as it stands, since these are computed wide.
std::string SqlPrinter::Argument(const ExprPtr& arg) {
  if (released()) return Expression(arg);
  const bool before = std::exchange(wide_, false);
  std::string sql = Total(arg);
  wide_ = before;
  return sql;
}

// Squares that are no number any more make the engine fail: values that far out are left out of them.
std::string SqlPrinter::Arguments(const Expr& expr) {
  if (expr.function == "count_star") return "*";
  const bool squares = !released() && SquaresItsArguments(expr.function);
  std::vector<std::string> parts;
  for (const ExprPtr& arg : expr.args) {
    const std::string sql = Argument(arg);
    const bool far = squares && arg->type.kind == Type::Kind::kDouble;
    parts.push_back(far ? "CASE WHEN abs(" + sql + ") <= 1e100 THEN " + sql + " END" : sql);
  }
  return Join(parts, ", ");
}

// A denominator of 0 gives NULL: infinity, NULL or an error, as engines differ, would tell about single rows.
// The engine's // divides other numbers than whole ones as / does. The rules take it for bands (unit_key.cc), so
// that is what it must be wherever rules hold.
std::string SqlPrinter::Division(const Expr& expr) {
  const std::string left = Expression(expr.args[0]);
  const std::string right = Expression(expr.args[1]);
  const std::string quotient = "(" + As(left, kDoubleType) + " / NULLIF(" + As(right, kDoubleType) + ", 0))";
  if (expr.function == "/") return quotient;
  const bool whole = expr.args[0]->type.IsInteger() && expr.args[1]->type.IsInteger();
  if (expr.function == "//" && !whole && released()) return "floor(" + quotient + ")";
  return "(" + left + " " + expr.function + " NULLIF(" + right + ", 0))";
}

// Whole numbers that TRY() cannot be put around are counted wide, so that only absurd products can overflow: released
// ones, and those computed of aggregates.
std::string SqlPrinter::Arithmetic(const Expr& expr) {
  std::string left = Expression(expr.args[0]);
  std::string right = Expression(expr.args[1]);
  const Type& a = expr.args[0]->type;
  const Type& b = expr.args[1]->type;
  const bool exact = a.IsNumeric() && b.IsNumeric() && a.kind != Type::Kind::kDouble && b.kind != Type::Kind::kDouble;
  if ((released() || wide_) && exact) {
    const bool whole = a.IsInteger() && b.IsInteger();
    const bool mixed = a.IsInteger() != b.IsInteger();
    if (whole || (mixed && released())) {
      const Type& wide = whole ? kHugeintType : kDoubleType;
      left = As(left, wide);
      right = As(right, wide);
    }
  }
  return "(" + left + " " + expr.function + " " + right + ")";
}

std::string SqlPrinter::Case(const Expr& expr) {
  // The engine would read a text among numbers or dates as one of them, and fail on the rows that take the branch.
  const auto result = [&](const ExprPtr& value) {
    const std::string sql = Expression(value);
    return Comparable(value->type, expr.type) ? sql : "TRY_CAST(" + sql + " AS " + expr.type.ToString() + ")";
  };
  std::string out = "CASE";
  for (std::size_t i = 0; i + 1 < expr.args.size(); i += 2) {
    out += " WHEN " + Expression(expr.args[i]) + " THEN " + result(expr.args[i + 1]);
  }
  return out + " ELSE " + result(expr.args.back()) + " END";
}

std::string SqlPrinter::Call(const Expr& expr) {
  const std::string& f = expr.function;
  const auto arg = [&](std::size_t i) { return Expression(expr.args[i]); };
  if (f == "and" || f == "or") {
    std::vector<std::string> parts;
    for (const ExprPtr& part : expr.args) parts.push_back(Expression(part));
    return "(" + Join(parts, f == "and" ? " AND " : " OR ") + ")";
  }
  if (f == "not") return "(NOT " + arg(0) + ")";
  if (f == "is_null") return "(" + arg(0) + " IS NULL)";
  if (f == "is_not_null") return "(" + arg(0) + " IS NOT NULL)";
  if (f == "distinct") return "(" + arg(0) + " IS DISTINCT FROM " + arg(1) + ")";
  if (f == "not_distinct") return "(" + arg(0) + " IS NOT DISTINCT FROM " + arg(1) + ")";
  if (f == "in") return "(" + arg(0) + " IN (" + List({expr.args.begin() + 1, expr.args.end()}) + "))";
  if (f == "like" || f == "ilike") return "(" + arg(0) + (f == "like" ? " LIKE " : " ILIKE ") + arg(1) + ")";
  if (IsComparison(f)) return "(" + arg(0) + " " + f + " " + arg(1) + ")";
  if (f == "+" || f == "-" || f == "*") return Arithmetic(expr);
  if (f == "/" || f == "//" || f == "%") return Division(expr);
  if (f == "negate") return "(- " + arg(0) + ")";
  if (f == "floor" || f == "ceil" || f == "trunc") return f + "(" + As(arg(0), kDoubleType) + ")";
  if (f == "sqrt") return "sqrt(CASE WHEN " + arg(0) + " >= 0 THEN " + As(arg(0), kDoubleType) + " END)";
  if (f == "ln") return "ln(CASE WHEN " + arg(0) + " > 0 THEN " + As(arg(0), kDoubleType) + " END)";
  if (f == "power") return "power(" + As(arg(0), kDoubleType) + ", " + As(arg(1), kDoubleType) + ")";
  if (f == "||") return "(" + As(arg(0), kVarcharType) + " || " + As(arg(1), kVarcharType) + ")";
  if (f == "left" || f == "right" || f == "substr") {
    std::vector<std::string> parts{arg(0)};  // a computed length may be of a type that the function does not take
    for (std::size_t i = 1; i < expr.args.size(); ++i)
      parts.push_back(IsLiteral(expr.args[i]) ? arg(i) : "TRY_CAST(" + arg(i) + " AS BIGINT)");
    return f + "(" + Join(parts, ", ") + ")";
  }
  return f + "(" + List(expr.args) + ")";
}

std::string SqlPrinter::Aggregate(const Expr& expr) {
  std::string args = Arguments(expr);
  if (expr.function == "quantile_cont")
    args = As(Argument(expr.args[0]), kDoubleType) + ", " + Expression(expr.args[1]);
  const std::string name = expr.function == "count_star" ? "count" : expr.function;
  std::string order;
  if (name == "string_agg") {
    const std::string text = As(Argument(expr.args[0]), kVarcharType);
    args = text + ", " + Expression(expr.args[1]);
    order = " ORDER BY " + (expr.order.empty() || expr.distinct ? "" : Orders(expr.order) + ", ") + text;
  }
  // Sums of doubles depend on the order of rows; released rows are few, so sort them.
  const bool floating =
      !expr.args.empty() && !IsLiteral(expr.args[0]) &&
      (expr.args[0]->type.kind == Type::Kind::kDouble || expr.type.kind == Type::Kind::kDouble);
  if (released() && floating && !expr.distinct && name != "min" && name != "max" && name != "count" &&
      name != "quantile_cont" && name != "approx_count_distinct" && name != "string_agg") {
    order = " ORDER BY " + List(expr.args);
  }
  const std::string filter = expr.filter ? " FILTER (WHERE " + Argument(expr.filter) + ")" : "";
  return name + "(" + (expr.distinct ? "DISTINCT " : "") + args + order + ")" + filter;
}

std::string SqlPrinter::Window(const Expr& expr) {
  const std::string name = expr.function == "count_star" ? "count" : expr.function;
  const std::string args = Arguments(expr);
  std::string over;
  if (!expr.partition.empty()) over += "PARTITION BY " + List(expr.partition);
  if (!expr.order.empty()) over += (over.empty() ? "" : " ") + ("ORDER BY " + Orders(expr.order));
  if (!expr.frame.mode.empty())
    over += " " + expr.frame.mode + " BETWEEN " + expr.frame.start + " AND " + expr.frame.end;
  return name + "(" + (expr.distinct ? "DISTINCT " : "") + args + (expr.ignore_nulls ? " IGNORE NULLS" : "") + ")" +
         (expr.filter ? " FILTER (WHERE " + Argument(expr.filter) + ")" : "") + " OVER (" + over + ")";
}

std::string SqlPrinter::Subquery(const Expr& expr) {
  const std::string sql = "(" + RelationSql(*expr.relation, false) + ")";
  if (expr.function == "exists") return "EXISTS " + sql;
  if (expr.function == "in") return "(" + Expression(expr.args[0]) + " IN " + sql + ")";
  if (HasOneRowAtMost(*expr.relation)) return sql;
  // A second row would be an error of the engine, which tells that there is one (R21): then there is no value.
  return "(SELECT CASE WHEN COUNT(*) = 1 THEN MIN(\"v\") END FROM " + sql + " AS \"q\"(\"v\"))";
}

std::string SqlPrinter::Expression(const ExprPtr& expr) {
  switch (expr->kind) {
    case ExprKind::kLiteral:
      return expr->literal.ToSql();
    case ExprKind::kColumn:
      return Column(*expr);
    case ExprKind::kCall:
      return Call(*expr);
    case ExprKind::kAggregate:
      return Aggregate(*expr);
    case ExprKind::kWindow:
      return Window(*expr);
    case ExprKind::kCase:
      return Case(*expr);
    case ExprKind::kCast:
      return "TRY_CAST(" + Expression(expr->args[0]) + " AS " + expr->type.ToString() + ")";
    case ExprKind::kSubquery:
      return Subquery(*expr);
    case ExprKind::kGrouping:
      return "GROUPING(" + List(expr->args) + ")";
    case ExprKind::kStar:
      break;
  }
  CLOISTER_CHECK(false);
}

}  // namespace cloister::sql
