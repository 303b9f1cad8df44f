#include "ledger/link_judge.h"

#include <algorithm>

#include "agreement/approval.h"
#include "agreement/fields.h"

namespace cloister::ledger {
namespace {

using agreement::LinkOrder;
using agreement::Participant;
using agreement::ParticipantRole;

constexpr std::int64_t kDayMs = 24 * 60 * 60 * 1000;

const Participant* FindIn(const CharterRecord* record, const agreement::Thumbprint& who) {
  return record == nullptr ? nullptr : record->charter.Find(who);
}

}  // namespace

void LinkJudge::Objections::Add(Code why, std::string reason) {
  if (reasons.empty()) code = why;  // the first reason names the kind
  reasons.push_back(std::move(reason));
}

Result<LinkRuling> LinkJudge::Rule() const {
  if (const auto entry = state_.EntryOfLink(link_.digest())) {
    return LinkRuling{.kind = LinkRuling::Kind::kAlreadyRecorded, .entry = *entry};
  }
  if (state_.terminated()) return FailedPrecondition("the environment is terminated");
  CLOISTER_TRY(CheckOrder());
  CLOISTER_TRY(CheckCheckpoint());
  CLOISTER_TRY(CheckMayWrite());
  Objections objections = std::visit([&](const auto& body) { return Against(body); }, link_.body());
  // What keeps others safe is always recorded; one that ends nothing is counted like anything else.
  const bool ends_something = link_.As<agreement::Revocation>() != nullptr && objections.reasons.empty();
  if (!ends_something) CLOISTER_TRY(CheckRefusalsToday());
  if (objections.reasons.empty()) return LinkRuling{.kind = LinkRuling::Kind::kTakesEffect};
  return LinkRuling{
      .kind = LinkRuling::Kind::kHasNoEffect, .code = objections.code, .reasons = std::move(objections.reasons)};
}

Status LinkJudge::CheckOrder() const {
  const agreement::ChainState chain = state_.ChainOf(link_.signer());
  switch (agreement::CheckInOrder(link_, chain)) {
    case LinkOrder::kNext: return {};
    case LinkOrder::kGap:
      return FailedPrecondition("links are missing before number " + std::to_string(link_.header().seq) +
                                "; the chain's head is number " + std::to_string(chain.seq));
    case LinkOrder::kDuplicate:  // known by its digest, so not met here
    case LinkOrder::kConflict: break;
  }
  return Conflict("number " + std::to_string(link_.header().seq) + " does not follow the chain's head, number " +
                  std::to_string(chain.seq) + (chain.digest ? ", digest " + agreement::HexDigest(*chain.digest) : ""));
}

Status LinkJudge::CheckCheckpoint() const {
  const agreement::LedgerPoint& point = link_.header().checkpoint;
  if (point.size <= state_.size() && state_.log().RootAt(point.size) == point.root) return {};
  return VerificationFailed("the link's checkpoint is no state of this ledger");
}

Status LinkJudge::CheckMayWrite() const {
  const bool accepts = link_.As<agreement::Acceptance>() != nullptr;
  if (accepts && FindIn(state_.proposed(), link_.signer()) != nullptr) return {};
  if (state_.in_force() == nullptr) {
    return FailedPrecondition("no charter is in force yet; until then only acceptances are recorded");
  }
  if (FindIn(state_.in_force(), link_.signer()) == nullptr) {
    return FailedPrecondition("the signer is no participant of the charter in force");
  }
  if (state_.ended_memberships_.contains(link_.signer())) {
    return FailedPrecondition("the signer has ended his membership");
  }
  return {};
}

Status LinkJudge::CheckRefusalsToday() const {
  const auto refusals = state_.refusals_.find(link_.signer());
  if (refusals == state_.refusals_.end()) return {};
  const auto today = std::count_if(refusals->second.begin(), refusals->second.end(),
                                   [&](Instant time) { return time.unix_ms > now_.unix_ms - kDayMs; });
  const CharterRecord* charter = state_.governing();
  const std::int64_t limit = charter->charter.refusals_per_participant_day;
  if (today < limit) return {};
  return ResourceExhausted("the charter's bound of " + std::to_string(limit) + " refusals a day is reached");
}

LinkJudge::Objections LinkJudge::Against(const agreement::Acceptance& acceptance) const {
  Objections objections;
  const CharterRecord* proposed = state_.proposed();
  if (proposed == nullptr || acceptance.charter != proposed->digest) {
    objections.Add(Code::kFailedPrecondition, "the acceptance names a charter that is not the one proposed");
    return objections;
  }
  if (FindIn(proposed, link_.signer()) == nullptr) {
    objections.Add(Code::kPermissionDenied, "the signer is no participant of the proposed charter");
  }
  if (proposed->acceptances.contains(link_.signer())) {
    objections.Add(Code::kFailedPrecondition, "the signer has accepted this charter already");
  }
  if (acceptance.recipient_commitment != proposed->recipient_commitment) {
    objections.Add(Code::kVerificationFailed, "the acceptance names another recipient commitment");
  }
  if (acceptance.entry_0 != state_.log().leaf(0)) {
    objections.Add(Code::kVerificationFailed, "the acceptance names another entry 0");
  }
  return objections;
}

LinkJudge::Objections LinkJudge::Against(const agreement::Manifest& manifest) const {
  Objections objections;
  const CharterRecord* charter = nullptr;
  for (const CharterRecord* candidate : {state_.in_force(), state_.proposed()}) {
    if (candidate != nullptr && candidate->digest == manifest.charter) charter = candidate;
  }
  if (charter == nullptr) {
    objections.Add(Code::kFailedPrecondition, "the manifest names a charter that is neither in force nor proposed");
    return objections;
  }
  const Participant* owner = FindIn(charter, link_.signer());
  if (owner == nullptr || !owner->Has(ParticipantRole::kOwner)) {
    objections.Add(Code::kPermissionDenied, "the signer has not the role owner in the charter that he names");
  }
  AgainstManifestVersion(manifest, objections);
  AgainstDatasetName(manifest, objections);
  return objections;
}

void LinkJudge::AgainstManifestVersion(const agreement::Manifest& manifest, Objections& objections) const {
  const auto known = state_.datasets().find(manifest.dataset);
  if (known == state_.datasets().end()) {
    if (manifest.version != 1) {
      objections.Add(Code::kFailedPrecondition, "the first manifest of a dataset must be of version 1");
    }
    return;
  }
  if (known->second.owner != link_.signer()) {
    objections.Add(Code::kPermissionDenied, "the dataset belongs to another participant");
    return;
  }
  const ManifestRecord& last = known->second.versions.back();
  if (manifest.version != last.manifest.version + 1 || manifest.previous_manifest != last.digest) {
    objections.Add(Code::kConflict, "the manifest must follow version " + std::to_string(last.manifest.version) +
                                        " and name its digest");
  }
}

void LinkJudge::AgainstDatasetName(const agreement::Manifest& manifest, Objections& objections) const {
  for (const auto& [id, dataset] : state_.datasets()) {
    const ManifestRecord& last = dataset.versions.back();
    const bool alive = !last.revoked && (FindIn(state_.in_force(), dataset.owner) != nullptr ||
                                         FindIn(state_.proposed(), dataset.owner) != nullptr);
    if (id != manifest.dataset && alive && last.manifest.name == manifest.name) {
      objections.Add(Code::kConflict, "another dataset of this environment is named " + manifest.name);
      return;
    }
  }
}

LinkJudge::Objections LinkJudge::Against(const agreement::QueryRequest& request) const {
  Objections objections;
  const CharterRecord& charter = *state_.in_force();  // CheckMayWrite
  if (request.charter != charter.digest) {
    objections.Add(Code::kFailedPrecondition, "the query names a charter that is not in force");
  }
  if (!charter.charter.Find(link_.signer())->Has(ParticipantRole::kAnalyst)) {
    objections.Add(Code::kPermissionDenied, "the signer has not the role analyst");
  }
  if (state_.FindQuery(request.query) != nullptr) {
    objections.Add(Code::kConflict, "the query's identifier is used");
  }
  for (const agreement::DatasetRead& read : request.datasets) {
    const ManifestRecord* manifest = state_.ManifestInForce(read.dataset);
    if (manifest == nullptr) {
      objections.Add(Code::kNotFound, "dataset " + read.dataset.str() + " has no manifest in force");
    } else if (manifest->digest != read.manifest) {
      objections.Add(Code::kConflict, "the query names an old manifest of dataset " + read.dataset.str());
    }
  }
  for (const agreement::Thumbprint& recipient : request.recipients) {
    if (charter.charter.Find(recipient) == nullptr) {
      objections.Add(Code::kPermissionDenied, "recipient " + recipient + " is no participant");
    }
  }
  return objections;
}

LinkJudge::Objections LinkJudge::Against(const agreement::Approval& approval) const {
  Objections objections;
  const QueryRecord* query = state_.FindQuery(approval.query);
  if (query == nullptr) {
    objections.Add(Code::kNotFound, "the approval is of a query that this ledger does not have");
    return objections;
  }
  if (query->phase != QueryPhase::kReported) {
    objections.Add(Code::kFailedPrecondition,
                   "the query is not waiting for approvals: it is " + std::string(QueryPhaseName(query->phase)));
    return objections;
  }
  const CharterRecord& charter = *state_.in_force();  // CheckMayWrite
  if (query->request.charter != charter.digest) {
    objections.Add(Code::kFailedPrecondition, "the query was made under a charter that is no more in force");
  }
  if (!agreement::MayDecide(charter.charter, query->submitter, query->owners_read, link_.signer())) {
    objections.Add(Code::kPermissionDenied, "the signer has no say about this query");
  }
  const auto verified = agreement::VerifyApproval(link_, *query->report, now_);
  if (!verified) objections.Add(verified.error().code, verified.error().public_message);
  AgainstCharges(*query, approval, objections);
  return objections;
}

// Manifests may have been replaced since the report, and limits reached.
void LinkJudge::AgainstCharges(const QueryRecord& query, const agreement::Approval& approval,
                               Objections& objections) const {
  for (const agreement::DatasetRead& read : query.request.datasets) {
    const ManifestRecord* manifest = state_.ManifestInForce(read.dataset);
    if (manifest == nullptr || manifest->digest != read.manifest) {
      objections.Add(Code::kFailedPrecondition,
                     "the manifest of dataset " + read.dataset.str() + " that the query names is no more in force");
      continue;
    }
    if (state_.datasets().at(read.dataset).owner != link_.signer()) continue;
    for (const agreement::Charge& charge : approval.charges) {
      if (charge.dataset != read.dataset) continue;
      const Status fits = state_.accounts_.CheckFits(query.digest, charge, manifest->manifest.policy);
      if (!fits) objections.Add(fits.error().code, fits.error().public_message);
    }
  }
}

LinkJudge::Objections LinkJudge::Against(const agreement::Rejection& rejection) const {
  Objections objections;
  const QueryRecord* query = state_.FindQuery(rejection.query);
  if (query == nullptr) {
    objections.Add(Code::kNotFound, "the rejection is of a query that this ledger does not have");
    return objections;
  }
  if (query->phase != QueryPhase::kSubmitted && query->phase != QueryPhase::kReported) {
    objections.Add(Code::kFailedPrecondition,
                   "the query cannot be stopped: it is " + std::string(QueryPhaseName(query->phase)));
  }
  const CharterRecord& charter = *state_.in_force();  // CheckMayWrite
  if (link_.signer() != query->submitter &&
      !agreement::MayDecide(charter.charter, query->submitter, query->owners_read, link_.signer())) {
    objections.Add(Code::kPermissionDenied, "the signer has no say about this query");
  }
  return objections;
}

bool LinkJudge::HasManifest(const Digest256& document) const {
  return std::any_of(state_.datasets().begin(), state_.datasets().end(), [&](const auto& item) {
    const DatasetRecord& dataset = item.second;
    return dataset.owner == link_.signer() &&
           std::any_of(dataset.versions.begin(), dataset.versions.end(),
                       [&](const ManifestRecord& one) { return one.digest == document && !one.revoked; });
  });
}

bool LinkJudge::HasApproval(const Digest256& document) const {
  return std::any_of(state_.queries().begin(), state_.queries().end(), [&](const auto& item) {
    const QueryRecord& query = item.second;
    const auto approval = query.approvals.find(link_.signer());
    return query.phase == QueryPhase::kReported && approval != query.approvals.end() &&
           approval->second.digest == document && !approval->second.revoked;
  });
}

LinkJudge::Objections LinkJudge::Against(const agreement::Revocation& revocation) const {
  Objections objections;
  using Ends = agreement::Revocation::Ends;
  if (revocation.ends == Ends::kManifest && !HasManifest(*revocation.document)) {
    objections.Add(Code::kNotFound, "the signer has no such manifest that could end");
  }
  if (revocation.ends == Ends::kApproval && !HasApproval(*revocation.document)) {
    objections.Add(Code::kNotFound, "the signer has no such approval that could end; a query that runs is not stopped");
  }
  return objections;
}

}  // namespace cloister::ledger
