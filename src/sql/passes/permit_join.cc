// Rules R11, R12, R13, R23: how rows of persons may be joined, and what a block may filter on.

#include <algorithm>
#include <numeric>

#include "sql/passes/permitter.h"

namespace cloister::sql {

using agreement::Role;

bool Permitter::IsKeyEquality(const ExprPtr& expr) {
  if (!IsCall(expr, "=") || !IsColumn(expr->args[0]) || !IsColumn(expr->args[1])) return false;
  const auto key = [&](const ExprPtr& side) {
    return scope_.Has(side->source) && scope_.Column(*side).policy.Is(Role::kJoinKey);
  };
  return key(expr->args[0]) && key(expr->args[1]) && expr->args[0]->source != expr->args[1]->source;
}

bool Permitter::IsPublicEquality(const ExprPtr& expr) {
  if (!IsCall(expr, "=") || !IsColumn(expr->args[0]) || !IsColumn(expr->args[1])) return false;
  if (!scope_.Has(expr->args[0]->source) || !scope_.Has(expr->args[1]->source)) return false;
  const auto is_public = [&](const ExprPtr& side) { return scope_.Column(*side).policy.Is(Role::kPublic); };
  const auto usable = [&](const ExprPtr& side) {
    const UnitColumn& column = scope_.Column(*side);
    return is_public(side) || (column.policy.Is(Role::kDimension) && !column.type.IsTemporal());
  };
  // Two public tables joined with each other could give each person's rows a weight of the analyst's choice.
  return expr->args[0]->source != expr->args[1]->source && usable(expr->args[0]) && usable(expr->args[1]) &&
         is_public(expr->args[0]) != is_public(expr->args[1]);
}

bool Permitter::CheckDomains(const UnitColumn& a, const UnitColumn& b, TextRange range) {
  if (a.policy.domain.empty() || a.policy.domain != b.policy.domain) {
    findings_.Add({"R11", range, "The keys " + a.name + " and " + b.name + " are not of one domain."});
    return false;
  }
  const bool across =
      a.dataset != nullptr && b.dataset != nullptr && a.dataset->organisation != b.dataset->organisation;
  if (across && !request_.cross_owner_joins_allowed) {
    findings_.Add({"R11", range, "The charter does not allow joins across owners."});
    return false;
  }
  return true;
}

bool Permitter::CheckKeyDomains(const ExprPtr& expr) {
  return CheckDomains(scope_.Column(*expr->args[0]), scope_.Column(*expr->args[1]), expr->range);
}

bool Permitter::CheckLimits(const UnitBlock& block, const Relation& at) {
  std::map<const CompileDataset*, int> uses;
  std::size_t references = 0;
  const std::function<void(const UnitBlock&)> count = [&](const UnitBlock& inner) {
    const auto table = [&](const UnitTable& leaf) {
      ++references;
      if (leaf.dataset != nullptr) ++uses[leaf.dataset];
      if (leaf.kind == UnitTable::Kind::kUnion) return;  // its branches are not joined with each other
      for (const auto& deeper : leaf.blocks) count(*deeper);
    };
    for (const UnitTablePtr& leaf : inner.tables) table(*leaf);
    for (const UnitOuterJoin& join : inner.outer_joins) table(*join.table);
    for (const UnitSemiJoin& join : inner.semi_joins) count(*join.block);
  };
  count(block);
  if (references > kReferencesMax) {
    findings_.Add(
        {"R23", at.range, "A block joins at most " + std::to_string(kReferencesMax) + " tables of persons' rows."});
    return false;
  }
  for (const auto& [dataset, times] : uses) {
    if (times <= kSameDatasetMax) continue;
    findings_.Add({"R23", at.range,
                   "A block uses one dataset at most " + std::to_string(kSameDatasetMax) + " times; " + dataset->name +
                       " stands here " + std::to_string(times) + " times.",
                   dataset->organisation});
    return false;
  }
  return true;
}

namespace {

// Which tables of a block hang together by equalities.
class Components {
 public:
  void Add(int source) { parent_.emplace(source, source); }
  bool Has(int source) const { return parent_.contains(source); }
  int Find(int source) {
    while (parent_[source] != source) source = parent_[source];
    return source;
  }
  void Join(int a, int b) { parent_[Find(a)] = Find(b); }
  std::size_t Count() {
    std::set<int> roots;
    for (const auto& [source, unused] : parent_) roots.insert(Find(source));
    return roots.size();
  }

 private:
  std::map<int, int> parent_;
};

const ExprPtr* SubqueryOf(const ExprPtr& expr, bool& negated) {
  const ExprPtr* at = &expr;
  while (IsCall(*at, "not")) {
    negated = !negated;
    at = &(*at)->args[0];
  }
  const bool test = (*at)->kind == ExprKind::kSubquery && !(*at)->function.empty();
  return test ? at : nullptr;
}

}  // namespace

bool AreJoined(const UnitBlock& block, const ExprPtr& a, const ExprPtr& b) {
  std::vector<ExprPtr> known{a};
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (SameExpr(known[i], b)) return true;
    for (const ExprPtr& condition : block.where) {
      if (!IsCall(condition, "=")) continue;
      for (int side = 0; side < 2; ++side) {
        const ExprPtr& other = condition->args[1 - side];
        const bool fresh =
            std::none_of(known.begin(), known.end(), [&](const ExprPtr& e) { return SameExpr(e, other); });
        if (SameExpr(condition->args[side], known[i]) && IsColumn(other) && fresh) known.push_back(other);
      }
    }
  }
  return false;
}

bool Permitter::CheckBlock(UnitBlock& block, const std::vector<ExprPtr>& conjuncts, const Relation& at) {
  const std::size_t before = findings_.size();
  // A public table may hang on anything; persons' tables hang together by keys alone, not by way of a public table.
  Components components;
  Components persons;
  for (const UnitTablePtr& table : block.tables) {
    components.Add(table->source);
    if (!table->counters.empty()) persons.Add(table->source);
  }
  const auto connect = [&](const ExprPtr& equality) {
    const int a = equality->args[0]->source;
    const int b = equality->args[1]->source;
    if (components.Has(a) && components.Has(b)) components.Join(a, b);
    if (persons.Has(a) && persons.Has(b) && IsKeyEquality(equality)) persons.Join(a, b);
  };
  // Equalities that inner derived tables brought along.
  for (const ExprPtr& condition : block.where) {
    if (IsKeyEquality(condition) || IsPublicEquality(condition)) connect(condition);
  }
  for (const ExprPtr& conjunct : conjuncts) {
    bool negated = false;
    if (const ExprPtr* subquery = SubqueryOf(conjunct, negated)) {
      CheckSemiJoin(*subquery, block, negated);
      continue;
    }
    const ExprPtr inlined = Inline(conjunct);
    if (!inlined) return false;
    const ExprPtr condition = ReleaseConstants(inlined);
    if (!condition) continue;
    const bool key = IsKeyEquality(condition);
    if (key || IsPublicEquality(condition)) {
      if (key && !CheckKeyDomains(condition)) continue;
      connect(condition);
      block.where.push_back(condition);
      continue;
    }
    std::set<int> sources;
    ForEachColumn(condition, [&](const Expr& column) { sources.insert(column.source); });
    // OR of tests of several tables is a filter like others: each test is looked at on its own.
    const bool connective = IsCall(condition, "or") || IsCall(condition, "not") || IsCall(condition, "and");
    if (sources.size() > 1 && !connective && !scope_.is_noisy()) {
      scope_.Refuse("R11", condition,
                    "Tables are joined by an equality of keys of one domain, or of a public column with a dimension, "
                    "and by nothing else.");
      continue;
    }
    if (scope_.CheckPredicate(condition, UnitScope::Place::kFilter)) block.where.push_back(condition);
  }
  if (findings_.size() == before && (components.Count() > 1 || persons.Count() > 1)) {
    findings_.Add(
        {"R11", at.range,
         "Every table must be joined to the others by an equality of keys of one domain, or of a public column."});
  }
  if (findings_.size() == before) CheckLimits(block, at);
  if (findings_.size() == before && !scope_.is_noisy()) TakeOwnRowsOnce(block);
  return findings_.size() == before;
}

// Which rows those are depends on the analyst's data alone.
void Permitter::TakeOwnRowsOnce(UnitBlock& block) {
  const auto is_own = [&](const CompileDataset* dataset) {
    return dataset != nullptr && dataset->organisation == request_.analyst_organisation;
  };
  if (std::all_of(block.counters.begin(), block.counters.end(),
                  [&](const UnitCounter& counter) { return is_own(counter.dataset); }))
    return;
  const auto once = [&](UnitTablePtr& table, const std::vector<ExprPtr>& conditions) {
    const bool own = table->counters.empty() ? is_own(table->dataset) : is_own(table->counters.front().dataset);
    if (!own || table->kind == UnitTable::Kind::kPerUnit || table->kind == UnitTable::Kind::kKeys) return;
    std::set<int> columns;
    for (const ExprPtr& condition : conditions) {
      if (!IsKeyEquality(condition) && !IsPublicEquality(condition)) continue;
      for (const ExprPtr& side : condition->args) {
        if (side->source == table->source) columns.insert(side->column);
      }
    }
    auto single = std::make_shared<UnitTable>(*table);
    single->single_by.assign(columns.begin(), columns.end());
    table = single;
    scope_.AddTable(table);
  };
  for (UnitTablePtr& table : block.tables) once(table, block.where);
  for (UnitOuterJoin& join : block.outer_joins) once(join.table, join.conditions);
}

// A public list: WHERE zip IN (SELECT zip FROM regions ...).
bool Permitter::CheckPublicList(const ExprPtr& outer, const ExprPtr& inner, const ExprPtr& at) {
  const auto dimension = [&](const ExprPtr& side) {
    if (!IsColumn(side) || !scope_.Has(side->source)) return false;
    const UnitColumn& column = scope_.Column(*side);
    return (column.policy.Is(Role::kDimension) && !column.type.IsTemporal()) || column.policy.Is(Role::kPublic);
  };
  if (dimension(outer) && IsColumn(inner) && Comparable(outer->type, inner->type)) return true;
  scope_.Refuse("R11", at, "A list of a public table is compared with a dimension.");
  return false;
}

// Adds EXISTS (inner block WHERE inner = outer) to the block.
bool Permitter::AddSemiJoin(UnitSemiJoin join, const ExprPtr& at, UnitBlock& block) {
  if (join.block->counters.empty()) {
    if (!CheckPublicList(join.outer, join.inner, at)) return false;
    block.semi_joins.push_back(std::move(join));
    return true;
  }
  const auto key = [&](const ExprPtr& side) {
    return IsColumn(side) && scope_.Has(side->source) && scope_.Column(*side).policy.Is(Role::kJoinKey);
  };
  if (!key(join.outer) || !key(join.inner)) {
    scope_.Refuse("R13", at,
                  "A subquery over protected data is IN or EXISTS on keys of one domain; other values of it must be "
                  "aggregated and released.");
    return false;
  }
  const UnitColumn& outer = scope_.Column(*join.outer);
  if (!CheckDomains(outer, scope_.Column(*join.inner), at->range)) return false;
  for (const UnitCounter& counter : join.block->counters) {
    const bool foreign = outer.dataset == nullptr || counter.dataset->organisation != outer.dataset->organisation;
    if (join.negated && foreign) {
      findings_.Add({"R12", at->range, "NOT IN and NOT EXISTS across owners would show who is not in the other's data.",
                     counter.dataset->organisation});
      return false;
    }
    if (!SameExpr(counter.unit, join.inner) && !AreJoined(*join.block, counter.unit, join.inner)) {
      scope_.Refuse("R13", at, "The key inside the subquery must be the privacy unit of its table.");
      return false;
    }
    if (join.negated) continue;
    UnitCounter outside = counter;
    outside.unit = join.outer;
    outside.optional = false;
    block.counters.push_back(std::move(outside));
  }
  block.semi_joins.push_back(std::move(join));
  return true;
}

bool Permitter::CheckSemiJoin(const ExprPtr& test, UnitBlock& block, bool negated) {
  const Relation& subquery = *test->relation;
  if (subquery.kind == Relation::Kind::kSelect && subquery.star && IsProtected(subquery) && test->function == "in") {
    findings_.Add({"R04", test->range, "A star over persons' rows is not admitted; name the columns."});
    return false;
  }
  if (test->function == "exists") return CheckCorrelated(subquery, test, block, negated);
  const ExprPtr outer = Inline(test->args[0]);
  if (!outer) return false;
  if (!IsProtected(subquery)) {
    bool persons = false;
    ForEachRelation(test->relation, [&](const Relation& inner) {
      persons = persons || (inner.kind == Relation::Kind::kDataset && !inner.dataset->policy.IsPublic());
    });
    const Source source{bound_.NewSourceId(), test->relation, "", false, test->range};
    const UnitTablePtr table = persons ? ReleasedList(test, source, negated) : LeafTable(source);
    if (!table) return false;
    scope_.AddTable(table);
    auto inner = std::make_shared<UnitBlock>();
    inner->tables = {table};
    return AddSemiJoin({inner, outer, MakeColumn(source.id, 0, table->columns[0].type), negated}, test, block);
  }
  if (subquery.kind != Relation::Kind::kSelect || (subquery.grouped && !GroupsByUnit(subquery))) {
    scope_.Refuse("R13", test, "IN takes keys of a dataset: IN (SELECT key FROM dataset WHERE ...).");
    return false;
  }
  auto inner = std::make_shared<UnitBlock>();
  ExprPtr item;
  if (subquery.grouped || subquery.distinct) {
    const UnitTablePtr table = PerUnitTable(subquery, bound_.NewSourceId());
    if (!table) return false;
    scope_.AddTable(table);
    inner->tables = {table};
    inner->counters = table->counters;
    item = MakeColumn(table->source, 0, table->columns[0].type);
  } else {
    inner = FlattenSelect(subquery);
    if (!inner) return false;
    item = inner->items[0];
  }
  return AddSemiJoin({inner, outer, item, negated}, test, block);
}

// EXISTS (SELECT ... FROM t WHERE t.key = outer.key AND tests of t).
bool Permitter::CheckCorrelated(const Relation& subquery, const ExprPtr& test, UnitBlock& block, bool negated) {
  if (subquery.kind != Relation::Kind::kSelect || subquery.grouped || subquery.limit || subquery.offset ||
      subquery.qualify) {
    scope_.Refuse("R13", test, "EXISTS takes a plain SELECT over one dataset, correlated by its key.");
    return false;
  }
  std::set<int> inner_sources;
  ForEachSource(subquery.from, [&](const Source& source) { inner_sources.insert(source.id); });
  std::vector<ExprPtr> conjuncts;
  SplitConjunction(subquery.where, conjuncts);
  std::vector<ExprPtr> own;
  ExprPtr correlation;
  int correlations = 0;
  for (const ExprPtr& conjunct : conjuncts) {
    bool outside = ContainsKind(conjunct, ExprKind::kSubquery);
    ForEachColumn(conjunct, [&](const Expr& column) { outside = outside || !inner_sources.contains(column.source); });
    if (!outside) {
      own.push_back(conjunct);
      continue;
    }
    correlation = conjunct;
    ++correlations;
  }
  const bool equality =
      correlations == 1 && IsCall(correlation, "=") && IsColumn(correlation->args[0]) && IsColumn(correlation->args[1]);
  if (!equality ||
      inner_sources.contains(correlation->args[0]->source) == inner_sources.contains(correlation->args[1]->source)) {
    scope_.Refuse(
        "R13", test,
        "EXISTS over another table is correlated by one equality of keys, and tests nothing else of the outer query.");
    return false;
  }
  Relation inner_select = subquery;
  inner_select.where = own.empty()       ? nullptr
                       : own.size() == 1 ? own[0]
                                         : MakeCall("and", own, kBooleanType, subquery.range);
  inner_select.star = false;  // EXISTS looks at no column of its select list
  auto inner = FlattenRows(inner_select);
  if (!inner) return false;
  const bool first_inside = inner_sources.contains(correlation->args[0]->source);
  const ExprPtr inside = Inline(correlation->args[first_inside ? 0 : 1]);
  const ExprPtr outside = Inline(correlation->args[first_inside ? 1 : 0]);
  if (!inside || !outside) return false;
  return AddSemiJoin({inner, outside, inside, negated}, test, block);
}

}  // namespace cloister::sql
