#include "sql/expr.h"

namespace cloister::sql {

ExprPtr MakeLiteral(Literal literal, TextRange range) {
  auto expr = std::make_shared<Expr>();
  expr->type = literal.type;
  expr->literal = std::move(literal);
  expr->range = range;
  return expr;
}

ExprPtr MakeCall(std::string function, std::vector<ExprPtr> args, Type type, TextRange range) {
  auto expr = std::make_shared<Expr>();
  expr->kind = ExprKind::kCall;
  expr->function = std::move(function);
  expr->args = std::move(args);
  expr->type = type;
  expr->range = range;
  return expr;
}

ExprPtr MakeColumn(int source, int column, Type type, TextRange range) {
  auto expr = std::make_shared<Expr>();
  expr->kind = ExprKind::kColumn;
  expr->source = source;
  expr->column = column;
  expr->type = type;
  expr->range = range;
  return expr;
}

ExprPtr MakeCast(ExprPtr arg, Type type) {
  auto expr = std::make_shared<Expr>();
  expr->kind = ExprKind::kCast;
  expr->range = arg->range;
  expr->args = {std::move(arg)};
  expr->type = type;
  return expr;
}

namespace {

bool SameList(const std::vector<ExprPtr>& a, const std::vector<ExprPtr>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!SameExpr(a[i], b[i])) return false;
  }
  return true;
}

}  // namespace

bool OrderItem::operator==(const OrderItem& other) const {
  return descending == other.descending && nulls_first == other.nulls_first && SameExpr(expr, other.expr);
}

bool SameExpr(const ExprPtr& a, const ExprPtr& b) {
  if (a == b) return true;
  if (a == nullptr || b == nullptr || a->kind != b->kind || a->kind == ExprKind::kSubquery) return false;
  if (a->kind == ExprKind::kLiteral) return a->literal == b->literal;
  if (a->kind == ExprKind::kColumn) {
    return a->source == b->source && a->column == b->column && (a->source >= 0 || a->names == b->names);
  }
  if (a->kind == ExprKind::kCast && !(a->type == b->type)) return false;
  return a->function == b->function && a->distinct == b->distinct && a->ignore_nulls == b->ignore_nulls &&
         a->frame == b->frame && a->order == b->order && SameExpr(a->filter, b->filter) && SameList(a->args, b->args) &&
         SameList(a->partition, b->partition);
}

void ForEachChild(const Expr& expr, const std::function<void(const ExprPtr&)>& visit) {
  for (const ExprPtr& arg : expr.args) visit(arg);
  if (expr.filter) visit(expr.filter);
  for (const OrderItem& item : expr.order) visit(item.expr);
  for (const ExprPtr& part : expr.partition) visit(part);
}

ExprPtr MapChildren(const ExprPtr& expr, const std::function<ExprPtr(const ExprPtr&)>& map) {
  auto copy = CloneExpr(*expr);
  bool changed = false;
  const auto replace = [&](ExprPtr& child) {
    ExprPtr mapped = map(child);
    if (mapped != child) changed = true;
    child = std::move(mapped);
  };
  for (ExprPtr& arg : copy->args) replace(arg);
  if (copy->filter) replace(copy->filter);
  for (OrderItem& item : copy->order) replace(item.expr);
  for (ExprPtr& part : copy->partition) replace(part);
  return changed ? ExprPtr(copy) : expr;
}

bool AnyNode(const ExprPtr& expr, const std::function<bool(const Expr&)>& test) {
  if (test(*expr)) return true;
  bool found = false;
  ForEachChild(*expr, [&](const ExprPtr& child) { found = found || AnyNode(child, test); });
  return found;
}

bool ContainsKind(const ExprPtr& expr, ExprKind kind) {
  return expr && AnyNode(expr, [kind](const Expr& node) { return node.kind == kind; });
}

void SplitConjunction(const ExprPtr& expr, std::vector<ExprPtr>& out) {
  if (!expr) return;
  if (!IsCall(expr, "and")) {
    out.push_back(expr);
    return;
  }
  for (const ExprPtr& arg : expr->args) SplitConjunction(arg, out);
}

}  // namespace cloister::sql
