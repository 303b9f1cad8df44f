#include "lab.h"

#include <sstream>

#include "engine/database_internals.h"
#include "enclave/protected_run.h"
#include "engine/execute.h"

namespace cloister::attacks {
namespace {

constexpr engine::ExecutionLimits kLimits{.time_ms = 120'000, .rows_max = 1'000'000, .result_bytes_max = 1 << 30};

class Collect final : public engine::RowSink {
 public:
  explicit Collect(Answer& answer) : answer_(answer) {}
  Status Row(std::span<const engine::Value> row) override {
    answer_.rows.emplace_back(row.begin(), row.end());
    return {};
  }

 private:
  Answer& answer_;
};

}  // namespace

Result<std::unique_ptr<Lab>> Lab::Open(const Corpus& corpus) {
  std::unique_ptr<Lab> lab(new Lab(corpus));
  CLOISTER_ASSIGN(lab->parser_, engine::DuckDbStatementParser::Open());
  CLOISTER_ASSIGN(auto opened, engine::UnconfinedDatabase::Open());
  CLOISTER_ASSIGN(lab->database_, std::move(opened).EnterSandboxedMode({.memory_bytes = 2LL << 30, .threads = 2}));
  CLOISTER_TRY(lab->Rebuild());
  return lab;
}

Status Lab::Change(const std::string& sql) {
  ForgetHistory();
  CLOISTER_ASSIGN(const auto connection, engine::Connect(database_->internals().database.get()));
  Status done = engine::RunStatement(connection.get(), sql, "fixture");
  if (!done) return Internal("the fixture failed: " + done.error().detail);
  return done;
}

Status Lab::Rebuild(bool reversed) {
  CLOISTER_TRY(Change(corpus_.schema_sql));
  for (const sql::CompileDataset& dataset : corpus_.datasets) {
    CLOISTER_TRY(Change("CREATE OR REPLACE TABLE \"" + dataset.id + "\" AS SELECT * FROM \"" + dataset.name + "\"" +
                        (reversed ? " ORDER BY ALL DESC" : "")));
    MutexLock lock(database_->internals().mutex);
    database_->internals().tables[dataset.id] = {.dataset = dataset.id, .rows = 1, .memory_bytes = 1};
  }
  return {};
}

void Lab::ForgetHistory() { pins_.clear(); }

Outcome Lab::Run(const std::string& text, const std::string& level) {
  Outcome outcome;
  sql::CompileRequest request;
  request.text = text;
  request.level = level;
  request.datasets = corpus_.datasets;
  for (sql::CompileDataset& dataset : request.datasets) {
    if (const auto pin = pins_.find(dataset.id); pin != pins_.end()) dataset.pinned = pin->second;
  }
  request.analyst_organisation = corpus_.analyst_organisation;
  request.cross_owner_joins_allowed = true;
  auto verdict = sql::Compile(request, *parser_);
  if (!verdict) {
    outcome.error = verdict.error().public_message;
    return outcome;
  }
  if (auto* findings = std::get_if<std::vector<sql::Finding>>(&*verdict)) {
    outcome.findings = std::move(*findings);
    return outcome;
  }
  const auto& compiled = std::get<sql::CompiledQuery>(*verdict);
  for (const sql::PlanStage& stage : compiled.plan.stages()) outcome.sql += stage.sql + "\n     ";
  outcome.sql += compiled.plan.sql();
  outcome.stages = compiled.plan.stages();
  outcome.uses = compiled.datasets;
  outcome.report = compiled.report;
  for (const auto& column : compiled.plan.columns()) outcome.answer.columns.push_back(column.name);
  Collect sink(outcome.answer);
  engine::Cancellation cancellation;
  const auto done = enclave::ProtectedRun(*database_, noise_key_).Run(compiled.plan, kLimits, cancellation, sink);
  for (const sql::PlanStage& stage : compiled.plan.stages()) {
    if (const auto* release = std::get_if<sql::AnonymousRelease>(&stage.protection))
      pins_.emplace(stage.datasets.front(), release->pin);
  }
  if (!done) outcome.error = done.error().public_message + ": " + done.error().detail;
  return outcome;
}

}  // namespace cloister::attacks
