#pragma once

// What the engine runs, and nothing else: SQL printed by the compiler from its own tree. Only Lower() can make a plan
// (lower/lower.h), so a plan in hand is the proof that every pass before it has passed.

#include <cstdint>
#include <string>
#include <vector>

#include "agreement/policy.h"
#include "base/bytes.h"
#include "sql/plan_stage.h"

namespace cloister::sql {

class ExecutablePlan {
 public:
  // What is run first, in this order; empty where SQL alone protects (aggregate_only, full_access).
  const std::vector<PlanStage>& stages() const { return stages_; }
  // One SELECT over tables named TableName(dataset id), or with stages over released and public tables. Every
  // identifier in it is quoted, every literal is re-printed from a typed value; it holds no byte sequence that was
  // copied from the analyst unread.
  const std::string& sql() const { return sql_; }
  const std::vector<PlanColumn>& columns() const { return columns_; }
  // Columns of the answer whose intervals follow behind all of `columns`, two DOUBLE each, the lower end first. They
  // are no part of the rows: who runs a plan takes them off and tells them beside (enclave/protected_run.h).
  const std::vector<int>& intervals() const { return intervals_; }
  // Ids of the datasets read, sorted, without repetition.
  const std::vector<std::string>& datasets() const { return datasets_; }
  agreement::Level level() const { return level_; }
  // Rows of the result beyond this are an error with a fixed text, never a cut.
  std::int64_t rows_max() const { return rows_max_; }

  // What readers of the answer must know about its noise (lower/noisy_columns.h), canonical JSON; empty without noise.
  const std::string& noise() const { return noise_; }

  // Canonical JSON of all of the above plus the privacy parameters; its SHA-256 is the plan digest.
  const std::string& canonical() const { return canonical_; }

  // `ds_...` ids are table names as they are; the engine quotes them.
  static std::string TableName(std::string_view dataset_id) { return std::string(dataset_id); }

 private:
  friend class PlanBuilder;
  ExecutablePlan() = default;

  std::vector<PlanStage> stages_;
  std::string sql_;
  std::vector<PlanColumn> columns_;
  std::vector<int> intervals_;
  std::vector<std::string> datasets_;
  agreement::Level level_ = agreement::Level::kAggregateOnly;
  std::int64_t rows_max_ = 0;
  std::string noise_;
  std::string canonical_;
};

}  // namespace cloister::sql
