#include "sql/bind/bound_query.h"

#include "sql/bind/binder.h"
#include "sql/parse/tree_reader.h"

namespace cloister::sql {

void ForEachSource(const From& from, const std::function<void(const Source&)>& visit) {
  if (from.kind == From::Kind::kSource) visit(from.source);
  if (from.kind == From::Kind::kJoin) {
    ForEachSource(*from.left, visit);
    ForEachSource(*from.right, visit);
  }
}

namespace {

void ForEachCondition(const From& from, const std::function<void(const ExprPtr&)>& visit) {
  if (from.kind != From::Kind::kJoin) return;
  ForEachCondition(*from.left, visit);
  ForEachCondition(*from.right, visit);
  if (from.condition) visit(from.condition);
}

void ForEachRelationInExpr(const ExprPtr& expr, const std::function<void(const Relation&)>& visit) {
  if (expr->relation) ForEachRelation(expr->relation, visit);
  ForEachChild(*expr, [&](const ExprPtr& child) { ForEachRelationInExpr(child, visit); });
}

}  // namespace

void ForEachExpr(const Relation& relation, const std::function<void(const ExprPtr&)>& visit) {
  ForEachCondition(relation.from, visit);
  for (const ExprPtr& item : relation.items) visit(item);
  for (const ExprPtr& key : relation.keys) visit(key);
  for (const OrderItem& item : relation.order) visit(item.expr);
  for (const ExprPtr& part : {relation.where, relation.having, relation.qualify}) {
    if (part) visit(part);
  }
}

void ForEachRelation(const RelationPtr& root, const std::function<void(const Relation&)>& visit) {
  visit(*root);
  ForEachSource(root->from, [&](const Source& source) { ForEachRelation(source.relation, visit); });
  ForEachExpr(*root, [&](const ExprPtr& expr) { ForEachRelationInExpr(expr, visit); });
  for (const RelationPtr& constant : root->constants) ForEachRelation(constant, visit);
  if (root->left) ForEachRelation(root->left, visit);
  if (root->right) ForEachRelation(root->right, visit);
}

std::optional<BoundQuery> BoundQuery::Bind(const ParsedQuery& parsed, const CompileRequest& request,
                                           Findings& findings) {
  Binder binder(request, findings);
  RelationPtr root = binder.BindSelect(parsed.select(), {}, nullptr);
  if (!root || !findings.empty()) {
    if (findings.empty()) findings.Add({"R02", findings.Whole(), "The query cannot be understood."});
    return std::nullopt;
  }
  return BoundQuery(std::move(root), binder.next_source());
}

}  // namespace cloister::sql
