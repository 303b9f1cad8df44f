// `env create|list|show|invite|remove|terminate|discard`. What a participant verifies and signs there: env_verify.cc,
// env_accept.cc.

#include "cli/charter_words.h"
#include "cli/lookup.h"
#include "cli/printable.h"
#include "cli/run.h"
#include "cli/server_json.h"
#include "cli/session.h"
#include "cli/sign.h"
#include "cli/table.h"
#include "cli/verify.h"
#include "codec/text.h"

namespace cloister::cli {
namespace {

Result<agreement::Charter> NewestCharter(Session& session, const EnvironmentId& id) {
  CLOISTER_ASSIGN(const codec::Json answer, session.api().Get(EnvironmentPath(id) + "/charter"));
  const codec::Json& proposed = MemberAt(answer, "proposed");
  return agreement::DecodeCharter(MemberAt(proposed.is_object() ? proposed : MemberAt(answer, "current"), "charter"));
}

Result<ExitCode> Created(Context& context, const codec::Json& answer) {
  const codec::Json& tee = MemberAt(answer, "tee");
  if (context.out.json()) {
    context.out.Json(answer);
    return ExitCode::kOk;
  }
  context.out.Show({{"environment", TextAt(tee, "id")},
                    {"name", Printable(TextAt(tee, "name"))},
                    {"status", TextAt(tee, "status")},
                    {"provider", TextAt(tee, "provider")},
                    {"charter", TextAt(tee, "charter_digest")}});
  context.out.Say("Each participant, you too, now verifies the enclave and signs: cloister env accept " +
                  TextAt(tee, "id"));
  return ExitCode::kOk;
}

}  // namespace

Result<ExitCode> Run(Context& context, const EnvCreateVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  codec::JsonObject request{{"name", verb.name},
                            {"participant_emails", codec::JsonArray(verb.with.begin(), verb.with.end())},
                            {"allow_cross_party_joins", verb.cross_owner_joins},
                            {"recovery", verb.recovery}};
  if (!verb.description.empty()) request["description"] = verb.description;
  if (verb.approval == "majority") {
    request["approval_rule"] = codec::JsonObject{{"kind", verb.approval}};
  } else {
    request["require_unanimous_approval"] = verb.approval == "unanimous";
  }
  CLOISTER_ASSIGN(const codec::Json answer, session->api().Post("/api/tee/environments", request));
  if (verb.recovery == "operator") {
    context.out.Warn("recovery by the operator: the environment survives restarts, and the operator could read this");
  } else {
    context.out.Warn("recovery none: when the enclave stops, everything in this environment is gone for good");
  }
  return Created(context, answer);
}

Result<ExitCode> Run(Context& context, const EnvListVerb&) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(codec::JsonArray tees, ListEnvironments(*session));
  if (context.out.json()) {
    context.out.Json(codec::JsonObject{{"tees", std::move(tees)}});
    return ExitCode::kOk;
  }
  Table table({{"ENVIRONMENT"}, {"NAME"}, {"STATUS"}, {"EPOCH", Align::kRight}});
  for (const codec::Json& tee : tees) {
    table.Add({Printable(TextAt(tee, "id")), Printable(TextAt(tee, "name")), Printable(TextAt(tee, "status")),
               std::to_string(IntegerAt(tee, "epoch"))});
  }
  if (table.rows() == 0) context.out.Say("No environment yet. Start one with: cloister env create NAME --with EMAIL");
  if (table.rows() > 0) context.out.Line(table.Render(context.out.style()));
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const EnvShowVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const NamedEnvironment named, FindEnvironment(*session, verb.environment));
  const EnvironmentId& id = named.id;
  CLOISTER_ASSIGN(const codec::Json answer, session->api().Get(EnvironmentPath(id)));
  if (context.out.json()) {
    context.out.Json(answer);
    return ExitCode::kOk;
  }
  CLOISTER_ASSIGN(const agreement::Charter charter, NewestCharter(*session, id));
  const codec::Json& tee = MemberAt(answer, "tee");
  context.out.Show(
      {{"environment", id.str()},
       {"name", Printable(charter.name)},
       {"status", Printable(TextAt(tee, "status"))},
       {"provider", Printable(TextAt(tee, "provider"))},
       {"epoch", std::to_string(charter.epoch)},
       {"charter", codec::HexEncode(agreement::CharterDigest(charter))},
       {"approval", std::string(agreement::ApprovalRuleName(charter.approval_rule.kind))},
       {"recovery", charter.recovery == agreement::Recovery::kOperator ? "operator: the operator could read this"
                                                                       : "none: a restart ends it"}});
  context.out.Line("");
  context.out.Line(ParticipantTable(charter, session->me()).Render(context.out.style()));
  context.out.Say("This is what the server says. To check it: cloister env verify " + id.str());
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const EnvInviteVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const NamedEnvironment named, FindEnvironment(*session, verb.environment));
  const EnvironmentId& id = named.id;
  CLOISTER_ASSIGN(const codec::Json answer,
                  session->api().Post(EnvironmentPath(id) + "/participants", codec::JsonObject{{"email", verb.email}}));
  if (context.out.json()) context.out.Json(answer);
  context.out.Say(answer.as_object().contains("proposed")
                      ? "Proposed a charter with " + Printable(verb.email) +
                            ". It holds once everybody has run: cloister env accept " + id.str()
                      : Printable(verb.email) + " has no account yet, is invited, and comes in by logging in.");
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const EnvRemoveVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const NamedEnvironment named, FindEnvironment(*session, verb.environment));
  const EnvironmentId& id = named.id;
  CLOISTER_ASSIGN(const codec::Json answer,
                  session->api().Delete(EnvironmentPath(id) + "/participants/" + net::EncodeSegment(verb.email)));
  if (context.out.json()) context.out.Json(answer);
  context.out.Say(answer.as_object().contains("proposed")
                      ? "Proposed a charter without " + Printable(verb.email) +
                            ". It holds once everybody who stays has run: cloister env accept " + id.str()
                      : Printable(verb.email) + " is not invited any more.");
  return ExitCode::kOk;
}

namespace {

// No charter is in force that an end could be signed under, and no data is in it: the server takes its creator's word.
Result<ExitCode> EndUnbegun(Context& context, Session& session, const EnvironmentId& id) {
  CLOISTER_ASSIGN(const bool yes, Confirm(context, "End " + id.str() + ", which nobody has begun to use?"));
  if (!yes) return Error{Code::kCancelled, "nothing was ended"};
  CLOISTER_ASSIGN(const codec::Json answer,
                  session.api().Post(EnvironmentPath(id) + "/terminate", codec::JsonObject{}));
  if (context.out.json()) context.out.Json(answer);
  context.out.Say("Ended " + id.str() + ".");
  return ExitCode::kOk;
}

}  // namespace

Result<ExitCode> Run(Context& context, const EnvTerminateVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const NamedEnvironment named, FindEnvironment(*session, verb.environment));
  const EnvironmentId& id = named.id;
  CLOISTER_ASSIGN(const codec::Json shown, session->api().Get(EnvironmentPath(id)));
  if (TextAt(MemberAt(shown, "tee"), "status") == "creating") return EndUnbegun(context, *session, id);
  CLOISTER_ASSIGN(const VerifiedEnvironment environment, VerifyEnvironment(*session, named, WhichCharter::kAccepted));
  CLOISTER_ASSIGN(const bool yes, Confirm(context, "End " + Printable(environment.charter().name) +
                                                       " for everyone? Its data and keys are gone then."));
  if (!yes) return Error{Code::kCancelled, "nothing was ended"};
  CLOISTER_ASSIGN(const Recorded recorded,
                  SignAndSend(*session, environment,
                              {.body = agreement::Revocation{.ends = agreement::Revocation::Ends::kTermination,
                                                             .document = std::nullopt,
                                                             .reason = "terminated by " + session->config().email},
                               .target = EnvironmentPath(id) + "/terminate",
                               .request = {}}));
  if (context.out.json()) context.out.Json(recorded.answer);
  context.out.Say("Terminated " + id.str() + ".");
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const EnvDiscardVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const NamedEnvironment named, FindEnvironment(*session, verb.environment));
  CLOISTER_ASSIGN(const VerifiedEnvironment environment, VerifyEnvironment(*session, named, WhichCharter::kNewest));
  CLOISTER_ASSIGN(const bool yes,
                  Confirm(context, "Give up the signed statement that is in no verified ledger? The server has it: if "
                                   "it runs a second ledger, it can record this one there and your next one here."));
  if (!yes) return Error{Code::kCancelled, "nothing was given up"};
  CLOISTER_ASSIGN(const auto discarded, DiscardUnrecorded(*session, environment));
  if (context.out.json()) {
    context.out.Json(
        codec::JsonObject{{"discarded", discarded ? codec::Json(*discarded) : codec::Json(nullptr)}});
  }
  context.out.Say(discarded ? "Link " + std::to_string(*discarded) + " is given up; its bytes stay in this home."
                            : "Nothing waits here: every statement is in the verified ledger.");
  return ExitCode::kOk;
}

}  // namespace cloister::cli
