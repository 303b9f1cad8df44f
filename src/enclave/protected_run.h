#pragma once

// The run of a plan up to its answer: each stage's exact rows go through what protects them, what comes out is a
// released table, and the last statement reads nothing but those. Plans without stages go to the engine as they are.
//
// Chance is a function here (docs/formats/noise.md): the key of a release is derived from the environment's noise key
// and the digest of the plan's canonical bytes, which hold every manifest, parameter and mechanism; each draw has an
// input of its own (stage, mechanism, encoded group). So the same plan gives the same answer, whatever the order of
// rows, the number of threads, or how often it runs; another byte in a manifest changes every draw.
//
// Knows nothing of the rest of the enclave: tests/attacks runs its cases through this class. Not thread-safe.

#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "engine/database.h"
#include "engine/execute.h"
#include "engine/plan_session.h"
#include "privacy/differencing/differencing_guard.h"
#include "sql/executable_plan.h"

namespace cloister::enclave {

// Takes a stage's exact rows and keeps what may be released of them.
class StageProtector : public engine::RowSink {
 public:
  // After the last row: the rows of the released table.
  virtual Result<std::vector<std::vector<engine::Value>>> Finish() = 0;
  // After Finish(): what readers of the rows are told of how they were made, canonical JSON; empty for most.
  virtual std::string Note() const { return {}; }
};

struct ProtectedSummary {
  std::int64_t rows = 0;
  std::string intervals;    // of averages and the like with noise: JSON as docs/formats/noise.md has it, or nothing
  std::string generalised;  // of a k-anonymous release: what it lost (anonymous_release.h); goes beside the rows
};

// Everything that an environment released at level aggregate_only, for the guard against differencing.
struct ReleaseHistory {
  privacy::DifferencingGuard guard;
  std::map<std::string, std::uint64_t> units;  // of each loaded dataset; forget an entry when its table changes
};

class ProtectedRun {
 public:
  // `noise_key`: agreement::NoiseKey of the environment. `history`: may be null where no plan is guarded. All outlive
  // this.
  ProtectedRun(engine::Database& database, const SecretBytes& noise_key, ReleaseHistory* history)
      : database_(database), noise_key_(noise_key), history_(history) {}

  // Errors are those of engine::Execute.
  Result<ProtectedSummary> Run(const sql::ExecutablePlan& plan, const engine::ExecutionLimits& limits,
                               engine::Cancellation& cancellation, engine::RowSink& sink) const;
  // The stages alone: what the plan would have released becomes history, and nothing is answered.
  Status Count(const sql::ExecutablePlan& plan, const engine::ExecutionLimits& limits,
               engine::Cancellation& cancellation) const;

 private:
  struct Released {
    std::unique_ptr<engine::PlanSession> session;  // with the released tables
    std::string note;                              // of the last stage that has one
  };
  Result<Released> RunStages(const sql::ExecutablePlan& plan, const engine::ExecutionLimits& limits,
                             engine::Cancellation& cancellation) const;
  Result<std::unique_ptr<StageProtector>> ProtectorOf(const sql::PlanStage& stage, engine::PlanSession& session,
                                                      const SecretBytes& draws) const;

  engine::Database& database_;
  const SecretBytes& noise_key_;
  ReleaseHistory* history_;
};

}  // namespace cloister::enclave
