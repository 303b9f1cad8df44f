// Select, project and join over persons' rows, brought into one flat block: derived tables and CTEs dissolve into what
// they stand for, so that a check sees the columns of datasets and not names that somebody gave to them.

#include <algorithm>

#include "sql/passes/permitter.h"

namespace cloister::sql {

using agreement::Role;

ExprPtr Permitter::Inline(const ExprPtr& expr) {
  if (++inlined_nodes_ > kInlinedNodesMax) {
    if (inlined_nodes_ == kInlinedNodesMax + 1) {
      findings_.Add(
          {"R23", expr->range, "The query is too large once its derived tables are put in their places; simplify it."});
    }
    return nullptr;
  }
  if (IsColumn(expr)) {
    const auto known = inlined_.find(expr->source);
    if (known == inlined_.end()) return expr;
    const ExprPtr& value = known->second[expr->column];
    // Counted: a chain of derived tables could double an expression at each step.
    bool within = true;
    const std::function<void(const ExprPtr&)> count = [&](const ExprPtr& node) {
      if (++inlined_nodes_ > kInlinedNodesMax) within = false;
      if (within) ForEachChild(*node, count);
    };
    count(value);
    if (!within) {
      findings_.Add(
          {"R23", expr->range, "The query is too large once its derived tables are put in their places; simplify it."});
      return nullptr;
    }
    return value;
  }
  bool whole = true;
  ExprPtr mapped = MapChildren(expr, [&](const ExprPtr& child) {
    ExprPtr value = Inline(child);
    if (!value) whole = false;
    return value ? value : child;
  });
  return whole ? mapped : nullptr;
}

namespace {

// SELECT ... FROM one public dataset: no row of it stands there more often than the owner wrote it, so that a join to
// it gives the analyst's own weights to nobody.
bool AddsNoRows(const Relation& relation) {
  if (relation.kind == Relation::Kind::kDataset) return true;
  return relation.kind == Relation::Kind::kSelect && relation.from.kind == From::Kind::kSource &&
         relation.sets.empty() && AddsNoRows(*relation.from.source.relation);
}

// The dataset whose column it is, unchanged; null for what the query computes.
const CompileDataset* OriginOf(const Relation& relation, int column) {
  if (relation.kind == Relation::Kind::kDataset) return relation.dataset;
  const ExprPtr& item = relation.items[column];
  if (!IsColumn(item) || item->source != relation.from.source.id) return nullptr;
  return OriginOf(*relation.from.source.relation, item->column);
}

bool HasWindow(const Relation& select) {
  return select.qualify || std::any_of(select.items.begin(), select.items.end(), [](const ExprPtr& item) {
           return ContainsKind(item, ExprKind::kWindow);
         });
}

}  // namespace

UnitTablePtr Permitter::LeafTable(const Source& source) {
  const Relation& relation = *source.relation;
  auto table = std::make_shared<UnitTable>();
  table->source = source.id;
  table->range = source.range;
  if (relation.kind == Relation::Kind::kDataset) {
    const CompileDataset& dataset = *relation.dataset;
    table->dataset = &dataset;
    table->kind = dataset.policy.IsPublic() ? UnitTable::Kind::kPublic : UnitTable::Kind::kDataset;
    for (std::size_t i = 0; i < relation.columns.size(); ++i) {
      const OutputColumn& column = relation.columns[i];
      table->columns.push_back({column.name, column.type, dataset.policy.Column(column.name), &dataset});
      if (dataset.policy.privacy_unit == column.name) {
        table->counters.push_back(
            {MakeColumn(source.id, static_cast<int>(i), column.type), &dataset, dataset.policy.min_group_size});
      }
    }
    if (table->kind == UnitTable::Kind::kDataset && table->counters.size() != 1) {
      findings_.Add({"R07", source.range, "The dataset " + dataset.name + " has no privacy unit that can be counted.",
                     dataset.organisation});
      return nullptr;
    }
    return table;
  }
  // A derived table over public data alone; one that releases values of persons may not be joined to persons again.
  bool released = false;
  ForEachRelation(source.relation, [&](const Relation& inner) {
    released = released || (inner.kind == Relation::Kind::kDataset && !inner.dataset->policy.IsPublic());
  });
  if (released) {
    findings_.Add({"R13", source.range,
                   "Released values cannot be joined to persons' rows; join them to another released block."});
    return nullptr;
  }
  if (!AddsNoRows(relation)) {
    findings_.Add({"R11", source.range,
                   "A derived table joined to persons' rows is a SELECT from one public dataset; joins, set operations "
                   "and constants in it would give rows a weight."});
    return nullptr;
  }
  table->kind = UnitTable::Kind::kPublic;
  table->relation = ReleaseRelation(source.relation);
  for (std::size_t i = 0; i < relation.columns.size(); ++i) {
    agreement::ColumnPolicy policy;
    policy.roles = {Role::kPublic};
    const OutputColumn& column = relation.columns[i];
    table->columns.push_back({column.name, column.type, policy, OriginOf(relation, static_cast<int>(i))});
  }
  return table->relation ? table : nullptr;
}

bool Permitter::FlattenSource(const Source& source, UnitBlock& block, std::vector<ExprPtr>& conjuncts) {
  const Relation& relation = *source.relation;
  const bool is_protected = IsProtected(relation);
  if (source.renamed && is_protected) {
    findings_.Add(
        {"R04", source.range, "A table of persons' rows keeps its column names; rename in its select list with AS."});
    return false;
  }
  bool released = false;
  ForEachRelation(source.relation, [&](const Relation& inner) {
    released = released || (inner.kind == Relation::Kind::kDataset && !inner.dataset->policy.IsPublic());
  });
  if (!is_protected && released && ReleasesOneValue(source.relation)) return InlineReleasedRow(source);
  UnitTablePtr table;
  if (relation.kind == Relation::Kind::kDataset || !is_protected) {
    table = LeafTable(source);
  } else if (relation.kind == Relation::Kind::kSetOperation) {
    table =
        relation.operation == SetOperation::kUnion ? UnionTable(relation, source.id) : KeysTable(relation, source.id);
  } else if (relation.grouped || relation.distinct) {
    table = PerUnitTable(relation, source.id);
  } else if (HasWindow(relation)) {
    table = WindowTable(relation, source.id);
  } else {
    const auto inner = FlattenSelect(relation);
    if (!inner) return false;
    block.tables.insert(block.tables.end(), inner->tables.begin(), inner->tables.end());
    block.outer_joins.insert(block.outer_joins.end(), inner->outer_joins.begin(), inner->outer_joins.end());
    block.semi_joins.insert(block.semi_joins.end(), inner->semi_joins.begin(), inner->semi_joins.end());
    block.where.insert(block.where.end(), inner->where.begin(), inner->where.end());
    block.counters.insert(block.counters.end(), inner->counters.begin(), inner->counters.end());
    inlined_[source.id] = inner->items;
    return true;
  }
  (void)conjuncts;
  if (!table) return false;
  scope_.AddTable(table);
  block.tables.push_back(table);
  block.counters.insert(block.counters.end(), table->counters.begin(), table->counters.end());
  return true;
}

// LEFT JOIN: only to a table as it is, so that "no match" means one thing.
bool Permitter::FlattenOuterJoin(const From& join, UnitBlock& block, std::vector<ExprPtr>& conjuncts) {
  if (!FlattenFrom(*join.left, block, conjuncts)) return false;
  const From& right = *join.right;
  if (right.kind != From::Kind::kSource || right.source.relation->kind != Relation::Kind::kDataset) {
    findings_.Add(
        {"R11", join.range, "The right side of LEFT JOIN is a dataset by name; use JOIN for derived tables."});
    return false;
  }
  const UnitTablePtr leaf = LeafTable(right.source);
  if (!leaf) return false;
  auto table = std::make_shared<UnitTable>(*leaf);
  for (UnitCounter& counter : table->counters) counter.optional = true;
  scope_.AddTable(table);
  UnitOuterJoin outer{table, {}};
  std::vector<ExprPtr> parts;
  SplitConjunction(join.condition, parts);
  bool joined = false;
  for (const ExprPtr& part : parts) {
    const ExprPtr condition = Inline(part);
    if (!condition) return false;
    const bool equality = IsKeyEquality(condition) || IsPublicEquality(condition);
    if (IsKeyEquality(condition)) {
      if (!CheckKeyDomains(condition)) return false;
      for (const ExprPtr& side : condition->args) {
        const UnitTablePtr& other = scope_.Table(side->source);
        if (other->source == table->source) continue;
        for (const UnitCounter& counter : other->counters) {
          if (counter.dataset->organisation == table->dataset->organisation) continue;
          findings_.Add({"R12", join.range,
                         "LEFT JOIN across owners would show who is not in the other's data; use JOIN.",
                         table->dataset->organisation});
          return false;
        }
      }
    }
    const auto touches = [&](const Expr& column) { return column.source == table->source; };
    bool own = false;
    ForEachColumn(condition, [&](const Expr& column) { own = own || touches(column); });
    // Persons join by keys alone; a public column would match many with many.
    joined = joined || (own && (IsKeyEquality(condition) || (equality && table->kind == UnitTable::Kind::kPublic)));
    if (!equality && !scope_.CheckPredicate(condition, UnitScope::Place::kFilter)) return false;
    outer.conditions.push_back(condition);
  }
  if (!joined) {
    findings_.Add(
        {"R11", join.range, "A join is an equality of keys of one domain, or of a public column with a dimension."});
    return false;
  }
  block.counters.insert(block.counters.end(), table->counters.begin(), table->counters.end());
  block.outer_joins.push_back(std::move(outer));
  return true;
}

// a SEMI JOIN b ON a.key = b.key is WHERE EXISTS.
bool Permitter::FlattenSemiJoin(const From& join, UnitBlock& block, std::vector<ExprPtr>& conjuncts) {
  if (!FlattenFrom(*join.left, block, conjuncts)) return false;
  auto subquery = std::make_shared<Relation>();
  subquery->from = *join.right;
  subquery->where = join.condition;
  subquery->range = join.range;
  subquery->items = {MakeLiteral(Literal::Bigint(1), join.range)};
  subquery->columns = {{"one", kBigintType}};
  auto test = std::make_shared<Expr>();
  test->kind = ExprKind::kSubquery;
  test->function = "exists";
  test->type = kBooleanType;
  test->range = join.range;
  test->relation = subquery;
  conjuncts.push_back(join.join == JoinKind::kSemi ? ExprPtr(test) : MakeCall("not", {test}, kBooleanType, join.range));
  return true;
}

bool Permitter::FlattenFrom(const From& from, UnitBlock& block, std::vector<ExprPtr>& conjuncts) {
  if (from.kind == From::Kind::kSource) return FlattenSource(from.source, block, conjuncts);
  if (from.kind == From::Kind::kNone) return true;
  switch (from.join) {
    case JoinKind::kLeft:
      return FlattenOuterJoin(from, block, conjuncts);
    case JoinKind::kSemi:
    case JoinKind::kAnti:
      return FlattenSemiJoin(from, block, conjuncts);
    case JoinKind::kRight:
    case JoinKind::kFull:
      findings_.Add(
          {"R11", from.range, "RIGHT and FULL JOIN are not admitted over persons' rows; use JOIN or LEFT JOIN."});
      findings_.Add({"R12", from.range, "An outer join shows who is not in the other side's data."});
      return false;
    case JoinKind::kInner:
      break;
  }
  const bool left = FlattenFrom(*from.left, block, conjuncts);
  if (!FlattenFrom(*from.right, block, conjuncts) || !left) return false;
  SplitConjunction(from.condition, conjuncts);
  return true;
}

// FROM and WHERE of a select over persons' rows.
std::shared_ptr<UnitBlock> Permitter::FlattenRows(const Relation& select) {
  auto block = std::make_shared<UnitBlock>();
  std::vector<ExprPtr> conjuncts;
  if (!FlattenFrom(select.from, *block, conjuncts)) return nullptr;
  SplitConjunction(select.where, conjuncts);
  if (select.star) {
    findings_.Add({"R04", select.range, "A star over persons' rows is not admitted; name the columns."});
    return nullptr;
  }
  return CheckBlock(*block, conjuncts, select) ? block : nullptr;
}

// One column of a derived table.
bool Permitter::CheckItem(const ExprPtr& inlined, TextRange range) {
  if (ContainsKind(inlined, ExprKind::kWindow)) {
    findings_.Add({"R14", range, "A window over a person's own rows stands alone in the select list."});
    return false;
  }
  if (ContainsKind(inlined, ExprKind::kSubquery)) {
    findings_.Add({"R13", range, "A subquery beside persons' rows is not admitted."});
    return false;
  }
  // Rule R04 holds where nobody looks at the column afterwards, too.
  bool untouchable = false;
  ForEachColumn(inlined, [&](const Expr& column) {
    const bool hidden = scope_.Column(column).policy.Is(Role::kHidden);
    if (hidden || !IsColumn(inlined)) untouchable = scope_.IsUntouchable(column) || untouchable;
  });
  return !untouchable;
}

std::shared_ptr<UnitBlock> Permitter::FlattenSelect(const Relation& select) {
  const std::size_t before = findings_.size();
  if (!select.order.empty() || select.limit || select.offset) {
    findings_.Add({"R16", select.range,
                   "ORDER BY and LIMIT over persons' rows would pick rows; put them after the aggregation."});
  }
  if (HasWindow(select)) {
    findings_.Add({"R14", select.range,
                   "A window over persons' rows compares persons with each other; use windows over aggregated rows, or "
                   "over one person's rows in a derived table."});
  }
  auto block = FlattenRows(select);
  if (!block || findings_.size() != before) return nullptr;
  for (const ExprPtr& item : select.items) {
    const ExprPtr inlined = Inline(item);
    if (!inlined) return nullptr;
    if (!CheckItem(inlined, item->range)) return nullptr;
    block->items.push_back(inlined);
  }
  return block;
}

}  // namespace cloister::sql
