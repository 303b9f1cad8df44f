#include "engine/execute.h"

#include <algorithm>

#include "base/check.h"
#include "engine/column_reader.h"
#include "engine/database_internals.h"
#include "engine/run_statement.h"
#include "engine/watchdog.h"

namespace cloister::engine {
namespace {

constexpr std::string_view kExecutionFailed = "the engine could not run the plan";
constexpr std::int64_t kFixedValueBytes = 16;

std::int64_t BytesOf(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text == nullptr ? kFixedValueBytes : static_cast<std::int64_t>(text->size());
}

// A streaming result, chunk by chunk, into the sink.
class RowPump {
 public:
  RowPump(duckdb_result& result, const ExecutionLimits& limits, RowSink& sink)
      : result_(result), limits_(limits), sink_(sink) {}

  Status Open(const std::vector<sql::PlanColumn>& columns) {
    if (duckdb_column_count(&result_) != columns.size()) {
      return Internal("the engine gave another number of columns than the plan states");
    }
    for (idx_t i = 0; i < columns.size(); ++i) {
      CLOISTER_ASSIGN(auto reader, ColumnReader::Open(result_, i, columns[i].type));
      readers_.push_back(reader);
    }
    row_.resize(columns.size());
    return {};
  }

  Status Pump(duckdb_data_chunk chunk) {
    for (idx_t i = 0; i < readers_.size(); ++i) readers_[i].Attach(duckdb_data_chunk_get_vector(chunk, i));
    for (idx_t row = 0; row < duckdb_data_chunk_get_size(chunk); ++row) {
      for (idx_t i = 0; i < readers_.size(); ++i) {
        row_[i] = readers_[i].Read(row);
        summary_.result_bytes += BytesOf(row_[i]);
      }
      if (++summary_.rows > limits_.rows_max) {
        return ResourceExhausted("the result has more rows than it may; group more coarsely or filter more");
      }
      if (summary_.result_bytes > limits_.result_bytes_max) {
        return ResourceExhausted("the result is larger than it may be; ask for fewer columns or rows");
      }
      CLOISTER_TRY(sink_.Row(row_));
    }
    return {};
  }

  const ExecutionSummary& summary() const { return summary_; }

 private:
  duckdb_result& result_;
  const ExecutionLimits& limits_;
  RowSink& sink_;
  std::vector<ColumnReader> readers_;
  std::vector<Value> row_;
  ExecutionSummary summary_;
};

// The engine's error, unless the watchdog knows better why it ended.
Error WhyItEnded(const Watchdog& watchdog, duckdb_error_type type, const char* message) {
  if (auto verdict = watchdog.Verdict(); !verdict) return std::move(verdict).error();
  return EngineError(type, message, kExecutionFailed);
}

Status StartStreaming(duckdb_connection connection, const std::string& sql, const Watchdog& watchdog,
                      ResultHandle& result, PreparedHandle& prepared) {
  if (duckdb_prepare(connection, sql.c_str(), prepared.Receive()) != DuckDBSuccess) {
    return WhyItEnded(watchdog, DUCKDB_ERROR_INVALID, duckdb_prepare_error(prepared.get()));
  }
  PendingHandle pending;
  if (duckdb_pending_prepared_streaming(prepared.get(), pending.Receive()) != DuckDBSuccess) {
    return WhyItEnded(watchdog, DUCKDB_ERROR_INVALID, duckdb_pending_error(pending.get()));
  }
  if (duckdb_execute_pending(pending.get(), result.get()) != DuckDBSuccess) {
    return WhyItEnded(watchdog, duckdb_result_error_type(result.get()), duckdb_result_error(result.get()));
  }
  return {};
}

}  // namespace

Cancellation::Cancellation() : state_(std::make_unique<State>()) {}
Cancellation::~Cancellation() = default;

void Cancellation::Cancel() {
  MutexLock lock(state_->mutex);
  state_->cancelled = true;
  state_->changed.NotifyAll();
}

bool Cancellation::cancelled() const {
  MutexLock lock(state_->mutex);
  return state_->cancelled;
}

Status AdmitPlan(Database& database, const sql::ExecutablePlan& plan) {
  for (const std::string& dataset : plan.datasets()) {
    if (!database.Find(dataset)) return FailedPrecondition("a dataset that the query reads is not loaded");
  }
  CLOISTER_ASSIGN(const std::int64_t used, database.MemoryUsedBytes());
  const std::int64_t free = database.limits().memory_bytes - used;
  if (free >= kWorkingBytesPerThreadMin * database.limits().threads) return {};
  return ResourceExhausted(
      "the enclave's memory is nearly full; drop a dataset, wait for other queries, or have the "
      "operator raise limits.memory_bytes");
}

Status CheckExecutionLimits(const ExecutionLimits& limits) {
  if (limits.time_ms > 0 && limits.rows_max > 0 && limits.result_bytes_max > 0) return {};
  return InvalidArgument("an execution needs a limit of time, of rows and of bytes, each above zero");
}

Result<ExecutionSummary> RunSelectOn(duckdb_connection connection, const Watchdog& watchdog,
                                     const SelectStatement& statement, const ExecutionLimits& limits, RowSink& sink) {
  PreparedHandle prepared;
  ResultHandle result;
  CLOISTER_TRY(watchdog.Verdict());
  CLOISTER_TRY(StartStreaming(connection, statement.sql, watchdog, result, prepared));
  RowPump pump(*result.get(), limits, sink);
  CLOISTER_TRY(pump.Open(statement.columns));
  while (true) {
    const ChunkHandle chunk(duckdb_fetch_chunk(*result.get()));
    CLOISTER_TRY(watchdog.Verdict());
    if (!chunk) break;
    CLOISTER_TRY(pump.Pump(chunk.get()));
  }
  const char* message = duckdb_result_error(result.get());
  if (message != nullptr && *message != '\0') {
    return WhyItEnded(watchdog, duckdb_result_error_type(result.get()), message);
  }
  return pump.summary();
}

Result<ExecutionSummary> RunSelect(Database& database, const SelectStatement& statement,
                                   const ExecutionLimits& limits, Cancellation& cancellation, RowSink& sink) {
  CLOISTER_TRY(CheckExecutionLimits(limits));
  CLOISTER_ASSIGN(const ConnectionHandle connection, Connect(database.internals().database.get()));
  const Watchdog watchdog(connection.get(), cancellation.state(), limits.time_ms);
  return RunSelectOn(connection.get(), watchdog, statement, limits, sink);
}

Result<ExecutionSummary> Execute(Database& database, const sql::ExecutablePlan& plan,
                                 const ExecutionLimits& limits, Cancellation& cancellation, RowSink& sink) {
  CLOISTER_TRY(AdmitPlan(database, plan));
  CLOISTER_CHECK(plan.stages().empty());  // a plan with stages goes through PlanSession
  ExecutionLimits tighter = limits;
  if (plan.rows_max() > 0) tighter.rows_max = std::min(limits.rows_max, plan.rows_max());
  return RunSelect(database, {.sql = plan.sql(), .columns = plan.columns()}, tighter, cancellation, sink);
}

}  // namespace cloister::engine
