#include "enclave/release_history.h"

#include <algorithm>
#include <limits>

namespace cloister::enclave {
namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

bool IsApproved(const ledger::QueryRecord& query) {
  if (query.reservation_entry) return true;
  if (!query.report || !query.report->accepted) return false;
  return std::all_of(query.owners_read.begin(), query.owners_read.end(),
                     [&](const auto& owner) { return query.ever_approved.contains(owner); });
}

std::pair<std::uint64_t, std::uint64_t> OrderOf(const ledger::QueryRecord& query) {
  std::uint64_t approved = 0;
  for (const auto& [owner, approval] : query.approvals) approved = std::max(approved, approval.entry);
  return {approved, query.entry};
}

// What ran here first pins, whatever was approved before it.
std::pair<std::uint64_t, std::uint64_t> PinOrderOf(const ledger::QueryRecord& query) {
  return {query.reservation_entry.value_or(kNever), OrderOf(query).first};
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

const ledger::ManifestRecord* FindManifest(const ledger::LedgerState& state, const DatasetId& dataset,
                                           const Digest256& digest) {
  const auto found = state.datasets().find(dataset);
  if (found == state.datasets().end()) return nullptr;
  for (const ledger::ManifestRecord& version : found->second.versions) {
    if (version.digest == digest) return &version;
  }
  return nullptr;
}

std::vector<const ledger::QueryRecord*> MayHaveRunBefore(const ledger::LedgerState& state,
                                                         const ledger::QueryRecord& query) {
  std::vector<const ledger::QueryRecord*> before;
  for (const ledger::QueryRecord* other : MayHaveRun(state)) {
    const bool guarded = other->request.level == agreement::Level::kAggregateOnly;
    const bool begun = other->reservation_entry.has_value();
    if (guarded && other->digest != query.digest && (begun || OrderOf(*other) < OrderOf(query)))
      before.push_back(other);
  }
  return before;
}

Result<sql::CompiledQuery> PastPlan(const ledger::LedgerState& state, const ledger::QueryRecord& query,
                                    sql::StatementParser& parser) {
  const Error unknown =
      FailedPrecondition("an earlier answer cannot be recomputed, so nothing can be compared with it");
  const ledger::CharterRecord* charter = state.FindCharter(query.request.charter);
  const auto* analyst = charter == nullptr ? nullptr : charter->charter.Find(query.submitter);
  if (analyst == nullptr || !query.report || !query.report->accepted) return unknown;
  sql::CompileRequest request{.text = query.request.text,
                              .level = std::string(agreement::LevelName(query.request.level)),
                              .privacy = query.request.privacy,
                              .analyst_organisation = analyst->organisation,
                              .cross_owner_joins_allowed = charter->charter.cross_owner_joins,
                              .history_guard = true};
  for (const auto& parameter : query.request.parameters) request.parameters.emplace(parameter.key(), parameter.value());
  for (const agreement::DatasetRead& read : query.request.datasets) {
    const ledger::ManifestRecord* manifest = FindManifest(state, read.dataset, read.manifest);
    if (manifest == nullptr) return unknown;
    const auto* owner = charter->charter.Find(state.datasets().at(read.dataset).owner);
    if (owner == nullptr) return unknown;
    request.datasets.push_back({.id = read.dataset.str(),
                                .name = manifest->manifest.name,
                                .organisation = owner->organisation,
                                .schema = manifest->manifest.schema,
                                .policy = manifest->manifest.policy,
                                .manifest = manifest->digest});
  }
  CLOISTER_ASSIGN(sql::CompileVerdict verdict, sql::Compile(request, parser));
  auto* compiled = std::get_if<sql::CompiledQuery>(&verdict);
  if (compiled == nullptr || compiled->plan_digest != query.report->accepted->plan) return unknown;
  return std::move(*compiled);
}

Status AddPins(const ledger::LedgerState& state, CompileQuestion& question, sql::StatementParser& parser) {
  if (question.level != agreement::LevelName(agreement::Level::kKAnonymized)) return {};
  for (VisibleDataset& dataset : question.datasets) {
    CLOISTER_ASSIGN(const DatasetId id, DatasetId::Parse(dataset.compile.id));
    const ledger::ManifestRecord* version = FindManifest(state, id, dataset.compile.manifest);
    if (version == nullptr || dataset.compile.policy.IsPublic()) continue;
    const ledger::QueryRecord* first = nullptr;
    for (const ledger::QueryRecord* query : MayHaveRun(state)) {
      if (query->request.level != agreement::Level::kKAnonymized || !Reads(state, *query, id, *version)) continue;
      if (first == nullptr || PinOrderOf(*query) < PinOrderOf(*first)) first = query;
    }
    if (first == nullptr) continue;
    CLOISTER_ASSIGN(dataset.compile.pinned, PinOf(*first, question, dataset, parser));
  }
  return {};
}

}  // namespace cloister::enclave
