#include "ledger/entry_fold.h"

#include <algorithm>

#include "agreement/enclave_documents.h"
#include "base/check.h"

namespace cloister::ledger {
namespace {

constexpr std::int64_t kDayMs = 24 * 60 * 60 * 1000;

Error Broken(const std::string& what) { return VerificationFailed(what); }

// Whether the rule cannot be met against this one person, were all others to approve. His rejection then ends the query
// in every ledger that has it, in whatever order others speak: a second enclave that is given his chain cannot run it.
bool CanStopAlone(const agreement::Thumbprint& who, const QueryRecord& query, const agreement::Charter& charter) {
  agreement::Decisions decisions{.charter = charter, .submitter = query.submitter, .owners_read = query.owners_read};
  for (const agreement::Participant& one : charter.participants) decisions.approved.insert(one.thumbprint);
  decisions.approved.erase(who);
  decisions.rejected.insert(who);
  return agreement::CheckApprovalRule(decisions).state == agreement::RuleState::kImpossible;
}

}  // namespace

Status EntryFold::Fold(const BootEntry& boot) {
  if (boot.boot != static_cast<std::int64_t>(state_.boots_.size())) return Broken("the boots are not counted in order");
  if ((boot.boot == 0) != (boot.origin == "generated")) {
    return Broken("boot 0 and no other generates the environment key");
  }
  if (boot.boot > 0) {
    const CharterRecord* charter = state_.governing();
    if (charter == nullptr || boot.charter != charter->digest ||
        boot.recipient_commitment != charter->recipient_commitment) {
      return Broken("the boot names another charter or other recipients than this ledger");
    }
    if (charter->charter.recovery == agreement::Recovery::kNone) {
      return Broken("the charter says that nobody can recover the environment key, so there is no second boot");
    }
  }
  state_.boots_.push_back({.entry = index_, .boot = boot});
  return {};
}

Status EntryFold::Fold(const CharterEntry& entry) {
  const Status fits = state_.CheckProposal(entry.charter);
  if (!fits) return Broken(fits.error().public_message);
  const bool first = state_.charters_.empty();
  if (first && entry.recipient_commitment != state_.boots_.front().boot.recipient_commitment) {
    return Broken("epoch 1 has other recipients than entry 0");
  }
  state_.charters_.push_back({.entry = index_,
                              .recorded = time_,
                              .changed = time_,
                              .charter = entry.charter,
                              .digest = agreement::CharterDigest(entry.charter),
                              .recipient_commitment = entry.recipient_commitment});
  state_.proposed_ = state_.charters_.size() - 1;
  return {};
}

Status EntryFold::Fold(const LinkEntry& entry) {
  CLOISTER_ASSIGN(const agreement::SignedLink link, state_.VerifyLink(entry.jws));
  const Result<LinkRuling> ruling = state_.Judge(link, time_);
  if (!ruling) return Broken("the link cannot stand here: " + ruling.error().public_message);
  if (ruling->kind == LinkRuling::Kind::kAlreadyRecorded) return Broken("the link stands in the ledger already");

  state_.chains_[link.signer()] = agreement::Extended(link);
  state_.links_of_[link.signer()].push_back(index_);
  state_.link_entries_.emplace(link.digest(), index_);
  if (ruling->kind == LinkRuling::Kind::kTakesEffect) {
    std::visit([&](const auto& body) { TakeEffect(link, body); }, link.body());
  } else {
    state_.refusal_due_ = {.document = link.digest(), .signer = link.signer()};
    BookWithoutEffect(link);
  }
  return {};
}

void EntryFold::TakeEffect(const agreement::SignedLink& link, const agreement::Acceptance&) {
  CharterRecord& charter = state_.charters_[*state_.proposed_];
  charter.acceptances.emplace(link.signer(), link.digest());
  charter.changed = time_;
  // Everybody in the new epoch has signed: those who stay and those who come are exactly its participants.
  if (charter.acceptances.size() < charter.charter.participants.size()) return;
  charter.in_force_from = index_;
  state_.in_force_ = state_.proposed_;
  state_.proposed_.reset();
  state_.ended_memberships_.clear();
}

void EntryFold::TakeEffect(const agreement::SignedLink& link, const agreement::Manifest& manifest) {
  auto& dataset =
      state_.datasets_.try_emplace(manifest.dataset, DatasetRecord{.dataset = manifest.dataset, .owner = link.signer()})
          .first->second;
  dataset.versions.push_back({.entry = index_,
                              .recorded = time_,
                              .digest = link.digest(),
                              .manifest = manifest,
                              .changed = time_});
}

void EntryFold::TakeEffect(const agreement::SignedLink& link, const agreement::QueryRequest& request) {
  QueryRecord query{.entry = index_,
                    .recorded = time_,
                    .changed = time_,
                    .digest = link.digest(),
                    .submitter = link.signer(),
                    .request = request,
                    .document = link.compact()};
  for (const agreement::DatasetRead& read : request.datasets) {
    query.owners_read.insert(state_.datasets_.at(read.dataset).owner);
  }
  state_.query_ids_.emplace(request.query, link.digest());
  state_.queries_.emplace(link.digest(), std::move(query));
}

void EntryFold::TakeEffect(const agreement::SignedLink& link, const agreement::Approval& approval) {
  QueryRecord& query = state_.queries_.at(approval.query);
  query.changed = time_;
  query.approvals[link.signer()] = {.entry = index_, .digest = link.digest(), .not_after = approval.not_after};
  query.ever_approved.insert(link.signer());
  query.rejections.erase(link.signer());
  for (const agreement::Charge& charge : approval.charges) {
    if (state_.datasets_.at(charge.dataset).owner == link.signer()) state_.accounts_.Book(query.digest, charge);
  }
}

void EntryFold::TakeEffect(const agreement::SignedLink& link, const agreement::Rejection& rejection) {
  QueryRecord& query = state_.queries_.at(rejection.query);
  query.changed = time_;
  query.rejections.insert_or_assign(link.signer(), link.digest());
  if (link.signer() == query.submitter) {
    query.phase = QueryPhase::kWithdrawn;
    return;
  }
  const CharterRecord* charter = state_.FindCharter(query.request.charter);
  CLOISTER_CHECK(charter != nullptr);
  // As the decisions stand: the later word of each counts.
  agreement::Decisions decisions{
      .charter = charter->charter, .submitter = query.submitter, .owners_read = query.owners_read};
  for (const auto& [who, digest] : query.rejections) decisions.rejected.insert(who);
  for (const auto& [who, one] : query.approvals) {
    if (!decisions.rejected.contains(who)) decisions.approved.insert(who);
  }
  if (agreement::CheckApprovalRule(decisions).state != agreement::RuleState::kImpossible) return;
  query.phase = QueryPhase::kRejected;
  query.charges_given_back = std::any_of(query.rejections.begin(), query.rejections.end(), [&](const auto& rejecter) {
    return !query.ever_approved.contains(rejecter.first) && CanStopAlone(rejecter.first, query, charter->charter);
  });
  if (query.charges_given_back) state_.accounts_.GiveBack(query.digest);
}

// Every version so far ends, whichever of them he names: one may be in force while another, renewed, waits for the next
// charter, and neither outlives his no.
void EntryFold::EndManifests(DatasetRecord& dataset) {
  for (ManifestRecord& one : dataset.versions) {
    if (one.revoked) continue;
    one.revoked = true;
    one.revoked_entry = index_;
    one.changed = time_;
  }
}

void EntryFold::TakeEffect(const agreement::SignedLink& link, const agreement::Revocation& revocation) {
  using Ends = agreement::Revocation::Ends;
  switch (revocation.ends) {
    case Ends::kTermination: state_.terminated_ = true; return;
    case Ends::kMembership: EndMembership(link.signer()); return;
    case Ends::kManifest:
      for (auto& [id, dataset] : state_.datasets_) {
        const auto named = std::ranges::find(dataset.versions, *revocation.document, &ManifestRecord::digest);
        if (named != dataset.versions.end()) EndManifests(dataset);
      }
      return;
    case Ends::kApproval:
      for (auto& [digest, query] : state_.queries_) {
        const auto approval = query.approvals.find(link.signer());
        if (approval == query.approvals.end() || approval->second.digest != *revocation.document) continue;
        approval->second.revoked = true;
        query.changed = time_;
      }
      return;
  }
}

void EntryFold::EndMembership(const agreement::Thumbprint& who) {
  state_.ended_memberships_.insert(who);
  if (state_.proposed_) state_.charters_[*state_.proposed_].acceptances.erase(who);
}

// An owner's approval that has no effect here may have one in another ledger, so it takes what it says from his own
// datasets all the same, if it fits; unless the query can run in none.
void EntryFold::BookWithoutEffect(const agreement::SignedLink& link) {
  const auto* approval = link.As<agreement::Approval>();
  if (approval == nullptr) return;
  const auto query = state_.queries_.find(approval->query);
  if (query != state_.queries_.end()) {
    query->second.ever_approved.insert(link.signer());
    if (query->second.charges_given_back) return;
  }
  for (const agreement::Charge& charge : approval->charges) {
    const auto dataset = state_.datasets_.find(charge.dataset);
    if (dataset == state_.datasets_.end() || dataset->second.owner != link.signer()) continue;
    const ManifestRecord* in_force = state_.ManifestInForce(charge.dataset);
    const auto& policy = (in_force != nullptr ? *in_force : dataset->second.versions.back()).manifest.policy;
    if (state_.accounts_.CheckFits(approval->query, charge, policy)) state_.accounts_.Book(approval->query, charge);
  }
}

Status EntryFold::CheckReport(const QueryRecord* query, const agreement::Report& report) const {
  if (query == nullptr || query->phase != QueryPhase::kSubmitted) {
    return Broken("the report is of no query that waits for one");
  }
  const agreement::QueryRequest& request = query->request;
  if (report.environment != state_.environment_ || report.query_id != request.query ||
      report.charter != request.charter || report.recipients != request.recipients) {
    return Broken("the report contradicts its query");
  }
  if (!report.accepted) return {};
  std::set<agreement::Thumbprint> owners;
  for (const agreement::Charge& charge : report.charges) {
    const bool read = std::any_of(request.datasets.begin(), request.datasets.end(),
                                  [&](const auto& one) { return one.dataset == charge.dataset; });
    if (!read) return Broken("the report charges a dataset that the query does not name");
    owners.insert(state_.datasets_.at(charge.dataset).owner);
  }
  if (owners.empty() || !std::equal(owners.begin(), owners.end(), report.approvers.begin(), report.approvers.end())) {
    return Broken("the report names other approvers than the owners of what it charges");
  }
  return {};
}

Status EntryFold::Fold(const ReportEntry& entry) {
  CLOISTER_ASSIGN(const agreement::SignedReport report,
                  agreement::VerifyReport(entry.jws, state_.boots_.back().boot.document_key));
  const auto found = state_.queries_.find(report.body().query);
  QueryRecord* query = found == state_.queries_.end() ? nullptr : &found->second;
  CLOISTER_TRY(CheckReport(query, report.body()));
  query->changed = time_;
  query->report_entry = index_;
  query->report = report.body();
  query->report_document = report.compact();
  if (report.body().accepted) {
    query->phase = QueryPhase::kReported;
    query->owners_read = {report.body().approvers.begin(), report.body().approvers.end()};
  } else {
    query->phase = QueryPhase::kRefused;
    CountRefusal(query->submitter);
  }
  return {};
}

Status EntryFold::Fold(const RefusalEntry& refusal) {
  if (!state_.refusal_due_ || state_.refusal_due_->document != refusal.document) {
    return Broken("a refusal of a link that has its effect");
  }
  CountRefusal(state_.refusal_due_->signer);
  state_.links_without_effect_.emplace(refusal.document, refusal);
  state_.refusal_due_.reset();
  return {};
}

void EntryFold::CountRefusal(const agreement::Thumbprint& who) {
  std::deque<Instant>& times = state_.refusals_[who];
  while (!times.empty() && times.front().unix_ms <= time_.unix_ms - kDayMs) times.pop_front();
  times.push_back(time_);
}

Status EntryFold::Fold(const ReservationEntry& reservation) {
  const Result<ReservationEntry> due = state_.Reserve(reservation.query, time_);
  if (!due) return Broken("the query could not run: " + due.error().public_message);
  if (*due != reservation) return Broken("the reservation names other approvals or charges than the ledger has");
  QueryRecord& query = state_.queries_.at(reservation.query);
  for (const agreement::Charge& charge : reservation.charges) state_.accounts_.Book(query.digest, charge);
  state_.accounts_.Settle(query.digest);
  query.changed = time_;
  query.reservation = reservation;
  query.reservation_entry = index_;
  query.phase = QueryPhase::kReserved;
  return {};
}

Result<QueryRecord*> EntryFold::QueryIn(const Digest256& digest, QueryPhase phase) const {
  const auto query = state_.queries_.find(digest);
  if (query == state_.queries_.end()) return Broken("the entry is of a query that this ledger does not have");
  if (query->second.phase == phase) return &query->second;
  return Broken("the entry does not fit a query that is " + std::string(QueryPhaseName(query->second.phase)));
}

Status EntryFold::Fold(const ExecutionEntry& execution) {
  CLOISTER_ASSIGN(QueryRecord * query, QueryIn(execution.query, QueryPhase::kReserved));
  query->changed = time_;
  query->execution = execution;
  query->execution_entry = index_;
  switch (execution.outcome) {
    case Outcome::kReleased: query->phase = QueryPhase::kReleasing; break;
    case Outcome::kFailed: query->phase = QueryPhase::kFailed; break;
    case Outcome::kCancelled: query->phase = QueryPhase::kCancelled; break;
  }
  return {};
}

Status EntryFold::Fold(const ReleaseEntry& release) {
  CLOISTER_ASSIGN(QueryRecord * query, QueryIn(release.query, QueryPhase::kReleasing));
  query->changed = time_;
  query->release = release;
  query->release_entry = index_;
  query->phase = QueryPhase::kReleased;
  return {};
}

}  // namespace cloister::ledger
