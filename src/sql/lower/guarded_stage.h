#pragma once

// Releases of level aggregate_only as stages, so that the guard against differencing sees the units behind each group,
// and which of their rows, before anything is made of them (privacy/differencing/, enclave/guarded_release.h).
//
//   SELECT ward, COUNT(*), SUM(cost) FILTER (WHERE readmitted) FROM visits GROUP BY ward
//     exact     c0 ward, c1 count, c2 sum, c3 handle of the ward's units, c4 handle of its readmitted units
//     cells     {count: c3; the whole row}, {cost: c4 with marks of cost; c2 alone}

#include <map>
#include <string>
#include <vector>

#include "sql/passes/private_query.h"
#include "sql/plan_stage.h"

namespace cloister::sql {

struct GuardedStages {
  std::vector<PlanStage> stages;
  std::map<const Release*, std::string> tables;  // that the last statement reads
};

// Releases that show groups alone, without a measure, stay in the last statement.
GuardedStages BuildGuardedStages(const PrivateQuery& query);

}  // namespace cloister::sql
