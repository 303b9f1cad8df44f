#pragma once

// The last step: the protected tree as a plan for the engine.

#include "sql/executable_plan.h"
#include "sql/passes/private_query.h"

namespace cloister::sql {

inline constexpr std::int64_t kReleasedRowsMax = 1'000'000;
inline constexpr std::int64_t kFullAccessRowsMax = 100'000'000;

class PlanBuilder {
 public:
  // `guarded`: CompileRequest::history_guard.
  static ExecutablePlan Build(const PrivateQuery& query, bool guarded);
};

}  // namespace cloister::sql
