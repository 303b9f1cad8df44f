// `query`: check, submit, list, show, wait. Decisions on queries of others are in query_decide.cc.

#include <algorithm>

#include "cli/budget.h"
#include "cli/known_query.h"
#include "cli/lookup.h"
#include "cli/printable.h"
#include "cli/query_text.h"
#include "cli/query_wait.h"
#include "cli/query_words.h"
#include "cli/replay.h"
#include "cli/run.h"
#include "cli/server_json.h"
#include "cli/session.h"
#include "cli/sign.h"
#include "cli/table.h"
#include "codec/text.h"
#include "ledger/stored_answer.h"
#include "net/client/problem.h"

namespace cloister::cli {
namespace {

struct Question {
  NamedEnvironment environment;
  QuerySource source;
  codec::JsonObject parameters;
  std::string level;
  codec::JsonObject privacy;

  codec::JsonObject Request() const {
    codec::JsonObject request{{"query_text", source.text}, {"privacy_level", level}};
    if (!parameters.empty()) request["parameters"] = parameters;
    if (!privacy.empty()) request["privacy"] = privacy;
    return request;
  }
};

template <typename V>
Result<Question> ReadQuestion(Session& session, const V& verb) {
  CLOISTER_ASSIGN(const NamedEnvironment named, FindEnvironment(session, verb.environment));
  CLOISTER_ASSIGN(QuerySource source, ReadQueryText(session.context(), verb.file));
  CLOISTER_ASSIGN(codec::JsonObject parameters, ReadParameters(verb.parameters));
  return Question{named, std::move(source), std::move(parameters), verb.level, ReadPrivacy(verb)};
}

// The compiler's verdict; nothing is stored or signed.
Result<codec::Json> Check(Session& session, const Question& question) {
  CLOISTER_ASSIGN(const net::HttpAnswer answer,
                  session.api().SendJson({.method = net::HttpMethod::kPost,
                                          .target = EnvironmentPath(question.environment.id) + "/queries/check",
                                          .repeatable = true},
                                         question.Request()));
  const codec::Json problem = net::ProblemJson(answer);
  if (answer.status == 422 && MemberAt(problem, "violations").is_array()) {
    return codec::Json(codec::JsonObject{{"verdict", "refused"}, {"violations", MemberAt(problem, "violations")}});
  }
  return net::JsonOf(answer);
}

bool IsAccepted(const codec::Json& verdict) { return TextAt(verdict, "verdict") == "accepted"; }

void ShowRefusal(Output& out, const codec::Json& verdict, const QuerySource& source) {
  const auto findings = ReadViolations(ArrayAt(verdict, "violations"));
  out.Line(RenderFindings(findings, source));
}

// How far the budgets reach, as the server reads the ledger.
void ShowBudgets(Output& out, const codec::Json& verdict) {
  for (const codec::Json& budget : ArrayAt(verdict, "budgets")) {
    const codec::Json& left = MemberAt(budget, "queries_left");
    if (!left.is_int64()) continue;
    const std::string name = TextAt(budget, "table_name");
    out.Line("  " + Printable(name.empty() ? TextAt(budget, "dataset") : name) + ": " +
             std::to_string(left.get_int64()) + " such queries fit into its limits");
  }
}

void ShowVerdict(Output& out, const codec::Json& verdict, const QuerySource& source) {
  if (out.json()) {
    out.Json(verdict);
  } else if (!IsAccepted(verdict)) {
    ShowRefusal(out, verdict, source);
  } else {
    out.Line(out.Mark(true) + "  would be accepted");
    if (const auto* report = MemberAt(verdict, "report").if_object()) out.Line(RenderReport(*report, out.style()));
    if (BoolAt(verdict, "answered_before")) {
      out.Line("  the same question was paid for: its numbers come again and take nothing from a privacy budget");
    }
    ShowBudgets(out, verdict);
  }
}

// Which manifests the query means: those in force of the datasets that the compiler found it to read.
Result<std::vector<agreement::DatasetRead>> DatasetsRead(const ledger::LedgerState& state,
                                                         const std::vector<agreement::Charge>& charges) {
  std::vector<agreement::DatasetRead> reads;
  for (const agreement::Charge& charge : charges) {
    const ledger::ManifestRecord* manifest = state.ManifestInForce(charge.dataset);
    if (manifest == nullptr) {
      return VerificationFailed("the ledger has no manifest in force for dataset " + charge.dataset.str());
    }
    reads.push_back({.dataset = charge.dataset, .manifest = manifest->digest});
  }
  if (reads.empty()) return FailedPrecondition("the server does not say which datasets the query reads");
  return reads;
}

Result<std::vector<agreement::Thumbprint>> Recipients(const agreement::Charter& charter,
                                                      const std::vector<std::string>& names) {
  std::vector<agreement::Thumbprint> people;
  for (const agreement::Participant& each : charter.participants) {
    if (names.empty()) people.push_back(each.thumbprint);
  }
  for (const std::string& name : names) {
    const agreement::Participant* person = charter.FindByEmail(name);
    if (person == nullptr) person = charter.Find(name);
    if (person == nullptr) return InvalidArgument("--to " + name + " is no participant of this environment");
    people.push_back(person->thumbprint);
  }
  std::ranges::sort(people);
  people.erase(std::unique(people.begin(), people.end()), people.end());
  return people;
}

struct Draft {
  agreement::QueryRequest body;
  codec::JsonObject request;
};

Result<Draft> MakeDraft(Session& session, const VerifiedEnvironment& environment, const Question& question,
                        const QuerySubmitVerb& verb, std::vector<agreement::DatasetRead> datasets) {
  CLOISTER_ASSIGN(const agreement::Level level, agreement::ParseLevel(question.level));
  CLOISTER_ASSIGN(auto recipients, Recipients(environment.charter(), verb.to));
  Draft draft{.body = {.query = QueryId::New(session.context().clock, session.context().rng),
                       .name = verb.name,
                       .text = question.source.text,
                       .parameters = question.parameters,
                       .datasets = std::move(datasets),
                       .level = level,
                       .privacy = question.privacy,
                       .recipients = std::move(recipients),
                       .charter = environment.charter_digest()},
              .request = question.Request()};
  draft.request["name"] = verb.name;
  if (!verb.description.empty()) draft.request["description"] = verb.description;
  codec::JsonArray ids;
  for (const auto& read : draft.body.datasets) ids.emplace_back(read.dataset.str());
  draft.request["accesses_datasets"] = std::move(ids);
  draft.request["recipients"] = codec::JsonArray(draft.body.recipients.begin(), draft.body.recipients.end());
  return draft;
}

}  // namespace

Result<ExitCode> Run(Context& context, const QueryCheckVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const Question question, ReadQuestion(*session, verb));
  CLOISTER_ASSIGN(const codec::Json verdict, Check(*session, question));
  ShowVerdict(context.out, verdict, question.source);
  return IsAccepted(verdict) ? ExitCode::kOk : ExitCode::kRefused;
}

Result<ExitCode> Run(Context& context, const QuerySubmitVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const Question question, ReadQuestion(*session, verb));
  CLOISTER_ASSIGN(const codec::Json verdict, Check(*session, question));
  if (!IsAccepted(verdict)) {
    ShowVerdict(context.out, verdict, question.source);
    return ExitCode::kRefused;
  }
  CLOISTER_ASSIGN(const VerifiedEnvironment environment,
                  VerifyEnvironment(*session, question.environment, WhichCharter::kAccepted));
  CLOISTER_ASSIGN(const ledger::LedgerState state, ReplayLedger(*session, environment));
  CLOISTER_ASSIGN(auto charges, agreement::DecodeCharges(ArrayAt(verdict, "charges"), "charges"));
  if (const auto plan = codec::HexDecodeDigest(TextAt(verdict, "plan")))
    charges = ledger::WithoutPaidPrivacy(state, *plan, std::move(charges));
  if (const auto obstacle = BudgetObstacle(state, charges)) {
    context.out.Fail(ResourceExhausted(*obstacle));
    return ExitCode::kBudgetExhausted;
  }
  CLOISTER_ASSIGN(auto datasets, DatasetsRead(state, charges));
  CLOISTER_ASSIGN(Draft draft, MakeDraft(*session, environment, question, verb, std::move(datasets)));
  const QueryId drafted = draft.body.query;
  CLOISTER_ASSIGN(const Recorded recorded, SignAndSend(*session, environment,
                                                       {.body = std::move(draft.body),
                                                        .target = EnvironmentPath(question.environment.id) + "/queries",
                                                        .request = std::move(draft.request)}));
  const codec::Json& query = MemberAt(recorded.answer, "query");
  QueryId id = drafted;
  if (session->keys() == nullptr) {  // the server drafted it anew
    CLOISTER_ASSIGN(id, QueryId::Parse(TextAt(query, "id")));
  }
  context.out.Say("Submitted " + id.str() + ". Its report is for the approvers: cloister query approve " + id.str());
  if (verb.wait) return WaitForQuery(*session, id);
  if (context.out.json()) {
    context.out.Json(codec::JsonObject{{"query", query}});
  } else {
    context.out.Show({{"query", id.str()}, {"status", Printable(TextAt(query, "status"))}});
  }
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const QueryListVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const codec::JsonArray queries, ListObjects(*session, verb.environment, "queries"));
  if (context.out.json()) {
    context.out.Json(codec::JsonObject{{"queries", queries}});
    return ExitCode::kOk;
  }
  Table table({{"QUERY"}, {"NAME"}, {"STATUS"}, {"LEVEL"}, {"CREATED"}});
  for (const codec::Json& query : queries) {
    table.Add({Printable(TextAt(query, "id")), Printable(TextAt(query, "name")), Printable(TextAt(query, "status")),
               Printable(TextAt(query, "privacy_level")), Printable(TextAt(query, "created_at"))});
  }
  if (table.rows() == 0) context.out.Say("No query yet. Try one with: cloister query check FILE --env ENV");
  if (table.rows() > 0) context.out.Line(table.Render(context.out.style()));
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const QueryShowVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const QueryId id, FindQueryByVerifiedName(*session, verb.query));
  CLOISTER_ASSIGN(const codec::Json answer, session->api().Get(QueryPath(id)));
  if (context.out.json()) {
    context.out.Json(answer);
    return ExitCode::kOk;
  }
  const codec::Json& query = MemberAt(answer, "query");
  if (const auto* object = query.if_object()) context.out.Line(RenderObject(*object));
  context.out.Say("This is what the server says. What the enclave says: cloister query report " + id.str());
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const QueryWaitVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const QueryId id, FindQueryByVerifiedName(*session, verb.query));
  return WaitForQuery(*session, id);
}

}  // namespace cloister::cli
