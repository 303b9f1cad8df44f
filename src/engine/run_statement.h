#pragma once

// The execution of one SELECT under limits. Execute (execute.h) is the door to it, and takes nothing but a
// plan; only this room's tests and benchmarks come past it with SQL of their own.

#include <string>
#include <vector>

#include "engine/execute.h"

namespace cloister::engine {

struct SelectStatement {
  std::string sql;
  std::vector<sql::PlanColumn> columns;  // what it must give
};

Result<ExecutionSummary> RunSelect(Database& database, const SelectStatement& statement,
                                   const ExecutionLimits& limits, Cancellation& cancellation, RowSink& sink);

}  // namespace cloister::engine
