#include "sql/passes/permitted_query.h"

#include <algorithm>
#include <map>
#include <set>

#include "sql/passes/permitter.h"
#include "sql/passes/query_loss.h"

namespace cloister::sql {
namespace {

using agreement::Level;

std::vector<const CompileDataset*> DatasetsOf(const RelationPtr& root) {
  std::set<const CompileDataset*> seen;
  ForEachRelation(root, [&](const Relation& relation) {
    if (relation.kind == Relation::Kind::kDataset) seen.insert(relation.dataset);
  });
  std::vector<const CompileDataset*> datasets(seen.begin(), seen.end());
  std::sort(datasets.begin(), datasets.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
  return datasets;
}

// Rule R27: the level is what every dataset in the query grants.
bool CheckLevel(const std::vector<const CompileDataset*>& datasets, Level level, Findings& findings) {
  bool granted = true;
  for (const CompileDataset* dataset : datasets) {
    if (dataset->policy.levels.contains(level)) continue;
    granted = false;
    std::string grants;
    for (const Level other : dataset->policy.levels)
      grants += (grants.empty() ? "" : ", ") + std::string(LevelName(other));
    const std::string mend = grants.empty() ? "no level: it has no policy that lets anybody read it. Ask " +
                                                  dataset->organisation + " to set one"
                                            : grants;
    findings.Add({"R27", findings.Whole(),
                  dataset->name + " does not grant the level " + std::string(LevelName(level)) + "; it grants " + mend +
                      ".",
                  dataset->organisation});
  }
  return granted;
}

void CheckCrossOwner(const std::vector<const CompileDataset*>& datasets, const CompileRequest& request,
                     Findings& findings) {
  if (request.cross_owner_joins_allowed) return;
  std::set<std::string> owners;
  for (const CompileDataset* dataset : datasets) {
    if (!dataset->policy.IsPublic()) owners.insert(dataset->organisation);
  }
  if (owners.size() > 1)
    findings.Add({"R11", findings.Whole(), "The charter does not allow queries over datasets of several owners."});
}

// full_access: the rows are granted, so only what would break the engine or the answer is looked at.
void CheckCost(const RelationPtr& root, Findings& findings) {
  constexpr int kFullAccessReferencesMax = 24;
  int references = 0;
  ForEachRelation(root,
                  [&](const Relation& relation) { references += relation.kind == Relation::Kind::kDataset ? 1 : 0; });
  if (references > kFullAccessReferencesMax) {
    findings.Add(
        {"R23", findings.Whole(), "A query reads at most " + std::to_string(kFullAccessReferencesMax) + " tables."});
  }
}

void ForEachColumnOf(const Relation& relation, const std::function<void(const Expr&)>& visit) {
  ForEachExpr(relation, [&](const ExprPtr& expr) { ForEachColumn(expr, visit); });
}

// Rule R04: a hidden column stands nowhere, not even where nothing is made of it. A star does not name it.
void CheckHidden(const RelationPtr& root, Findings& findings) {
  std::map<int, const CompileDataset*> sources;
  ForEachRelation(root, [&](const Relation& relation) {
    ForEachSource(relation.from, [&](const Source& source) {
      if (source.relation->kind == Relation::Kind::kDataset) sources[source.id] = source.relation->dataset;
    });
  });
  ForEachRelation(root, [&](const Relation& relation) {
    if (relation.star) return;
    ForEachColumnOf(relation, [&](const Expr& column) {
      const auto source = sources.find(column.source);
      if (source == sources.end()) return;
      const CompileDataset& dataset = *source->second;
      const std::string& name = dataset.schema.columns[static_cast<std::size_t>(column.column)].name;
      if (dataset.policy.IsPublic() || !dataset.policy.Column(name).Is(agreement::Role::kHidden)) return;
      findings.Add({"R04", column.range,
                    "The column " + name + " is hidden by its owner and cannot be used in a query.",
                    dataset.organisation});
    });
  });
}

// Rule R13: above a release nothing is left of the rows below it, so no subquery may look at them.
void CheckClosed(const RelationPtr& root, Findings& findings) {
  std::set<int> sources{kOwnOutput};
  ForEachRelation(root, [&](const Relation& relation) {
    ForEachSource(relation.from, [&](const Source& source) { sources.insert(source.id); });
  });
  ForEachRelation(root, [&](const Relation& relation) {
    ForEachColumnOf(relation, [&](const Expr& column) {
      if (sources.contains(column.source)) return;
      findings.Add({"R13", column.range,
                    "A subquery beside aggregates may not look at the outer rows; join the two by their groups."});
    });
  });
}

}  // namespace

std::optional<PermittedQuery> PermittedQuery::Permit(BoundQuery bound, const CompileRequest& request,
                                                     Findings& findings) {
  PermittedQuery query;
  query.datasets_ = DatasetsOf(bound.root());
  const auto level = agreement::ParseLevel(request.level);
  if (!level) {
    findings.Add(
        {"R27", findings.Whole(),
         "There is no such privacy level; choose aggregate_only, k_anonymized, differential_privacy or full_access."});
    return std::nullopt;
  }
  query.level_ = *level;
  CheckLevel(query.datasets_, *level, findings);
  CheckCrossOwner(query.datasets_, request, findings);
  for (const OutputColumn& column : bound.root()->columns) {
    if (column.type.kind == Type::Kind::kInterval)
      findings.Add({"R03", findings.Whole(), "An interval may be added to a date; it cannot be shown."});
  }
  if (*level == Level::kFullAccess) {
    CheckCost(bound.root(), findings);
    query.root_ = bound.root();
  } else if (*level == Level::kAggregateOnly) {
    Permitter permitter(bound, request, findings);
    query.root_ = permitter.ReleaseRelation(bound.root());
    if (query.root_ && findings.empty()) permitter.CheckSeveral(query.root_);
  } else if (*level == Level::kKAnonymized) {
    const bool of_persons = std::any_of(query.datasets_.begin(), query.datasets_.end(),
                                        [](const CompileDataset* dataset) { return !dataset->policy.IsPublic(); });
    if (of_persons)
      query.anonymous_ = Permitter(bound, request, findings).PermitAnonymous(*bound.root());
    else
      CheckCost(bound.root(), findings);
    query.root_ = bound.root();
  } else if (*level == Level::kDifferentialPrivacy) {
    Permitter permitter(bound, request, findings);
    query.root_ = permitter.ReleaseRelation(bound.root());
    query.loss_ = CheckLoss(query.datasets_, request, findings);
  } else {
    findings.Add(
        {"R27", findings.Whole(),
         "This release of the enclave does not offer the level " + request.level + " yet; use aggregate_only."});
  }
  if (findings.empty() && query.root_ && *level != Level::kFullAccess) {
    CheckHidden(bound.root(), findings);
    if (!query.anonymous_) CheckClosed(query.root_, findings);
  }
  if (!findings.empty() || !query.root_) {
    if (findings.empty()) findings.Add({"R05", findings.Whole(), "The query is not admitted."});
    return std::nullopt;
  }
  return query;
}

}  // namespace cloister::sql
