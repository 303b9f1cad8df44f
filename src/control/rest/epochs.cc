#include "control/rest/epochs.h"

#include <algorithm>

#include "control/rest/participant_keys.h"
#include "control/rest/scope.h"

namespace cloister::control {
namespace {

// A proposal that stands already is the same proposal: a request that comes again does not write it twice.
Result<RecordedLink> ProposeOnce(EnvironmentSession& session, const agreement::Charter& next) {
  const auto standing = StandingProposal(session);
  if (standing && standing->digest == agreement::CharterDigest(next)) {
    return RecordedLink{
        .entry = standing->entry, .checkpoint = session.Checkpoint().value_or(""), .refused = std::nullopt};
  }
  CLOISTER_ASSIGN(const auto enclave, session.Enclave());
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

Status CheckNumberOfPeople(const agreement::Charter& charter) {
  const std::size_t people = charter.participants.size();
  if (people > agreement::kParticipantsMax) {
    return FailedPrecondition("an environment has at most " + std::to_string(agreement::kParticipantsMax) +
                              " participants");
  }
  if (charter.approval_rule.count > static_cast<std::int64_t>(people)) {
    return FailedPrecondition("'approval_rule.count' is more than there are participants");
  }
  return {};
}

Result<RecordedLink> ProposeEpoch(const Api& api, EnvironmentSession& session, const agreement::Charter& next,
                                  const std::vector<ParticipantKeyRecord>& keys) {
  CLOISTER_TRY(CheckNumberOfPeople(next));
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

namespace {

// Absent: nobody invites him any more, or who did has no account here now.
Result<std::optional<ParticipantKeyRecord>> KeyOfInviter(const Api& api, const EnvironmentId& id,
                                                         std::string_view email) {
  CLOISTER_ASSIGN(const auto inviter, api.store.environments.Inviter(id, email));
  if (!inviter) return std::optional<ParticipantKeyRecord>();
  CLOISTER_ASSIGN(const auto user, api.store.users.FindUser(*inviter));
  if (!user || user->disabled_at) return std::optional<ParticipantKeyRecord>();
  return api.store.users.FindParticipantKey(*inviter);
}

// The charter that has the newcomer in it, and whose word it is.
struct Arrival {
  agreement::Charter charter;
  std::vector<ParticipantKeyRecord> keys;
};

// Absent: who invited is no participant any more.
Result<std::optional<Arrival>> Arrive(const EnvironmentSession& session, const ParticipantKeyRecord& inviter,
                                      const ParticipantKeyRecord& newcomer, const agreement::Participant& person) {
  CLOISTER_ASSIGN(agreement::Charter next, NextEpoch(session));
  if (next.Find(inviter.thumbprint) == nullptr) return std::optional<Arrival>();
  AddTo(next, person);
  bool agreed = true;
  const auto standing = StandingProposal(session);
  if (standing && standing->digest != agreement::CharterDigest(next)) {
    next = standing->charter;
    AddTo(next, person);
    agreed = standing->acceptances.contains(inviter.thumbprint);
  }
  Arrival arrival{.charter = std::move(next), .keys = {newcomer}};
  if (agreed) arrival.keys.push_back(inviter);
  return std::optional(std::move(arrival));
}

}  // namespace

bool AddTo(agreement::Charter& charter, const agreement::Participant& newcomer) {
  if (charter.Find(newcomer.thumbprint) != nullptr) return false;
  charter.participants.push_back(newcomer);
  std::ranges::sort(charter.participants, {}, &agreement::Participant::thumbprint);
  return true;
}

std::optional<ledger::CharterRecord> StandingProposal(const EnvironmentSession& session) {
  return session.Look([](const ledger::LedgerState& state) -> std::optional<ledger::CharterRecord> {
    if (state.proposed() == nullptr) return std::nullopt;
    return *state.proposed();
  });
}

Result<ChangedEpoch> ChangeEpoch(const EnvironmentSession& session, const agreement::Thumbprint& who,
                                 const std::function<bool(agreement::Charter&)>& change) {
  CLOISTER_ASSIGN(agreement::Charter next, NextEpoch(session));
  const bool is_new = change(next);
  const auto standing = StandingProposal(session);
  // The same request again builds on what it built on before.
  if (!standing || standing->digest == agreement::CharterDigest(next)) return ChangedEpoch{std::move(next), is_new};
  if (!standing->acceptances.contains(who)) {
    return Conflict("another change of the charter waits for your acceptance: accept it first (POST .../acceptances), "
                    "or put other terms in its place (PUT .../charter with the ETag of what you read)");
  }
  ChangedEpoch changed{.charter = standing->charter};
  changed.is_new = change(changed.charter);
  return changed;
}

Result<bool> ComeAsInvited(const Api& api, const Caller& caller, const EnvironmentId& id) {
  if (!caller.asked_by_own_page || !HasScope(caller.scopes, "decide")) return false;
  const auto session = api.fleet.Find(id);
  if (!session) return false;
  CLOISTER_ASSIGN(const auto invited, api.store.environments.Inviter(id, caller.user.email));
  if (!invited) return false;
  CLOISTER_ASSIGN(const ParticipantKeyRecord key, EnsureKey(api, caller.user));
  if (const auto enclave = session->AwaitEnclave(); !enclave) return enclave.error();
  MutexLock lock(session->terms_mutex());
  CLOISTER_ASSIGN(const auto inviter_key, KeyOfInviter(api, id, caller.user.email));  // it may be taken back by now
  if (!inviter_key) return false;
  const bool belongs = session->Look([&](const ledger::LedgerState& state) {
    return state.in_force() != nullptr && state.in_force()->charter.Find(key.thumbprint) != nullptr;
  });
  if (!belongs) {
    CLOISTER_ASSIGN(const auto arrival, Arrive(*session, *inviter_key, key, MakeParticipant(caller.user, key)));
    if (!arrival) return false;
    CLOISTER_TRY(ProposeEpoch(api, *session, arrival->charter, arrival->keys));
  }
  CLOISTER_TRY(api.store.environments.RemoveInvitation(id, caller.user.email));
  return true;
}

bool AcceptAsProposed(const Api& api, const Caller& caller, EnvironmentSession& session) {
  if (!caller.asked_by_own_page || !HasScope(caller.scopes, "decide")) return false;
  if (!caller.key || caller.key->custody != KeyCustody::kServer) return false;
  const std::string& me = caller.key->thumbprint;
  const auto waits = [&] {
    const auto standing = StandingProposal(session);
    return standing && standing->charter.Find(me) != nullptr && !standing->acceptances.contains(me);
  };
  if (!waits() || !session.AwaitEnclave()) return false;
  MutexLock lock(session.terms_mutex());
  return waits() && api.custodian.Accept(session, *caller.key).has_value();
}

}  // namespace cloister::control
