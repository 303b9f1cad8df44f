// The history of the guard against differencing: in memory only. A query that may have run, here before a restart or in
// another enclave of this environment, is run again over the data of its manifests, and what it would have released
// counts as released (docs/adr/0013-the-guard-is-rebuilt.md).

#include <algorithm>

#include "enclave/job.h"
#include "enclave/release_history.h"

namespace cloister::enclave {

Result<std::vector<Enclave::PastRun>> Enclave::RunsToCount(const ledger::QueryRecord& query) {
  std::vector<PastRun> runs;
  if (query.request.level != agreement::Level::kAggregateOnly) return runs;
  const ledger::LedgerState& state = journal_->state();
  for (const ledger::QueryRecord* past : MayHaveRunBefore(state, query)) {
    if (counted_.contains(past->digest)) continue;
    CLOISTER_ASSIGN(sql::CompiledQuery compiled, PastPlan(state, *past, parser_));
    PastRun run{.query = past->digest,
                .ended = past->phase == ledger::QueryPhase::kFailed || past->phase == ledger::QueryPhase::kCancelled,
                .compiled = std::move(compiled)};
    for (const agreement::DatasetRead& read : past->request.datasets)
      run.manifests.push_back(*ledger::FindManifest(state, read.dataset, read.manifest));
    runs.push_back(std::move(run));
  }
  return runs;
}

Status Enclave::LoadPast(const PastRun& past) {
  for (const ledger::ManifestRecord& manifest : past.manifests) {
    const bool read = std::any_of(past.compiled.datasets.begin(), past.compiled.datasets.end(),
                                  [&](const auto& use) { return use.id == manifest.manifest.dataset.str(); });
    if (read) CLOISTER_TRY(LoadObject(manifest.manifest.dataset, manifest));
  }
  return {};
}

Status Enclave::CountPastRuns(Job& job) {
  for (const PastRun& past : job.past) {
    const engine::ExecutionLimits limits{.time_ms = job.bounds.query_ms,
                                         .rows_max = job.bounds.result_rows,
                                         .result_bytes_max = static_cast<std::int64_t>(kResultBytesMax)};
    Status counted = LoadPast(past);
    if (counted)
      counted =
          ProtectedRun(*job.database, job.noise_key, &history_).Count(past.compiled.plan, limits, *job.cancellation);
    if (!counted && counted.error().code == Code::kCancelled) return counted;
    if (!counted && !past.ended) {
      return Error{Code::kUnavailable,
                   "an earlier answer cannot be recomputed now, so nothing can be compared with it; its data must be "
                   "there and fit in the enclave",
                   counted.error().public_message};
    }
    counted_.insert(past.query);
  }
  return {};
}

}  // namespace cloister::enclave
