#include "control/rest/epochs.h"

#include <algorithm>

#include "control/rest/participant_keys.h"

namespace cloister::control {
namespace {

// The creator, who invited: his word stands for the newcomer's epoch where the server has his key.
Result<std::vector<ParticipantKeyRecord>> KeysOfInvitation(const Api& api, const EnvironmentId& id,
                                                           const ParticipantKeyRecord& newcomer) {
  std::vector<ParticipantKeyRecord> keys{newcomer};
  CLOISTER_ASSIGN(const auto record, api.store.environments.Find(id));
  if (!record) return NotFound("there is no such environment");
  CLOISTER_ASSIGN(auto creator, api.store.users.FindParticipantKey(record->creator));
  if (creator) keys.push_back(*std::move(creator));
  return keys;
}

// A proposal that stands already is the same proposal: a request that comes again does not write it twice.
Result<RecordedLink> ProposeOnce(EnvironmentSession& session, const agreement::Charter& next) {
  const auto standing = session.Look([&](const ledger::LedgerState& state) -> std::optional<std::uint64_t> {
    const auto* proposed = state.proposed();
    if (proposed == nullptr || proposed->digest != agreement::CharterDigest(next)) return std::nullopt;
    return proposed->entry;
  });
  if (standing) {
    return RecordedLink{
        .entry = *standing, .checkpoint = session.Checkpoint().value_or(""), .refused = std::nullopt};
  }
  CLOISTER_ASSIGN(const auto enclave, session.AwaitEnclave());
  return enclave->Propose(next);
}

}  // namespace

Result<agreement::Charter> NextEpoch(const EnvironmentSession& session) {
  return session.Look([](const ledger::LedgerState& state) -> Result<agreement::Charter> {
    if (state.in_force() == nullptr) {
      return FailedPrecondition("the first charter has to be accepted by everyone before it can be changed");
    }
    agreement::Charter next = state.in_force()->charter;
    next.previous = state.in_force()->digest;
    ++next.epoch;
    return next;
  });
}

Result<RecordedLink> ProposeEpoch(const Api& api, EnvironmentSession& session, const agreement::Charter& next,
                                  const std::vector<ParticipantKeyRecord>& keys) {
  CLOISTER_TRY(agreement::CheckCharter(next));
  CLOISTER_ASSIGN(RecordedLink recorded, ProposeOnce(session, next));
  for (const ParticipantKeyRecord& key : keys) {
    const bool stays = next.Find(key.thumbprint) != nullptr;
    const bool accepted = session.Look([&](const ledger::LedgerState& state) {
      const auto* charter = state.FindCharter(agreement::CharterDigest(next));
      return charter != nullptr && charter->acceptances.contains(key.thumbprint);
    });
    if (stays && !accepted && key.custody == KeyCustody::kServer) CLOISTER_TRY(api.custodian.Accept(session, key));
  }
  return recorded;
}

Result<bool> ComeAsInvited(const Api& api, const Caller& caller, const EnvironmentId& id) {
  if (!caller.asked_by_own_page) return false;
  CLOISTER_ASSIGN(const auto invitations, api.store.environments.InvitationsOf(caller.user.email));
  if (std::ranges::find(invitations, id) == invitations.end()) return false;
  const auto session = api.fleet.Find(id);
  if (!session) return false;
  CLOISTER_ASSIGN(const ParticipantKeyRecord key, EnsureKey(api, caller.user));
  CLOISTER_ASSIGN(agreement::Charter next, NextEpoch(*session));
  if (next.Find(key.thumbprint) == nullptr) {
    next.participants.push_back(MakeParticipant(caller.user, key));
    std::ranges::sort(next.participants, {}, &agreement::Participant::thumbprint);
    CLOISTER_ASSIGN(const auto keys, KeysOfInvitation(api, id, key));
    CLOISTER_TRY(ProposeEpoch(api, *session, next, keys));
  }
  CLOISTER_TRY(api.store.environments.RemoveInvitation(id, caller.user.email));
  return true;
}

}  // namespace cloister::control
