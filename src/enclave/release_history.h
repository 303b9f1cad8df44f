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

// In the order of their last approvals.
std::vector<const ledger::QueryRecord*> MayHaveRun(const ledger::LedgerState& state);
// Those at aggregate_only that a run of `query` must come after.
std::vector<const ledger::QueryRecord*> MayHaveRunBefore(const ledger::LedgerState& state,
                                                         const ledger::QueryRecord& query);

// The plan that people approved for a query of the past, out of the manifests that it named. kFailedPrecondition: this
// enclave makes another plan of it, so it cannot say what it released.
Result<sql::CompiledQuery> PastPlan(const ledger::LedgerState& state, const ledger::QueryRecord& query,
                                    sql::StatementParser& parser);
// The manifest of that digest, in force or not; null when there is none.
const ledger::ManifestRecord* FindManifest(const ledger::LedgerState& state, const DatasetId& dataset,
                                           const Digest256& digest);

// Level k_anonymized (R26): puts into each dataset of the question what has been released of this version of it, that
// is of the same sealed object. A release that does not compile any more pins everything: nothing may follow it.
Status AddPins(const ledger::LedgerState& state, CompileQuestion& question, sql::StatementParser& parser);

}  // namespace cloister::enclave
