#pragma once

// A query as the verified ledger has it: nothing of it is the server's word.

#include <string>

#include "cli/replay.h"
#include "cli/session.h"
#include "cli/verify.h"
#include "ledger/replay.h"

namespace cloister::cli {

// Move-only in spirit: `record` lies in `state`'s map, whose nodes stay where they are when it is moved.
struct KnownQuery {
  VerifiedEnvironment environment;
  ledger::LedgerState state;
  const ledger::QueryRecord* record;
};

// `text` is an id or a name. kVerificationFailed when the server shows a query that the ledger does not have, or one of
// another name; kConflict when the ledger has several of that name.
Result<KnownQuery> FindKnownQuery(Session& session, const std::string& text);
// For verbs that show what the server says: an id as it is, a name only if the verified ledger says whose it is.
Result<QueryId> FindQueryByVerifiedName(Session& session, const std::string& text);

}  // namespace cloister::cli
