#pragma once

// The fixture in a real DuckDB, and the compiler in front of it.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/secret_bytes.h"
#include "corpus.h"
#include "enclave/protected_run.h"
#include "engine/database.h"
#include "engine/run_statement.h"
#include "engine/statement_parser.h"
#include "engine/value.h"
#include "ledger/accounts.h"

namespace cloister::attacks {

struct Answer {
  std::vector<std::string> columns;
  std::vector<std::vector<engine::Value>> rows;
  bool operator==(const Answer&) const = default;
};
std::optional<std::size_t> ColumnIndex(const Answer& answer, std::string_view name);

// The exact rows of a stage, before anything protects them.
struct ExactTable {
  std::vector<std::vector<engine::Value>> rows;
};

// What became of one statement: refused, failed in the engine, or answered.
struct Outcome {
  std::vector<sql::Finding> findings;
  std::string error;
  std::string sql;  // what ran
  std::string report;
  std::vector<sql::PlanStage> stages;
  std::vector<sql::DatasetUse> uses;
  std::string last_sql;  // of the plan's last statement alone
  Answer answer;
  bool charged = false;                  // it took from budgets; a plan that was answered before does not
  std::int64_t released_after_ms = 0;    // the end of the time bucket
  bool refused() const { return !findings.empty(); }
};

// What an engine does wrong, for the tests of the checks: mutants_test.cc. An empty one does everything right.
struct Sabotage {
  std::function<void(sql::PlanStage&)> stage;            // is run in place of the plan's own
  std::function<void(Outcome&)> outcome;                 // is told in place of what happened
  std::optional<engine::SelectStatement> plain;          // is run on the fixture in place of the plan
  const std::vector<sql::CompileDataset>* datasets = nullptr;  // policies that queries are compiled under
  bool fresh_noise = false;                              // another noise key for each run
};

class Lab {
 public:
  static Result<std::unique_ptr<Lab>> Open(const Corpus& corpus, int threads = 2);

  // As the enclave does: charged unless this plan was answered, refused when a budget is used up.
  Outcome Run(const std::string& text, const std::string& level);
  // The same plan under another noise key, free of charge.
  Outcome RunWithKey(const std::string& text, const std::string& level, int key);
  // What the stages read from the fixture as it is now.
  Result<std::vector<ExactTable>> Exact(const std::string& text, const std::string& level);
  // As for an environment that has answered nothing yet and has its budgets whole; each case is one.
  void ForgetHistory();
  // For those who compare with thresholds alone.
  void LeaveOutGuard() { guards_ = false; }
  void Do(Sabotage sabotage) { sabotage_ = std::move(sabotage); }
  // A statement on the fixture, past the compiler.
  Status Change(const std::string& sql);
  // Builds the tables afresh; `reversed`: the same rows in another order.
  Status Rebuild(bool reversed = false);
  const Corpus& corpus() const { return corpus_; }

 private:
  explicit Lab(const Corpus& corpus) : corpus_(corpus) {}
  // Nothing when it was refused or failed, which `outcome` says then.
  std::optional<sql::CompiledQuery> Compile(const std::string& text, const std::string& level, Outcome& outcome);
  void Charge(const sql::CompiledQuery& compiled, Outcome& outcome);
  Status Execute(const sql::CompiledQuery& compiled, int key, Answer& answer);
  Status ExecuteSabotaged(const sql::CompiledQuery& compiled, const SecretBytes& key, engine::RowSink& sink);

  const Corpus& corpus_;
  std::unique_ptr<engine::DuckDbStatementParser> parser_;
  std::unique_ptr<engine::Database> database_;
  std::map<std::string, sql::AnonymousPin> pins_;  // by dataset
  std::map<std::string, ledger::Spending> spent_;  // by dataset
  std::set<Digest256> answered_;                   // plans
  Sabotage sabotage_;
  int runs_ = 0;
  enclave::ReleaseHistory history_;
  bool guards_ = true;
};

}  // namespace cloister::attacks
