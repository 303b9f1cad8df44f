// GET .../environments/{id}/catalogue: what may be asked, read off the policies of the manifests in force.
// GET .../environments/{id}/budgets: what of it is spent. Nothing here has seen a value of data.

#include <algorithm>

#include "control/rest/routes.h"
#include "ledger/accounts.h"

namespace cloister::control {
namespace {

using agreement::ColumnPolicy;
using agreement::Role;

codec::JsonArray UsesOf(const ColumnPolicy& policy) {
  codec::JsonArray uses;
  if (policy.Is(Role::kPublic)) return {"output", "group", "filter", "join", "aggregate"};
  if (policy.Is(Role::kJoinKey)) uses = {"join", "count_distinct"};
  if (policy.Is(Role::kDimension)) {
    uses.emplace_back("group");
    uses.emplace_back("filter");
  }
  if (policy.Is(Role::kMeasure)) {
    uses.emplace_back("aggregate");
    if (policy.filter_grid && !policy.Is(Role::kDimension)) uses.emplace_back("filter");
    if (policy.quantiles) uses.emplace_back("quantile");
  }
  return uses;
}

codec::JsonObject EncodeColumn(const agreement::SchemaColumn& column, const ColumnPolicy& policy) {
  codec::JsonArray roles;
  for (const Role role : policy.roles) roles.emplace_back(agreement::RoleName(role));
  codec::JsonObject json{{"name", column.name},
                         {"type", column.type.ToString()},
                         {"roles", std::move(roles)},
                         {"allowed_uses", UsesOf(policy)},
                         {"quasi_identifier", policy.quasi_identifier}};
  if (!policy.domain.empty()) json["domain"] = policy.domain;
  if (policy.bounds) json["bounds"] = {policy.bounds->min, policy.bounds->max};
  if (policy.filter_grid) json["filter_grid"] = *policy.filter_grid;
  if (policy.date_granularity) json["date_granularity"] = agreement::DateGranularityName(*policy.date_granularity);
  return json;
}

const agreement::SchemaColumn* FirstWith(const agreement::Manifest& manifest, Role role) {
  for (const auto& column : manifest.schema.columns) {
    const ColumnPolicy& policy = manifest.policy.Column(column.name);
    if (policy.Is(role) && !policy.quasi_identifier) return &column;
  }
  return nullptr;
}

// Queries that this policy alone lets pass at level aggregate_only, to begin from.
codec::JsonArray ExamplesFor(const agreement::Manifest& manifest) {
  codec::JsonArray examples;
  const auto& policy = manifest.policy;
  if (!policy.levels.contains(agreement::Level::kAggregateOnly) || !policy.privacy_unit) return examples;
  const std::string people = "COUNT(DISTINCT t." + *policy.privacy_unit + ") AS people";
  const std::string from = " FROM " + manifest.name + " t";
  examples.emplace_back("SELECT " + people + from);
  if (const auto* group = FirstWith(manifest, Role::kDimension)) {
    examples.emplace_back("SELECT t." + group->name + ", " + people + from + " GROUP BY t." + group->name);
  }
  return examples;
}

codec::JsonObject EncodeEntry(const agreement::Charter& charter, const std::string& owner,
                              const ledger::ManifestRecord& record) {
  const agreement::Manifest& manifest = record.manifest;
  codec::JsonArray levels, columns;
  for (const auto level : manifest.policy.levels) levels.emplace_back(agreement::LevelName(level));
  for (const auto& column : manifest.schema.columns) {
    columns.push_back(EncodeColumn(column, manifest.policy.Column(column.name)));
  }
  codec::Json unit;
  if (manifest.policy.privacy_unit) unit = *manifest.policy.privacy_unit;
  return {{"id", manifest.dataset.str()},
          {"table_name", manifest.name},
          {"version", manifest.version},
          {"owner", owner},
          {"owner_organisation", OrganisationOf(charter, owner)},
          {"levels", std::move(levels)},
          {"privacy_unit", std::move(unit)},
          {"min_group_size", manifest.policy.min_group_size},
          {"columns", std::move(columns)},
          {"examples", ExamplesFor(manifest)}};
}

// One item for each dataset that queries may read now.
template <typename Encode>
codec::JsonArray EachInForce(const Member& member, Encode encode) {
  return member.session->Look([&](const ledger::LedgerState& state) {
    codec::JsonArray items;
    if (state.in_force() == nullptr) return items;
    for (const auto& [id, record] : state.datasets()) {
      const auto* manifest = state.ManifestInForce(id);
      if (manifest != nullptr) items.push_back(encode(state, record.owner, *manifest));
    }
    return items;
  });
}

Result<net::Response> Catalogue(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireMember(api, request, request.Param("id")));
  codec::JsonArray datasets = EachInForce(
      member, [](const ledger::LedgerState& state, const std::string& owner, const ledger::ManifestRecord& manifest) {
        return EncodeEntry(state.in_force()->charter, owner, manifest);
      });
  return AnswerList(request, "datasets", std::move(datasets));
}

codec::JsonObject EncodeBudget(const ledger::LedgerState& state, const std::string& owner,
                               const ledger::ManifestRecord& record) {
  const agreement::Manifest& manifest = record.manifest;
  const ledger::Spending spent = state.SpentOn(manifest.dataset);
  const auto& budget = manifest.policy.budget;
  codec::JsonObject runs{{"spent", spent.runs}, {"limit", nullptr}, {"left", nullptr}};
  if (const auto& limit = manifest.policy.limits.runs) {
    runs["limit"] = *limit;
    runs["left"] = std::max<std::int64_t>(0, *limit - spent.runs);
  }
  // The epsilon that holds for all that was spent, as the owner's accounting proves it.
  const double epsilon_spent = privacy::EpsilonSpent(ledger::BudgetOf(manifest.policy), spent.privacy).ToNumber();
  const double delta_spent = spent.privacy.delta.ToNumber();
  // How many more at the policy's usual price: what people understand before they understand epsilon.
  const agreement::Charge usual{.dataset = manifest.dataset,
                                .epsilon = budget.epsilon_per_query,
                                .delta = budget.delta_per_query};
  return {{"id", manifest.dataset.str()},
          {"table_name", manifest.name},
          {"owner", owner},
          {"runs", std::move(runs)},
          {"epsilon", {{"spent", epsilon_spent},
                       {"limit", budget.epsilon_budget},
                       {"left", std::max(0.0, budget.epsilon_budget - epsilon_spent)},
                       {"queries_left", ledger::QueriesLeft(spent, usual, manifest.policy)}}},
          {"delta", {{"spent", delta_spent},
                     {"limit", budget.delta_budget},
                     {"left", std::max(0.0, budget.delta_budget - delta_spent)}}}};
}

Result<net::Response> Budgets(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireMember(api, request, request.Param("id")));
  return AnswerList(request, "budgets", EachInForce(member, EncodeBudget));
}

}  // namespace

void AddCatalogueRoutes(net::Router& router, const Api& api) {
  const std::string base = "/api/tee/environments/{id}";
  router.Add("GET", base + "/catalogue", [&api](const net::Request& request) { return Catalogue(api, request); });
  router.Add("GET", base + "/budgets", [&api](const net::Request& request) { return Budgets(api, request); });
}

}  // namespace cloister::control
