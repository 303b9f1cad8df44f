#include "enclave/release_history.h"

#include <algorithm>

namespace cloister::enclave {

Result<sql::AnonymousPin> PinOf(const PastRelease& past, const CompileQuestion& today, const VisibleDataset& dataset,
                                sql::StatementParser& parser) {
  sql::CompileRequest request{.text = past.text,
                              .level = std::string(agreement::LevelName(agreement::Level::kKAnonymized)),
                              .datasets = {dataset.compile},
                              .analyst_organisation = today.analyst_organisation,
                              .cross_owner_joins_allowed = today.cross_owner_joins};
  for (const auto& parameter : past.parameters) request.parameters.emplace(parameter.key(), parameter.value());
  CLOISTER_ASSIGN(const sql::CompileVerdict verdict, sql::Compile(request, parser));
  if (const auto* compiled = std::get_if<sql::CompiledQuery>(&verdict)) {
    for (const sql::PlanStage& stage : compiled->plan.stages()) {
      if (const auto* release = std::get_if<sql::AnonymousRelease>(&stage.protection)) return release->pin;
    }
  }
  return sql::AnonymousPin{.columns = {}, .filter = "of a release that does not compile any more"};
}

std::vector<const ledger::QueryRecord*> MayHaveRunBefore(const ledger::LedgerState& state,
                                                         const ledger::QueryRecord& query) {
  std::vector<const ledger::QueryRecord*> before;
  for (const ledger::QueryRecord* other : ledger::MayHaveRun(state)) {
    const bool guarded = other->request.level == agreement::Level::kAggregateOnly;
    const bool begun = other->reservation_entry.has_value();
    if (guarded && other->digest != query.digest && (begun || ledger::OrderOf(*other) < ledger::OrderOf(query)))
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
    const ledger::ManifestRecord* manifest = ledger::FindManifest(state, read.dataset, read.manifest);
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
    if (dataset.compile.policy.IsPublic()) continue;
    const auto* first = ledger::FirstAnonymousRelease(state, id, dataset.compile.manifest);
    if (first == nullptr) continue;
    const PastRelease past{.text = first->request.text, .parameters = first->request.parameters};
    CLOISTER_ASSIGN(dataset.compile.pinned, PinOf(past, question, dataset, parser));
  }
  return {};
}

}  // namespace cloister::enclave
