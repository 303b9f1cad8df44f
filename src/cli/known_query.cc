#include "cli/known_query.h"

#include "cli/lookup.h"
#include "cli/server_json.h"

namespace cloister::cli {
namespace {

Result<EnvironmentId> EnvironmentOf(Session& session, const QueryId& id) {
  CLOISTER_ASSIGN(const codec::Json answer, session.api().Get(QueryPath(id)));
  const std::string text = TextAt(MemberAt(answer, "query"), "environment");
  if (!text.empty()) return EnvironmentId::Parse(text);
  return Unavailable("the server does not say which environment query " + id.str() + " belongs to");
}

}  // namespace

Result<KnownQuery> FindKnownQuery(Session& session, const std::string& text) {
  CLOISTER_ASSIGN(const QueryId id, FindQuery(session, text));
  CLOISTER_ASSIGN(const EnvironmentId environment_id, EnvironmentOf(session, id));
  CLOISTER_ASSIGN(VerifiedEnvironment environment, VerifyEnvironment(session, environment_id, WhichCharter::kAccepted));
  CLOISTER_ASSIGN(ledger::LedgerState state, ReplayLedger(session, environment));
  KnownQuery known{std::move(environment), std::move(state), nullptr};
  known.record = known.state.FindQuery(id);
  if (known.record == nullptr) {
    return VerificationFailed("the server shows query " + id.str() + ", and the verified ledger has none of that id");
  }
  return known;
}

}  // namespace cloister::cli
