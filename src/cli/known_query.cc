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

// A name means one query of the verified ledger, or the server would choose which of them.
Status CheckOnlyOne(const KnownQuery& known, const std::string& text) {
  std::string ids;
  int found = 0;
  for (const auto& [digest, query] : known.state.queries()) {
    if (query.request.name != text) continue;
    ids += (found++ == 0 ? "" : ", ") + query.request.query.str();
  }
  if (found < 2) return {};
  return Conflict("several are named '" + text + "'; use one of these ids: " + ids);
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
  CLOISTER_TRY(CheckName("query", text, known.record->request.name));
  CLOISTER_TRY(CheckOnlyOne(known, text));
  return known;
}

Result<QueryId> FindQueryByVerifiedName(Session& session, const std::string& text) {
  if (Result<QueryId> id = QueryId::Parse(text)) return id;
  CLOISTER_ASSIGN(const KnownQuery known, FindKnownQuery(session, text));
  return known.record->request.query;
}

}  // namespace cloister::cli
