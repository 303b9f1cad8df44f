#include "lab.h"

#include <algorithm>

#include "base/clock.h"
#include "enclave/guarded_release.h"
#include "enclave/noisy_release.h"
#include "enclave/pacer.h"
#include "enclave/protected_run.h"
#include "engine/database_internals.h"
#include "engine/execute.h"
#include "engine/plan_session.h"

namespace cloister::attacks {
namespace {

constexpr engine::ExecutionLimits kLimits{.time_ms = 120'000, .rows_max = 1'000'000, .result_bytes_max = 1 << 30};

class Collect final : public engine::RowSink {
 public:
  explicit Collect(std::vector<std::vector<engine::Value>>& rows) : rows_(rows) {}
  Status Row(std::span<const engine::Value> row) override {
    rows_.emplace_back(row.begin(), row.end());
    return {};
  }

 private:
  std::vector<std::vector<engine::Value>>& rows_;
};

}  // namespace

std::optional<std::size_t> ColumnIndex(const Answer& answer, std::string_view name) {
  for (std::size_t i = 0; i < answer.columns.size(); ++i) {
    if (answer.columns[i] == name) return i;
  }
  return std::nullopt;
}

Result<std::unique_ptr<Lab>> Lab::Open(const Corpus& corpus, int threads) {
  std::unique_ptr<Lab> lab(new Lab(corpus));
  CLOISTER_ASSIGN(lab->parser_, engine::DuckDbStatementParser::Open());
  CLOISTER_ASSIGN(auto opened, engine::UnconfinedDatabase::Open());
  CLOISTER_ASSIGN(lab->database_,
                  std::move(opened).EnterSandboxedMode({.memory_bytes = 2LL << 30, .threads = threads}));
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

void Lab::ForgetHistory() {
  pins_.clear();
  spent_.clear();
  answered_.clear();
  history_ = {};
}

std::optional<sql::CompiledQuery> Lab::Compile(const std::string& text, const std::string& level, Outcome& outcome) {
  sql::CompileRequest request;
  request.text = text;
  request.level = level;
  request.datasets = sabotage_.datasets != nullptr ? *sabotage_.datasets : corpus_.datasets;
  for (sql::CompileDataset& dataset : request.datasets) {
    if (const auto pin = pins_.find(dataset.id); pin != pins_.end()) dataset.pinned = pin->second;
  }
  request.analyst_organisation = corpus_.analyst_organisation;
  request.cross_owner_joins_allowed = true;
  request.history_guard = guards_;
  auto verdict = sql::Compile(request, *parser_);
  if (!verdict) {
    outcome.error = verdict.error().public_message;
    return std::nullopt;
  }
  if (auto* findings = std::get_if<std::vector<sql::Finding>>(&*verdict)) {
    outcome.findings = std::move(*findings);
    return std::nullopt;
  }
  auto compiled = std::move(std::get<sql::CompiledQuery>(*verdict));
  for (const sql::PlanStage& stage : compiled.plan.stages()) outcome.sql += stage.sql + "\n     ";
  outcome.sql += compiled.plan.sql();
  outcome.last_sql = compiled.plan.sql();
  outcome.stages = compiled.plan.stages();
  outcome.uses = compiled.datasets;
  outcome.report = compiled.report;
  for (const auto& column : compiled.plan.columns()) outcome.answer.columns.push_back(column.name);
  return compiled;
}

// The ledger's rule (ledger/accounts.h) with the budgets of the corpus.
void Lab::Charge(const sql::CompiledQuery& compiled, Outcome& outcome) {
  if (answered_.contains(compiled.plan_digest)) return;
  std::map<std::string, ledger::Spending> after = spent_;
  for (const sql::DatasetUse& use : compiled.datasets) {
    if (use.loss.IsZero()) continue;
    const auto dataset = std::find_if(corpus_.datasets.begin(), corpus_.datasets.end(),
                                      [&](const sql::CompileDataset& each) { return each.id == use.id; });
    ledger::Spending& spending = after[use.id];
    if (privacy::LimitPassed(ledger::BudgetOf(dataset->policy), spending.privacy, use.loss) !=
        privacy::BudgetLimit::kNone) {
      outcome.findings.push_back({.rule = "R25", .message = "The budget of " + dataset->name + " is used up."});
    }
    spending.privacy.Add(use.loss);
    outcome.charged = true;
  }
  if (outcome.refused()) return;
  spent_ = std::move(after);
  answered_.insert(compiled.plan_digest);
}

namespace {

SecretBytes NoiseKey(int key) {
  SecretBytes bytes(32);
  bytes.mutable_view()[0] = static_cast<std::uint8_t>(key);
  bytes.mutable_view()[1] = static_cast<std::uint8_t>(key >> 8);
  return bytes;
}

}  // namespace

Status Lab::Execute(const sql::CompiledQuery& compiled, int key, Answer& answer) {
  Collect sink(answer.rows);
  engine::Cancellation cancellation;
  const SecretBytes noise_key = NoiseKey(key);
  if (sabotage_.plain) {
    answer.columns.clear();
    for (const sql::PlanColumn& column : sabotage_.plain->columns) answer.columns.push_back(column.name);
    CLOISTER_TRY(engine::RunSelect(*database_, *sabotage_.plain, kLimits, cancellation, sink));
    return {};
  }
  if (sabotage_.stage) return ExecuteSabotaged(compiled, noise_key, sink);
  CLOISTER_TRY(enclave::ProtectedRun(*database_, noise_key, &history_).Run(compiled.plan, kLimits, cancellation, sink));
  return {};
}

// What enclave::ProtectedRun does with noisy stages, but with other ones.
Status Lab::ExecuteSabotaged(const sql::CompiledQuery& compiled, const SecretBytes& key, engine::RowSink& sink) {
  engine::Cancellation cancellation;
  CLOISTER_ASSIGN(const auto session,
                  engine::PlanSession::Open(*database_, compiled.plan, kLimits, cancellation, engine::ChoiceKey{}));
  for (sql::PlanStage stage : compiled.plan.stages()) {
    sabotage_.stage(stage);
    std::unique_ptr<enclave::StageProtector> releaser;
    if (const auto* guarded = std::get_if<sql::GuardedRelease>(&stage.protection)) {
      releaser = std::make_unique<enclave::GuardedReleaser>(stage, *guarded, *session, history_);
    } else {
      const auto& noisy = std::get<sql::NoisyRelease>(stage.protection);
      CLOISTER_ASSIGN(releaser, enclave::NoisyReleaser::Make(stage, noisy, key));
    }
    CLOISTER_TRY(session->ReadStage(stage, *releaser));
    CLOISTER_ASSIGN(const auto rows, releaser->Finish());
    CLOISTER_TRY(session->Release(stage.table, stage.columns, rows));
  }
  CLOISTER_TRY(session->Answer(sink));
  return {};
}

Outcome Lab::Run(const std::string& text, const std::string& level) {
  Outcome outcome;
  const auto compiled = Compile(text, level, outcome);
  if (!compiled) return outcome;
  Charge(*compiled, outcome);
  if (outcome.refused()) return outcome;
  const SystemClock clock;
  const std::int64_t begin = clock.MonotonicMs();
  const Status done = Execute(*compiled, sabotage_.fresh_noise ? ++runs_ : 0, outcome.answer);
  for (const sql::PlanStage& stage : compiled->plan.stages()) {
    if (const auto* release = std::get_if<sql::AnonymousRelease>(&stage.protection))
      pins_.emplace(stage.datasets.front(), release->pin);
  }
  if (!done) outcome.error = done.error().public_message + ": " + done.error().detail;
  outcome.released_after_ms = enclave::TimeBucketMs(clock.MonotonicMs() - begin);
  if (sabotage_.outcome) sabotage_.outcome(outcome);
  return outcome;
}

Outcome Lab::RunWithKey(const std::string& text, const std::string& level, int key) {
  Outcome outcome;
  const auto compiled = Compile(text, level, outcome);
  if (!compiled) return outcome;
  const Status done = Execute(*compiled, key, outcome.answer);
  if (!done) outcome.error = done.error().public_message + ": " + done.error().detail;
  if (sabotage_.outcome) sabotage_.outcome(outcome);
  return outcome;
}

Result<std::vector<ExactTable>> Lab::Exact(const std::string& text, const std::string& level) {
  Outcome outcome;
  const auto compiled = Compile(text, level, outcome);
  if (!compiled) return Internal("the query is refused");
  engine::Cancellation cancellation;
  CLOISTER_ASSIGN(const auto session,
                  engine::PlanSession::Open(*database_, compiled->plan, kLimits, cancellation, engine::ChoiceKey{}));
  std::vector<ExactTable> tables;
  for (const sql::PlanStage& stage : compiled->plan.stages()) {
    ExactTable& table = tables.emplace_back();
    Collect sink(table.rows);
    CLOISTER_TRY(session->ReadStage(stage, sink));
  }
  return tables;
}

}  // namespace cloister::attacks
