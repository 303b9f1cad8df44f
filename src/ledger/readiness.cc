// Whether a query may run: "When a query runs" of the protocol, as far as the ledger alone can say.

#include <algorithm>

#include "base/check.h"
#include "ledger/replay.h"

namespace cloister::ledger {
namespace {

using Obstacles = std::vector<std::string>;

std::string Joined(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& sentence : sentences) text += (text.empty() ? "" : "; ") + sentence;
  return text;
}

// A charter or a manifest that was replaced never comes back, a date passes once, and whoever left comes again with
// another epoch.
void End(Readiness& readiness, const std::string& why) {
  readiness.obstacles.push_back(why);
  readiness.endings.push_back(why);
}

void AgainstDates(const agreement::Manifest& manifest, Instant now, Readiness& readiness) {
  const agreement::RunLimits& limits = manifest.policy.limits;
  if (limits.not_before && now < *limits.not_before) {
    readiness.obstacles.push_back("dataset " + manifest.name + " may be read from " +
                                  FormatRfc3339(*limits.not_before) + " on");
  }
  if (limits.not_after && *limits.not_after < now) {
    End(readiness, "dataset " + manifest.name + " might be read until " + FormatRfc3339(*limits.not_after));
  }
}

void AgainstRule(const agreement::RuleVerdict& rule, Obstacles& obstacles) {
  for (const agreement::Thumbprint& owner : rule.owners_missing) {
    obstacles.push_back("the owner " + owner + " has not approved");
  }
  if (rule.approvals_missing > 0) {
    obstacles.push_back("the charter's rule needs " + std::to_string(rule.approvals_missing) + " more approvals");
  }
}

}  // namespace

std::string_view QueryPhaseName(QueryPhase phase) {
  switch (phase) {
    case QueryPhase::kSubmitted: return "submitted";
    case QueryPhase::kRefused: return "refused";
    case QueryPhase::kReported: return "reported";
    case QueryPhase::kRejected: return "rejected";
    case QueryPhase::kWithdrawn: return "withdrawn";
    case QueryPhase::kReserved: return "reserved";
    case QueryPhase::kReleasing: return "releasing";
    case QueryPhase::kReleased: return "released";
    case QueryPhase::kFailed: return "failed";
    case QueryPhase::kCancelled: return "cancelled";
  }
  internal::CheckFailed(__FILE__, __LINE__, "a phase outside its enumeration");
}

bool IsFinal(QueryPhase phase) {
  return phase != QueryPhase::kSubmitted && phase != QueryPhase::kReported && phase != QueryPhase::kReserved &&
         phase != QueryPhase::kReleasing;
}

// Whoever has ended his membership has no say any more, not even by what he said before.
bool LedgerState::CountsNow(const agreement::Thumbprint& who, const ApprovalRecord& approval, Instant now) const {
  return !approval.revoked && now <= approval.not_after && !ended_memberships_.contains(who);
}

agreement::RuleVerdict LedgerState::RuleOn(const QueryRecord& query, Instant now) const {
  const CharterRecord* charter = FindCharter(query.request.charter);
  CLOISTER_CHECK(charter != nullptr);  // the query was recorded under it
  agreement::Decisions decisions{
      .charter = charter->charter, .submitter = query.submitter, .owners_read = query.owners_read};
  for (const auto& [who, digest] : query.rejections) decisions.rejected.insert(who);
  for (const auto& [who, approval] : query.approvals) {
    if (CountsNow(who, approval, now) && !decisions.rejected.contains(who)) decisions.approved.insert(who);
  }
  return agreement::CheckApprovalRule(decisions);
}

// Each manifest read is the newest in force, inside its dates, and has room for the charge.
void LedgerState::AgainstDatasets(const QueryRecord& query, Instant now, Readiness& readiness) const {
  for (const agreement::DatasetRead& read : query.request.datasets) {
    const ManifestRecord* manifest = ManifestInForce(read.dataset);
    if (manifest == nullptr || manifest->digest != read.manifest) {
      End(readiness, "the manifest of dataset " + read.dataset.str() + " that the query names is not in force");
      continue;
    }
    AgainstDates(manifest->manifest, now, readiness);
    for (const agreement::Charge& charge : query.report->charges) {
      if (charge.dataset != read.dataset) continue;
      const Status fits = accounts_.CheckFits(query.digest, charge, manifest->manifest.policy);
      if (!fits) readiness.obstacles.push_back(fits.error().public_message);
    }
  }
}

// What a reported query was asked under: the charter, the people who get the answer, the datasets' terms.
void LedgerState::AgainstTerms(const QueryRecord& query, Instant now, Readiness& readiness) const {
  if (in_force()->digest != query.request.charter) {
    End(readiness, "the query was made under a charter that is no more in force");
  }
  for (const agreement::Thumbprint& recipient : query.request.recipients) {
    if (ended_memberships_.contains(recipient)) {
      End(readiness, "the recipient " + recipient + " has ended his membership");
    }
  }
  AgainstDatasets(query, now, readiness);
}

Result<Readiness> LedgerState::ReadinessOf(const Digest256& digest, Instant now) const {
  const QueryRecord* query = FindQuery(digest);
  if (query == nullptr) return NotFound("the ledger has no such query");
  const Instant time = EntryTime(now);
  Readiness readiness{.rule = RuleOn(*query, time)};
  const bool waits = query->phase == QueryPhase::kReported;
  if (terminated_) readiness.obstacles.emplace_back("the environment is terminated");
  if (terminated_ && waits) readiness.endings = readiness.obstacles;
  if (!waits) {
    readiness.obstacles.push_back("the query is " + std::string(QueryPhaseName(query->phase)));
    return readiness;
  }
  AgainstTerms(*query, time, readiness);
  AgainstRule(readiness.rule, readiness.obstacles);
  return readiness;
}

Result<ReservationEntry> LedgerState::Reserve(const Digest256& digest, Instant now) const {
  CLOISTER_ASSIGN(const Readiness readiness, ReadinessOf(digest, now));
  if (!readiness.obstacles.empty()) return Error{Code::kRefused, Joined(readiness.obstacles)};
  const QueryRecord& query = *FindQuery(digest);
  ReservationEntry reservation{.query = digest, .approvals = {}, .charges = query.report->charges};
  for (const auto& [who, approval] : query.approvals) {
    if (CountsNow(who, approval, EntryTime(now)) && !query.rejections.contains(who)) {
      reservation.approvals.push_back(approval.digest);
    }
  }
  std::sort(reservation.approvals.begin(), reservation.approvals.end());
  return reservation;
}

}  // namespace cloister::ledger
