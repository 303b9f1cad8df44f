#include "ledger/released_before.h"

#include <algorithm>
#include <limits>

namespace cloister::ledger {
namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

bool IsApproved(const QueryRecord& query) {
  if (query.reservation_entry) return true;
  if (!query.report || !query.report->accepted) return false;
  return std::all_of(query.owners_read.begin(), query.owners_read.end(),
                     [&](const auto& owner) { return query.ever_approved.contains(owner); });
}

std::pair<std::uint64_t, std::uint64_t> PinOrderOf(const QueryRecord& query) {
  return {query.reservation_entry.value_or(kNever), OrderOf(query).first};
}

bool Reads(const LedgerState& state, const QueryRecord& query, const DatasetId& dataset,
           const ManifestRecord& version) {
  return std::any_of(query.request.datasets.begin(), query.request.datasets.end(), [&](const auto& read) {
    if (read.dataset != dataset) return false;
    const ManifestRecord* other = FindManifest(state, dataset, read.manifest);
    return other != nullptr && other->manifest.object.header_digest == version.manifest.object.header_digest;
  });
}

}  // namespace

std::pair<std::uint64_t, std::uint64_t> OrderOf(const QueryRecord& query) {
  std::uint64_t approved = 0;
  for (const auto& [owner, approval] : query.approvals) approved = std::max(approved, approval.entry);
  return {approved, query.entry};
}

std::vector<const QueryRecord*> MayHaveRun(const LedgerState& state) {
  std::vector<const QueryRecord*> queries;
  for (const auto& [digest, query] : state.queries()) {
    if (IsApproved(query)) queries.push_back(&query);
  }
  std::sort(queries.begin(), queries.end(), [](const auto* a, const auto* b) { return OrderOf(*a) < OrderOf(*b); });
  return queries;
}

const ManifestRecord* FindManifest(const LedgerState& state, const DatasetId& dataset, const Digest256& digest) {
  const auto found = state.datasets().find(dataset);
  if (found == state.datasets().end()) return nullptr;
  for (const ManifestRecord& version : found->second.versions) {
    if (version.digest == digest) return &version;
  }
  return nullptr;
}

const QueryRecord* FirstAnonymousRelease(const LedgerState& state, const DatasetId& dataset,
                                         const Digest256& manifest) {
  const ManifestRecord* version = FindManifest(state, dataset, manifest);
  if (version == nullptr) return nullptr;
  const QueryRecord* first = nullptr;
  for (const QueryRecord* query : MayHaveRun(state)) {
    if (query->request.level != agreement::Level::kKAnonymized || !Reads(state, *query, dataset, *version)) continue;
    if (first == nullptr || PinOrderOf(*query) < PinOrderOf(*first)) first = query;
  }
  return first;
}

}  // namespace cloister::ledger
