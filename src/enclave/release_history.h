#pragma once

// What the ledger says may have left this environment before: the history that a new answer must go with.
//
// A query counts from the moment every owner it reads has signed an approval of it, whether it ran here or not: a host
// that runs a second enclave feeds it the same chains of links, and what ran there is counted here as well.

#include <vector>

#include "base/result.h"
#include "enclave/compilation.h"
#include "ledger/replay.h"

namespace cloister::enclave {

// Begun ones in the order in which they began, then the others in the order of their last approval.
std::vector<const ledger::QueryRecord*> MayHaveRun(const ledger::LedgerState& state);

// Level k_anonymized (R26): puts into each dataset of the question what has been released of this version of it, that
// is of the same sealed object. A release that does not compile any more pins everything: nothing may follow it.
Status AddPins(const ledger::LedgerState& state, CompileQuestion& question, sql::StatementParser& parser);

}  // namespace cloister::enclave
