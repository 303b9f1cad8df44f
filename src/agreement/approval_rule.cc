#include "agreement/approval_rule.h"

#include <algorithm>

namespace cloister::agreement {
namespace {

// How many approvers of `n` must say yes.
std::size_t ApprovalsNeeded(const ApprovalRule& rule, std::size_t n) {
  switch (rule.kind) {
    case ApprovalRule::Kind::kOwners: return 0;
    case ApprovalRule::Kind::kUnanimous: return n;
    case ApprovalRule::Kind::kMajority: return n / 2 + 1;  // of nobody there is no majority
    case ApprovalRule::Kind::kCount: return static_cast<std::size_t>(rule.count);
  }
  internal::CheckFailed(__FILE__, __LINE__, "a rule outside its enumeration");
}

bool IsApprover(const Participant& participant, const Thumbprint& submitter) {
  return participant.Has(ParticipantRole::kApprover) && participant.thumbprint != submitter;
}

}  // namespace

bool MayDecide(const Charter& charter, const Thumbprint& submitter, const std::set<Thumbprint>& owners_read,
               const Thumbprint& who) {
  const Participant* participant = charter.Find(who);
  return participant != nullptr && (owners_read.contains(who) || IsApprover(*participant, submitter));
}

std::set<Thumbprint> WhoIsAsked(const Charter& charter, const Thumbprint& submitter,
                                const std::set<Thumbprint>& owners_read) {
  std::set<Thumbprint> asked = owners_read;
  if (charter.approval_rule.kind == ApprovalRule::Kind::kOwners) return asked;
  for (const Participant& participant : charter.participants) {
    if (IsApprover(participant, submitter)) asked.insert(participant.thumbprint);
  }
  return asked;
}

RuleVerdict CheckApprovalRule(const Decisions& decisions) {
  RuleVerdict verdict;
  bool possible = true;
  for (const Thumbprint& owner : decisions.owners_read) {
    if (decisions.approved.contains(owner)) continue;
    verdict.owners_missing.push_back(owner);
    if (decisions.rejected.contains(owner)) possible = false;
  }

  std::size_t approvers = 0;
  std::size_t approvals = 0;
  for (const Participant& participant : decisions.charter.participants) {
    if (!IsApprover(participant, decisions.submitter)) continue;
    ++approvers;
    if (decisions.approved.contains(participant.thumbprint)) {
      ++approvals;
    } else if (!decisions.rejected.contains(participant.thumbprint)) {
      verdict.approvers_waiting.push_back(participant.thumbprint);
    }
  }
  const std::size_t needed = ApprovalsNeeded(decisions.charter.approval_rule, approvers);
  verdict.approvals_missing = needed > approvals ? needed - approvals : 0;
  if (verdict.approvals_missing > verdict.approvers_waiting.size()) possible = false;

  if (!possible) {
    verdict.state = RuleState::kImpossible;
  } else if (verdict.owners_missing.empty() && verdict.approvals_missing == 0) {
    verdict.state = RuleState::kMet;
  } else {
    verdict.state = RuleState::kOpen;
  }
  return verdict;
}

}  // namespace cloister::agreement
