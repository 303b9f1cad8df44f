// Which column of which dataset reaches which output, and as what.

#include "base/check.h"
#include "sql/explain/report.h"

namespace cloister::sql {
namespace {

constexpr std::string_view kEveryRow = "*";

class Tracer {
 public:
  explicit Tracer(std::set<LineageEdge>& out) : out_(out) {}

  void Query(const RelationPtr& root) {
    for (std::size_t i = 0; i < root->columns.size(); ++i)
      Output(*root, static_cast<int>(i), "PROJECTION", root->columns[i].name);
    // What decides which rows there are, anywhere in the query.
    ForEachRelation(root, [this](const Relation& relation) { Rows(relation); });
  }

 private:
  using Sources = std::map<int, RelationPtr>;

  void Add(const CompileDataset& dataset, const std::string& column, std::string_view role, std::string_view output) {
    out_.insert({&dataset, column, std::string(role), std::string(output)});
  }

  void Output(const Relation& relation, int column, std::string_view role, std::string_view output) {
    switch (relation.kind) {
      case Relation::Kind::kDataset:
        Add(*relation.dataset, relation.columns[column].name, role, output);
        return;
      case Relation::Kind::kSetOperation:
        Output(*relation.left, column, role, output);
        Output(*relation.right, column, role, output);
        return;
      case Relation::Kind::kRelease:
        ReleaseColumn(*relation.release, column, output);
        return;
      case Relation::Kind::kSelect:
        Bound(relation.items[column], relation, role, output);
        return;
    }
  }

  // An expression over the sources of a select.
  void Bound(const ExprPtr& expr, const Relation& select, std::string_view role, std::string_view output) {
    if (expr->relation) {
      for (std::size_t i = 0; i < expr->relation->columns.size(); ++i)
        Output(*expr->relation, static_cast<int>(i), role, output);
    }
    if (IsColumn(expr)) {
      ForEachSource(select.from, [&](const Source& source) {
        if (source.id == expr->source) Output(*source.relation, expr->column, role, output);
      });
      return;
    }
    const bool aggregate = expr->kind == ExprKind::kAggregate;
    ForEachChild(*expr, [&](const ExprPtr& child) {
      Bound(child, select, aggregate ? (child == expr->filter ? "FILTER" : "AGGREGATION") : role, output);
    });
  }

  void ReleaseColumn(const Release& release, int column, std::string_view output) {
    const auto keys = static_cast<int>(release.keys.size());
    const auto aggregates = static_cast<int>(release.aggregates.size());
    if (column < keys) {
      Unit(release.keys[column], *release.block, "GROUP_BY", output);
    } else if (column < keys + aggregates) {
      const UnitAggregate& aggregate = release.aggregates[column - keys];
      for (const ExprPtr& arg : aggregate.args) Unit(arg, *release.block, "AGGREGATION", output);
      for (const ExprPtr& condition : aggregate.conditions) Unit(condition, *release.block, "FILTER", output);
      if (aggregate.function == "count_star") Counters(*release.block, output);
    }
  }

  void Counters(const UnitBlock& block, std::string_view output) {
    for (const UnitCounter& counter : block.counters) Unit(counter.unit, block, "AGGREGATION", output);
  }

  const UnitTable* Table(const UnitBlock& block, int source) const {
    for (const UnitTablePtr& table : block.tables) {
      if (table->source == source) return table.get();
    }
    for (const UnitOuterJoin& join : block.outer_joins) {
      if (join.table->source == source) return join.table.get();
    }
    return nullptr;
  }

  // An expression over the leaves of a block.
  void Unit(const ExprPtr& expr, const UnitBlock& block, std::string_view role, std::string_view output) {
    if (!IsColumn(expr)) {
      ForEachChild(*expr, [&](const ExprPtr& child) { Unit(child, block, role, output); });
      return;
    }
    const UnitTable* table = Table(block, expr->source);
    if (table == nullptr) return;
    if (table->dataset != nullptr) {
      Add(*table->dataset, table->columns[expr->column].name, role, output);
    } else if (table->relation) {
      Output(*table->relation, expr->column, role, output);
    }
    for (const auto& inner : table->blocks) {
      if (expr->column < static_cast<int>(inner->items.size())) Unit(inner->items[expr->column], *inner, role, output);
    }
  }

  void Rows(const Relation& relation) {
    if (relation.kind == Relation::Kind::kRelease) Block(*relation.release->block);
    if (relation.kind != Relation::Kind::kSelect) return;
    Conditions(relation.from, relation);
    for (const ExprPtr& condition : {relation.where, relation.having, relation.qualify}) {
      if (condition) Bound(condition, relation, "FILTER", kEveryRow);
    }
    for (const ExprPtr& key : relation.keys) Bound(key, relation, "GROUP_BY", kEveryRow);
  }

  void Conditions(const From& from, const Relation& relation) {
    if (from.kind != From::Kind::kJoin) return;
    Conditions(*from.left, relation);
    Conditions(*from.right, relation);
    if (from.condition) Bound(from.condition, relation, "JOIN", kEveryRow);
  }

  void Block(const UnitBlock& block) {
    const auto conditions = [&](const std::vector<ExprPtr>& exprs) {
      for (const ExprPtr& expr : exprs) {
        std::set<int> sources;
        CollectSources(expr, sources);
        const bool join = sources.size() > 1 && IsCall(expr, "=");
        Unit(expr, block, join ? "JOIN" : "FILTER", kEveryRow);
      }
    };
    conditions(block.where);
    for (const UnitOuterJoin& join : block.outer_joins) conditions(join.conditions);
    for (const UnitSemiJoin& join : block.semi_joins) {
      Unit(join.outer, block, "JOIN", kEveryRow);
      Unit(join.inner, *join.block, "JOIN", kEveryRow);
      Block(*join.block);
    }
    for (const UnitTablePtr& table : block.tables) {
      for (const auto& inner : table->blocks) Block(*inner);
    }
    for (const ExprPtr& key : block.keys) Unit(key, block, "GROUP_BY", kEveryRow);
  }

  void CollectSources(const ExprPtr& expr, std::set<int>& sources) {
    if (IsColumn(expr)) sources.insert(expr->source);
    ForEachChild(*expr, [&](const ExprPtr& child) { CollectSources(child, sources); });
  }

  std::set<LineageEdge>& out_;
};

}  // namespace

std::set<LineageEdge> TraceLineage(const PrivateQuery& query) {
  std::set<LineageEdge> edges;
  Tracer(edges).Query(query.root());
  return edges;
}

}  // namespace cloister::sql
