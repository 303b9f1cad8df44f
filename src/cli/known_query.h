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

// `text` is an id or a name. kVerificationFailed when the server shows a query that the ledger does not have.
Result<KnownQuery> FindKnownQuery(Session& session, const std::string& text);

}  // namespace cloister::cli
