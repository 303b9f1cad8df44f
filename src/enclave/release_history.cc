#include "enclave/release_history.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace cloister::enclave {
namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

bool IsApproved(const ledger::QueryRecord& query) {
  if (query.reservation_entry) return true;
  if (!query.report || !query.report->accepted) return false;
  return std::all_of(query.owners_read.begin(), query.owners_read.end(),
                     [&](const auto& owner) { return query.ever_approved.contains(owner); });
}

std::tuple<std::uint64_t, std::uint64_t, std::uint64_t> OrderOf(const ledger::QueryRecord& query) {
  std::uint64_t approved = 0;
  for (const auto& [owner, approval] : query.approvals) approved = std::max(approved, approval.entry);
  return {query.reservation_entry.value_or(kNever), approved, query.entry};
}

const ledger::ManifestRecord* FindManifest(const ledger::LedgerState& state, const DatasetId& dataset,
                                           const Digest256& digest) {
  const auto found = state.datasets().find(dataset);
  if (found == state.datasets().end()) return nullptr;
  for (const ledger::ManifestRecord& version : found->second.versions) {
    if (version.digest == digest) return &version;
  }
  return nullptr;
}

bool Reads(const ledger::LedgerState& state, const ledger::QueryRecord& query, const DatasetId& dataset,
           const ledger::ManifestRecord& version) {
  return std::any_of(query.request.datasets.begin(), query.request.datasets.end(), [&](const auto& read) {
    if (read.dataset != dataset) return false;
    const ledger::ManifestRecord* other = FindManifest(state, dataset, read.manifest);
    return other != nullptr && other->manifest.object.header_digest == version.manifest.object.header_digest;
  });
}

// Under today's policy: what it pinned is what it would show.
Result<sql::AnonymousPin> PinOf(const ledger::QueryRecord& query, const CompileQuestion& today,
                                const VisibleDataset& dataset, sql::StatementParser& parser) {
  sql::CompileRequest request{.text = query.request.text,
                              .level = std::string(agreement::LevelName(query.request.level)),
                              .datasets = {dataset.compile},
                              .analyst_organisation = today.analyst_organisation,
                              .cross_owner_joins_allowed = today.cross_owner_joins};
  for (const auto& parameter : query.request.parameters) request.parameters.emplace(parameter.key(), parameter.value());
  CLOISTER_ASSIGN(const sql::CompileVerdict verdict, sql::Compile(request, parser));
  if (const auto* compiled = std::get_if<sql::CompiledQuery>(&verdict)) {
    for (const sql::PlanStage& stage : compiled->plan.stages()) {
      if (const auto* release = std::get_if<sql::AnonymousRelease>(&stage.protection)) return release->pin;
    }
  }
  return sql::AnonymousPin{.columns = {}, .filter = "of a release that does not compile any more"};
}

}  // namespace

std::vector<const ledger::QueryRecord*> MayHaveRun(const ledger::LedgerState& state) {
  std::vector<const ledger::QueryRecord*> queries;
  for (const auto& [digest, query] : state.queries()) {
    if (IsApproved(query)) queries.push_back(&query);
  }
  std::sort(queries.begin(), queries.end(), [](const auto* a, const auto* b) { return OrderOf(*a) < OrderOf(*b); });
  return queries;
}

Status AddPins(const ledger::LedgerState& state, CompileQuestion& question, sql::StatementParser& parser) {
  if (question.level != agreement::LevelName(agreement::Level::kKAnonymized)) return {};
  for (VisibleDataset& dataset : question.datasets) {
    CLOISTER_ASSIGN(const DatasetId id, DatasetId::Parse(dataset.compile.id));
    const ledger::ManifestRecord* version = FindManifest(state, id, dataset.compile.manifest);
    if (version == nullptr || dataset.compile.policy.IsPublic()) continue;
    for (const ledger::QueryRecord* query : MayHaveRun(state)) {
      if (query->request.level != agreement::Level::kKAnonymized || !Reads(state, *query, id, *version)) continue;
      CLOISTER_ASSIGN(dataset.compile.pinned, PinOf(*query, question, dataset, parser));
      break;
    }
  }
  return {};
}

}  // namespace cloister::enclave
