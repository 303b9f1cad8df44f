#pragma once

// What an answer must go with: plans of the past, made again out of what the ledger says may have left this environment
// (ledger/released_before.h).

#include <vector>

#include "base/result.h"
#include "enclave/compilation.h"
#include "ledger/released_before.h"

namespace cloister::enclave {

// Those at aggregate_only that a run of `query` must come after.
std::vector<const ledger::QueryRecord*> MayHaveRunBefore(const ledger::LedgerState& state,
                                                         const ledger::QueryRecord& query);

// The plan that people approved for a query of the past, out of the manifests that it named. kFailedPrecondition: this
// enclave makes another plan of it, so it cannot say what it released.
Result<sql::CompiledQuery> PastPlan(const ledger::LedgerState& state, const ledger::QueryRecord& query,
                                    sql::StatementParser& parser);
// What a release of k-anonymous rows pinned, under today's policy: what it would show now. A release that does not
// compile any more pins everything: nothing may follow it.
Result<sql::AnonymousPin> PinOf(const PastRelease& past, const CompileQuestion& today, const VisibleDataset& dataset,
                                sql::StatementParser& parser);

// Level k_anonymized (R26): puts into each dataset of the question what has been released of this version of it, that
// is of the same sealed object.
Status AddPins(const ledger::LedgerState& state, CompileQuestion& question, sql::StatementParser& parser);

}  // namespace cloister::enclave
