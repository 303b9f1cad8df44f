// `query try`: a query on rows of nobody, compiled and run on this machine under the policies that the verified ledger
// holds.

#include "cli/local_compiler.h"
#include "cli/lookup.h"
#include "cli/query_text.h"
#include "cli/replay.h"
#include "cli/result_table.h"
#include "cli/run.h"
#include "cli/server_json.h"
#include "cli/session.h"
#include "cli/verify.h"

namespace cloister::cli {
namespace {

Result<CompilerQuestion> QuestionOf(const Session& session, const CompilerScene& scene, const QueryTryVerb& verb,
                                    const QuerySource& source) {
  CompilerQuestion question{.scene = scene,
                            .text = source.text,
                            .level = verb.level,
                            .privacy = ReadPrivacy(verb),
                            .analyst = session.me(),
                            .organisation = "",
                            .recipients = {}};
  CLOISTER_ASSIGN(question.parameters, ReadParameters(verb.parameters));
  for (const agreement::Participant& person : scene.people) {
    if (person.thumbprint == session.me()) question.organisation = person.organisation;
    question.recipients.push_back(person.thumbprint);
  }
  return question;
}

// Said before and after, in words: no reader of a screen shot may take this for an answer.
void ShowSynthetic(Output& out, const codec::Json& synthetic, const ResultTable& result) {
  const std::string people = std::to_string(IntegerAt(synthetic, "people"));
  out.Line(out.Painted(Paint::kCaution, "SYNTHETIC: rows of nobody") + " (" + people + " made-up people, seed " +
           std::to_string(IntegerAt(synthetic, "seed")) + ", thresholds " +
           (BoolAt(synthetic, "thresholds") ? "on" : "off") + ")");
  out.Line(RenderResult(result, out.style()));
  if (result.rows.empty()) {
    out.Say("No group was large enough, or a constant of the query names a value that the synthetic rows do not have "
            "(they have values such as ward_a).");
  }
}

Result<ExitCode> ShowAnswer(Output& out, const codec::Json& answer, const QuerySource& source) {
  if (TextAt(answer, "verdict") != "accepted") {
    if (out.json())
      out.Json(answer);
    else
      out.Line(RenderFindings(ReadViolations(ArrayAt(answer, "findings")), source));
    return ExitCode::kRefused;
  }
  const codec::Json& synthetic = MemberAt(answer, "synthetic");
  const codec::Json& failure = MemberAt(synthetic, "failure");
  if (failure.is_object()) {
    return FailedPrecondition("the query would be accepted, and did not end on the synthetic rows: " +
                              TextAt(failure, "message"));
  }
  if (out.json()) {
    out.Json(answer);
    return ExitCode::kOk;
  }
  CLOISTER_ASSIGN(const ResultTable result, DecodeResult(MemberAt(synthetic, "result")));
  ShowSynthetic(out, synthetic, result);
  return ExitCode::kOk;
}

}  // namespace

Result<ExitCode> Run(Context& context, const QueryTryVerb& verb) {
  CLOISTER_ASSIGN(const QuerySource source, ReadQueryText(context, verb.file));
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const NamedEnvironment id, FindEnvironment(*session, verb.environment));
  CLOISTER_ASSIGN(const VerifiedEnvironment environment, VerifyEnvironment(*session, id, WhichCharter::kAccepted));
  CLOISTER_ASSIGN(const ledger::LedgerState state, ReplayLedger(*session, environment));
  WarnOfAnotherProgram(context, environment.charter());
  const CompilerScene scene = SceneOf(environment, state);
  CLOISTER_ASSIGN(const CompilerQuestion question, QuestionOf(*session, scene, verb, source));
  CLOISTER_ASSIGN(
      const codec::Json answer,
      TryCompiler(context, question,
                  {{"seed", verb.seed}, {"people", verb.people}, {"thresholds", verb.thresholds}}));
  return ShowAnswer(context.out, answer, source);
}

}  // namespace cloister::cli
