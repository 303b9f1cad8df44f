#pragma once

// The query with what protects it: every release carries its thresholds, row by row and cell by cell.

#include "sql/passes/permitted_query.h"

namespace cloister::sql {

// For one output row: the number of different `unit` must be at least `k`; or 0, where `optional`.
struct RowThreshold {
  ExprPtr unit;
  std::int64_t k = 1;
  bool optional = false;
};

// For one cell: units selected by `condition` at least k, those not selected (by row, and by unit) 0 or at least k.
struct CellThreshold {
  ExprPtr unit;
  ExprPtr condition;
  std::int64_t k = 1;
  bool skips = false;     // `condition` selects rows the aggregate skips: these 0 or k, the others k
  bool optional = false;  // a group without any of these units needs none
  bool between = false;   // `condition` selects what lies between two conditions of the release: 0 or k
  bool or_none = false;   // a group without any unit that `condition` selects is fine
};

struct CellGuard {
  std::vector<CellThreshold> conditions;
  std::vector<RowThreshold> raised;  // a quantile's own, larger thresholds
};

struct Protection {
  std::vector<RowThreshold> rows;
  std::vector<CellGuard> cells;  // one an aggregate
};

class PrivateQuery {
 public:
  static PrivateQuery Protect(const PermittedQuery& permitted);

  const RelationPtr& root() const { return root_; }
  agreement::Level level() const { return level_; }
  const std::vector<const CompileDataset*>& datasets() const { return datasets_; }
  const std::optional<AnonymousProjection>& anonymous() const { return anonymous_; }
  const QueryLoss& loss() const { return loss_; }
  // Of a release in `root`.
  const Protection& ProtectionOf(const Release& release) const { return protections_.at(&release); }
  const Protection& ProtectionOf(const FinestGroups& groups) const { return finest_.at(&groups); }

 private:
  PrivateQuery() = default;
  RelationPtr root_;
  agreement::Level level_ = agreement::Level::kAggregateOnly;
  std::vector<const CompileDataset*> datasets_;
  std::optional<AnonymousProjection> anonymous_;
  std::map<const Release*, Protection> protections_;
  std::map<const FinestGroups*, Protection> finest_;
  QueryLoss loss_;
};

}  // namespace cloister::sql
