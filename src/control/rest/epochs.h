#pragma once

// Changing a charter: the next epoch, its proposal, and people who come because they were invited. Room-private.

#include <functional>
#include <optional>
#include <vector>

#include "control/rest/api.h"

namespace cloister::control {

// The charter of the next epoch, as a copy to change. kFailedPrecondition before the first is in force.
Result<agreement::Charter> NextEpoch(const EnvironmentSession& session);

// The newest proposal, while it is not in force.
std::optional<ledger::CharterRecord> StandingProposal(const EnvironmentSession& session);

// In his place by thumbprint. False where he is there already.
bool AddTo(agreement::Charter& charter, const agreement::Participant& newcomer);

// The next epoch with `change`, which answers whether it changed anything, for `who`. It builds on what stands
// proposed where he has accepted that. kConflict where another's proposal waits for his word: to build on it would sign
// what he has not agreed to, and to build without it would lose it. Under the session's terms_mutex().
struct ChangedEpoch {
  agreement::Charter charter;
  bool is_new = false;  // else the charter says so already
};
Result<ChangedEpoch> ChangeEpoch(const EnvironmentSession& session, const agreement::Thumbprint& who,
                                 const std::function<bool(agreement::Charter&)>& change);

// {"kind","count"?}
Result<agreement::ApprovalRule> DecodeApprovalRule(const codec::Json& rule);
// kFailedPrecondition for a charter of more participants than one has, or whose rule asks for more approvals than there
// are participants: what is asked for is well formed, and would be right among others.
Status CheckNumberOfPeople(const agreement::Charter& charter);

// Hands the proposal to the enclave, and accepts it for those of `keys`, whose word it is, whose keys the server has.
// Under the session's terms_mutex().
Result<RecordedLink> ProposeEpoch(const Api& api, EnvironmentSession& session, const agreement::Charter& next,
                                  const std::vector<ParticipantKeyRecord>& keys);

// An invited user is here for the first time: the epoch that has him in it is proposed, in the name of who invited him
// and of himself (docs/adr/0017-who-signs-an-epoch.md). What stands proposed already stays in it, and then only who has
// accepted that is taken to accept it with the newcomer. True when his standing may be another now. A browser that was
// sent here by a link does not come in by it, nor a key that may not decide: a GET would sign for him.
Result<bool> ComeAsInvited(const Api& api, const Caller& caller, const EnvironmentId& id);
// A participant has proposed him, and he asks for what participants have: he accepts by that, under the same
// conditions. What keeps the server from signing now is no news to him. True when he has accepted.
bool AcceptAsProposed(const Api& api, const Caller& caller, EnvironmentSession& session);

}  // namespace cloister::control
