#include "enclave/protected_run.h"

#include <cstring>

#include "base/check.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"
#include "crypto/prf_rng.h"
#include "enclave/anonymous_release.h"
#include "enclave/guarded_release.h"
#include "enclave/interval_sink.h"
#include "enclave/noisy_release.h"
#include "engine/plan_session.h"

namespace cloister::enclave {
namespace {

// One key for draws, one for choices, of this plan alone.
struct ReleaseKeys {
  SecretBytes draws;
  engine::ChoiceKey choice;
};

ReleaseKeys KeysOf(const SecretBytes& noise_key, const sql::ExecutablePlan& plan) {
  const Digest256 digest = crypto::Sha256(AsBytes(plan.canonical()));
  const auto derive = [&](std::string_view label, std::size_t size) {
    return crypto::HkdfSha256(noise_key.view(), digest, AsBytes(label), size);
  };
  ReleaseKeys keys{.draws = derive("cloister/v1/draws", crypto::kPrfKeyBytes), .choice = {}};
  const SecretBytes choice = derive("cloister/v1/choices", sizeof keys.choice);
  std::memcpy(keys.choice.data(), choice.view().data(), sizeof keys.choice);
  return keys;
}

}  // namespace

Result<std::unique_ptr<StageProtector>> ProtectedRun::ProtectorOf(const sql::PlanStage& stage,
                                                                  engine::PlanSession& session,
                                                                  const SecretBytes& draws) const {
  if (const auto* noisy = std::get_if<sql::NoisyRelease>(&stage.protection)) {
    CLOISTER_ASSIGN(auto releaser, NoisyReleaser::Make(stage, *noisy, draws));
    return std::unique_ptr<StageProtector>(std::move(releaser));
  }
  if (const auto* anonymous = std::get_if<sql::AnonymousRelease>(&stage.protection))
    return std::unique_ptr<StageProtector>(std::make_unique<AnonymousReleaser>(stage, *anonymous));
  const auto* guarded = std::get_if<sql::GuardedRelease>(&stage.protection);
  CLOISTER_CHECK(guarded != nullptr && history_ != nullptr);
  return std::unique_ptr<StageProtector>(std::make_unique<GuardedReleaser>(stage, *guarded, session, *history_));
}

Result<ProtectedRun::Released> ProtectedRun::RunStages(const sql::ExecutablePlan& plan,
                                                       const engine::ExecutionLimits& limits,
                                                       engine::Cancellation& cancellation) const {
  const ReleaseKeys keys = KeysOf(noise_key_, plan);
  Released released;
  CLOISTER_ASSIGN(released.session, engine::PlanSession::Open(database_, plan, limits, cancellation, keys.choice));
  for (const sql::PlanStage& stage : plan.stages()) {
    CLOISTER_ASSIGN(const auto protector, ProtectorOf(stage, *released.session, keys.draws));
    CLOISTER_TRY(released.session->ReadStage(stage, *protector));
    CLOISTER_ASSIGN(const auto rows, protector->Finish());
    CLOISTER_TRY(released.session->Release(stage.table, stage.columns, rows));
    if (std::string note = protector->Note(); !note.empty()) released.note = std::move(note);
  }
  return released;
}

Result<ProtectedSummary> ProtectedRun::Run(const sql::ExecutablePlan& plan, const engine::ExecutionLimits& limits,
                                           engine::Cancellation& cancellation, engine::RowSink& sink) const {
  if (plan.stages().empty()) {
    CLOISTER_ASSIGN(const auto summary, engine::Execute(database_, plan, limits, cancellation, sink));
    return ProtectedSummary{.rows = summary.rows};
  }
  CLOISTER_ASSIGN(Released released, RunStages(plan, limits, cancellation));
  IntervalSink rows(plan, sink);
  CLOISTER_ASSIGN(const auto summary, released.session->Answer(rows));
  return ProtectedSummary{
      .rows = summary.rows, .intervals = rows.Json(), .generalised = std::move(released.note)};
}

Status ProtectedRun::Count(const sql::ExecutablePlan& plan, const engine::ExecutionLimits& limits,
                           engine::Cancellation& cancellation) const {
  if (plan.stages().empty()) return {};
  CLOISTER_TRY(RunStages(plan, limits, cancellation));
  return {};
}

}  // namespace cloister::enclave
