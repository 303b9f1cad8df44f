#pragma once

// The query of which every part is allowed: levels, column roles, functions by position, joins, filters, keys. At
// aggregate_only each block over protected rows has become a Release, and everything above it works on released values.

#include "sql/bind/bound_query.h"
#include "sql/passes/anonymous.h"
#include "sql/passes/query_loss.h"
#include "sql/passes/release.h"

namespace cloister::sql {

class PermittedQuery {
 public:
  // Nothing: `findings` holds every reason.
  static std::optional<PermittedQuery> Permit(BoundQuery bound, const CompileRequest& request, Findings& findings);

  const RelationPtr& root() const { return root_; }
  agreement::Level level() const { return level_; }
  // What the query may spend of each protected dataset's budget; of level differential_privacy.
  const QueryLoss& loss() const { return loss_; }
  // Datasets read, each once, in the order of their ids.
  const std::vector<const CompileDataset*>& datasets() const { return datasets_; }

  // Of level k_anonymized over a protected dataset; `root` is then the query as it was bound.
  const std::optional<AnonymousProjection>& anonymous() const { return anonymous_; }

 private:
  PermittedQuery() = default;
  RelationPtr root_;
  agreement::Level level_ = agreement::Level::kAggregateOnly;
  std::vector<const CompileDataset*> datasets_;
  std::optional<AnonymousProjection> anonymous_;
  QueryLoss loss_;
};

}  // namespace cloister::sql
