#pragma once

// What a query with noise may spend, by the analyst's words and the owners' limits (rule R25). Every protected dataset
// that a stage reads is charged the same: a person may be in all of them.

#include <vector>

#include "privacy/accountant.h"
#include "sql/compile.h"
#include "sql/findings.h"

namespace cloister::sql {

struct QueryLoss {
  bool gaussian = false;
  privacy::Epsilon epsilon;
  privacy::Delta delta;
};

// Without words of the analyst the least that the owners allow a query. Refuses what is above an owner's limit or
// beyond his whole budget, with the mend.
QueryLoss CheckLoss(const std::vector<const CompileDataset*>& datasets, const CompileRequest& request,
                    Findings& findings);

}  // namespace cloister::sql
