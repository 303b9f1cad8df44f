// `inbox`: what waits for the caller, environment by environment, as the verified ledgers have it. A server that hides
// a query from an inbox of its own cannot hide it here.

#include <algorithm>

#include "cli/lookup.h"
#include "cli/printable.h"
#include "cli/query_words.h"
#include "cli/replay.h"
#include "cli/run.h"
#include "cli/server_json.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/verify.h"
#include "codec/text.h"

namespace cloister::cli {
namespace {

// One thing to do, and the command that does it.
struct Task {
  std::string environment;
  std::string kind;  // accept, approve, receive, sign
  std::string what;
  std::string command;
};

// A query that this participant's decision can still move on.
bool WaitsFor(const agreement::Thumbprint& me, const agreement::Charter& charter, const ledger::QueryRecord& query,
              const ledger::Readiness& readiness) {
  if (query.phase != ledger::QueryPhase::kReported) return false;
  const auto mine = query.approvals.find(me);
  if (mine != query.approvals.end() && !mine->second.revoked) return false;
  if (query.rejections.contains(me)) return false;
  if (query.owners_read.contains(me)) return true;
  const agreement::Participant* person = charter.Find(me);
  const bool approver = person != nullptr && person->Has(agreement::ParticipantRole::kApprover);
  return approver && readiness.rule.approvals_missing > 0;
}

class Inbox {
 public:
  Inbox(Session& session, std::vector<Task>& tasks) : session_(session), tasks_(tasks) {}

  Status Look(const EnvironmentId& id) {
    CLOISTER_ASSIGN(const VerifyOutcome outcome, ExamineEnvironment(session_, id, WhichCharter::kNewest));
    if (outcome.error) return *outcome.error;
    name_ = outcome.environment->charter().name;
    CLOISTER_ASSIGN(const ledger::LedgerState state, ReplayLedger(session_, *outcome.environment));
    LookAtCharter(id, state);
    if (state.in_force() == nullptr) return {};
    for (const auto& [digest, query] : state.queries()) {
      CLOISTER_TRY(LookAtQuery(state, query));
    }
    LookAtDatasets(id, state);
    return {};
  }

 private:
  void LookAtCharter(const EnvironmentId& id, const ledger::LedgerState& state) {
    const ledger::CharterRecord* proposed = state.proposed();
    if (proposed == nullptr || proposed->charter.Find(session_.me()) == nullptr) return;
    if (proposed->acceptances.contains(session_.me())) return;
    tasks_.push_back({name_, "accept", "charter of epoch " + std::to_string(proposed->charter.epoch),
                      "cloister env accept " + id.str()});
  }

  Status LookAtQuery(const ledger::LedgerState& state, const ledger::QueryRecord& query) {
    CLOISTER_ASSIGN(const ledger::Readiness readiness,
                    state.ReadinessOf(query.digest, session_.context().clock.Now()));
    if (!readiness.endings.empty()) return {};  // no word on it changes anything
    const agreement::Charter& charter = state.in_force()->charter;
    const std::string id = query.request.query.str();
    if (WaitsFor(session_.me(), charter, query, readiness)) {
      tasks_.push_back({name_, "approve", query.request.name + ", asked by " + PersonName(charter, query.submitter),
                        "cloister query approve " + id});
    }
    return {};
  }

  // One's own dataset whose manifest names a charter that has passed.
  void LookAtDatasets(const EnvironmentId& id, const ledger::LedgerState& state) {
    for (const auto& [dataset, record] : state.datasets()) {
      if (record.owner != session_.me() || record.versions.back().revoked) continue;
      if (state.ManifestInForce(dataset) != nullptr) continue;
      const std::string& name = record.versions.back().manifest.name;
      tasks_.push_back({name_, "sign", "manifest of " + name + " for the charter in force",
                        "cloister env accept " + id.str()});
    }
  }

  Session& session_;
  std::vector<Task>& tasks_;
  std::string name_;
};

Result<codec::JsonArray> Environments(Session& session, const std::string& only) {
  if (!only.empty()) {
    CLOISTER_ASSIGN(const NamedEnvironment found, FindEnvironment(session, only));
    return codec::JsonArray{codec::JsonObject{{"id", found.id.str()}, {"name", only}}};
  }
  return ListEnvironments(session);
}

void ShowTasks(Output& out, const std::vector<Task>& tasks) {
  if (out.json()) {
    codec::JsonArray items;
    for (const Task& task : tasks) {
      items.push_back({{"environment", task.environment},
                       {"kind", task.kind},
                       {"what", task.what},
                       {"command", task.command}});
    }
    out.Json(codec::JsonObject{{"items", std::move(items)}});
    return;
  }
  Table table({{"ENVIRONMENT"}, {"DO"}, {"WHAT"}, {"COMMAND"}});
  for (const Task& task : tasks) {
    table.Add({Printable(task.environment), task.kind, Printable(task.what), task.command});
  }
  if (tasks.empty()) out.Say("Nothing waits for you.");
  if (!tasks.empty()) out.Line(table.Render(out.style()));
}

}  // namespace

Result<ExitCode> Run(Context& context, const InboxVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const codec::JsonArray environments, Environments(*session, verb.environment));
  std::vector<Task> tasks;
  bool unread = false;
  for (const codec::Json& each : environments) {
    const std::string status = TextAt(each, "status");
    if (status == "terminated" || status == "error") continue;
    CLOISTER_ASSIGN(const EnvironmentId id, EnvironmentId::Parse(TextAt(each, "id")));
    const Status looked = Inbox(*session, tasks).Look(id);
    if (looked) continue;
    // One environment that does not verify must not hide what waits in the others.
    if (looked.error().code == Code::kVerificationFailed || !verb.environment.empty()) return looked.error();
    context.out.Warn("environment " + Printable(TextAt(each, "name")) + " was not read: " +
                     looked.error().public_message);
    unread = true;
  }
  ShowTasks(context.out, tasks);
  return unread ? ExitCode::kError : ExitCode::kOk;
}

}  // namespace cloister::cli
