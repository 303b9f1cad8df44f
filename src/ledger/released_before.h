#pragma once

// What the ledger says may have left this environment before: the history that a new answer must go with.
//
// A query counts from the moment every owner it reads has signed an approval of it, whether it ran here or not: a host
// that runs a second enclave feeds it the same chains of links, and what ran there is counted here as well.

#include <vector>

#include "ledger/replay.h"

namespace cloister::ledger {

// In the order of their last approvals.
std::vector<const QueryRecord*> MayHaveRun(const LedgerState& state);

// The manifest of that digest, in force or not; null when there is none.
const ManifestRecord* FindManifest(const LedgerState& state, const DatasetId& dataset, const Digest256& digest);

// Level k_anonymized: the release that this version of a dataset (this sealed object) is pinned to; null while there is
// none. What ran here first pins, whatever was approved before it.
const QueryRecord* FirstAnonymousRelease(const LedgerState& state, const DatasetId& dataset,
                                         const Digest256& manifest);

// How queries that may have run stand to each other: by their last approval, then as they were asked.
std::pair<std::uint64_t, std::uint64_t> OrderOf(const QueryRecord& query);

}  // namespace cloister::ledger
