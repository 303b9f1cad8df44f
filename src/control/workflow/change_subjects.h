#pragma once

// What a row of the change sequence is about, for whoever tells people of it: the event stream and the webhooks.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "control/store/change_store.h"
#include "control/workflow/environment_session.h"

namespace cloister::control {

struct ChangeSubject {
  std::string kind;  // "ledger", "dataset", "query", "tee"
  std::string id;    // of what changed; of "ledger" the environment's
};

// The change itself comes last. Before it, of new ledger entries: the environment, where its charter came in force with
// them, and the queries that they are about, also those that have expired by them.
std::vector<ChangeSubject> SubjectsOf(const EnvironmentSession& session, const ChangeRecord& change);

// Of a change of kind "ledger", "3-7" -> 3 and 7.
std::pair<std::uint64_t, std::uint64_t> LedgerPositions(const ChangeRecord& change);

// A user as far as environments know him.
struct Acquaintance {
  UserId user;
  std::string thumbprint;  // empty: he has no key
};
// Before the ledger begins, or if it never does, an environment is its creator's alone.
enum class Standing {
  kNone,
  kProposed,     // in the proposed charter alone: he may look at what he would accept, and accept it
  kParticipant,  // of the charter in force; of the proposed one while none is
};
Standing StandingOf(const EnvironmentSession& session, const EnvironmentRecord& record, const Acquaintance& person);

}  // namespace cloister::control
