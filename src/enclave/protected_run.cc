#include "enclave/protected_run.h"

#include <cstring>

#include "base/check.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"
#include "crypto/prf_rng.h"
#include "enclave/anonymous_release.h"
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

Result<std::unique_ptr<StageProtector>> ProtectorOf(const sql::PlanStage& stage, const SecretBytes& draws) {
  if (const auto* noisy = std::get_if<sql::NoisyRelease>(&stage.protection)) {
    CLOISTER_ASSIGN(auto releaser, NoisyReleaser::Make(stage, *noisy, draws));
    return std::unique_ptr<StageProtector>(std::move(releaser));
  }
  if (const auto* anonymous = std::get_if<sql::AnonymousRelease>(&stage.protection))
    return std::unique_ptr<StageProtector>(std::make_unique<AnonymousReleaser>(stage, *anonymous));
  CLOISTER_CHECK(false);
}

}  // namespace

Result<engine::ExecutionSummary> ProtectedRun::Run(const sql::ExecutablePlan& plan,
                                                   const engine::ExecutionLimits& limits,
                                                   engine::Cancellation& cancellation, engine::RowSink& sink) const {
  if (plan.stages().empty()) return engine::Execute(database_, plan, limits, cancellation, sink);
  const ReleaseKeys keys = KeysOf(noise_key_, plan);
  CLOISTER_ASSIGN(const auto session,
                  engine::PlanSession::Open(database_, plan, limits, cancellation, keys.choice));
  for (const sql::PlanStage& stage : plan.stages()) {
    CLOISTER_ASSIGN(const auto protector, ProtectorOf(stage, keys.draws));
    CLOISTER_TRY(session->ReadStage(stage, *protector));
    CLOISTER_ASSIGN(const auto rows, protector->Finish());
    CLOISTER_TRY(session->Release(stage.table, stage.columns, rows));
  }
  return session->Answer(sink);
}

}  // namespace cloister::enclave
