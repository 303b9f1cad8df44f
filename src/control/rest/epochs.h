#pragma once

// Changing a charter: the next epoch, its proposal, and people who come because they were invited. Room-private.

#include <vector>

#include "control/rest/api.h"

namespace cloister::control {

// The charter of the next epoch, as a copy to change. kFailedPrecondition before the first is in force.
Result<agreement::Charter> NextEpoch(const EnvironmentSession& session);

// {"kind","count"?}
Result<agreement::ApprovalRule> DecodeApprovalRule(const codec::Json& rule);

// Hands the proposal to the enclave, and accepts it for those of `keys` whose keys the server has.
Result<RecordedLink> ProposeEpoch(const Api& api, EnvironmentSession& session, const agreement::Charter& next,
                                  const std::vector<ParticipantKeyRecord>& keys);

// An invited user is here for the first time: the epoch that has him in it is proposed, in the name of who invited him
// and of himself. True when he belongs now. A browser that was sent here by a link does not come in by it: a GET that
// somebody else chose would sign for him.
Result<bool> ComeAsInvited(const Api& api, const Caller& caller, const EnvironmentId& id);

}  // namespace cloister::control
