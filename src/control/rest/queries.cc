// GET, POST /api/tee/environments/{id}/queries; POST .../queries/check; GET /api/tee/queries/{id},
// .../report.

#include <map>
#include <set>

#include "codec/text.h"
#include "control/rest/idempotency.h"
#include "control/rest/problem.h"
#include "control/rest/query_body.h"
#include "control/rest/query_check.h"
#include "control/rest/query_json.h"
#include "control/rest/query_names.h"
#include "control/rest/routes.h"
#include "control/rest/statements.h"
#include "ledger/released_before.h"
#include "ledger/stored_answer.h"

namespace cloister::control {
namespace {

codec::JsonObject EncodeDatasetForCheck(const ledger::LedgerState& state, const InForce& in_force,
                                        const std::string& level) {
  const agreement::Manifest& manifest = in_force.manifest->manifest;
  codec::JsonObject json{{"dataset", in_force.dataset.str()},
                         {"name", manifest.name},
                         {"organisation", OrganisationOf(state.in_force()->charter, in_force.owner)},
                         {"owner", in_force.owner},
                         {"manifest", codec::HexEncode(in_force.manifest->digest)},
                         {"schema", agreement::EncodeSchema(manifest.schema)},
                         {"policy", agreement::EncodePolicy(manifest.policy)}};
  if (level != agreement::LevelName(agreement::Level::kKAnonymized) || manifest.policy.IsPublic()) return json;
  if (const auto* first = ledger::FirstAnonymousRelease(state, in_force.dataset, in_force.manifest->digest)) {
    json["released"] = {{"text", first->request.text}, {"parameters", first->request.parameters}};
  }
  return json;
}

// The compile-only process's request (docs/formats/channel.md).
Result<std::string> MakeCheckRequest(const ledger::LedgerState& state, const Member& member, const QueryBody& body) {
  if (state.in_force() == nullptr) return FailedPrecondition("the charter is not in force yet");
  const agreement::Charter& charter = state.in_force()->charter;
  CLOISTER_ASSIGN(const auto manifests, ManifestsMeant(state, body.datasets));
  CLOISTER_ASSIGN(const auto recipients, RecipientsMeant(charter, body.recipients));
  codec::JsonArray datasets;
  for (const InForce& each : manifests) datasets.push_back(EncodeDatasetForCheck(state, each, body.level));
  codec::JsonArray people;
  for (const auto& thumbprint : recipients) {
    people.push_back({{"thumbprint", thumbprint}, {"organisation", OrganisationOf(charter, thumbprint)}});
  }
  const std::string& own = member.caller.user.organisation;  // of who is in no charter yet
  const codec::JsonObject request{
      {"text", body.text},
      {"parameters", body.parameters},
      {"level", body.level},
      {"privacy", body.privacy},
      {"datasets", std::move(datasets)},
      {"analyst",
       {{"thumbprint", member.key.thumbprint}, {"organisation", OrganisationOf(charter, member.key.thumbprint, own)}}},
      {"cross_owner_joins", charter.cross_owner_joins},
      {"recipients", std::move(people)}};
  return codec::WriteJson(codec::Json(request));
}

Result<codec::JsonObject> AskCompiler(const Api& api, const Member& member, const QueryBody& body) {
  CLOISTER_ASSIGN(const std::string question, member.session->Look([&](const ledger::LedgerState& state) {
    return MakeCheckRequest(state, member, body);
  }));
  CLOISTER_ASSIGN(const std::string text, api.checker.Check(question));
  CLOISTER_ASSIGN(const codec::Json verdict, codec::ParseJson(text, {.bytes_max = text.size()}));
  const codec::JsonObject* members = verdict.if_object();
  if (members == nullptr) return Internal("the compiler's verdict is malformed");
  return *members;
}

// Whether the privacy that these charges ask for was paid by an earlier query of the same plan: then its numbers come
// again, and nothing of a budget is taken.
std::optional<std::vector<agreement::Charge>> PaidBefore(const ledger::LedgerState& state, const codec::Json& plan_hex,
                                                         const std::vector<agreement::Charge>& charges) {
  const auto plan = codec::HexDecodeDigest(plan_hex.is_string() ? std::string_view(plan_hex.get_string()) : "");
  if (!plan) return std::nullopt;
  auto without = ledger::WithoutPaidPrivacy(state, *plan, charges);
  if (without == charges) return std::nullopt;
  return without;
}

// What each dataset's budget was spent on so far, and how many queries of this cost it still holds.
codec::JsonArray BudgetsAfter(const ledger::LedgerState& state, const std::vector<agreement::Charge>& charges) {
  codec::JsonArray budgets;
  for (const agreement::Charge& charge : charges) {
    const auto* manifest = state.ManifestInForce(charge.dataset);
    if (manifest == nullptr) continue;
    const ledger::Spending spent = state.SpentOn(charge.dataset);
    budgets.push_back({{"dataset", charge.dataset.str()},
                       {"table_name", manifest->manifest.name},
                       {"epsilon_spent", spent.privacy.epsilon.ToNumber()},
                       {"delta_spent", spent.privacy.delta.ToNumber()},
                       {"runs", spent.runs},
                       {"queries_left", ledger::QueriesLeft(spent, charge, manifest->manifest.policy)}});
  }
  return budgets;
}

// What the ledger knows and the compiler does not: what it would cost today.
Status AddCost(const Member& member, codec::JsonObject& answer) {
  answer["budgets"] = codec::JsonArray();
  const codec::Json* listed = answer.if_contains("charges");
  const codec::Json* plan = answer.if_contains("plan");
  if (listed == nullptr || !listed->is_array() || plan == nullptr) return {};
  CLOISTER_ASSIGN(auto charges, agreement::DecodeCharges(listed->get_array(), "charges"));
  member.session->Look([&](const ledger::LedgerState& state) {
    auto paid = PaidBefore(state, *plan, charges);
    answer["answered_before"] = paid.has_value();
    if (paid) {
      charges = *std::move(paid);
      answer["charges"] = agreement::EncodeCharges(charges);
    }
    answer["budgets"] = BudgetsAfter(state, charges);
  });
  return {};
}

// The compiler knows the owners of what is read; whom else the charter's rule asks, it does not.
void AddApprovers(const Member& member, codec::JsonObject& answer) {
  codec::Json* owners = answer.if_contains("approvers");
  if (owners == nullptr || !owners->is_array()) return;
  std::set<agreement::Thumbprint> read;
  for (const codec::Json& each : owners->get_array()) {
    if (each.is_string()) read.insert(std::string(each.get_string()));
  }
  const auto asked = member.session->Look([&](const ledger::LedgerState& state) {
    return state.in_force() ? agreement::WhoIsAsked(state.in_force()->charter, member.key.thumbprint, read) : read;
  });
  *owners = codec::JsonArray(asked.begin(), asked.end());
}

Result<net::Response> Check(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireMember(api, request, request.Param("id")));
  CLOISTER_ASSIGN(const codec::Json json, ReadJsonBody(request));
  CLOISTER_ASSIGN(const QueryBody body, DecodeQueryBody(json, true));
  CLOISTER_ASSIGN(const codec::JsonObject verdict, AskCompiler(api, member, body));
  codec::JsonObject answer = verdict;
  const codec::Json* findings = verdict.if_contains("findings");
  answer["violations"] = findings != nullptr ? *findings : codec::Json(codec::JsonArray());
  answer.erase("findings");
  AddApprovers(member, answer);
  CLOISTER_TRY(AddCost(member, answer));
  return JsonResponse(200, std::move(answer));
}

// Whose data a query reads has to agree to it, so one that names no datasets is given those that the compiler finds in
// it, and not all there are. One that does not compile keeps all: the enclave's report will say why.
Status NameDatasets(const Api& api, const Member& member, QueryBody& body) {
  if (body.document || !body.datasets.empty()) return {};
  CLOISTER_ASSIGN(const codec::JsonObject verdict, AskCompiler(api, member, body));
  const codec::Json* charges = verdict.if_contains("charges");
  if (charges == nullptr || !charges->is_array()) return {};
  CLOISTER_ASSIGN(const auto decoded, agreement::DecodeCharges(charges->get_array(), "charges"));
  for (const agreement::Charge& charge : decoded) body.datasets.push_back(charge.dataset.str());
  return {};
}

// A query that reads no data cannot be written down, so no enclave will say why it is refused: the compiler does.
// Absent: there is something to read.
Result<std::optional<net::Response>> RefuseWithoutData(const Api& api, const Member& member, const QueryBody& body) {
  if (body.document) return std::optional<net::Response>();
  CLOISTER_ASSIGN(const auto meant, member.session->Look([&](const ledger::LedgerState& state) {
    return ManifestsMeant(state, body.datasets);
  }));
  if (!meant.empty()) return std::optional<net::Response>();
  CLOISTER_ASSIGN(const codec::JsonObject verdict, AskCompiler(api, member, body));
  const codec::Json* findings = verdict.if_contains("findings");
  if (findings == nullptr || !findings->is_array()) {
    return FailedPrecondition("no dataset of the environment has a manifest in force, so there is nothing to read");
  }
  return std::optional(RenderViolations(findings->get_array(), {}));
}

Result<agreement::QueryRequest> MakeQuery(const Api& api, const Member& member, const QueryBody& body,
                                          const VerifiedView& view) {
  agreement::QueryRequest query{.query = QueryId::New(api.clock, api.rng),
                                .name = body.name,
                                .text = body.text,
                                .parameters = body.parameters,
                                .datasets = {},
                                .privacy = body.privacy,
                                .recipients = {},
                                .charter = view.enclave.charter()};
  CLOISTER_ASSIGN(query.level, agreement::ParseLevel(body.level));
  CLOISTER_ASSIGN(query.recipients, RecipientsMeant(view.charter, body.recipients));
  CLOISTER_TRY(member.session->Look([&](const ledger::LedgerState& state) -> Status {
    CLOISTER_ASSIGN(auto manifests, ManifestsMeant(state, body.datasets));
    KeepNameable(manifests, body.text);
    for (const InForce& each : manifests) query.datasets.push_back({each.dataset, each.manifest->digest});
    return {};
  }));
  return query;
}

// The id of the query that a signed document asks for. Nothing rests on it: it names the label.
Result<QueryId> QueryIdOf(const Member& member, const std::string& document) {
  CLOISTER_ASSIGN(const auto link,
                  member.session->Look([&](const ledger::LedgerState& state) { return state.VerifyLink(document); }));
  const auto* query = link.As<agreement::QueryRequest>();
  if (query == nullptr) return InvalidArgument("'document' is not a query");
  return query->query;
}

// What the ledger says of a query that was just handed in.
Result<net::Response> AnswerSubmitted(const Api& api, const Member& member, const QueryLabel& label,
                                      const RecordedLink& recorded) {
  if (recorded.refused) return AnswerWithoutEffect(recorded);
  const auto query = member.session->Look([&](const ledger::LedgerState& state) -> std::optional<ledger::QueryRecord> {
    const auto* record = state.FindQuery(label.id);
    if (record == nullptr) return std::nullopt;
    return *record;
  });
  if (!query) return AnswerRecorded(202, {}, recorded);
  CLOISTER_ASSIGN(auto json, EncodeQuery(api, member, label));
  codec::JsonObject answer{{"query", std::move(json)}};
  if (query->phase == ledger::QueryPhase::kRefused && query->report) {
    AddRecorded(answer, recorded);
    return RenderViolations(EncodeFindings(query->report->findings), std::move(answer));
  }
  return AnswerRecorded(201, std::move(answer), recorded);
}

bool IsRecorded(const Member& member, const QueryId& id) {
  return member.session->Look([&](const ledger::LedgerState& state) { return state.FindQuery(id) != nullptr; });
}

RecordedLink RecordedBefore(const Member& member, const QueryId& id) {
  const std::uint64_t entry = member.session->Look([&](const ledger::LedgerState& state) {
    const auto* query = state.FindQuery(id);
    return query != nullptr ? query->entry : 0;
  });
  return {.entry = entry, .checkpoint = member.session->Checkpoint().value_or(""), .refused = std::nullopt};
}

Result<net::Response> SubmitQuery(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireMember(api, request, request.Param("id")));
  CLOISTER_ASSIGN(const codec::Json json, ReadJsonBody(request));
  CLOISTER_ASSIGN(QueryBody body, DecodeQueryBody(json, false));
  RequestIds ids(api, request);
  const auto new_id = ids.Make<QueryId>();
  if (ids.repeatable() && !body.document && IsRecorded(member, new_id)) {
    CLOISTER_ASSIGN(const auto again, api.store.queries.FindLabel(new_id));
    if (again) return AnswerSubmitted(api, member, *again, RecordedBefore(member, new_id));
  }
  const DailyLimit daily{
      .limit = api.limits.queries_per_day,
      .what = "queries submitted in this environment",
      .nth_newest = [&](std::int64_t n) { return api.store.queries.NthNewest(member.record.id, n); }};
  CLOISTER_ASSIGN(auto full, RefuseDaily(api, daily));
  if (full) return *std::move(full);
  CLOISTER_TRY(NameDatasets(api, member, body));
  CLOISTER_ASSIGN(auto refusal, RefuseWithoutData(api, member, body));
  if (refusal) return *std::move(refusal);
  const Instant now = api.clock.Now();
  std::optional<QueryLabel> label;
  // Before the query is: one that the ledger knows and the server does not could never be found again, and a label
  // without a query is never shown.
  const auto label_it = [&](const QueryId& id) {
    label.emplace(QueryLabel{.id = id,
                             .environment = member.record.id,
                             .submitter = member.key.thumbprint,
                             .name = body.name,
                             .description = body.description,
                             .created_at = now,
                             .updated_at = now});
    return api.store.queries.AddLabel(*label);
  };
  if (body.document) {
    CLOISTER_ASSIGN(const QueryId id, QueryIdOf(member, *body.document));
    CLOISTER_TRY(label_it(id));
  }
  const auto make = [&](const VerifiedView& view) -> Result<agreement::LinkBody> {
    CLOISTER_ASSIGN(agreement::QueryRequest query, MakeQuery(api, member, body, view));
    query.query = new_id;
    CLOISTER_TRY(label_it(query.query));
    return agreement::LinkBody(std::move(query));
  };
  const auto recorded = Submit(api, member, {.typ = "cloister-query+jws", .document = body.document, .make = make});
  if (!recorded) return recorded.error();
  if (!label) {  // a crash left its link behind, and it was sent now
    CLOISTER_ASSIGN(label, api.store.queries.FindLabel(new_id));
    if (!label) return Error{Code::kDataLoss, "the query's label is missing"};
  }
  return AnswerSubmitted(api, member, *label, *recorded);
}

Result<net::Response> List(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireMember(api, request, request.Param("id")));
  CLOISTER_ASSIGN(const auto labels, api.store.queries.LabelsIn(member.record.id));
  std::map<std::string, const QueryLabel*> recorded;
  codec::JsonArray ids;
  for (const QueryLabel& label : labels) {
    if (!IsRecorded(member, label.id)) continue;
    recorded.emplace(label.id.str(), &label);
    ids.emplace_back(codec::JsonObject{{"id", label.id.str()}});
  }
  // The page first: a query is written out with what its ledger entries say, which is not done for all there ever were.
  CLOISTER_ASSIGN(Page page, TakePage(request, std::move(ids)));
  for (codec::Json& each : page.items) {
    const QueryLabel& label = *recorded.at(std::string(each.at("id").as_string()));
    CLOISTER_ASSIGN(each, EncodeQuery(api, member, label));
  }
  return JsonResponse(200, {{"queries", std::move(page.items)}, {"next_cursor", std::move(page.next)}});
}

Result<net::Response> Show(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const QueryAccess access, RequireQuery(api, request, request.Param("id")));
  CLOISTER_ASSIGN(auto json, EncodeQuery(api, access.member, access.label));
  return JsonResponse(200, {{"query", std::move(json)}});
}

Result<net::Response> ShowReport(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const QueryAccess access, RequireQuery(api, request, request.Param("id")));
  if (!access.query.report_entry) return NotFound("the query has no report yet");
  return JsonResponse(200, {{"report", access.query.report_document},
                            {"entry", *access.query.report_entry},
                            {"document", access.query.document}});
}

}  // namespace

Result<codec::JsonObject> CheckUnderTerms(const Api& api, const Member& member, const CheckAsked& asked,
                                          const CheckUnder& under) {
  const QueryBody body{.name = "", .description = "", .text = asked.text, .level = asked.level};
  CLOISTER_ASSIGN(const std::string text, member.session->Look([&](const ledger::LedgerState& state) {
    return MakeCheckRequest(state, member, body);
  }));
  CLOISTER_ASSIGN(codec::Json question, codec::ParseJson(text, {.bytes_max = text.size()}));
  CLOISTER_TRY(PutTerms(question.as_object(), member, asked, under));
  CLOISTER_ASSIGN(const std::string answer, api.checker.Check(codec::WriteJson(question)));
  CLOISTER_ASSIGN(const codec::Json verdict, codec::ParseJson(answer, {.bytes_max = answer.size()}));
  if (!verdict.is_object()) return Internal("the compiler's verdict is malformed");
  return verdict.get_object();
}

Result<codec::JsonObject> CheckAlone(const Api& api, const Member& member, const CheckAsked& asked,
                                     const DatasetId& dataset) {
  return AskCompiler(api, member,
                     {.name = "",
                      .description = "",
                      .text = asked.text,
                      .datasets = {dataset.str()},
                      .recipients = {member.key.thumbprint},
                      .level = asked.level});
}

void AddQueryRoutes(net::Router& router, const Api& api) {
  const std::string base = "/api/tee/environments/{id}/queries";
  router.Add("GET", base, [&api](const net::Request& request) { return List(api, request); });
  router.Add("POST", base, [&api](const net::Request& request) { return SubmitQuery(api, request); });
  router.Add("POST", base + "/check", [&api](const net::Request& request) { return Check(api, request); });
  router.Add("GET", "/api/tee/queries/{id}", [&api](const net::Request& request) { return Show(api, request); });
  router.Add("GET", "/api/tee/queries/{id}/report",
             [&api](const net::Request& request) { return ShowReport(api, request); });
}

}  // namespace cloister::control
