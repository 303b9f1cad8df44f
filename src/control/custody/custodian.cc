#include "control/custody/custodian.h"

#include <algorithm>

#include "agreement/chain.h"
#include "codec/text.h"
#include "ledger/checkpoint.h"
#include "sealing/open_reader.h"

namespace cloister::control {
namespace {

std::string AsOneMessage(const attestation::Appraisal& appraisal) {
  std::string text = "the enclave's evidence was not accepted";
  for (const auto& finding : appraisal.findings()) text += "; " + finding.check + ": " + finding.meaning;
  return text;
}

// Whether nothing was written and nothing will be: everything but an answer that got lost or a fault of the
// machine.
bool IsDefinite(const Error& error) {
  switch (error.code) {
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
    case Code::kInternal:
    case Code::kDataLoss: return false;
    default: return true;
  }
}

// Every boot that ever signed in this ledger, by the evidence that it left behind.
Status AppraiseBoots(const ledger::LedgerState& state, Instant now) {
  for (const ledger::BootRecord& record : state.boots()) {
    const ledger::CharterRecord* charter = state.FindCharter(record.boot.charter);
    if (charter == nullptr)
      return VerificationFailed("an enclave started under a charter that the ledger does not have");
    CLOISTER_ASSIGN(const auto terms, attestation::ReadTerms(agreement::EncodeCharter(charter->charter)));
    CLOISTER_ASSIGN(const auto appraisal, attestation::AppraiseBootEntry(
                                              ledger::EncodeEntryJson({.time = {}, .body = record.boot}), terms, now));
    if (appraisal.result() == nullptr) return VerificationFailed(AsOneMessage(appraisal));
  }
  return {};
}

// The boot that answered is the one whose keys sign the ledger now.
Status CheckBootEntry(const ledger::LedgerState& state, const attestation::VerifiedEnclave& enclave) {
  const ledger::BootRecord* boot = state.BootAt(state.size());
  const bool same = boot != nullptr && boot->entry == enclave.boot_entry() &&
                    boot->boot.checkpoint_key == enclave.keys().checkpoint_key &&
                    boot->boot.document_key == enclave.keys().document_key;
  if (!same) return VerificationFailed("the enclave that answered is not the one that signs the ledger");
  return {};
}

// Asked of the same fold that the enclave asks, so its answer would be the same; a link that is not sent leaves
// nothing.
Status CheckHasEffect(const EnvironmentSession& session, const agreement::SignedLink& link, Instant now) {
  return session.Look([&](const ledger::LedgerState& state) -> Status {
    CLOISTER_ASSIGN(const ledger::LinkRuling ruling, state.Judge(link, state.EntryTime(now)));
    if (ruling.kind != ledger::LinkRuling::Kind::kHasNoEffect) return {};
    const bool denied = ruling.code == Code::kPermissionDenied;
    std::string reasons;
    for (const std::string& reason : ruling.reasons) reasons += (reasons.empty() ? "" : "; ") + reason;
    return Error{denied ? Code::kPermissionDenied : Code::kFailedPrecondition, std::move(reasons)};
  });
}

bool Approves(const CustodyLink& link, const Digest256& query, const crypto::Ed25519PublicKey& key,
              const EnvironmentId& environment) {
  const auto signed_link = agreement::VerifyLink(link.document, key, environment);
  const auto* approval = signed_link ? signed_link->As<agreement::Approval>() : nullptr;
  return approval != nullptr && approval->query == query;
}

}  // namespace

Result<ParticipantSecrets> Custodian::Open(const ParticipantKeyRecord& key) const {
  if (key.custody != KeyCustody::kServer || !key.sealed_secrets) {
    return InvalidArgument("the server does not keep this participant's key; send the signed document");
  }
  return parts_.vault.Open(*key.sealed_secrets, key.thumbprint);
}

Result<attestation::VerifiedEnclave> Custodian::Appraise(EnvironmentSession& session,
                                                         const agreement::Charter& charter) {
  CLOISTER_ASSIGN(const auto enclave, session.Enclave());
  attestation::Nonce nonce{};
  parts_.rng.Fill(nonce);
  CLOISTER_ASSIGN(const codec::Json json, enclave->Evidence(nonce, agreement::CharterDigest(charter)));
  CLOISTER_ASSIGN(const auto answer, attestation::DecodeEnclaveAnswer(json));
  CLOISTER_ASSIGN(const auto terms, attestation::ReadTerms(agreement::EncodeCharter(charter)));
  auto verdict = attestation::AppraiseEnclave(answer, {.terms = terms, .nonce = nonce, .now = parts_.clock.Now()});
  if (!verdict.enclave) return VerificationFailed(AsOneMessage(verdict.appraisal));
  return *std::move(verdict.enclave);
}

Status Custodian::CheckLedger(EnvironmentSession& session, const attestation::VerifiedEnclave& enclave,
                              VerifiedView& view) {
  const auto note = session.Checkpoint();
  if (!note) return FailedPrecondition("the environment has no ledger yet");
  CLOISTER_ASSIGN(const auto checkpoint, ledger::VerifyCheckpoint(*note, session.id(), enclave.keys().checkpoint_key));
  view.point = checkpoint.point();
  return session.Look([&](const ledger::LedgerState& state) -> Status {
    if (view.point.size > state.size() || state.log().RootAt(view.point.size) != view.point.root) {
      return VerificationFailed("the stored ledger is not the one that the enclave signed");
    }
    CLOISTER_TRY(CheckBootEntry(state, enclave));
    view.entry_0 = state.log().leaf(0);
    return AppraiseBoots(state, parts_.clock.Now());
  });
}

Result<VerifiedView> Custodian::Verify(EnvironmentSession& session, const ParticipantKeyRecord& key,
                                       LinkCharter which) {
  auto charter = session.Look([&](const ledger::LedgerState& state) -> std::optional<agreement::Charter> {
    const auto* record = which == LinkCharter::kProposed ? state.proposed() : state.in_force();
    if (record == nullptr) return std::nullopt;
    return record->charter;
  });
  if (!charter) {
    return FailedPrecondition(which == LinkCharter::kProposed
                                  ? "there is no proposed charter to accept"
                                  : "the charter is not in force yet; every participant has to accept it first");
  }
  CLOISTER_ASSIGN(auto enclave, Appraise(session, *charter));
  VerifiedView view{.charter = *std::move(charter), .enclave = std::move(enclave), .point = {}, .entry_0 = {}};
  CLOISTER_TRY(CheckLedger(session, view.enclave, view));
  CLOISTER_ASSIGN(const auto before, parts_.store.custody.View(session.id(), key.thumbprint));
  if (before) {
    const bool continues = session.Look([&](const ledger::LedgerState& state) {
      return before->size <= view.point.size && state.log().RootAt(before->size) == before->root;
    });
    if (!continues) return VerificationFailed("the ledger does not continue the state that was verified before");
  }
  CLOISTER_TRY(parts_.store.custody.SetView(session.id(), key.thumbprint, view.point));
  return view;
}

// A link that a crash or a lost answer left behind goes first, the same bytes as before.
Result<std::optional<CustodyLink>> Custodian::Resend(EnvironmentSession& session, const ParticipantKeyRecord& key,
                                                     const std::optional<Digest256>& rejects) {
  const std::optional<CustodyLink> none;
  CLOISTER_ASSIGN(auto last, parts_.store.custody.LastLink(session.id(), key.thumbprint));
  if (!last) return none;
  const bool recorded =
      session.Look([&](const ledger::LedgerState& state) { return state.EntryOfLink(last->digest).has_value(); });
  if (recorded) return none;
  if (rejects && Approves(*last, *rejects, key.public_key, session.id())) return last;
  const Result<RecordedLink> sent = Send(session, key.thumbprint, *last);
  // A definite no has freed the number: the new link may take it.
  if (!sent && !IsDefinite(sent.error())) return sent.error();
  return none;
}

Result<RecordedLink> Custodian::Send(EnvironmentSession& session, std::string_view thumbprint,
                                     const CustodyLink& link) {
  CLOISTER_ASSIGN(const auto enclave, session.Enclave());
  Result<RecordedLink> recorded = enclave->Link(link.document);
  if (!recorded && IsDefinite(recorded.error())) {
    CLOISTER_TRY(parts_.store.custody.RemoveLink(session.id(), thumbprint, link.seq));
  }
  return recorded;
}

// What a request said whose answer was lost, as the ledger has it.
Result<std::optional<Custodian::Said>> Custodian::SaidBefore(const EnvironmentSession& session,
                                                             std::string_view thumbprint, std::string_view note) {
  if (note.empty()) return std::optional<Said>();
  CLOISTER_ASSIGN(const auto link, parts_.store.custody.FindLink(session.id(), thumbprint, note));
  CLOISTER_ASSIGN(const auto given_up, parts_.store.custody.FindGivenUp(session.id(), thumbprint, note));
  if (!link && !given_up) return std::optional<Said>();
  Said said{.recorded = {}, .digest = link ? link->digest : *given_up};
  const bool recorded = session.Look([&](const ledger::LedgerState& state) {
    const auto entry = state.EntryOfLink(said.digest);
    said.recorded.entry = entry.value_or(0);
    if (const ledger::RefusalEntry* refusal = state.RefusalOf(said.digest))
      said.recorded.refused = ledger::EncodeRefusal(*refusal);
    return entry.has_value();
  });
  if (!recorded && !link) {  // a lasting answer: no later retry signs it after all (rest/idempotency.h)
    return Error{Code::kRefused, "you have rejected the query since; if you approve it after all, say so anew"};
  }
  if (!recorded) return std::optional<Said>();
  said.recorded.checkpoint = session.Checkpoint().value_or("");
  return std::optional(std::move(said));
}

Result<Custodian::Said> Custodian::Say(EnvironmentSession& session, const ParticipantKeyRecord& key,
                                       const Statement& statement) {
  // Not under the lock, where those who wait for an enclave that never comes would wait one after the other.
  (void)session.AwaitEnclave();
  MutexLock lock(session.signing_mutex());
  CLOISTER_ASSIGN(const ParticipantSecrets secrets, Open(key));
  CLOISTER_ASSIGN(const auto given_up, Resend(session, key, statement.rejects));
  CLOISTER_ASSIGN(auto before, SaidBefore(session, key.thumbprint, statement.note));
  if (before) return *std::move(before);
  CLOISTER_ASSIGN(const VerifiedView view, Verify(session, key, statement.which));
  CLOISTER_ASSIGN(const agreement::LinkBody body, statement.make(view));
  const agreement::LinkAuthor author(session.id(), secrets.signer, parts_.clock);
  const auto chain = session.Look([&](const ledger::LedgerState& state) { return state.ChainOf(key.thumbprint); });
  CLOISTER_ASSIGN(const agreement::SignedLink link, author.Sign({.chain = chain, .checkpoint = view.point}, body));
  if (statement.only_with_effect) CLOISTER_TRY(CheckHasEffect(session, link, parts_.clock.Now()));
  const CustodyLink stored{.seq = link.header().seq,
                           .digest = link.digest(),
                           .document = link.compact(),
                           .note = std::string(statement.note)};
  CLOISTER_TRY(parts_.store.custody.AddLink(session.id(), key.thumbprint, stored, given_up));
  CLOISTER_ASSIGN(RecordedLink recorded, Send(session, key.thumbprint, stored));
  return Said{.recorded = std::move(recorded), .digest = link.digest()};
}

std::optional<Custodian::Said> Custodian::Accepted(const EnvironmentSession& session, std::string_view thumbprint,
                                                   const Digest256& charter) {
  return session.Look([&](const ledger::LedgerState& state) -> std::optional<Said> {
    const auto* record = state.FindCharter(charter);
    if (record == nullptr) return std::nullopt;
    const auto acceptance = record->acceptances.find(std::string(thumbprint));
    if (acceptance == record->acceptances.end()) return std::nullopt;
    return Said{.recorded = {.entry = state.EntryOfLink(acceptance->second).value_or(0),
                             .checkpoint = {},
                             .refused = std::nullopt},
                .digest = acceptance->second};
  });
}

Result<Custodian::Said> Custodian::Accept(EnvironmentSession& session, const ParticipantKeyRecord& key) {
  const auto proposed = session.Look([](const ledger::LedgerState& state) -> std::optional<Digest256> {
    if (state.proposed() == nullptr) return std::nullopt;
    return state.proposed()->digest;
  });
  Digest256 accepted{};
  const MakeBody make = [&](const VerifiedView& view) -> Result<agreement::LinkBody> {
    accepted = view.enclave.charter();
    agreement::Acceptance acceptance{.charter = accepted,
                                     .recipient_commitment = view.enclave.recipient_commitment(),
                                     .entry_0 = view.entry_0,
                                     .custody = agreement::Custody::kServer,
                                     .unconfirmed = {}};
    for (const auto& participant : view.charter.participants) {
      if (participant.thumbprint != key.thumbprint) acceptance.unconfirmed.push_back(participant.thumbprint);
    }
    // Which program to trust is this server's own proposal: nobody outside of it confirmed that.
    for (const Digest256& program : view.charter.appraisal_policy.measurements) {
      acceptance.unconfirmed.push_back(codec::HexEncode(program));
    }
    std::ranges::sort(acceptance.unconfirmed);
    return agreement::LinkBody(std::move(acceptance));
  };
  Result<Said> said = Say(session, key, {.which = LinkCharter::kProposed, .make = make, .only_with_effect = true});
  if (!said && proposed) {
    // A link that a crash left behind was sent first, and was this one: a second one would be without effect.
    auto before = Accepted(session, key.thumbprint, *proposed);
    if (!before) return said;
    before->recorded.checkpoint = session.Checkpoint().value_or("");
    accepted = *proposed;
    said = *std::move(before);
  }
  if (!said) return said;
  CLOISTER_TRY(RenewManifests(session, key, accepted));
  return said;
}

Status Custodian::RenewForProposal(EnvironmentSession& session, const ParticipantKeyRecord& key) {
  const auto accepted = session.Look([&](const ledger::LedgerState& state) -> std::optional<Digest256> {
    const auto* proposed = state.proposed();
    if (proposed == nullptr || !proposed->acceptances.contains(key.thumbprint)) return std::nullopt;
    return proposed->digest;
  });
  return accepted ? RenewManifests(session, key, *accepted) : Status();
}

Status Custodian::RenewManifests(EnvironmentSession& session, const ParticipantKeyRecord& key,
                                 const Digest256& charter) {
  std::vector<agreement::Manifest> due;
  LinkCharter which = LinkCharter::kInForce;
  session.Look([&](const ledger::LedgerState& state) {
    if (state.proposed() != nullptr && state.proposed()->digest == charter) which = LinkCharter::kProposed;
    for (const auto& [id, dataset] : state.datasets()) {
      const ledger::ManifestRecord& newest = dataset.versions.back();
      if (dataset.owner != key.thumbprint || newest.revoked || newest.manifest.charter == charter) continue;
      agreement::Manifest next = newest.manifest;
      ++next.version;
      next.previous_manifest = newest.digest;
      next.charter = charter;
      due.push_back(std::move(next));
    }
  });
  for (agreement::Manifest& manifest : due) {
    const MakeBody make = [&](const VerifiedView&) { return Result<agreement::LinkBody>(std::move(manifest)); };
    CLOISTER_TRY(Say(session, key, {.which = which, .make = make}));
  }
  return {};
}

Result<std::string> Custodian::RecipientFor(EnvironmentSession& session, const ParticipantKeyRecord& key) {
  (void)session.AwaitEnclave();
  MutexLock lock(session.signing_mutex());
  CLOISTER_ASSIGN(const VerifiedView view, Verify(session, key, LinkCharter::kInForce));
  return view.enclave.RecipientOf(key.thumbprint);
}

Result<Bytes> Custodian::OpenResult(const ParticipantKeyRecord& key, ByteView sealed,
                                    std::size_t plaintext_bytes_max) const {
  CLOISTER_ASSIGN(const ParticipantSecrets secrets, Open(key));
  return sealing::OpenBytes(sealed, secrets.identity, plaintext_bytes_max);
}

}  // namespace cloister::control
