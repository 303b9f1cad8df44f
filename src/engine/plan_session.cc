#include "engine/plan_session.h"

#include <algorithm>
#include <limits>
#include <set>

#include "engine/choice_function.h"
#include "engine/database_internals.h"
#include "engine/run_statement.h"
#include "engine/watchdog.h"

namespace cloister::engine {

// Destroyed from the last member up: the watchdog before the connection that it may interrupt.
struct PlanSession::State {
  State(ConnectionHandle opened, Database& database, const sql::ExecutablePlan& runs, const ExecutionLimits& within,
        Cancellation& cancellation, const ChoiceKey& key)
      : plan(runs),
        limits(within),
        connection(std::move(opened)),
        choice(database.internals().choice_keys, connection.get(), key),
        unit_sets(database.internals().unit_sets),
        watchdog(connection.get(), cancellation.state(), within.time_ms) {}

  const sql::ExecutablePlan& plan;
  ExecutionLimits limits;
  ConnectionHandle connection;
  ChoiceKeyScope choice;
  UnitSets& unit_sets;
  Watchdog watchdog;
  std::set<std::string> tables;  // released so far
};

namespace {

constexpr std::string_view kReleaseFailed = "the engine does not take the released rows";

void DestroyAppender(duckdb_appender* appender) { duckdb_appender_destroy(appender); }
using AppenderHandle = Handle<duckdb_appender, DestroyAppender>;
using ValueHandle = Handle<duckdb_value, duckdb_destroy_value>;

duckdb_hugeint ToHugeint(Int128 value) {
  return {static_cast<std::uint64_t>(value), static_cast<std::int64_t>(value >> 64)};
}

constexpr std::uint8_t kDecimalWidth = 38;

struct Append {
  duckdb_appender appender;

  duckdb_state operator()(std::monostate) const { return duckdb_append_null(appender); }
  duckdb_state operator()(bool value) const { return duckdb_append_bool(appender, value); }
  duckdb_state operator()(std::int64_t value) const { return duckdb_append_int64(appender, value); }
  duckdb_state operator()(Int128 value) const { return duckdb_append_hugeint(appender, ToHugeint(value)); }
  duckdb_state operator()(double value) const { return duckdb_append_double(appender, value); }
  duckdb_state operator()(const Decimal& value) const {
    const ValueHandle decimal(
        duckdb_create_decimal({kDecimalWidth, static_cast<std::uint8_t>(value.scale), ToHugeint(value.unscaled)}));
    return duckdb_append_value(appender, decimal.get());
  }
  duckdb_state operator()(const std::string& value) const {
    return duckdb_append_varchar_length(appender, value.data(), value.size());
  }
  duckdb_state operator()(Date value) const { return duckdb_append_date(appender, {value.days}); }
  duckdb_state operator()(Timestamp value) const { return duckdb_append_timestamp(appender, {value.micros}); }
};

Status Complain(duckdb_appender appender) {
  const char* message = duckdb_appender_error(appender);
  return Error{Code::kInternal, std::string(kReleaseFailed), message == nullptr ? "" : message};
}

}  // namespace

PlanSession::PlanSession(std::unique_ptr<State> state) : state_(std::move(state)) {}
PlanSession::~PlanSession() { state_->unit_sets.Clear(); }

Result<std::unique_ptr<PlanSession>> PlanSession::Open(Database& database, const sql::ExecutablePlan& plan,
                                                       const ExecutionLimits& limits, Cancellation& cancellation,
                                                       const ChoiceKey& key) {
  CLOISTER_TRY(CheckExecutionLimits(limits));
  CLOISTER_TRY(AdmitPlan(database, plan));
  CLOISTER_ASSIGN(ConnectionHandle connection, Connect(database.internals().database.get()));
  return std::unique_ptr<PlanSession>(
      new PlanSession(std::make_unique<State>(std::move(connection), database, plan, limits, cancellation, key)));
}

Status PlanSession::ReadStage(const sql::PlanStage& stage, RowSink& sink) {
  ExecutionLimits limits = state_->limits;
  limits.rows_max = std::numeric_limits<std::int64_t>::max();
  limits.result_bytes_max = std::numeric_limits<std::int64_t>::max();
  CLOISTER_TRY(RunSelectOn(state_->connection.get(), state_->watchdog, {.sql = stage.sql, .columns = stage.exact},
                           limits, sink));
  return {};
}

Status PlanSession::Release(const std::string& table, const std::vector<sql::PlanColumn>& columns,
                            std::span<const Row> rows) {
  if (state_->tables.insert(table).second) {
    std::string sql = "CREATE TEMPORARY TABLE " + Quoted(table) + " (";
    for (std::size_t i = 0; i < columns.size(); ++i)
      sql += (i == 0 ? "" : ", ") + Quoted(columns[i].name) + " " + columns[i].type;
    CLOISTER_TRY(RunStatement(state_->connection.get(), sql + ")", kReleaseFailed));
  }
  AppenderHandle appender;
  if (duckdb_appender_create_ext(state_->connection.get(), "temp", "main", table.c_str(), appender.Receive()) !=
      DuckDBSuccess) {
    return Complain(appender.get());
  }
  for (const Row& row : rows) {
    for (const Value& value : row) {
      if (std::visit(Append{appender.get()}, value) != DuckDBSuccess) return Complain(appender.get());
    }
    if (duckdb_appender_end_row(appender.get()) != DuckDBSuccess) return Complain(appender.get());
  }
  if (duckdb_appender_close(appender.get()) != DuckDBSuccess) return Complain(appender.get());
  return state_->watchdog.Verdict();
}

Result<privacy::UnitRows> PlanSession::TakeUnits(std::int64_t handle) { return state_->unit_sets.Take(handle); }

Result<std::uint64_t> PlanSession::CountUnits(const std::string& dataset, const std::string& unit_column) {
  class Number final : public RowSink {
   public:
    Status Row(std::span<const Value> row) override {
      value = static_cast<std::uint64_t>(std::get<std::int64_t>(row[0]));
      return {};
    }
    std::uint64_t value = 0;
  };
  Number number;
  const std::string sql =
      "SELECT COUNT(DISTINCT " + Quoted(unit_column) + ") FROM " + Quoted(sql::ExecutablePlan::TableName(dataset));
  CLOISTER_TRY(RunSelectOn(state_->connection.get(), state_->watchdog,
                           {.sql = sql, .columns = {{"count", "BIGINT"}}}, state_->limits, number));
  return number.value;
}

Result<ExecutionSummary> PlanSession::Answer(RowSink& sink) {
  ExecutionLimits limits = state_->limits;
  if (state_->plan.rows_max() > 0) limits.rows_max = std::min(limits.rows_max, state_->plan.rows_max());
  std::vector<sql::PlanColumn> columns = state_->plan.columns();
  for (const int column : state_->plan.intervals()) {
    columns.push_back({"low" + std::to_string(column), "DOUBLE"});
    columns.push_back({"high" + std::to_string(column), "DOUBLE"});
  }
  return RunSelectOn(state_->connection.get(), state_->watchdog,
                     {.sql = state_->plan.sql(), .columns = std::move(columns)}, limits, sink);
}

}  // namespace cloister::engine
