#pragma once

// Level k_anonymized: a stage's rows become classes of rows that look alike, by full-domain generalisation or by
// partitioning, whichever loses less (privacy/kanon/); ties go to the first. Both are functions of the rows as a set,
// so the same plan on the same data gives the same release.
//
// Rows are kept as codes, one a column, with one copy of each different text. Not thread-safe.

#include <memory>
#include <unordered_map>
#include <vector>

#include "enclave/protected_run.h"
#include "privacy/kanon/full_domain.h"
#include "privacy/kanon/loss.h"
#include "sql/plan_stage.h"

namespace cloister::enclave {

inline constexpr std::size_t kAnonymousReleaseRowsMax = 1'000'000;
inline constexpr std::size_t kAnonymousValuesMax = 1'000'000;  // different ones of a column

class AnonymousReleaser final : public StageProtector {
 public:
  // Both outlive it.
  AnonymousReleaser(const sql::PlanStage& stage, const sql::AnonymousRelease& release);

  Status Row(std::span<const engine::Value> row) override;
  Result<std::vector<std::vector<engine::Value>>> Finish() override;
  // After Finish(): what the generalisation lost (docs/formats/report.md), as canonical JSON. It is counted over what
  // is released and nothing else: persons who are left out change none of it.
  std::string Note() const override;

 private:
  struct Column {
    std::vector<engine::Value> values;  // by code; of banded columns their bands
    std::vector<double> ranks;          // by code: where a number lies among the others, of a band its lower end
    std::unordered_map<std::string, privacy::ValueCode> codes;
    std::vector<privacy::ValueCode> rows;
  };

  Status Add(Column& column, const engine::Value& value, double rank);
  privacy::SensitiveColumn Sensitive(const sql::AnonymousColumn& says, const Column& column) const;
  privacy::QuasiIdentifier Generalise(const sql::AnonymousColumn& says, Column& column) const;
  Result<privacy::AnonymousTable> MakeTable();
  void MeasureReleased(privacy::AnonymousTable table, const std::vector<privacy::EquivalenceClass>& classes);
  engine::Value Written(std::size_t column, std::uint32_t row, const privacy::EquivalenceClass& in) const;

  const sql::PlanStage& stage_;
  const sql::AnonymousRelease& release_;
  std::vector<Column> columns_;  // as release_.columns
  Column units_;
  std::vector<std::size_t> quasi_identifier_;  // column -> its place in the table's
  privacy::LossMetrics loss_;
};

}  // namespace cloister::enclave
