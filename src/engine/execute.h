#pragma once

// Runs a compiled plan, and nothing but a compiled plan, under limits.

#include <cstdint>
#include <memory>
#include <span>


#include "base/result.h"
#include "engine/database.h"
#include "engine/value.h"
#include "sql/executable_plan.h"

namespace cloister::engine {

// Takes the rows of a result one by one, in the engine's order. Called by the executing thread only.
class RowSink {
 public:
  virtual ~RowSink() = default;
  // One value a plan column, valid during the call. An error ends the execution with that error.
  virtual Status Row(std::span<const Value> row) = 0;
};

// Stops an execution from another thread: Cancel() before, during or after it, any number of times. The
// execution answers kCancelled within a second. Thread-safe; may be shared by several executions.
class Cancellation {
 public:
  Cancellation();
  ~Cancellation();
  void Cancel();
  bool cancelled() const;

  struct State;  // of this room
  State& state() const { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

struct ExecutionLimits {
  std::int64_t time_ms = 0;            // from the call until the last row was taken
  std::int64_t rows_max = 0;           // the plan's own rows_max holds too
  std::int64_t result_bytes_max = 0;   // of all values: 16 a fixed-size value, text as long as it is
};

struct ExecutionSummary {
  std::int64_t rows = 0;
  std::int64_t result_bytes = 0;
};

// The memory below which no plan is started: what is free of the database's limit must be at least this much
// a thread.
inline constexpr std::int64_t kWorkingBytesPerThreadMin = 8 << 20;

// Errors, whose public messages are fixed texts:
//   kFailedPrecondition  a dataset of the plan is not loaded
//   kResourceExhausted   memory (before or during), rows or bytes; with the mend
//   kDeadlineExceeded    time_ms are over
//   kCancelled           Cancel() was called
//   kInternal            the engine failed, or gave a column another type than the plan says; `detail` says
//   what
// Rows given to `sink` before an error must be thrown away by the caller. A plan with stages is not run by this door
// but by PlanSession (plan_session.h).
Result<ExecutionSummary> Execute(Database& database, const sql::ExecutablePlan& plan,
                                 const ExecutionLimits& limits, Cancellation& cancellation, RowSink& sink);

}  // namespace cloister::engine
