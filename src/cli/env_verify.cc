// `env verify`: the walk of verify.h, each check with what was expected and what is there.

#include "cli/lookup.h"
#include "cli/printable.h"
#include "cli/run.h"
#include "cli/session.h"
#include "cli/verify.h"
#include "codec/text.h"

namespace cloister::cli {
namespace {

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
    const std::string words = Printable(caveat);
    out.Line(plain ? "caveat\tnote\t" + words + "\t" : out.Painted(Paint::kCaution, "note") + "  " + words);
  }
}

}  // namespace

Result<ExitCode> Run(Context& context, const EnvVerifyVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const NamedEnvironment named, FindEnvironment(*session, verb.environment));
  const EnvironmentId& id = named.id;
  CLOISTER_ASSIGN(const VerifyOutcome outcome, ExamineEnvironment(*session, named, WhichCharter::kNewest));
  if (context.out.json()) {
    context.out.Json(EncodeOutcome(id, outcome));
  } else {
    ShowChecks(context.out, outcome);
    ShowCaveats(context.out, outcome);
  }
  if (outcome.error) return *outcome.error;
  return ExitCode::kOk;
}

}  // namespace cloister::cli
