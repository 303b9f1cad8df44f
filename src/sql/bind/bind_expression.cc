// Names and types of expressions.

#include <algorithm>

#include "sql/bind/binder.h"
#include "sql/function.h"
#include "sql/parse/tree_reader.h"

namespace cloister::sql {
namespace {

bool SameName(std::string_view a, std::string_view b) { return LowerCase(a) == LowerCase(b); }

// A test whose sides a literal text may stand in for a date.
ExprPtr AsTypeOf(const ExprPtr& literal, const Type& type) {
  if (!IsLiteral(literal) || !type.IsTemporal() || !literal->literal.AsText()) return literal;
  const auto cast = CastLiteral(literal->literal, type);
  return cast ? MakeLiteral(*cast, literal->range) : literal;
}

}  // namespace

bool Binder::Count(TextRange range) {
  if (++nodes_ <= kNodesMax) return true;
  if (nodes_ == kNodesMax + 1) {
    findings_.Add({"R23", range, "The query is too large once its WITH parts are put in their places; split it."});
  }
  return false;
}

bool Binder::CountTree(const ExprPtr& expr) {
  bool within = Count(expr->range);
  ForEachChild(*expr, [&](const ExprPtr& child) { within = within && CountTree(child); });
  return within;
}

ExprPtr Binder::BindColumn(const Expr& expr, const Scope& scope) {
  const std::string& name = expr.names.back();
  const std::string table = expr.names.size() == 2 ? LowerCase(expr.names[0]) : "";
  for (const Scope* at = &scope; at != nullptr; at = at->outer) {
    const VisibleColumn* found = nullptr;
    for (const VisibleColumn& column : at->columns) {
      if (!SameName(column.name, name) || (table.empty() ? column.merged : column.table != table)) continue;
      if (found != nullptr) {
        findings_.Add({"R02", expr.range, "The column " + name + " is in more than one table; write table.column."});
        return nullptr;
      }
      found = &column;
    }
    if (found != nullptr) return MakeColumn(found->source, found->column, found->type, expr.range);
    if (table.empty()) {
      for (const auto& [alias, value] : at->aliases) {
        // What an alias stands for is put in its place, so a chain of aliases could double at each step.
        if (SameName(alias, name)) return CountTree(value) ? value : nullptr;
      }
    }
  }
  const auto is_table = [&](const std::string& text) {
    return std::find(scope.tables.begin(), scope.tables.end(), LowerCase(text)) != scope.tables.end();
  };
  if (SameName(name, "rowid") || (table.empty() && is_table(name))) {
    findings_.Add({"R04", expr.range, "Whole rows and row numbers are not columns; name the columns."});
  } else {
    findings_.Add({"R02", expr.range, "There is no column " + name + " here."});
  }
  return nullptr;
}

ExprPtr Binder::BindSubquery(const Expr& expr, const CteChain& ctes, const Scope& scope) {
  auto bound = CloneExpr(expr);
  bound->relation = BindSelect(*expr.query, ctes, &scope);
  for (ExprPtr& arg : bound->args) {
    arg = BindExpr(arg, ctes, scope);
    if (!arg) return nullptr;
  }
  if (!bound->relation) return nullptr;
  if (bound->function != "exists" && bound->relation->columns.size() != 1) {
    findings_.Add({"R13", expr.range, "A subquery in an expression has exactly one column."});
    return nullptr;
  }
  bound->type = bound->function.empty() ? bound->relation->columns[0].type : kBooleanType;
  return bound;
}

bool Binder::CoerceComparison(Expr& expr) {
  if (!IsComparison(expr.function) && expr.function != "in") return true;
  Type type = expr.args[0]->type;
  for (const ExprPtr& arg : expr.args) {
    if (arg->type.IsTemporal()) type = arg->type;
  }
  for (ExprPtr& arg : expr.args) arg = AsTypeOf(arg, type);
  for (const ExprPtr& arg : expr.args) {
    if (Comparable(expr.args[0]->type, arg->type)) continue;
    findings_.Add({"R21", expr.range,
                   "This compares " + expr.args[0]->type.ToString() + " with " + arg->type.ToString() +
                       "; a conversion could fail on a row, so write a constant of the column's type."});
    return false;
  }
  return true;
}

// Types that a call cannot take would be an error of the engine, and its text might hold data.
bool Binder::CheckArguments(const Expr& expr) {
  const auto all = [&](auto test) {
    return std::all_of(expr.args.begin(), expr.args.end(),
                       [&](const ExprPtr& a) { return a->type.kind == Type::Kind::kNull || test(a->type); });
  };
  const auto refuse = [&] {
    findings_.Add({"R21", expr.range, expr.function + "() does not take values of this type."});
    return false;
  };
  const auto boolean = [](const Type& t) { return t.kind == Type::Kind::kBoolean; };
  const auto number = [](const Type& t) { return t.IsNumeric(); };
  const auto text = [](const Type& t) { return t.kind == Type::Kind::kVarchar; };
  const std::string& f = expr.function;
  if (expr.kind == ExprKind::kCase) {
    for (std::size_t i = 0; i + 1 < expr.args.size(); i += 2) {
      if (!boolean(expr.args[i]->type) && expr.args[i]->type.kind != Type::Kind::kNull) return refuse();
    }
    return true;
  }
  if (f == "and" || f == "or" || f == "not" || f == "bool_and" || f == "bool_or") return all(boolean) || refuse();
  if (f == "like" || f == "ilike" || f == "lower" || f == "upper" || f == "trim" || f == "ltrim" || f == "rtrim" ||
      f == "length" || f == "replace") {
    return all(text) || refuse();
  }
  if (f == "left" || f == "right" || f == "substr") {
    bool fits = text(expr.args[0]->type);
    for (std::size_t i = 1; i < expr.args.size(); ++i) fits = fits && number(expr.args[i]->type);
    return fits || refuse();
  }
  if (f == "date_part" || f == "date_trunc") return expr.args[1]->type.IsTemporal() || refuse();
  if (f == "strftime") {
    const bool constant = IsLiteral(expr.args[1]) && expr.args[1]->literal.AsText() != nullptr;
    return (expr.args[0]->type.IsTemporal() && constant && IsDateFormat(*expr.args[1]->literal.AsText())) || refuse();
  }
  if (f == "+" || f == "-") {
    const bool temporal =
        expr.args[0]->type.IsTemporal() && (expr.args[1]->type.kind == Type::Kind::kInterval ||
                                            expr.args[1]->type.IsInteger() || expr.args[1]->type == expr.args[0]->type);
    return all(number) || temporal || refuse();
  }
  if (f == "string_agg") return (IsLiteral(expr.args[1]) && text(expr.args[1]->type)) || refuse();
  if (f == "round" && expr.args.size() == 2 && !(IsLiteral(expr.args[1]) && expr.args[1]->literal.AsInteger()))
    return refuse();
  if (f == "*" || f == "/" || f == "//" || f == "%" || f == "negate" || f == "abs" || f == "round" || f == "floor" ||
      f == "ceil" || f == "trunc" || f == "sqrt" || f == "ln" || f == "exp" || f == "power" || f == "avg" ||
      f.starts_with("stddev") || f.starts_with("var_") || f == "corr" || f.starts_with("covar") ||
      f == "quantile_cont") {
    return all(number) || refuse();
  }
  if (f == "sum") return all([](const Type& t) { return t.IsNumeric() || t.kind == Type::Kind::kBoolean; }) || refuse();
  if (f == "coalesce" || f == "nullif" || f == "greatest" || f == "least" || f == "lag" || f == "lead") {
    const bool offset = f == "lag" || f == "lead";  // its second argument is no value
    Type common = kNullType;
    for (std::size_t i = 0; i < expr.args.size(); ++i) {
      if (offset && i == 1) continue;
      if (!Comparable(common, expr.args[i]->type)) return refuse();
      common = CommonType(common, expr.args[i]->type);
    }
  }
  return true;
}

// Types an expression whose children are typed.
ExprPtr Binder::Typed(std::shared_ptr<Expr> expr) {
  std::vector<Type> types;
  for (const ExprPtr& arg : expr->args) types.push_back(arg->type);
  if (expr->filter && expr->filter->type.kind != Type::Kind::kBoolean) {
    findings_.Add({"R21", expr->filter->range, "FILTER takes a condition."});
    return nullptr;
  }
  switch (expr->kind) {
    case ExprKind::kCase: {
      Type type = types.back();
      for (std::size_t i = 1; i < types.size(); i += 2) type = CommonType(type, types[i]);
      expr->type = type;
      break;
    }
    case ExprKind::kCall:
      if (!CoerceComparison(*expr)) return nullptr;
      expr->type = ResultType(*FindFunction(expr->function, FunctionKind::kScalar), types);
      break;
    case ExprKind::kAggregate:
      expr->type = ResultType(*FindFunction(expr->function, FunctionKind::kAggregate), types);
      break;
    case ExprKind::kWindow:
      expr->type = ResultType(*FindFunction(expr->function, FunctionKind::kWindow), types);
      break;
    default:
      break;
  }
  const bool collects = expr->kind == ExprKind::kAggregate || expr->kind == ExprKind::kWindow;
  for (const ExprPtr& arg : expr->args) {
    if (!collects || !ContainsKind(arg, ExprKind::kWindow)) continue;
    findings_.Add(
        {"R14", arg->range, "A window cannot stand inside an aggregate or another window; use a derived table."});
    return nullptr;
  }
  if (!CheckArguments(*expr)) return nullptr;
  if (ExprPtr folded = FoldConstants(expr)) return folded;
  return expr;
}

ExprPtr Binder::BindExpr(const ExprPtr& expr, const CteChain& ctes, const Scope& scope) {
  if (!Count(expr->range)) return nullptr;
  if (expr->kind == ExprKind::kLiteral) return expr;
  if (expr->kind == ExprKind::kColumn) return BindColumn(*expr, scope);
  if (expr->kind == ExprKind::kSubquery) return BindSubquery(*expr, ctes, scope);
  if (expr->kind == ExprKind::kStar) {
    findings_.Add({"R04", expr->range, "A star stands alone in a select list; here, name the columns."});
    return nullptr;
  }
  bool whole = true;
  auto bound = CloneExpr(*expr);
  bound->alias.clear();
  const auto bind = [&](ExprPtr& child) {
    child = BindExpr(child, ctes, scope);
    whole = whole && child;
  };
  for (ExprPtr& arg : bound->args) bind(arg);
  if (bound->filter) bind(bound->filter);
  for (OrderItem& item : bound->order) bind(item.expr);
  for (ExprPtr& part : bound->partition) bind(part);
  return whole ? Typed(std::move(bound)) : nullptr;
}

}  // namespace cloister::sql
