#pragma once

// One execution of a plan: its stages in turn, the tables that they release, and the answer, in a connection of its
// own under one watchdog. Released tables are temporary tables of that connection; no other execution sees them, and
// they are gone with the session.
//
//   CLOISTER_ASSIGN(auto session, PlanSession::Open(database, plan, limits, cancellation, key));
//   for (const sql::PlanStage& stage : plan.stages()) {
//     session->ReadStage(stage, exact_rows);        // a sink that protects them
//     session->Release(stage.table, stage.columns, protected_rows);
//   }
//   session->Answer(sink);
//
// Not thread-safe. Errors are those of Execute (execute.h).

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/choice_key.h"
#include "engine/execute.h"
#include "privacy/differencing/unit_rows.h"
#include "sql/executable_plan.h"

namespace cloister::engine {

using Row = std::vector<Value>;

class PlanSession {
 public:
  // The database, plan and cancellation outlive it. kFailedPrecondition when a dataset is not loaded.
  static Result<std::unique_ptr<PlanSession>> Open(Database& database, const sql::ExecutablePlan& plan,
                                                   const ExecutionLimits& limits, Cancellation& cancellation,
                                                   const ChoiceKey& key);
  ~PlanSession();
  PlanSession(const PlanSession&) = delete;
  PlanSession& operator=(const PlanSession&) = delete;

  // The stage's exact rows, one by one as the engine makes them. No limit of rows: how many groups exist is nobody's
  // business, and a sink keeps only what it releases.
  Status ReadStage(const sql::PlanStage& stage, RowSink& sink);
  // Adds rows to a released table; the first call makes it. Each value fits its column's type, or is NULL.
  Status Release(const std::string& table, const std::vector<sql::PlanColumn>& columns, std::span<const Row> rows);
  // The units behind a handle that a stage of the plan gave (unit_sets.h). Taken once; what nobody takes goes with the
  // session, so guarded plans run one at a time.
  Result<privacy::UnitRows> TakeUnits(std::int64_t handle);
  // How many different units a loaded dataset has.
  Result<std::uint64_t> CountUnits(const std::string& dataset, const std::string& unit_column);
  // The plan's last statement: its columns, and behind them its intervals.
  Result<ExecutionSummary> Answer(RowSink& sink);

 private:
  struct State;
  explicit PlanSession(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cloister::engine
