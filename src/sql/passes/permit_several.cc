// Rules R17 and R24, the part that can be seen in one query. Two releases of one dataset can be subtracted from each
// other: a total minus the groups shown gives the group that was suppressed, and two filters that differ by one person
// give that person. Allowed are releases of the same groups, where filters differ only coarsely, and set operations
// that show keys alone.

#include <algorithm>

#include "base/check.h"
#include "sql/passes/permitter.h"

namespace cloister::sql {
namespace {

struct Seen {
  const Relation* relation;
  const Release* release;
  std::set<const CompileDataset*> datasets;
};

void CollectDatasets(const UnitBlock& block, std::set<const CompileDataset*>& out) {
  for (const UnitCounter& counter : block.counters) out.insert(counter.dataset);
  for (const UnitSemiJoin& join : block.semi_joins) CollectDatasets(*join.block, out);
}

std::string ColumnName(const UnitBlock& block, const Expr& column) {
  const auto name_in = [&](const UnitTable& table) -> std::string {
    if (table.source != column.source) return "";
    const UnitColumn& known = table.columns[column.column];
    return (known.dataset != nullptr ? known.dataset->id : "") + "." + known.name;
  };
  for (const UnitTablePtr& table : block.tables) {
    if (std::string name = name_in(*table); !name.empty()) return name;
  }
  for (const UnitOuterJoin& join : block.outer_joins) {
    if (std::string name = name_in(*join.table); !name.empty()) return name;
  }
  return "?" + std::to_string(column.source);
}

// The form of an expression with datasets and columns by name, so that two blocks can be compared.
std::string Form(const UnitBlock& block, const ExprPtr& expr) {
  if (IsLiteral(expr)) return expr->literal.ToSql();
  if (IsColumn(expr)) return ColumnName(block, *expr);
  std::string out = std::to_string(static_cast<int>(expr->kind)) + expr->function + expr->type.ToString() + "(";
  ForEachChild(*expr, [&](const ExprPtr& child) { out += Form(block, child) + ","; });
  return out + ")";
}

std::set<std::string> Forms(const UnitBlock& block, const std::vector<ExprPtr>& exprs) {
  std::set<std::string> out;
  for (const ExprPtr& expr : exprs) out.insert(Form(block, expr));
  return out;
}

bool ShowsKeysAlone(const Relation& relation) {
  if (relation.kind == Relation::Kind::kSetOperation) {
    return ShowsKeysAlone(*relation.left) && ShowsKeysAlone(*relation.right);
  }
  if (relation.kind != Relation::Kind::kSelect) return false;
  const From& from = relation.from;
  if (from.kind != From::Kind::kSource) return false;
  const Relation& source = *from.source.relation;
  return std::all_of(relation.items.begin(), relation.items.end(), [&](const ExprPtr& item) {
    if (!IsColumn(item)) return false;
    if (source.kind == Relation::Kind::kRelease) return item->column < static_cast<int>(source.release->keys.size());
    if (source.kind != Relation::Kind::kSelect || item->column >= static_cast<int>(source.items.size())) return false;
    Relation inner = source;
    inner.items = {source.items[item->column]};
    return ShowsKeysAlone(inner);
  });
}

// Releases of the query, without those below a set operation (not UNION ALL) that shows keys alone.
void Collect(const RelationPtr& root, std::vector<Seen>& out) {
  const bool keys_alone = root->kind == Relation::Kind::kSetOperation &&
                          !(root->operation == SetOperation::kUnion && root->all) && ShowsKeysAlone(*root);
  if (keys_alone) return;
  if (root->kind == Relation::Kind::kRelease) {
    Seen seen{root.get(), root->release.get(), {}};
    CollectDatasets(*root->release->block, seen.datasets);
    out.push_back(std::move(seen));
  }
  ForEachSource(root->from, [&](const Source& source) { Collect(source.relation, out); });
  const std::function<void(const ExprPtr&)> subqueries = [&](const ExprPtr& expr) {
    if (expr->relation) Collect(expr->relation, out);
    ForEachChild(*expr, subqueries);
  };
  ForEachExpr(*root, subqueries);
  if (root->left) Collect(root->left, out);
  if (root->right) Collect(root->right, out);
}

// The tables of both are the same datasets, each once and as it is; then a column of one can be said in the other.
bool HaveSameTables(const UnitBlock& a, const UnitBlock& b) {
  const auto datasets = [](const UnitBlock& block) {
    std::multiset<const CompileDataset*> out;
    for (const UnitTablePtr& table : block.tables) out.insert(table->dataset);
    return out;
  };
  const auto tables = datasets(a);
  const bool once = std::all_of(tables.begin(), tables.end(), [&](const CompileDataset* dataset) {
    return dataset != nullptr && tables.count(dataset) == 1;
  });
  return once && tables == datasets(b);
}

ExprPtr MoveTo(const UnitBlock& to, const UnitBlock& from, const ExprPtr& expr) {
  if (!IsColumn(expr)) return MapChildren(expr, [&](const ExprPtr& child) { return MoveTo(to, from, child); });
  const auto source = std::find_if(from.tables.begin(), from.tables.end(),
                                   [&](const UnitTablePtr& table) { return table->source == expr->source; });
  CLOISTER_CHECK(source != from.tables.end());
  const auto target = std::find_if(to.tables.begin(), to.tables.end(), [&](const UnitTablePtr& table) {
    return table->dataset == (*source)->dataset;
  });
  CLOISTER_CHECK(target != to.tables.end());
  return MakeColumn((*target)->source, expr->column, expr->type, expr->range);
}

// Tests that one block has and the other has not, each as an expression of its own block.
bool DifferOnlyCoarsely(const Seen& a, const Seen& b, UnitScope& scope) {
  for (const auto& [one, other] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
    const UnitBlock& block = *one->release->block;
    const std::set<std::string> known = Forms(*other->release->block, other->release->block->where);
    for (const ExprPtr& test : block.where) {
      if (!known.contains(Form(block, test)) && !scope.CheckIsolation(test)) return false;
    }
  }
  return a.release->block->semi_joins.empty() && b.release->block->semi_joins.empty();
}

bool MayStandTogether(const Seen& a, const Seen& b, UnitScope& scope) {
  const UnitBlock& left = *a.release->block;
  const UnitBlock& right = *b.release->block;
  const auto simple = [](const UnitBlock& block) {
    return std::all_of(block.tables.begin(), block.tables.end(),
                       [](const UnitTablePtr& table) { return table->blocks.empty(); });
  };
  if (!left.outer_joins.empty() || !right.outer_joins.empty()) return false;
  if (!simple(left) || !simple(right) || a.datasets != b.datasets || !HaveSameTables(left, right)) return false;
  if (!a.release->sets.empty() || !b.release->sets.empty()) return false;
  if (Forms(left, a.release->keys) != Forms(right, b.release->keys)) return false;
  return DifferOnlyCoarsely(a, b, scope);
}

}  // namespace

bool Permitter::GuardDifference(const Release& from, const Release& other) {
  const std::set<std::string> known = Forms(*from.block, from.block->where);
  std::vector<ExprPtr> tests;
  for (const ExprPtr& test : other.block->where) {
    if (!known.contains(Form(*other.block, test))) tests.push_back(MoveTo(*from.block, *other.block, test));
  }
  if (tests.empty()) return true;
  const auto built = built_.find(&from);
  if (built == built_.end()) return false;
  const ExprPtr all = tests.size() == 1 ? tests[0] : MakeCall("and", tests, kBooleanType, tests[0]->range);
  const ExprPtr kept = MakeCall("coalesce", {all, MakeLiteral(Literal::Bool(false))}, kBooleanType, all->range);
  const ExprPtr left_out = MakeCall("not", {kept}, kBooleanType, all->range);
  for (UnitAggregate& aggregate : built->second->aggregates) {
    aggregate.differences.push_back(left_out);
    // Selected by a condition of its own, the rest may be small again.
    for (const ExprPtr& condition : aggregate.conditions)
      aggregate.differences.push_back(MakeCall("and", {left_out, condition}, kBooleanType, all->range));
  }
  return true;
}

void Permitter::CheckSeveral(const RelationPtr& root) {
  std::vector<Seen> releases;
  Collect(root, releases);
  for (std::size_t i = 0; i < releases.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const bool shared =
          std::any_of(releases[i].datasets.begin(), releases[i].datasets.end(),
                      [&](const CompileDataset* dataset) { return releases[j].datasets.contains(dataset); });
      if (!shared) continue;
      const Release& one = *releases[j].release;
      const Release& two = *releases[i].release;
      if (MayStandTogether(releases[j], releases[i], scope_) && GuardDifference(one, two) && GuardDifference(two, one))
        continue;
      findings_.Add({"R17", releases[i].relation->range,
                     "This query releases one dataset twice, in groups or filters that could be subtracted from each "
                     "other to show a "
                     "suppressed group; use GROUP BY ROLLUP for totals, FILTER for parts, or two queries."});
    }
  }
}

}  // namespace cloister::sql
