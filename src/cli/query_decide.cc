// `query report|approve|reject|cancel`: what the enclave says about a query, and the participant's word on it.

#include "agreement/approval_rule.h"
#include "cli/known_query.h"
#include "cli/lookup.h"
#include "cli/printable.h"
#include "cli/query_words.h"
#include "cli/run.h"
#include "cli/session.h"
#include "cli/sign.h"
#include "codec/text.h"

namespace cloister::cli {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

std::string DatasetName(const ledger::LedgerState& state, const DatasetId& id) {
  const auto found = state.datasets().find(id);
  return found == state.datasets().end() ? id.str() : found->second.versions.back().manifest.name;
}

std::string Charges(const KnownQuery& known) {
  std::string out;
  for (const agreement::Charge& charge : known.record->report->charges) {
    out += (out.empty() ? "" : "; ") + ChargeWords(charge, DatasetName(known.state, charge.dataset));
  }
  return out.empty() ? "nothing" : out;
}

// As it is signed, byte by byte: what a parameter is called or how a number is written may matter.
std::string CanonicalOrNone(const codec::JsonObject& object) {
  return object.empty() ? "none" : codec::CanonicalJson(codec::Json(object));
}

Facts ReportFacts(const KnownQuery& known) {
  const agreement::Charter& charter = known.environment.charter();
  const agreement::Report& report = *known.record->report;
  const std::vector<agreement::Thumbprint> owners(known.record->owners_read.begin(), known.record->owners_read.end());
  return {{"query", report.query_id.str()},
          {"name", Printable(known.record->request.name)},
          {"asked by", PersonName(charter, known.record->submitter)},
          {"level", std::string(agreement::LevelName(known.record->request.level))},
          {"parameters", CanonicalOrNone(known.record->request.parameters)},
          {"privacy", CanonicalOrNone(known.record->request.privacy)},
          {"reveals to", PeopleNames(charter, report.recipients)},
          {"data of", PeopleNames(charter, owners)},
          {"charges", Charges(known)},
          {"report",
           "entry " + std::to_string(*known.record->report_entry) + ", signed by the enclave, in the verified ledger"}};
}

codec::JsonObject EncodeKnown(const KnownQuery& known) {
  codec::JsonObject json{{"query", known.record->request.query.str()},
                         {"query_digest", codec::HexEncode(known.record->digest)},
                         {"phase", ledger::QueryPhaseName(known.record->phase)},
                         {"text", known.record->request.text},
                         {"parameters", known.record->request.parameters},
                         {"level", agreement::LevelName(known.record->request.level)},
                         {"privacy", known.record->request.privacy},
                         {"submitter", known.record->submitter}};
  if (known.record->report) {
    json["report"] = agreement::EncodeReport(*known.record->report);
    json["report_entry"] = static_cast<std::int64_t>(*known.record->report_entry);
  }
  return json;
}

// What an approver reads: nothing of it is the server's word.
void ShowReport(Output& out, const KnownQuery& known) {
  out.Show(ReportFacts(known));
  out.Line("");
  out.Line(PrintableLines(known.record->request.text));
  out.Line("");
  const agreement::Report& report = *known.record->report;
  if (report.accepted) {
    out.Line(RenderReport(report.accepted->report, out.style()));
  } else {
    out.Line(out.Painted(Paint::kBad, "The enclave refuses this query:"));
  }
  if (!report.findings.empty()) out.Line(RenderFindings(report.findings, {"query", known.record->request.text}));
}

Status CheckReported(const KnownQuery& known) {
  if (known.record->report) return {};
  return FailedPrecondition("the enclave has not reported on this query yet; try again in a moment");
}

// What it was asked under may be gone: an approval would be charged for nothing.
Status CheckMayYetRun(const KnownQuery& known, Instant now) {
  CLOISTER_ASSIGN(const ledger::Readiness readiness, known.state.ReadinessOf(known.record->digest, now));
  if (readiness.endings.empty()) return {};
  return FailedPrecondition("this query can never run: " + readiness.endings.front() + ". It would have to be "
                            "submitted again");
}

Status CheckMayApprove(const Session& session, const KnownQuery& known, Instant now) {
  CLOISTER_TRY(CheckReported(known));
  if (!known.record->report->accepted) {
    return Error{Code::kRefused, "the enclave refuses this query, so there is nothing to approve"};
  }
  if (known.record->phase != ledger::QueryPhase::kReported) {
    return FailedPrecondition("this query waits for no approval: it is " +
                              std::string(ledger::QueryPhaseName(known.record->phase)));
  }
  if (!agreement::MayDecide(known.environment.charter(), known.record->submitter, known.record->owners_read,
                            session.me())) {
    return Error{Code::kPermissionDenied, "the charter gives you no say on this query"};
  }
  return CheckMayYetRun(known, now);
}

void ShowDecided(Context& context, const KnownQuery& known, std::string_view decision, const Recorded& recorded) {
  const std::string query = known.record->request.query.str();
  const std::string document = recorded.digest ? codec::HexEncode(*recorded.digest) : "";
  if (context.out.json()) {
    codec::JsonObject json{{"query", query}, {"decision", decision}};
    if (!document.empty()) json["document"] = document;
    context.out.Json(json);
    return;
  }
  Facts facts = {{"query", query}, {"decision", std::string(decision)}};
  if (!document.empty()) facts.emplace_back("document", document);
  context.out.Show(facts);
}

codec::JsonObject WithText(std::string_view name, const std::string& text) {
  codec::JsonObject request;
  if (!text.empty()) request[name] = text;
  return request;
}

}  // namespace

Result<ExitCode> Run(Context& context, const QueryReportVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const KnownQuery known, FindKnownQuery(*session, verb.query));
  CLOISTER_TRY(CheckReported(known));
  if (context.out.json()) {
    context.out.Json(EncodeKnown(known));
  } else {
    ShowReport(context.out, known);
  }
  return known.record->report->accepted ? ExitCode::kOk : ExitCode::kRefused;
}

Result<ExitCode> Run(Context& context, const QueryApproveVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const KnownQuery known, FindKnownQuery(*session, verb.query));
  CLOISTER_TRY(CheckMayApprove(*session, known, context.clock.Now()));
  if (!context.out.json()) ShowReport(context.out, known);
  CLOISTER_ASSIGN(const bool yes, Confirm(context, "Approve?"));
  if (!yes) return Error{Code::kCancelled, "nothing was signed"};
  const agreement::Report& report = *known.record->report;
  const Instant not_after{context.clock.Now().unix_ms / 1000 * 1000 + agreement::kApprovalDaysDefault * kDayMs};
  CLOISTER_ASSIGN(const Recorded recorded,
                  SignAndSend(*session, known.environment,
                              {.body = agreement::Approval{.query = known.record->digest,
                                                           .plan = report.accepted->plan,
                                                           .report = report.accepted->report_digest,
                                                           .charges = report.charges,
                                                           .not_after = not_after,
                                                           .notes = verb.notes},
                               .target = QueryPath(known.record->request.query) + "/approve",
                               .request = WithText("notes", verb.notes)}));
  ShowDecided(context, known, "approved", recorded);
  context.out.Say("What you signed may run until " + FormatRfc3339(not_after) +
                  ", or until a checkpoint that you verified holds its revocation.");
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const QueryRejectVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const KnownQuery known, FindKnownQuery(*session, verb.query));
  CLOISTER_ASSIGN(const Recorded recorded,
                  SignAndSend(*session, known.environment,
                              {.body = agreement::Rejection{.query = known.record->digest, .reason = verb.reason},
                               .target = QueryPath(known.record->request.query) + "/reject",
                               .request = WithText("reason", verb.reason)}));
  ShowDecided(context, known, "rejected", recorded);
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const QueryCancelVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const KnownQuery known, FindKnownQuery(*session, verb.query));
  if (known.record->submitter != session->me()) {
    return Error{Code::kPermissionDenied, "only who submitted a query withdraws it; to say no: cloister query reject"};
  }
  CLOISTER_ASSIGN(const Recorded recorded,
                  SignAndSend(*session, known.environment,
                              {.body = agreement::Rejection{.query = known.record->digest, .reason = "withdrawn"},
                               .target = QueryPath(known.record->request.query) + "/cancel",
                               .request = {}}));
  ShowDecided(context, known, "withdrawn", recorded);
  return ExitCode::kOk;
}

}  // namespace cloister::cli
