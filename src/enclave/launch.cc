// Launch: genesis of an environment, or its resumption from what the host stored.

#include "attestation/recipient_commitment.h"
#include "crypto/merkle.h"
#include "enclave/enclave.h"
#include "ledger/seal.h"

namespace cloister::enclave {

Enclave::Enclave(EnclaveParts parts)
    : unconfined_(std::move(parts.database)),
      parser_(parts.parser),
      attester_(parts.attester),
      host_(parts.host),
      clock_(parts.clock),
      pacer_(parts.pacer),
      rng_(parts.rng) {}

Enclave::~Enclave() = default;

Status Enclave::Launched() const {
  if (!journal_) return FailedPrecondition("this enclave has not been launched");
  return journal_->CheckWhole();
}

bool Enclave::is_broken() const {
  MutexLock lock(mutex_);
  return journal_ && !journal_->CheckWhole();
}

Result<LaunchAnswer> Enclave::Launch(LaunchRequest request) {
  MutexLock lock(mutex_);
  if (identity_) return FailedPrecondition("this enclave has been launched before");
  threads_ = request.threads;
  return request.entries == 0 ? Begin(request) : Resume(request);
}

Result<LaunchAnswer> Enclave::Begin(const LaunchRequest& request) {
  if (!request.charter) return InvalidArgument("a new environment needs its charter");
  const agreement::Charter& charter = *request.charter;
  if (charter.environment != request.environment) return InvalidArgument("the charter names another environment");
  if (charter.epoch != 1) return InvalidArgument("an environment begins with epoch 1");
  if (charter.recovery == agreement::Recovery::kOperator && !request.sealer) {
    return InvalidArgument("the charter's recovery is 'operator', and no sealer was given");
  }
  CLOISTER_TRY(OpenDatabase(charter));
  identity_.emplace(BootIdentity::Generate(rng_));
  journal_.emplace(ledger::LedgerState(request.environment), *identity_, host_, clock_);
  CLOISTER_ASSIGN(ledger::BootEntry boot, MakeBootEntry(charter, 0));
  const Digest256 commitment = boot.recipient_commitment;
  std::vector<ledger::EntryBody> genesis;
  genesis.emplace_back(std::move(boot));
  genesis.emplace_back(ledger::CharterEntry{.charter = charter, .recipient_commitment = commitment});
  CLOISTER_TRY(journal_->Append(std::move(genesis), journal_->Now()));
  boot_entry_ = 0;
  return FinishLaunch(request, charter);
}

Result<LaunchAnswer> Enclave::Resume(const LaunchRequest& request) {
  if (!request.sealer || request.recovery_blob.empty() || !request.seal) {
    return FailedPrecondition(
        "an environment whose enclave stopped comes back only with its sealer, its recovery blob and "
        "the seal of its ledger; with recovery 'none' it has ended");
  }
  CLOISTER_ASSIGN(RecoveredKey recovered,
                  UnwrapEnvironmentKey(request.recovery_blob, request.environment, *request.sealer));
  CLOISTER_ASSIGN(ledger::LedgerState state, Replay(request.environment, request.entries, host_));
  if (state.log().leaf(0) != recovered.entry_0) {
    return VerificationFailed(
        "the stored ledger begins with another entry than the one the environment key belongs to");
  }
  identity_.emplace(BootIdentity::Recover(std::move(recovered.environment_key), rng_));
  CLOISTER_TRY(ledger::CheckSeal(identity_->seal_key(), request.environment, state.point(), *request.seal));
  const ledger::CharterRecord* charter = state.governing();
  if (charter == nullptr || charter->charter.recovery != agreement::Recovery::kOperator) {
    return VerificationFailed("the charter does not allow the operator to bring this environment back");
  }
  const agreement::Charter terms = charter->charter;
  CLOISTER_TRY(OpenDatabase(terms));
  const auto boots = static_cast<std::int64_t>(state.boots().size());
  boot_entry_ = state.size();
  journal_.emplace(std::move(state), *identity_, host_, clock_);
  CLOISTER_ASSIGN(ledger::BootEntry boot, MakeBootEntry(terms, boots));
  std::vector<ledger::EntryBody> entry;
  entry.emplace_back(std::move(boot));
  CLOISTER_TRY(journal_->Append(std::move(entry), journal_->Now()));
  return FinishLaunch(request, terms);
}

Status Enclave::OpenDatabase(const agreement::Charter& charter) {
  CLOISTER_ASSIGN(database_,
                  std::move(unconfined_)
                      .EnterSandboxedMode({.memory_bytes = charter.run_bounds.memory_bytes, .threads = threads_}));
  return {};
}

// Sealed anew at each boot, so that two wrappings of one key never look alike.
Result<LaunchAnswer> Enclave::FinishLaunch(const LaunchRequest& request, const agreement::Charter& charter) {
  LaunchAnswer answer{.origin = identity_->origin(),
                      .boot_entry = boot_entry_,
                      .keys = identity_->public_keys(),
                      .checkpoint = journal_->checkpoint()};
  if (charter.recovery == agreement::Recovery::kOperator) {
    CLOISTER_ASSIGN(answer.recovery_blob,
                    WrapEnvironmentKey(*identity_, request.environment, journal_->state().log().leaf(0),
                                       request.sealer->recipient(), rng_));
  }
  return answer;
}

Result<ledger::BootEntry> Enclave::MakeBootEntry(const agreement::Charter& charter, std::int64_t boot) {
  CLOISTER_ASSIGN(const auto recipients, identity_->DatasetRecipients(charter));
  const attestation::BindingInput input{.origin = identity_->origin(),
                                        .keys = identity_->public_keys(),
                                        .recipient_commitment = attestation::RecipientCommitment(recipients),
                                        .charter = agreement::CharterDigest(charter),
                                        .nonce = attestation::kArchiveNonce};
  CLOISTER_ASSIGN(const attestation::Evidence evidence, attester_.Attest(attestation::Binding(input)));
  evidence_digest_ = attestation::EvidenceDigest(evidence);
  return ledger::BootEntry{.boot = boot,
                           .origin = std::string(attestation::OriginName(input.origin)),
                           .checkpoint_key = input.keys.checkpoint_key,
                           .document_key = input.keys.document_key,
                           .charter = input.charter,
                           .recipient_commitment = input.recipient_commitment,
                           .evidence = attestation::EncodeEvidence(evidence).as_object(),
                           .endorsements = {}};
}

Result<const ledger::CharterRecord*> Enclave::CharterFor(const std::optional<Digest256>& digest) const {
  const ledger::LedgerState& state = journal_->state();
  const ledger::CharterRecord* charter = digest ? state.FindCharter(*digest) : state.newest_charter();
  if (charter == nullptr) return NotFound("no charter with that digest is in this ledger");
  return charter;
}

Result<attestation::EnclaveAnswer> Enclave::Evidence(const attestation::Nonce& nonce,
                                                     const std::optional<Digest256>& charter) {
  MutexLock lock(mutex_);
  CLOISTER_TRY(Launched());
  CLOISTER_ASSIGN(const ledger::CharterRecord* record, CharterFor(charter));
  CLOISTER_ASSIGN(const auto recipients, identity_->DatasetRecipients(record->charter));
  attestation::EnclaveAnswer answer{.origin = identity_->origin(),
                                    .boot_entry = boot_entry_,
                                    .keys = identity_->public_keys(),
                                    .charter = record->digest,
                                    .recipient_commitment = attestation::RecipientCommitment(recipients)};
  CLOISTER_ASSIGN(answer.evidence,
                  attester_.Attest(attestation::Binding({.origin = answer.origin,
                                                         .keys = answer.keys,
                                                         .recipient_commitment = answer.recipient_commitment,
                                                         .charter = answer.charter,
                                                         .nonce = nonce})));
  for (std::uint64_t i = 0; i < recipients.size(); ++i) {
    answer.recipients.push_back(
        {.recipient = recipients[i], .index = i, .proof = attestation::ProveRecipient(recipients, i)});
  }
  return answer;
}

}  // namespace cloister::enclave
