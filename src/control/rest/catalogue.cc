// GET .../environments/{id}/catalogue: what may be asked, read off the policies of the manifests in force.
// GET .../environments/{id}/budgets: what of it is spent. Nothing here has seen a value of data.

#include <algorithm>
#include <cmath>
#include <map>

#include "agreement/example_queries.h"
#include "base/mutex.h"
#include "codec/text.h"
#include "control/rest/query_check.h"
#include "control/rest/routes.h"
#include "ledger/accounts.h"
#include "ledger/budget_report.h"

namespace cloister::control {
namespace {

using agreement::ColumnPolicy;
using agreement::Role;

constexpr std::size_t kExamplesPerDatasetMax = 6;
constexpr std::size_t kQuestionsPerRequestMax = 24;  // each is a process of its own
constexpr std::size_t kVerdictsMax = 10'000;

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
          {"created_at", FormatRfc3339(record.recorded)},
          {"updated_at", FormatRfc3339(record.changed)}};
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

// What the compiler said of an example, for as long as the process lives: it says the same of the same again.
class Verdicts {
 public:
  std::optional<bool> Find(const std::string& question) CLOISTER_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const auto found = passes_.find(question);
    return found == passes_.end() ? std::nullopt : std::optional(found->second);
  }
  void Keep(const std::string& question, bool passes) CLOISTER_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (passes_.size() >= kVerdictsMax) passes_.clear();
    passes_.emplace(question, passes);
  }

 private:
  Mutex mutex_;
  std::map<std::string, bool> passes_ CLOISTER_GUARDED_BY(mutex_);
};

// Keeps what the compiler accepts from the caller. A request asks it a bounded number of new questions; what is left
// over is asked when somebody looks again.
class Examiner {
 public:
  Examiner(const Api& api, const Member& member, Verdicts& verdicts)
      : api_(api), member_(member), verdicts_(verdicts) {
    member.session->Look([&](const ledger::LedgerState& state) {
      if (state.in_force() != nullptr) charter_ = codec::HexEncode(state.in_force()->digest);
    });
  }

  codec::JsonArray Passing(const ledger::ManifestRecord& record) {
    const agreement::Manifest& manifest = record.manifest;
    codec::JsonArray passing;
    for (const auto& example :
         agreement::ExamplesOn({.name = manifest.name, .schema = manifest.schema, .policy = manifest.policy})) {
      if (passing.size() == kExamplesPerDatasetMax) break;
      if (!Passes(record, example)) continue;
      passing.push_back(
          {{"title", example.title}, {"query_text", example.text}, {"privacy_level", example.level}});
    }
    return passing;
  }

 private:
  bool Passes(const ledger::ManifestRecord& record, const agreement::ExampleQuery& example) {
    const std::string question = charter_ + "\n" + codec::HexEncode(record.digest) + "\n" +
                                 member_.key.thumbprint + "\n" + example.level + "\n" + example.text;
    if (const auto known = verdicts_.Find(question)) return *known;
    if (asked_ == kQuestionsPerRequestMax) return false;
    ++asked_;
    const auto verdict = CheckAlone(api_, member_, {.text = example.text, .level = example.level},
                                    record.manifest.dataset);
    if (!verdict) return false;  // the compiler is busy
    const codec::Json* word = verdict->if_contains("verdict");
    const bool passes = word != nullptr && *word == "accepted";
    verdicts_.Keep(question, passes);
    return passes;
  }

  const Api& api_;
  const Member& member_;
  Verdicts& verdicts_;
  std::string charter_;
  std::size_t asked_ = 0;
};

Result<net::Response> Catalogue(const Api& api, const net::Request& request, Verdicts& verdicts) {
  CLOISTER_ASSIGN(const Member member, RequireMember(api, request, request.Param("id")));
  std::map<std::string, ledger::ManifestRecord> manifests;
  codec::JsonArray datasets = EachInForce(
      member, [&](const ledger::LedgerState& state, const std::string& owner, const ledger::ManifestRecord& manifest) {
        manifests.emplace(manifest.manifest.dataset.str(), manifest);
        return EncodeEntry(state.in_force()->charter, owner, manifest);
      });
  CLOISTER_ASSIGN(Page page, TakePage(request, std::move(datasets)));
  Examiner examiner(api, member, verdicts);
  for (codec::Json& each : page.items) {
    each.as_object()["examples"] = examiner.Passing(manifests.at(std::string(each.at("id").as_string())));
  }
  return JsonResponse(200, {{"datasets", std::move(page.items)}, {"next_cursor", std::move(page.next)}});
}

// What all that was spent is worth together by loss distributions; says less than the account, admits nothing. Up, to
// four digits behind the point: it is a bound.
codec::Json OdometerOf(const ledger::LedgerState& state, const agreement::Manifest& manifest, double delta) {
  const double epsilon = state.OdometerOf(manifest.dataset, delta);
  if (!std::isfinite(epsilon)) return nullptr;
  return std::max(0.0, std::ceil(epsilon * 1e4 - 1e-6) / 1e4);  // never -0
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
  const double epsilon_spent = ledger::EpsilonSpent(spent, manifest.policy);
  const double delta_spent = spent.privacy.delta.ToNumber();
  // How many more at the policy's usual price: what people understand before they understand epsilon.
  const agreement::Charge usual{.dataset = manifest.dataset,
                                .epsilon = budget.epsilon_per_query,
                                .delta = budget.delta_per_query};
  const double odometer_delta = ledger::OdometerDelta(manifest.policy);
  return {{"id", manifest.dataset.str()},
          {"table_name", manifest.name},
          {"owner", owner},
          {"runs", std::move(runs)},
          {"odometer", {{"epsilon", OdometerOf(state, manifest, odometer_delta)}, {"delta", odometer_delta}}},
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
  router.Add("GET", base + "/catalogue",
             [&api, verdicts = std::make_shared<Verdicts>()](const net::Request& request) {
               return Catalogue(api, request, *verdicts);
             });
  router.Add("GET", base + "/budgets", [&api](const net::Request& request) { return Budgets(api, request); });
}

}  // namespace cloister::control
