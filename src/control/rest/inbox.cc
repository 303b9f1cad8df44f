// GET /api/tee/inbox: what waits for the caller, in all his environments, oldest first.

#include <algorithm>

#include "codec/text.h"
#include "control/rest/routes.h"

namespace cloister::control {
namespace {

class Inbox {
 public:
  explicit Inbox(const std::string& me) : me_(me) {}

  void LookAt(const EnvironmentRecord& record, const ledger::LedgerState& state, Instant now) {
    environment_ = &record;
    if (state.terminated()) return;
    Charter(state);
    Datasets(state);
    for (const auto& [digest, query] : state.queries()) Query(state, query, now);
  }
  codec::JsonArray Take() { return std::move(items_); }

 private:
  struct Item {
    std::string_view kind;
    std::string id;
    std::string name;
    std::string_view what;
    Instant created;  // what waits
    Instant changed;
  };
  codec::JsonObject& Add(const Item& item) {
    items_.push_back(codec::JsonObject{{"kind", item.kind},
                                       {"id", item.id},
                                       {"name", item.name},
                                       {"environment", environment_->id.str()},
                                       {"environment_name", environment_->name},
                                       {"message", item.what},
                                       {"created_at", FormatRfc3339(item.created)},
                                       {"updated_at", FormatRfc3339(item.changed)}});
    return items_.back().get_object();
  }

  void Charter(const ledger::LedgerState& state) {
    const auto* proposed = state.proposed();
    const bool mine = proposed != nullptr && proposed->charter.Find(me_) != nullptr;
    if (!mine || proposed->acceptances.contains(me_)) return;
    codec::JsonObject& item = Add({.kind = "charter",
                                   .id = environment_->id.str(),
                                   .name = environment_->name,
                                   .what = "a charter waits for your acceptance",
                                   .created = proposed->recorded,
                                   .changed = proposed->changed});
    item["epoch"] = proposed->charter.epoch;
    item["digest"] = codec::HexEncode(proposed->digest);
  }

  void Datasets(const ledger::LedgerState& state) {
    for (const auto& [id, record] : state.datasets()) {
      const auto& newest = record.versions.back();
      const bool waits = record.owner == me_ && !newest.revoked && state.ManifestInForce(id) == nullptr;
      if (waits && state.in_force() != nullptr && newest.manifest.charter != state.in_force()->digest) {
        Add({.kind = "dataset",
             .id = id.str(),
             .name = newest.manifest.name,
             .what = "its manifest names an older charter; sign it anew",
             .created = newest.recorded,
             .changed = newest.changed});
      }
    }
  }

  void Query(const ledger::LedgerState& state, const ledger::QueryRecord& query, Instant now) {
    if (query.phase != ledger::QueryPhase::kReported) return;
    const auto readiness = state.ReadinessOf(query.digest, now);
    if (!readiness || !readiness->endings.empty()) return;  // what can never run waits for nobody
    const auto has = [&](const auto& people) { return std::ranges::find(people, me_) != people.end(); };
    if (!has(readiness->rule.owners_missing) && !has(readiness->rule.approvers_waiting)) return;
    codec::JsonObject& item = Add({.kind = "query",
                                   .id = query.request.query.str(),
                                   .name = query.request.name,
                                   .what = "a query waits for your decision",
                                   .created = query.recorded,
                                   .changed = query.changed});
    item["query_digest"] = codec::HexEncode(query.digest);
    item["entry"] = query.entry;
  }

  const std::string me_;
  const EnvironmentRecord* environment_ = nullptr;
  codec::JsonArray items_;
};

Result<net::Response> Show(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  if (!caller.key) return AnswerList(request, "items", {});
  Inbox inbox(caller.key->thumbprint);
  for (const auto& session : api.fleet.All()) {
    const auto member = RequireProposed(api, caller, session->id());
    if (!member || !RequireLiving(*member)) continue;
    session->Look([&](const ledger::LedgerState& state) { inbox.LookAt(member->record, state, api.clock.Now()); });
  }
  return AnswerList(request, "items", inbox.Take());
}

}  // namespace

void AddInboxRoutes(net::Router& router, const Api& api) {
  router.Add("GET", "/api/tee/inbox", [&api](const net::Request& request) { return Show(api, request); });
}

}  // namespace cloister::control
