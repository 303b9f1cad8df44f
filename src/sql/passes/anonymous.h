#pragma once

// Level k_anonymized (rule R26): columns of one dataset's rows, optionally of some rows only. What is released of them
// is made in C++ after the engine (privacy/kanon/); here stands what may be asked for.
//
//   SELECT zip, diagnosis FROM patients WHERE age >= 65
//     columns zip (quasi-identifier), diagnosis (sensitive); filter age >= 65
//   a later SELECT diagnosis ... with the same filter shows part of the same release; anything else is refused

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sql/passes/release.h"
#include "sql/plan_stage.h"

namespace cloister::sql {

struct AnonymousProjection {
  const CompileDataset* dataset = nullptr;
  UnitTablePtr table;          // source 0
  std::vector<ExprPtr> where;  // over source 0, in the order of their text
  std::vector<int> shown;      // columns of the table, as the select list has them
  std::set<int> released;      // these, or those of the first release
  std::set<int> tested;        // columns that `where` tells something about, that are not released and that
                               // classes must be diverse in
  AnonymousPin pin;
};

}  // namespace cloister::sql
