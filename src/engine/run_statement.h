#pragma once

// The execution of one SELECT under limits. Execute (execute.h) is the door to it, and takes nothing but a
// plan; only this room's tests and benchmarks come past it with SQL of their own.

#include <string>
#include <vector>

#include "engine/duckdb_handles.h"
#include "engine/execute.h"

namespace cloister::engine {

struct SelectStatement {
  std::string sql;
  std::vector<sql::PlanColumn> columns;  // what it must give
};

class Watchdog;

// In a connection that `watchdog` watches.
Result<ExecutionSummary> RunSelectOn(duckdb_connection connection, const Watchdog& watchdog,
                                     const SelectStatement& statement, const ExecutionLimits& limits, RowSink& sink);

// What must hold before a plan is started.
Status AdmitPlan(Database& database, const sql::ExecutablePlan& plan);
Status CheckExecutionLimits(const ExecutionLimits& limits);

Result<ExecutionSummary> RunSelect(Database& database, const SelectStatement& statement,
                                   const ExecutionLimits& limits, Cancellation& cancellation, RowSink& sink);

}  // namespace cloister::engine
