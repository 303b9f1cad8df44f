#pragma once

// Level aggregate_only under the guard against differencing: the rows of a stage, which thresholds already let through,
// are compared with everything that was released before, and what is close to it is suppressed: a row is left out, a
// conditional aggregate becomes NULL (R22). What is let through becomes history.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "enclave/protected_run.h"
#include "engine/plan_session.h"
#include "privacy/differencing/differencing_guard.h"
#include "sql/plan_stage.h"

namespace cloister::enclave {

inline constexpr std::size_t kGuardedGroupsMax = 1'000'000;  // of one stage

class GuardedReleaser final : public StageProtector {
 public:
  // All outlive it.
  GuardedReleaser(const sql::PlanStage& stage, const sql::GuardedRelease& release, engine::PlanSession& session,
                  ReleaseHistory& history)
      : stage_(stage), release_(release), session_(session), history_(history) {}

  Status Row(std::span<const engine::Value> row) override;
  Result<std::vector<std::vector<engine::Value>>> Finish() override;

 private:
  struct Group {
    std::vector<std::string> order;  // texts of its values: rows are judged in one order, whatever the engine's
    std::vector<engine::Value> values;
    std::map<int, privacy::UnitRows> sets;  // by exact column
    std::int64_t grouping = 0;
  };
  Result<std::uint64_t> UnitsOf(const sql::GuardedRelease::Set& set);
  Result<privacy::GuardCell> CellOf(const Group& group, std::size_t cell);

  const sql::PlanStage& stage_;
  const sql::GuardedRelease& release_;
  engine::PlanSession& session_;
  ReleaseHistory& history_;
  std::vector<Group> groups_;
};

}  // namespace cloister::enclave
