#pragma once

// Whether the people who must agree to a query have agreed: a pure function of the charter, the submitter,
// the owners of what the query reads, and the decisions so far.
//
// Two sets must be satisfied. Every owner read, whatever the rule, even when he is the submitter. And the
// rule, counted over the participants with role `approver` other than the submitter: of n of them `unanimous`
// needs n, `majority` more than n/2, `count` its number, `owners` none. An owner read who is such an approver
// counts in both.
//
//   approvers A, B, C, D; C submits; A's data is read; rule majority: n = 3, so A and one of B, D

#include <set>
#include <vector>

#include "agreement/charter.h"
#include "agreement/thumbprint.h"

namespace cloister::agreement {

struct Decisions {
  const Charter& charter;
  const Thumbprint& submitter;
  std::set<Thumbprint> owners_read = {};
  std::set<Thumbprint> approved = {};
  std::set<Thumbprint> rejected = {};  // disjoint from `approved`: the later decision of one person counts
};

enum class RuleState {
  kMet,
  kOpen,        // not met, and those who have not decided could still meet it
  kImpossible,  // somebody without whom it cannot be met said no, or there are not enough approvers
};

struct RuleVerdict {
  RuleState state = RuleState::kImpossible;
  std::vector<Thumbprint> owners_missing = {};     // each of them must approve
  std::vector<Thumbprint> approvers_waiting = {};  // who could still approve ...
  std::size_t approvals_missing = 0;               // ... and how many of them must
};
RuleVerdict CheckApprovalRule(const Decisions& decisions);

// Whom the rule asks: the owners read, and where it asks for more than them every approver who is not the submitter.
std::set<Thumbprint> WhoIsAsked(const Charter& charter, const Thumbprint& submitter,
                                const std::set<Thumbprint>& owners_read);

// Whether `who` has a say: an owner read, or an approver who is not the submitter.
bool MayDecide(const Charter& charter, const Thumbprint& submitter, const std::set<Thumbprint>& owners_read,
               const Thumbprint& who);

}  // namespace cloister::agreement
