// POST /api/tee/queries/{id}/approve, /reject, /cancel.

#include "control/rest/problem.h"
#include "control/rest/query_json.h"
#include "control/rest/routes.h"
#include "control/rest/statements.h"
#include "control/rest/texts.h"
#include "control/workflow/job_runner.h"

namespace cloister::control {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

Result<net::Response> AnswerDecided(const Api& api, const net::Request& request, const RecordedLink& recorded) {
  CLOISTER_ASSIGN(const QueryAccess access, RequireQuery(api, request, request.Param("id")));
  CLOISTER_ASSIGN(auto json, EncodeQuery(api, access.member, access.label));
  codec::JsonObject answer{{"query", std::move(json)}};
  return AnswerRecorded(200, std::move(answer), recorded);
}

// An approval of what can never run would be charged for nothing.
Status CheckMayYetRun(const Api& api, const Member& member, const ledger::QueryRecord& query) {
  CLOISTER_ASSIGN(const ledger::Readiness readiness, member.session->Look([&](const ledger::LedgerState& state) {
    return state.ReadinessOf(query.digest, api.clock.Now());
  }));
  if (readiness.endings.empty()) return {};
  return FailedPrecondition("the query can never run: " + readiness.endings.front() + "; submit it again");
}

// What the enclave reported, in the approver's words. The report is the one of the verified ledger.
Result<agreement::LinkBody> MakeApproval(const Api& api, const QueryAccess& access, const std::string& notes) {
  const ledger::QueryRecord& query = access.query;
  CLOISTER_TRY(CheckMayYetRun(api, access.member, query));
  if (!query.report || !query.report->accepted)
    return FailedPrecondition("the query was refused; there is nothing to approve");
  return agreement::LinkBody(agreement::Approval{
      .query = query.digest,
      .plan = query.report->accepted->plan,
      .report = query.report->accepted->report_digest,
      .charges = query.report->charges,
      .not_after = {api.clock.Now().unix_ms / 1000 * 1000 + agreement::kApprovalDaysDefault * kDayMs},
      .notes = notes});
}

template <typename Decision>
auto Decides(const ledger::QueryRecord& query) {
  return [digest = query.digest](const agreement::LinkBody& body) {
    const auto* decision = std::get_if<Decision>(&body);
    return decision != nullptr && decision->query == digest;
  };
}

Result<net::Response> Approve(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const QueryAccess access, RequireQuery(api, request, request.Param("id")));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  const auto notes = in.OptionalString("notes", agreement::kNotesBytesMax);
  const auto document = in.OptionalString("document", crypto::kJwsBytesMax);
  CLOISTER_TRY(in.Finish());
  CLOISTER_TRY(CheckLines("notes", notes.value_or("")));
  CLOISTER_ASSIGN(const RecordedLink recorded,
                  Submit(api, access.member,
                         {.typ = "cloister-approval+jws",
                          .document = document,
                          .make = [&](const VerifiedView&) { return MakeApproval(api, access, notes.value_or("")); },
                          .means = Decides<agreement::Approval>(access.query)}));
  return AnswerDecided(api, request, recorded);
}

Statement Rejecting(const ledger::QueryRecord& query, const std::optional<std::string>& document, std::string reason) {
  return {.typ = "cloister-rejection+jws",
          .document = document,
          .make = [digest = query.digest, reason = std::move(reason)](
                      const VerifiedView&) -> Result<agreement::LinkBody> {
            return agreement::LinkBody(agreement::Rejection{.query = digest, .reason = reason});
          },
          .means = Decides<agreement::Rejection>(query),
          .rejects = query.digest};
}

Result<net::Response> Reject(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const QueryAccess access, RequireQuery(api, request, request.Param("id")));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  const std::string reason = in.String("reason", agreement::kNotesBytesMax);
  if (reason.empty()) in.Fail("reason", "must not be empty");
  const auto document = in.OptionalString("document", crypto::kJwsBytesMax);
  CLOISTER_TRY(in.Finish());
  CLOISTER_TRY(CheckLines("reason", reason));
  CLOISTER_ASSIGN(const RecordedLink recorded, Submit(api, access.member, Rejecting(access.query, document, reason)));
  return AnswerDecided(api, request, recorded);
}

// The enclave was told to stop it. What he signed as well is in the ledger, where it comes too late to have an effect.
Result<net::Response> AnswerStopped(const Api& api, const QueryAccess& access, const RecordedLink* recorded) {
  CLOISTER_ASSIGN(auto json, EncodeQuery(api, access.member, access.label));
  codec::JsonObject answer{{"query", std::move(json)}};
  if (recorded != nullptr) AddRecorded(answer, *recorded);
  return JsonResponse(202, std::move(answer));
}

Status TellEnclave(const QueryAccess& access) {
  CLOISTER_ASSIGN(const auto enclave, access.member.session->AwaitEnclave());
  return enclave->Cancel(access.label.id);
}

// What is answered 202 holds: the wish is kept before any enclave is told, and whichever comes to the query looks at it
// first (JobRunner). So it is as good as done where no enclave could be told now; only of a query that was executed
// before it came nothing is kept.
Status StopExecution(const Api& api, const QueryAccess& access) {
  const QueryId& id = access.label.id;
  const EnvironmentSession& session = *access.member.session;
  CLOISTER_TRY(api.store.queries.SetCancelAsked(id, true, api.clock.Now()));
  const Status told = TellEnclave(access);
  if (told) return {};
  const bool waits = session.Look([&](const ledger::LedgerState& state) {
    const ledger::QueryRecord* query = state.FindQuery(id);
    return query != nullptr && (query->phase == ledger::QueryPhase::kReserved ||
                                query->phase == ledger::QueryPhase::kCancelled);
  });
  if (waits) return session.health().over() ? told : Status();
  CLOISTER_TRY(api.store.queries.SetCancelAsked(id, false, api.clock.Now()));
  return FailedPrecondition("the query has been executed already");
}

// The submitter takes his query back: by his signature before it runs; one that runs is stopped.
Result<net::Response> Cancel(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const QueryAccess access, RequireQuery(api, request, request.Param("id")));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  const auto document = in.OptionalString("document", crypto::kJwsBytesMax);
  CLOISTER_TRY(in.Finish());
  if (access.query.submitter != access.member.key.thumbprint) {
    return Error{Code::kPermissionDenied, "only who submitted a query cancels it; others reject it"};
  }
  const bool executing = access.query.phase == ledger::QueryPhase::kReserved;
  const Statement withdrawal = Rejecting(access.query, document, "withdrawn");
  if (executing) {
    if (document) CLOISTER_TRY(CheckDocument(access.member, withdrawal));
    CLOISTER_TRY(StopExecution(api, access));
  }
  if (executing && !document) return AnswerStopped(api, access, nullptr);
  const auto recorded = Submit(api, access.member, withdrawal);
  // The ledger's fold takes it for too late, and where no enclave can write it now it is stopped all the same.
  if (executing && (recorded || MayBeAskedAgain(recorded.error().code))) {
    return AnswerStopped(api, access, recorded ? &*recorded : nullptr);
  }
  if (!recorded) return recorded.error();
  return AnswerDecided(api, request, *recorded);
}

}  // namespace

void AddDecisionRoutes(net::Router& router, const Api& api) {
  const std::string base = "/api/tee/queries/{id}";
  router.Add("POST", base + "/approve", [&api](const net::Request& request) { return Approve(api, request); });
  router.Add("POST", base + "/reject", [&api](const net::Request& request) { return Reject(api, request); });
  router.Add("POST", base + "/cancel", [&api](const net::Request& request) { return Cancel(api, request); });
}

}  // namespace cloister::control
