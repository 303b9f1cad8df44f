#pragma once

// The fixture in a real DuckDB, and the compiler in front of it.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/secret_bytes.h"
#include "corpus.h"
#include "engine/database.h"
#include "engine/statement_parser.h"
#include "engine/value.h"

namespace cloister::attacks {

struct Answer {
  std::vector<std::string> columns;
  std::vector<std::vector<engine::Value>> rows;
  bool operator==(const Answer&) const = default;
};

// What became of one statement: refused, failed in the engine, or answered.
struct Outcome {
  std::vector<sql::Finding> findings;
  std::string error;
  std::string sql;  // what ran
  std::string report;
  std::vector<sql::PlanStage> stages;
  std::vector<sql::DatasetUse> uses;
  Answer answer;
  bool refused() const { return !findings.empty(); }
};

class Lab {
 public:
  static Result<std::unique_ptr<Lab>> Open(const Corpus& corpus);

  Outcome Run(const std::string& text, const std::string& level);
  // As for an environment that has answered nothing yet; each case is one.
  void ForgetHistory();
  // A statement on the fixture, past the compiler.
  Status Change(const std::string& sql);
  // Builds the tables afresh; `reversed`: the same rows in another order.
  Status Rebuild(bool reversed = false);
  const Corpus& corpus() const { return corpus_; }

 private:
  explicit Lab(const Corpus& corpus) : corpus_(corpus) {}

  const Corpus& corpus_;
  std::unique_ptr<engine::DuckDbStatementParser> parser_;
  std::unique_ptr<engine::Database> database_;
  std::map<std::string, sql::AnonymousPin> pins_;  // by dataset
  SecretBytes noise_key_ = SecretBytes(32);  // all zero: noise that anyone can repeat
};

}  // namespace cloister::attacks
