#pragma once

// Level differential_privacy: groups chosen by a private threshold, and exact integers made noisy, row by row.
//
// Input of a draw: table, stage, mechanism and the group's key, each with its length, so that no two draws of a plan
// share one and a group's draws do not depend on which other groups there are.

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/secret_bytes.h"
#include "enclave/protected_run.h"
#include "privacy/additive_noise.h"
#include "privacy/derived.h"
#include "privacy/partition_selection.h"
#include "privacy/quantile.h"
#include "sql/plan_stage.h"

namespace cloister::enclave {

inline constexpr std::size_t kReleasedGroupsMax = 1'000'000;  // of one stage, counted after noise

class NoisyReleaser final : public StageProtector {
 public:
  // All outlive it. `draws` is the key of this release. kInvalidArgument: a mechanism's parameters are out of range.
  static Result<std::unique_ptr<NoisyReleaser>> Make(const sql::PlanStage& stage, const sql::NoisyRelease& release,
                                                     const SecretBytes& draws);

  Status Row(std::span<const engine::Value> row) override;
  Result<std::vector<std::vector<engine::Value>>> Finish() override;

 private:
  NoisyReleaser(const sql::PlanStage& stage, const sql::NoisyRelease& release, const SecretBytes& draws)
      : stage_(stage), release_(release), draws_(draws) {}

  bool IsSelected(std::span<const engine::Value> row, const std::string& group) const;
  engine::Int128 Draw(std::size_t mechanism, const engine::Value& exact, const std::string& group) const;
  engine::Value Make(std::size_t column, std::span<const engine::Value> row,
                     const std::vector<engine::Int128>& noisy,
                     const std::vector<privacy::Estimate>& estimates) const;
  std::vector<privacy::Estimate> Estimates(const std::vector<engine::Int128>& noisy) const;  // by column
  privacy::Estimate Derive(std::size_t column, const std::vector<engine::Int128>& noisy) const;
  void MeasureIntervals();
  std::string DrawInput(std::string_view mechanism, const std::string& group) const;

  const sql::PlanStage& stage_;
  const sql::NoisyRelease& release_;
  const SecretBytes& draws_;
  std::vector<std::variant<privacy::AdditiveNoise, privacy::QuantileMechanism>> mechanisms_;
  std::vector<std::vector<double>> half_widths_;  // by column, of those with intervals: of each of its mechanisms
  std::optional<privacy::PartitionSelection> selection_;
  std::vector<std::vector<engine::Value>> rows_;
};

}  // namespace cloister::enclave
