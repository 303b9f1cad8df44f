#include "control/rest/query_json.h"

#include <algorithm>

#include "codec/text.h"
#include "control/workflow/job_runner.h"
#include "ledger/audit.h"

namespace cloister::control {
namespace {

using ledger::QueryPhase;

constexpr std::string_view kExpired = "expired";
constexpr std::string_view kExpiredCode = "EXPIRED";

// What an enclave still does after the word that ended the environment is not over before it ends.
bool IsOver(const EnvironmentSession::Health& health) { return health.over() && !health.enclave_runs; }

codec::JsonObject EncodePerson(const ledger::LedgerState& state, const std::string& thumbprint) {
  codec::JsonObject json{{"thumbprint", thumbprint}};
  const auto* charter = state.in_force();
  if (const auto* person = charter != nullptr ? charter->charter.Find(thumbprint) : nullptr) {
    json["email"] = person->email;
    json["name"] = person->name;
    json["organisation"] = person->organisation;
  }
  return json;
}

template <typename People>
codec::JsonArray EncodePeople(const ledger::LedgerState& state, const People& people) {
  codec::JsonArray json;
  for (const auto& each : people) json.push_back(EncodePerson(state, each));
  return json;
}

void AddRequest(codec::JsonObject& json, const ledger::LedgerState& state, const ledger::QueryRecord& query) {
  codec::JsonArray datasets;
  for (const auto& read : query.request.datasets) datasets.emplace_back(read.dataset.str());
  json["query_text"] = query.request.text;
  json["parameters"] = query.request.parameters;
  json["privacy"] = query.request.privacy;
  json["privacy_level"] = agreement::LevelName(query.request.level);
  json["accesses_datasets"] = std::move(datasets);
  json["recipients"] = EncodePeople(state, query.request.recipients);
  json["submitter"] = EncodePerson(state, query.submitter);
}

void AddReport(codec::JsonObject& json, const ledger::LedgerState& state, const ledger::QueryRecord& query) {
  if (!query.report) return;
  const agreement::Report& report = *query.report;
  if (report.accepted) {
    json["plan"] = codec::HexEncode(report.accepted->plan);
    json["report_digest"] = codec::HexEncode(report.accepted->report_digest);
  }
  json["charges"] = agreement::EncodeCharges(report.charges);
  const auto* charter = state.FindCharter(query.request.charter);
  CLOISTER_CHECK(charter != nullptr);  // the query was recorded under it
  json["approvers"] = EncodePeople(state, agreement::WhoIsAsked(charter->charter, query.submitter, query.owners_read));
  json["violations"] = EncodeFindings(report.findings);
}

void AddDecisions(codec::JsonObject& json, const ledger::LedgerState& state, const ledger::QueryRecord& query,
                  const QueryMoment& moment) {
  codec::JsonArray approvals;
  for (const auto& [thumbprint, approval] : query.approvals) {
    codec::JsonObject each = EncodePerson(state, thumbprint);
    each["entry"] = approval.entry;
    each["digest"] = codec::HexEncode(approval.digest);
    each["not_after"] = FormatRfc3339(approval.not_after);
    each["revoked"] = approval.revoked;
    approvals.push_back(std::move(each));
  }
  json["approvals"] = std::move(approvals);
  codec::JsonArray rejections;
  for (const auto& [thumbprint, digest] : query.rejections) rejections.push_back(EncodePerson(state, thumbprint));
  json["rejections"] = std::move(rejections);
  if (query.phase != QueryPhase::kReported) return;
  const auto readiness = state.ReadinessOf(query.digest, moment.now);
  if (!readiness) return;
  if (!readiness->endings.empty() || IsOver(moment.health)) {  // nobody's word is waited for any more
    json["waiting_for"] = {{"owners", codec::JsonArray()},
                           {"approvers", codec::JsonArray()},
                           {"approvals", 0},
                           {"obstacles", codec::JsonArray(readiness->endings.begin(), readiness->endings.end())}};
  } else {
    json["waiting_for"] = {{"owners", EncodePeople(state, readiness->rule.owners_missing)},
                           {"approvers", EncodePeople(state, readiness->rule.approvers_waiting)},
                           {"approvals", readiness->rule.approvals_missing},
                           {"obstacles", codec::JsonArray(readiness->obstacles.begin(), readiness->obstacles.end())}};
  }
}

// What he said with his decision, as he signed it. Of somebody who has left since, whose signature the state does not
// know any more, it is not shown.
void AddWords(codec::JsonObject& decision, const ledger::LedgerState& state, const ledger::Entry& entry) {
  const auto* recorded = entry.As<ledger::LinkEntry>();
  if (recorded == nullptr) return;
  const auto link = state.VerifyLink(recorded->jws);
  if (!link) return;
  if (const auto* approval = link->As<agreement::Approval>()) decision["notes"] = approval->notes;
  if (const auto* rejection = link->As<agreement::Rejection>()) decision["reason"] = rejection->reason;
}

Result<ledger::Entry> EntryAt(const Api& api, const Member& member, std::uint64_t position) {
  CLOISTER_ASSIGN(const auto texts, api.store.ledgers.Read(member.record.id, position, 1));
  if (texts.empty()) return Error{Code::kDataLoss, "a ledger entry is missing"};
  return ledger::DecodeEntry(texts.front());
}

// The receipt's time bucket: how long it ran, no more exactly than everybody may know.
std::optional<double> ExecutionSeconds(const Member& member, const ResultRecord& result) {
  const auto checked = member.session->Look(
      [&](const ledger::LedgerState& state) { return ledger::CheckReceipt(state, result.receipt); });
  if (!checked) return std::nullopt;
  return static_cast<double>(checked->receipt.body().time_bucket_ms) / 1000;
}

// A code and a text, both fixed: what a run met is data.
std::string ErrorMessage(std::string_view code) {
  std::string_view text = "the query did not run, and nothing was released";
  if (code == ledger::kFailedCode) text = "the approved query ran and could not be finished; nothing was released";
  if (code == CodeName(Code::kCancelled)) text = "the query was cancelled";
  if (code == CodeName(Code::kDataLoss)) text = "a stored file is not the one that the ledger names";
  if (code == kEnvironmentEndedCode) text = "the environment ended before the query did; nothing was released";
  if (code == kExpiredCode) text = "what the query was asked under is gone, so it can never run; submit it again";
  if (code == CodeName(Code::kUnavailable)) text = "the enclave went away each time; submit the query again";
  return std::string(code) + ": " + std::string(text);
}

}  // namespace

std::string_view QueryStatus(const ledger::LedgerState& state, const ledger::QueryRecord& query,
                             const QueryMoment& moment) {
  const auto& job = moment.job;
  const bool job_failed = job && job->status == JobStatus::kFailed;
  const bool over = IsOver(moment.health);
  const Lifecycle lifecycle = moment.health.lifecycle;
  const bool stopped = lifecycle == Lifecycle::kSuspended || lifecycle == Lifecycle::kFailed;
  switch (query.phase) {
    case QueryPhase::kSubmitted: return over ? "error" : "verifying";
    case QueryPhase::kRefused:
    case QueryPhase::kRejected: return "rejected";
    case QueryPhase::kWithdrawn:
    case QueryPhase::kCancelled: return "cancelled";
    case QueryPhase::kReserved:
    case QueryPhase::kReleasing:
      if (job_failed || over) return "error";
      return stopped ? "approved" : "executing";  // it begins anew when it is resumed
    case QueryPhase::kReleased:
      return job && job->status == JobStatus::kDone ? "completed" : job_failed ? "error" : "executing";
    case QueryPhase::kFailed: return "error";
    case QueryPhase::kReported: break;
  }
  if (job_failed) return "error";
  if (over) return kExpired;
  const auto readiness = state.ReadinessOf(query.digest, moment.now);
  if (readiness && !readiness->endings.empty()) return kExpired;
  const bool ready = readiness && readiness->rule.state == agreement::RuleState::kMet && readiness->obstacles.empty();
  return ready ? "approved" : "submitted";
}

codec::JsonArray EncodeFindings(const std::vector<agreement::ReportFinding>& findings) {
  codec::JsonArray json;
  for (const auto& finding : findings) {
    codec::JsonObject each{{"rule", finding.rule},   {"owner", finding.owner}, {"severity", finding.severity},
                           {"from", finding.from},   {"to", finding.to},       {"line", finding.line},
                           {"message", finding.message}};
    if (finding.fix) each["fix"] = *finding.fix;
    json.push_back(std::move(each));
  }
  return json;
}

namespace {

// Who decided what and when, in the order of the ledger.
Result<codec::JsonArray> EncodeDecisions(const Api& api, const Member& member, const ledger::QueryRecord& query) {
  struct Decision {
    std::string_view word;
    std::string thumbprint;
    std::uint64_t entry = 0;
  };
  std::vector<Decision> decisions;
  member.session->Look([&](const ledger::LedgerState& state) {
    for (const auto& [who, approval] : query.approvals) decisions.push_back({"approved", who, approval.entry});
    for (const auto& [who, digest] : query.rejections) {
      if (const auto entry = state.EntryOfLink(digest)) decisions.push_back({"rejected", who, *entry});
    }
  });
  std::ranges::sort(decisions, {}, &Decision::entry);
  codec::JsonArray json;
  for (const Decision& each : decisions) {
    CLOISTER_ASSIGN(const ledger::Entry entry, EntryAt(api, member, each.entry));
    codec::JsonObject decision{{"decision", each.word},
                               {"entry", each.entry},
                               {"decided_at", FormatRfc3339(entry.time)}};
    member.session->Look([&](const ledger::LedgerState& state) {
      decision["participant"] = EncodePerson(state, each.thumbprint);
      AddWords(decision, state, entry);
    });
    json.push_back(std::move(decision));
  }
  return json;
}

// What the ledger says of it, all of one moment: a phase of before beside a readiness of after would be a status that
// it never had.
ledger::QueryRecord AddLedger(codec::JsonObject& json, const Member& member, const QueryId& id,
                              const QueryMoment& moment) {
  return member.session->Look([&](const ledger::LedgerState& state) {
    const ledger::QueryRecord* query = state.FindQuery(id);
    CLOISTER_CHECK(query != nullptr);  // no ledger loses one
    json["name"] = query->request.name;
    json["query_digest"] = codec::HexEncode(query->digest);
    json["entry"] = query->entry;
    const std::string_view status = QueryStatus(state, *query, moment);
    json["status"] = status;
    json["phase"] = ledger::QueryPhaseName(query->phase);
    if (status == kExpired) json["error_message"] = ErrorMessage(kExpiredCode);
    if (status == "error") json["error_message"] = ErrorMessage(kEnvironmentEndedCode);  // where nothing says more
    AddRequest(json, state, *query);
    AddReport(json, state, *query);
    AddDecisions(json, state, *query, moment);
    return *query;
  });
}

}  // namespace

Result<codec::JsonObject> EncodeQuery(const Api& api, const Member& member, const QueryLabel& label) {
  CLOISTER_ASSIGN(const auto job, api.store.queries.FindJob(label.id));
  CLOISTER_ASSIGN(const auto result, api.store.queries.ResultOf(label.id));
  codec::JsonObject json{{"id", label.id.str()},
                         {"environment", label.environment.str()},
                         {"description", label.description},
                         {"created_at", FormatRfc3339(label.created_at)}};
  const ledger::QueryRecord query = AddLedger(
      json, member, label.id, {.now = api.clock.Now(), .health = member.session->health(), .job = job});
  json["updated_at"] = FormatRfc3339(std::max(query.changed, job ? job->updated_at : label.updated_at));
  CLOISTER_ASSIGN(json["decisions"], EncodeDecisions(api, member, query));
  if (job && job->status == JobStatus::kFailed) json["error_message"] = ErrorMessage(job->code.value_or("INTERNAL"));
  if (query.execution && query.execution->outcome != ledger::Outcome::kReleased) {
    json["error_message"] = ErrorMessage(query.execution->code);
  }
  if (result) {
    if (const auto seconds = ExecutionSeconds(member, *result)) json["execution_time_seconds"] = *seconds;
    json["completed_at"] = FormatRfc3339(result->created_at);
    json["release_entry"] = result->release_entry;
  }
  return json;
}

}  // namespace cloister::control
