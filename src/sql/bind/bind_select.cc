// SELECT and set operations.

#include <algorithm>

#include "sql/bind/binder.h"
#include "sql/parse/tree_reader.h"

namespace cloister::sql {
namespace {

bool IsAggregated(const ExprPtr& expr) {
  return expr && (ContainsKind(expr, ExprKind::kAggregate) || ContainsKind(expr, ExprKind::kGrouping));
}

constexpr std::size_t kColumnsMax = 1024;

}  // namespace

std::string Binder::ItemName(const Expr& item) const {
  if (!item.alias.empty()) return item.alias;
  if (item.kind == ExprKind::kColumn) return item.names.back();
  if (item.kind == ExprKind::kAggregate || item.kind == ExprKind::kWindow || item.kind == ExprKind::kCall) {
    const bool one_column = item.args.size() == 1 && item.args[0]->kind == ExprKind::kColumn;
    return item.function + "(" +
           (one_column ? item.args[0]->names.back() : std::string(item.args.empty() ? "" : "...")) + ")";
  }
  return "expression";
}

void Binder::ExpandStar(const Expr& star, const Scope& scope, Relation& relation) {
  const std::string table = star.names.empty() ? "" : LowerCase(star.names[0]);
  bool any = false;
  relation.star = true;
  for (const VisibleColumn& column : scope.columns) {
    if (table.empty() ? column.merged : column.table != table) continue;
    any = true;
    relation.items.push_back(MakeColumn(column.source, column.column, column.type, star.range));
    relation.columns.push_back({column.name, column.type});
  }
  if (!any) findings_.Add({"R02", star.range, "There is nothing that this star stands for."});
}

void Binder::BindItems(const ParsedSelect& select, const CteChain& ctes, Scope& scope, Relation& relation) {
  for (const ExprPtr& item : select.items) {
    if (item->kind == ExprKind::kStar) {
      ExpandStar(*item, scope, relation);
      continue;
    }
    const ExprPtr bound = BindExpr(item, ctes, scope);
    if (!bound) continue;
    relation.items.push_back(bound);
    relation.columns.push_back({ItemName(*item), bound->type});
    if (!item->alias.empty()) scope.aliases.emplace_back(item->alias, bound);
  }
  if (relation.items.size() > kColumnsMax) {
    findings_.Add({"R23", relation.range, "A result has at most " + std::to_string(kColumnsMax) + " columns."});
  }
}

// An integer constant in GROUP BY or ORDER BY is the number of an output column.
std::optional<std::size_t> Binder::Ordinal(const ExprPtr& expr, std::size_t count) {
  if (!IsLiteral(expr)) return std::nullopt;
  const auto number = expr->literal.type.IsInteger() ? expr->literal.AsInteger() : std::nullopt;
  if (number && *number >= 1 && *number <= static_cast<std::int64_t>(count))
    return static_cast<std::size_t>(*number - 1);
  findings_.Add({"R02", expr->range,
                 "A constant here is the number of an output column, from 1 to " + std::to_string(count) + "."});
  return std::nullopt;
}

void Binder::BindGroups(const ParsedSelect& select, const CteChain& ctes, Scope& scope, Relation& relation) {
  const bool aggregated =
      std::any_of(relation.items.begin(), relation.items.end(), IsAggregated) || IsAggregated(relation.having);
  relation.grouped =
      aggregated || !select.group_keys.empty() || select.group_all || !select.group_sets.empty() || relation.having;
  for (const ExprPtr& key : select.group_keys) {
    ExprPtr bound;
    if (IsLiteral(key)) {
      if (const auto index = Ordinal(key, relation.items.size())) bound = relation.items[*index];
    } else {
      bound = BindExpr(key, ctes, scope);
    }
    if (!bound) {
      relation.keys.push_back(key);  // keeps the indices of the sets; a finding has been made
      continue;
    }
    if (IsAggregated(bound) || ContainsKind(bound, ExprKind::kWindow)) {
      findings_.Add({"R05", key->range, "A group key is made of columns, not of aggregates."});
    }
    relation.keys.push_back(std::move(bound));
  }
  if (select.group_all) {
    for (const ExprPtr& item : relation.items) {
      if (!IsAggregated(item) && !ContainsKind(item, ExprKind::kWindow)) relation.keys.push_back(item);
    }
  }
  if (select.group_sets.size() > 1) relation.sets = select.group_sets;
}

void Binder::BindOrder(const ParsedSelect& select, const CteChain& ctes, Scope& scope, Relation& relation) {
  if (select.order_all) {
    for (const ExprPtr& item : relation.items) relation.order.push_back({item, select.order_all_descending, false});
  }
  // ORDER BY prefers an output name to a column.
  Scope named = scope;
  named.columns.clear();
  named.outer = &scope;
  for (const OrderItem& item : select.order) {
    OrderItem bound = item;
    if (IsLiteral(item.expr)) {
      const auto index = Ordinal(item.expr, relation.items.size());
      if (!index) continue;
      bound.expr = relation.items[*index];
    } else {
      bound.expr = nullptr;
      if (item.expr->kind == ExprKind::kColumn && item.expr->names.size() == 1) {
        for (std::size_t i = 0; i < relation.columns.size(); ++i) {
          if (LowerCase(relation.columns[i].name) == LowerCase(item.expr->names[0])) {
            bound.expr = relation.items[i];
            break;
          }
        }
      }
      if (!bound.expr) bound.expr = BindExpr(item.expr, ctes, named);
    }
    if (bound.expr) relation.order.push_back(std::move(bound));
  }
  if (!relation.distinct) return;
  for (const OrderItem& item : relation.order) {
    const bool shown = std::any_of(relation.items.begin(), relation.items.end(),
                                   [&](const ExprPtr& e) { return SameExpr(e, item.expr); });
    if (!shown) findings_.Add({"R16", item.expr->range, "With DISTINCT, ORDER BY takes output columns only."});
  }
}

// Every column outside an aggregate must be a group key: anything else would be one row of many.
void Binder::CheckGrouping(const Relation& relation) {
  if (!relation.grouped) return;
  const std::function<void(const ExprPtr&, bool)> check = [&](const ExprPtr& expr, bool inside) {
    if (!inside) {
      for (const ExprPtr& key : relation.keys) {
        if (SameExpr(key, expr)) return;
      }
    }
    if (expr->kind == ExprKind::kAggregate && inside) {
      findings_.Add({"R06", expr->range, "An aggregate cannot stand inside another; use a derived table."});
      return;
    }
    if (IsColumn(expr) && !inside) {
      bool own = false;
      ForEachSource(relation.from, [&](const Source& source) { own = own || source.id == expr->source; });
      if (own) findings_.Add({"R05", expr->range, "This column must stand in GROUP BY or inside an aggregate."});
      return;
    }
    if (expr->kind == ExprKind::kGrouping) {
      const bool keys = std::all_of(expr->args.begin(), expr->args.end(), [&](const ExprPtr& arg) {
        return std::any_of(relation.keys.begin(), relation.keys.end(),
                           [&](const ExprPtr& key) { return SameExpr(key, arg); });
      });
      if (!keys) findings_.Add({"R05", expr->range, "GROUPING takes columns of GROUP BY."});
    }
    const bool aggregate = expr->kind == ExprKind::kAggregate || expr->kind == ExprKind::kGrouping;
    ForEachChild(*expr, [&](const ExprPtr& child) { check(child, inside || aggregate); });
  };
  for (const ExprPtr& item : relation.items) check(item, false);
  for (const OrderItem& item : relation.order) check(item.expr, false);
  if (relation.having) check(relation.having, false);
  if (relation.qualify) check(relation.qualify, false);
}

// The engine would refuse these too, in its own words.
void Binder::CheckPlaces(const Relation& relation) {
  if (relation.where && (IsAggregated(relation.where) || ContainsKind(relation.where, ExprKind::kWindow))) {
    findings_.Add(
        {"R16", relation.where->range, "WHERE looks at rows; aggregates belong in HAVING, windows in QUALIFY."});
  }
  if (relation.having && ContainsKind(relation.having, ExprKind::kWindow))
    findings_.Add({"R16", relation.having->range, "HAVING looks at groups; windows belong in QUALIFY."});
  std::vector<ExprPtr> windowed = relation.items;
  windowed.push_back(relation.qualify);
  const bool window = std::any_of(windowed.begin(), windowed.end(), [](const ExprPtr& expr) {
    return expr && ContainsKind(expr, ExprKind::kWindow);
  });
  if (relation.qualify && !window)
    findings_.Add({"R16", relation.qualify->range, "QUALIFY tests windows; there is none. HAVING tests groups."});
  if (relation.grouped) return;
  std::vector<ExprPtr> after{relation.qualify};
  for (const OrderItem& item : relation.order) after.push_back(item.expr);
  for (const ExprPtr& expr : after) {
    if (expr && IsAggregated(expr))
      findings_.Add(
          {"R05", expr->range, "An aggregate here goes with GROUP BY, or with aggregates in the select list."});
  }
}

RelationPtr Binder::BindPlainSelect(const ParsedSelect& select, const CteChain& ctes, const Scope* outer) {
  const std::size_t before = findings_.size();
  auto relation = std::make_shared<Relation>();
  relation->range = select.range;
  relation->distinct = select.distinct;
  relation->limit = select.limit;
  relation->offset = select.offset;
  Scope scope;
  scope.outer = outer;
  relation->from = BindFrom(select.from, ctes, outer, scope);
  if (findings_.size() != before) return nullptr;
  BindItems(select, ctes, scope, *relation);
  const auto condition = [&](const ExprPtr& parsed) -> ExprPtr {
    if (!parsed) return nullptr;
    ExprPtr bound = BindExpr(parsed, ctes, scope);
    if (bound && bound->type.kind != Type::Kind::kBoolean)
      findings_.Add({"R21", parsed->range, "This must be a condition."});
    return bound;
  };
  relation->where = condition(select.where);
  relation->having = condition(select.having);
  BindGroups(select, ctes, scope, *relation);
  relation->qualify = condition(select.qualify);
  BindOrder(select, ctes, scope, *relation);
  CheckPlaces(*relation);
  if (findings_.size() == before) CheckGrouping(*relation);
  return findings_.size() == before ? relation : nullptr;
}

void Binder::BindOutputOrder(const ParsedSelect& select, Relation& relation) {
  const auto output = [&](std::size_t i, TextRange range) {
    return MakeColumn(kOwnOutput, static_cast<int>(i), relation.columns[i].type, range);
  };
  if (select.order_all) {
    for (std::size_t i = 0; i < relation.columns.size(); ++i) {
      relation.order.push_back({output(i, select.range), select.order_all_descending, false});
    }
  }
  for (const OrderItem& item : select.order) {
    std::optional<std::size_t> index;
    if (IsLiteral(item.expr)) {
      index = Ordinal(item.expr, relation.columns.size());
      if (!index) continue;
    }
    if (item.expr->kind == ExprKind::kColumn && item.expr->names.size() == 1) {
      for (std::size_t i = 0; i < relation.columns.size() && !index; ++i) {
        if (LowerCase(relation.columns[i].name) == LowerCase(item.expr->names[0])) index = i;
      }
    }
    if (!index) {
      findings_.Add({"R16", item.expr->range, "ORDER BY after a set operation takes output columns only."});
      continue;
    }
    relation.order.push_back({output(*index, item.expr->range), item.descending, item.nulls_first});
  }
}

RelationPtr Binder::BindSetOperation(const ParsedSelect& select, const CteChain& ctes, const Scope* outer) {
  auto relation = std::make_shared<Relation>();
  relation->kind = Relation::Kind::kSetOperation;
  relation->range = select.range;
  relation->operation = *select.set_operation;
  relation->all = select.set_all;
  relation->distinct = select.distinct;
  relation->limit = select.limit;
  relation->offset = select.offset;
  relation->left = BindSelect(*select.left, ctes, outer);
  relation->right = BindSelect(*select.right, ctes, outer);
  if (!relation->left || !relation->right) return nullptr;
  const auto& left = relation->left->columns;
  const auto& right = relation->right->columns;
  if (left.size() != right.size()) {
    findings_.Add({"R15", select.range, "Both sides of a set operation have the same number of columns."});
    return nullptr;
  }
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!Comparable(left[i].type, right[i].type)) {
      findings_.Add({"R21", select.range,
                     "Column " + std::to_string(i + 1) + " has types on the two sides that do not go together."});
      return nullptr;
    }
    relation->columns.push_back({left[i].name, CommonType(left[i].type, right[i].type)});
  }
  const std::size_t before = findings_.size();
  BindOutputOrder(select, *relation);
  return findings_.size() == before ? relation : nullptr;
}

RelationPtr Binder::BindSelect(const ParsedSelect& select, const CteChain& outer_ctes, const Scope* outer) {
  if (!Count(select.range)) return nullptr;
  CteChain ctes = outer_ctes;
  const std::size_t before = findings_.size();
  for (const ParsedCte& cte : select.ctes) {
    if (FindDataset(cte.name) != nullptr) {
      findings_.Add(
          {"R02", cte.query->range, "WITH must not use the name of a dataset (" + cte.name + "); choose another."});
    }
    ctes.push_back({&cte});
  }
  if (findings_.size() != before) return nullptr;
  ++depth_;
  RelationPtr relation =
      select.set_operation ? BindSetOperation(select, ctes, outer) : BindPlainSelect(select, ctes, outer);
  --depth_;
  return relation;
}

}  // namespace cloister::sql
