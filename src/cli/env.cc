// `env`: environments, their evidence, and the signature under their charter.

#include <algorithm>

#include "agreement/charter_diff.h"
#include "attestation/explain.h"
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

Table ParticipantTable(const agreement::Charter& charter, const agreement::Thumbprint& me) {
  Table table({{"PARTICIPANT"}, {"ORGANISATION"}, {"ROLES"}, {"THUMBPRINT"}});
  for (const agreement::Participant& each : charter.participants) {
    std::string roles;
    for (const auto role : each.roles) {
      roles += (roles.empty() ? "" : ", ") + std::string(agreement::ParticipantRoleName(role));
    }
    table.Add({Printable(each.email) + (each.thumbprint == me ? " (you)" : ""), Printable(each.organisation), roles,
               each.thumbprint});
  }
  return table;
}

codec::JsonArray EncodeChecks(const VerifyOutcome& outcome) {
  codec::JsonArray checks;
  for (const VerifyCheck& check : outcome.checks) {
    codec::JsonObject json{
        {"check", check.name}, {"ok", check.good}, {"expected", check.expected}, {"actual", check.actual}};
    if (!check.good) json["meaning"] = check.meaning;
    checks.emplace_back(std::move(json));
  }
  return checks;
}

codec::JsonObject EncodeOutcome(const EnvironmentId& id, const VerifyOutcome& outcome) {
  codec::JsonObject json{{"environment", id.str()},
                         {"verified", outcome.environment.has_value()},
                         {"checks", EncodeChecks(outcome)},
                         {"caveats", codec::JsonArray(outcome.caveats.begin(), outcome.caveats.end())}};
  if (outcome.environment) {
    const auto& verified = *outcome.environment;
    json["charter_digest"] = codec::HexEncode(verified.charter_digest());
    json["epoch"] = verified.charter().epoch;
    json["checkpoint"] = agreement::EncodeLedgerPoint(verified.view().point);
    json["entry_0"] = codec::HexEncode(verified.view().entry_0);
  } else {
    json["error"] = outcome.error->public_message;
  }
  return json;
}

void ShowChecks(Output& out, const VerifyOutcome& outcome) {
  const bool plain = out.style().format == OutputFormat::kPlain;
  for (const VerifyCheck& check : outcome.checks) {
    const std::string expected = Printable(check.expected), actual = Printable(check.actual);
    if (plain) {
      out.Line(check.name + "\t" + (check.good ? "ok" : "FAILED") + "\t" + expected + "\t" + actual);
      continue;
    }
    out.Line(out.Mark(check.good) + "  " + check.name);
    if (expected == actual) {
      out.Line("      is        " + actual);
    } else {
      out.Line("      expected  " + expected);
      out.Line("      actual    " + actual);
    }
    if (!check.good && !check.meaning.empty()) out.Line("      means     " + Printable(check.meaning));
  }
}

// What anybody should know before he relies on good checks.
void ShowCaveats(Output& out, const VerifyOutcome& outcome) {
  const bool plain = out.style().format == OutputFormat::kPlain;
  for (const std::string& caveat : outcome.caveats) {
    out.Line(plain ? "caveat\tnote\t" + caveat + "\t" : out.Painted(Paint::kCaution, "note") + "  " + caveat);
  }
}

// The charter must name our own key and our own recipient, or results would be sealed to somebody else.
Status CheckOwnPlace(const Session& session, const agreement::Charter& charter) {
  const agreement::Participant* me = charter.Find(session.me());
  if (me == nullptr) return VerificationFailed("the charter does not name your key " + session.me());
  if (session.keys() == nullptr || me->recipient == session.keys()->identity.recipient().Text()) return {};
  return VerificationFailed(
      "the charter names another age recipient for you than the one in your home: results would be "
      "sealed to whoever has that one");
}

// Whose keys the signer takes from the server unseen.
Result<std::vector<agreement::Thumbprint>> Unconfirmed(const Session& session, const agreement::Charter& charter,
                                                       const std::vector<std::string>& confirmed) {
  for (const std::string& name : confirmed) {
    if (charter.Find(name) == nullptr && charter.FindByEmail(name) == nullptr) {
      return InvalidArgument("--confirm " + name + " is no participant of this charter");
    }
  }
  std::vector<agreement::Thumbprint> unseen;
  for (const agreement::Participant& each : charter.participants) {
    const bool seen = each.thumbprint == session.me() || std::ranges::count(confirmed, each.thumbprint) > 0 ||
                      std::ranges::count(confirmed, each.email) > 0;
    if (!seen) unseen.push_back(each.thumbprint);
  }
  return unseen;
}

// The accepted charter in force, to show what the new one changes; null when there is none.
Result<std::optional<agreement::Charter>> AcceptedBefore(Session& session, const EnvironmentId& id) {
  const EnvironmentHome home(session.context().home.EnvironmentFolder(id));
  CLOISTER_ASSIGN(const auto accepted, home.LoadAccepted());
  CLOISTER_ASSIGN(const codec::Json answer, session.api().Get(EnvironmentPath(id) + "/charter"));
  const codec::Json& current = MemberAt(answer, "current");
  if (!current.is_object()) return std::optional<agreement::Charter>();
  CLOISTER_ASSIGN(agreement::Charter charter, agreement::DecodeCharter(MemberAt(current, "charter")));
  if (!accepted.contains(agreement::CharterDigest(charter))) return std::optional<agreement::Charter>();
  return std::optional<agreement::Charter>(std::move(charter));
}

void ShowTerms(Output& out, const agreement::Charter* before, const VerifiedEnvironment& environment,
               const agreement::Thumbprint& me) {
  const agreement::Charter& charter = environment.charter();
  const std::string epoch = std::to_string(charter.epoch);
  out.Say(out.Painted(Paint::kBold, "Charter of " + Printable(charter.name) + ", epoch " + epoch) +
          (before == nullptr ? "" : ": what it changes"));
  for (const std::string& sentence : agreement::DiffCharter(before, charter)) out.Say("  - " + Printable(sentence));
  out.Say("");
  OutputStyle style = out.style();
  style.format = OutputFormat::kHuman;
  out.Say(ParticipantTable(charter, me).Render(style));
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
  CLOISTER_ASSIGN(const codec::Json answer, session->api().Get("/api/tee/environments"));
  if (context.out.json()) {
    context.out.Json(answer);
    return ExitCode::kOk;
  }
  Table table({{"ENVIRONMENT"}, {"NAME"}, {"STATUS"}, {"EPOCH", Align::kRight}});
  for (const codec::Json& tee : ArrayAt(answer, "tees")) {
    table.Add({Printable(TextAt(tee, "id")), Printable(TextAt(tee, "name")), Printable(TextAt(tee, "status")),
               std::to_string(IntegerAt(tee, "epoch"))});
  }
  if (table.rows() == 0) context.out.Say("No environment yet. Start one with: cloister env create NAME --with EMAIL");
  if (table.rows() > 0) context.out.Line(table.Render(context.out.style()));
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const EnvShowVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const EnvironmentId id, FindEnvironment(*session, verb.environment));
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

Result<ExitCode> Run(Context& context, const EnvVerifyVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const EnvironmentId id, FindEnvironment(*session, verb.environment));
  CLOISTER_ASSIGN(const VerifyOutcome outcome, ExamineEnvironment(*session, id, WhichCharter::kNewest));
  if (context.out.json()) {
    context.out.Json(EncodeOutcome(id, outcome));
  } else {
    ShowChecks(context.out, outcome);
    ShowCaveats(context.out, outcome);
  }
  if (outcome.error) return *outcome.error;
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const EnvAcceptVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const EnvironmentId id, FindEnvironment(*session, verb.environment));
  CLOISTER_ASSIGN(const VerifiedEnvironment environment, VerifyEnvironment(*session, id, WhichCharter::kNewest));
  CLOISTER_TRY(CheckOwnPlace(*session, environment.charter()));
  CLOISTER_ASSIGN(auto unseen, Unconfirmed(*session, environment.charter(), verb.confirmed));
  CLOISTER_ASSIGN(const auto before, AcceptedBefore(*session, id));
  ShowTerms(context.out, before ? &*before : nullptr, environment, session->me());
  if (!unseen.empty()) {
    context.out.Warn(
        "the keys of " + std::to_string(unseen.size()) +
        " participant(s) come from the server; compare the "
        "thumbprints with them yourself, then name them with --confirm. Your acceptance says which you did not");
  }
  CLOISTER_ASSIGN(const bool yes, Confirm(context, "Sign this charter?"));
  if (!yes) return Error{Code::kCancelled, "nothing was signed"};
  CLOISTER_ASSIGN(
      const Recorded recorded,
      SignAndSend(*session, environment,
                  {.body = agreement::Acceptance{.charter = environment.charter_digest(),
                                                 .recipient_commitment = environment.enclave().recipient_commitment(),
                                                 .entry_0 = environment.view().entry_0,
                                                 .custody = session->config().custody,
                                                 .unconfirmed = std::move(unseen)},
                   .target = EnvironmentPath(id) + "/acceptances",
                   .request = {}}));
  const std::string digest = codec::HexEncode(environment.charter_digest());
  if (context.out.json()) {
    context.out.Json(codec::JsonObject{{"environment", id.str()},
                                       {"charter_digest", digest},
                                       {"epoch", environment.charter().epoch},
                                       {"accepted", true}});
  } else {
    context.out.Show({{"accepted", digest}, {"epoch", std::to_string(environment.charter().epoch)}});
  }
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const EnvInviteVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const EnvironmentId id, FindEnvironment(*session, verb.environment));
  CLOISTER_ASSIGN(const codec::Json answer,
                  session->api().Post(EnvironmentPath(id) + "/participants", codec::JsonObject{{"email", verb.email}}));
  if (context.out.json()) context.out.Json(answer);
  context.out.Say("Proposed a charter with " + Printable(verb.email) +
                  ". It holds once everybody has run: cloister env accept " + id.str());
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const EnvRemoveVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const EnvironmentId id, FindEnvironment(*session, verb.environment));
  CLOISTER_ASSIGN(const codec::Json answer,
                  session->api().Delete(EnvironmentPath(id) + "/participants/" + net::EncodeSegment(verb.email)));
  if (context.out.json()) context.out.Json(answer);
  context.out.Say("Proposed a charter without " + Printable(verb.email) +
                  ". It holds once everybody who stays has run: cloister env accept " + id.str());
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const EnvTerminateVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const EnvironmentId id, FindEnvironment(*session, verb.environment));
  CLOISTER_ASSIGN(const VerifiedEnvironment environment, VerifyEnvironment(*session, id, WhichCharter::kAccepted));
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

}  // namespace cloister::cli
