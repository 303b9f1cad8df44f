// Derived tables that stay tables at the unit level: one row a person, unions of one owner, keys in common.

#include <algorithm>

#include "privacy/additive_noise.h"
#include "sql/passes/permitter.h"

namespace cloister::sql {

using agreement::Role;

namespace {

bool IsJoinKey(const UnitColumn& column) { return column.policy.Is(Role::kJoinKey); }

agreement::ColumnPolicy MeasureFrom(const UnitScope& scope, const ExprPtr& arg) {
  agreement::ColumnPolicy policy;
  policy.roles = {Role::kMeasure};
  if (IsColumn(arg)) policy.filter_grid = scope.Column(*arg).policy.filter_grid;
  return policy;
}

// Level differential_privacy: as many rows as the strictest owner lets a person have, times what each may add. A value
// beyond is clamped where it is aggregated, as one row's is.
std::optional<agreement::Bounds> PerUnitBounds(const UnitAggregate& aggregate, const UnitBlock& block) {
  double rows = static_cast<double>(privacy::kGroupsMax);
  for (const UnitCounter& counter : block.counters)
    rows = std::min(rows, static_cast<double>(counter.dataset->policy.budget.max_rows_per_unit));
  if (aggregate.function.starts_with("count")) return agreement::Bounds{0, rows};
  if (aggregate.function != "sum" || !aggregate.bounds) return aggregate.bounds;
  return agreement::Bounds{std::min(0.0, aggregate.bounds->min * rows), std::max(0.0, aggregate.bounds->max * rows)};
}

// Something of this table and of nothing else.
bool IsOver(const ExprPtr& expr, int source) {
  bool any = false;
  bool others = ContainsKind(expr, ExprKind::kSubquery) || ContainsKind(expr, ExprKind::kWindow);
  ForEachColumn(expr, [&](const Expr& column) {
    any = true;
    others = others || column.source != source;
  });
  return any && !others;
}

// What both branches of a union allow: one role, the stricter of each number.
void MergeColumn(UnitColumn& into, const UnitColumn& other, bool noisy) {
  for (const Role role : {Role::kJoinKey, Role::kDimension, Role::kMeasure}) {
    if (!into.policy.Is(role) || !other.policy.Is(role)) into.policy.roles.erase(role);
  }
  const bool same_domain = into.policy.domain == other.policy.domain;
  if (into.policy.roles.empty() || (IsJoinKey(into) && !same_domain)) into.policy.roles = {Role::kHidden};
  if (into.policy.filter_grid != other.policy.filter_grid) into.policy.filter_grid = std::nullopt;
  if (into.policy.granularity != other.policy.granularity) into.policy.granularity = std::nullopt;
  if (into.policy.date_granularity != other.policy.date_granularity) into.policy.date_granularity = std::nullopt;
  if (noisy && into.policy.bounds && other.policy.bounds) {
    into.policy.bounds = agreement::Bounds{std::min(into.policy.bounds->min, other.policy.bounds->min),
                                           std::max(into.policy.bounds->max, other.policy.bounds->max)};
  } else {
    into.policy.bounds = std::nullopt;
  }
  into.policy.quantiles = false;
  into.policy.quasi_identifier = into.policy.quasi_identifier || other.policy.quasi_identifier;
  into.unit_count = false;
  if (into.dataset == nullptr) into.dataset = other.dataset;
}

}  // namespace

bool Permitter::AddPerUnitAggregate(const ExprPtr& item, const std::string& name, UnitBlock& block, UnitTable& table) {
  const auto aggregate =
      scope_.is_noisy() ? scope_.CheckNoisyPerUnitAggregate(*item) : scope_.CheckPerUnitAggregate(*item);
  if (!aggregate) return false;
  UnitColumn column{name, item->type, MeasureFrom(scope_, item->args.empty() ? item : item->args[0]), nullptr};
  column.unit_count = aggregate->function.starts_with("count");
  ForEachColumn(item, [&](const Expr& inner) { column.dataset = scope_.Column(inner).dataset; });
  if (column.dataset == nullptr && !block.counters.empty()) column.dataset = block.counters[0].dataset;
  if (scope_.is_noisy()) column.policy.bounds = PerUnitBounds(*aggregate, block);
  const bool conditional = !scope_.is_noisy() && !aggregate->conditions.empty();
  const bool counts_itself = conditional && aggregate->function == "count_star";
  if (conditional) column.chosen_rows = static_cast<int>(table.columns.size()) + (counts_itself ? 0 : 1);
  table.columns.push_back(column);
  block.items.push_back(item);
  block.aggregates.push_back(*aggregate);
  if (conditional && !counts_itself) AddChosenRows(*aggregate, column, block, table);
  return true;
}

// COUNT(*) FILTER (WHERE the aggregate's condition) beside a conditional aggregate of one person's rows.
void Permitter::AddChosenRows(const UnitAggregate& of, UnitColumn column, UnitBlock& block, UnitTable& table) {
  auto count = std::make_shared<Expr>();
  count->kind = ExprKind::kAggregate;
  count->function = "count_star";
  count->type = kBigintType;
  count->range = of.range;
  count->filter = of.conditions[0];
  column.name = "rows";
  column.type = kBigintType;
  column.unit_count = true;
  table.columns.push_back(std::move(column));
  block.items.push_back(count);
  block.aggregates.push_back(AsWritten(*count));
}

// An expression of a query per person as one over its table; null after a finding.
ExprPtr Permitter::OverPerUnit(const ExprPtr& expr, UnitBlock& block, UnitTable& table) {
  bool whole = true;
  const std::function<ExprPtr(const ExprPtr&)> over = [&](const ExprPtr& node) -> ExprPtr {
    for (std::size_t i = 0; i < block.items.size(); ++i) {
      if (SameExpr(block.items[i], node)) return MakeColumn(table.source, static_cast<int>(i), node->type, node->range);
    }
    if (node->kind == ExprKind::kAggregate) {
      const int place = static_cast<int>(block.items.size());
      if (AddPerUnitAggregate(node, "part", block, table))
        return MakeColumn(table.source, place, node->type, node->range);
      whole = false;
      return node;
    }
    return MapChildren(node, over);
  };
  const ExprPtr value = over(expr);
  return whole ? value : nullptr;
}

// HAVING of a query per person is a filter on that person's row: the same rules as for WHERE (R09).
bool Permitter::AddPerUnitFilter(const ExprPtr& having, UnitBlock& block, UnitTable& table) {
  if (!having) return false;
  const ExprPtr filter = OverPerUnit(having, block, table);
  if (!filter) return false;
  scope_.AddTable(std::make_shared<UnitTable>(table));
  bool own = true;
  ForEachColumn(filter, [&](const Expr& column) { own = own && column.source == table.source; });
  if (!own) {
    scope_.Refuse("R16", having, "HAVING in a query per person tests what that query shows.");
    return false;
  }
  if (!scope_.CheckPredicate(filter, UnitScope::Place::kFilter)) return false;
  table.filters.push_back(filter);
  return true;
}

// What the outside sees: keys, aggregates, and what is computed of these; HAVING becomes a filter on them there.
bool Permitter::AddPerUnitItems(const Relation& select, UnitBlock& block, UnitTable& table) {
  std::vector<ExprPtr> shown;
  for (std::size_t i = 0; i < select.items.size(); ++i) {
    const ExprPtr item = Inline(select.items[i]);
    if (!item) return false;
    const std::string& name = select.columns[i].name;
    const ExprPtr place = MakeColumn(table.source, static_cast<int>(block.items.size()), item->type, item->range);
    const bool is_key =
        std::any_of(block.keys.begin(), block.keys.end(), [&](const ExprPtr& key) { return SameExpr(key, item); });
    if (is_key) {
      table.columns.push_back(scope_.DescribeItem(item, name));
      block.items.push_back(item);
      shown.push_back(place);
    } else if (item->kind == ExprKind::kAggregate) {
      if (!AddPerUnitAggregate(item, name, block, table)) return false;
      shown.push_back(place);
    } else {
      shown.push_back(OverPerUnit(item, block, table));
      if (!shown.back()) return false;
      if (IsOver(shown.back(), table.source)) continue;
      scope_.Refuse("R13", item,
                    "A query per person shows the keys that it groups by, aggregates, and what is computed of these.");
      return false;
    }
  }
  inlined_[table.source] = std::move(shown);
  return true;
}

// GROUP BY the unit's key (and dimensions): the rows are still one person's each, whatever is computed of them.
UnitTablePtr Permitter::PerUnitTable(const Relation& select, int source) {
  const std::size_t before = findings_.size();
  if (!select.order.empty() || select.limit || select.offset || select.qualify || !select.sets.empty()) {
    findings_.Add(
        {"R16", select.range, "ORDER BY, LIMIT, QUALIFY and GROUPING SETS are not admitted in a query per person."});
    return nullptr;
  }
  auto block = FlattenRows(select);
  if (!block) return nullptr;
  auto table = std::make_shared<UnitTable>();
  table->kind = UnitTable::Kind::kPerUnit;
  table->source = source;
  table->range = select.range;
  const std::vector<ExprPtr>& keys = select.grouped ? select.keys : select.items;
  std::vector<ExprPtr> inlined_keys;
  for (const ExprPtr& key : keys) {
    const ExprPtr inlined = Inline(key);
    if (!inlined) return nullptr;
    inlined_keys.push_back(inlined);
  }
  block->keys = std::move(inlined_keys);
  if (!AddPerUnitItems(select, *block, *table)) return nullptr;
  const auto key_at = std::find_if(table->columns.begin(), table->columns.end(), IsJoinKey);
  if (key_at == table->columns.end()) {
    findings_.Add({"R05", select.range, "A query per person must show the key it groups by."});
    return nullptr;
  }
  const int key_column = static_cast<int>(key_at - table->columns.begin());
  if (select.having && !AddPerUnitFilter(Inline(select.having), *block, *table)) return nullptr;
  const ExprPtr& key = block->items[key_column];
  for (const UnitCounter& counter : block->counters) {
    if (!SameExpr(counter.unit, key) && !AreJoined(*block, counter.unit, key)) {
      findings_.Add({"R13", select.range, "A query per person groups by the privacy unit of every table in it."});
      return nullptr;
    }
    UnitCounter outside = counter;
    outside.unit = MakeColumn(source, key_column, key->type);
    outside.optional = false;
    const bool known = std::any_of(table->counters.begin(), table->counters.end(),
                                   [&](const UnitCounter& c) { return c.dataset == outside.dataset; });
    if (!known) table->counters.push_back(std::move(outside));
  }
  table->blocks = {block};
  return findings_.size() == before ? table : nullptr;
}

void Permitter::CollectBranches(const RelationPtr& relation, std::vector<RelationPtr>& branches) {
  if (relation->kind != Relation::Kind::kSetOperation || relation->operation != SetOperation::kUnion ||
      !relation->all) {
    branches.push_back(relation);
    return;
  }
  CollectBranches(relation->left, branches);
  CollectBranches(relation->right, branches);
}

// Rule R15. Each branch's persons are counted in a column of its own, so that nobody's rows pad another's group.
UnitTablePtr Permitter::UnionTable(const Relation& relation, int source) {
  const auto refuse = [&](std::string message) {
    findings_.Add({"R15", relation.range, std::move(message)});
    return UnitTablePtr();
  };
  if (!relation.all || !relation.order.empty() || relation.limit || relation.offset) {
    return refuse("Below an aggregate only UNION ALL without ORDER BY or LIMIT is admitted.");
  }
  std::vector<RelationPtr> branches;
  CollectBranches(relation.left, branches);
  CollectBranches(relation.right, branches);
  auto table = std::make_shared<UnitTable>();
  table->kind = UnitTable::Kind::kUnion;
  table->source = source;
  table->range = relation.range;
  std::string owner;
  std::string domain;
  for (const RelationPtr& branch : branches) {
    if (branch->kind != Relation::Kind::kSelect || !IsProtected(*branch) || branch->grouped || branch->distinct) {
      return refuse(
          "Every branch of a UNION ALL below an aggregate reads rows of one owner's persons; constants would pad "
          "groups.");
    }
    auto block = FlattenSelect(*branch);
    if (!block) return nullptr;
    for (std::size_t i = 0; i < block->items.size(); ++i) {
      UnitColumn column = scope_.DescribeItem(block->items[i], relation.columns[i].name);
      if (table->blocks.empty()) {
        column.type = relation.columns[i].type;
        table->columns.push_back(std::move(column));
        continue;
      }
      // A constant beside a dimension would put one branch's persons into a group of the other's choice.
      const auto constant = [](const ExprPtr& item) { return IsLiteral(item) && !item->literal.IsNull(); };
      if (constant(block->items[i]) != constant(table->blocks[0]->items[i])) column.policy.roles = {Role::kHidden};
      MergeColumn(table->columns[i], column, scope_.is_noisy());
    }
    table->blocks.push_back(block);
    for (const UnitCounter& counter : block->counters) {
      const UnitColumn& unit = scope_.Column(*counter.unit);
      if (owner.empty()) {
        owner = counter.dataset->organisation;
        domain = unit.policy.domain;
      }
      if (counter.dataset->organisation != owner || unit.policy.domain != domain || domain.empty()) {
        return refuse("A UNION ALL below an aggregate joins tables of one owner with one kind of person.");
      }
    }
  }
  const std::size_t shown = table->columns.size();
  std::size_t hidden = shown;
  for (const auto& block : table->blocks) {
    for (UnitCounter counter : block->counters) {
      const UnitColumn& unit = scope_.Column(*counter.unit);
      agreement::ColumnPolicy policy;  // hidden: only the thresholds read it
      table->columns.push_back({"unit", unit.type, policy, counter.dataset});
      counter.unit = MakeColumn(source, static_cast<int>(hidden++), unit.type);
      counter.optional = true;
      table->counters.push_back(std::move(counter));
    }
  }
  return table;
}

// SELECT key FROM a INTERSECT SELECT key FROM b: the persons of both.
UnitTablePtr Permitter::KeysTable(const Relation& relation, int source) {
  const auto refuse = [&](std::string_view rule, std::string message) {
    findings_.Add({rule, relation.range, std::move(message)});
    return UnitTablePtr();
  };
  if (relation.operation == SetOperation::kExcept) {
    findings_.Add({"R12", relation.range, "EXCEPT shows who is not in the other's data."});
    return refuse("R15", "Below an aggregate only UNION ALL of one owner and INTERSECT of keys are admitted.");
  }
  if (relation.all || !relation.order.empty() || relation.limit || relation.offset || relation.columns.size() != 1) {
    return refuse("R15", "INTERSECT below an aggregate takes one key column from each side.");
  }
  auto table = std::make_shared<UnitTable>();
  table->kind = UnitTable::Kind::kKeys;
  table->source = source;
  table->range = relation.range;
  for (const RelationPtr& side : {relation.left, relation.right}) {
    if (side->kind != Relation::Kind::kSelect || !IsProtected(*side) || side->grouped || side->distinct) {
      return refuse("R15", "INTERSECT below an aggregate takes a key column of a dataset from each side.");
    }
    auto block = FlattenSelect(*side);
    if (!block) return nullptr;
    if (!IsColumn(block->items[0]) || !IsJoinKey(scope_.Column(*block->items[0]))) {
      return refuse("R15", "INTERSECT below an aggregate takes keys only.");
    }
    const UnitColumn& key = scope_.Column(*block->items[0]);
    if (table->columns.empty()) {
      table->columns.push_back(key);
    } else if (!CheckDomains(table->columns[0], key, relation.range)) {
      return nullptr;
    }
    for (UnitCounter counter : block->counters) {
      if (!SameExpr(counter.unit, block->items[0]) && !AreJoined(*block, counter.unit, block->items[0])) {
        return refuse("R15", "INTERSECT below an aggregate takes the privacy unit of every table in it.");
      }
      counter.unit = MakeColumn(source, 0, key.type);
      counter.optional = false;
      table->counters.push_back(std::move(counter));
    }
    table->blocks.push_back(block);
  }
  return table;
}

}  // namespace cloister::sql
