#include "cli/local_compiler.h"

#include <algorithm>

#include "cli/printable.h"
#include "cli/server_json.h"
#include "codec/text.h"

namespace cloister::cli {
namespace {

// Who asks in a test that does not say: nobody of the charter, of no participant's organisation.
constexpr std::string_view kAnybody = "anybody";

codec::JsonObject EncodeDataset(const SceneDataset& dataset) {
  return {{"dataset", dataset.id.str()},
          {"name", dataset.name},
          {"organisation", dataset.organisation},
          {"owner", dataset.owner},
          {"manifest", codec::HexEncode(dataset.manifest)},
          {"schema", agreement::EncodeSchema(dataset.schema)},
          {"policy", agreement::EncodePolicy(dataset.policy)}};
}

std::string OrganisationOf(const CompilerScene& scene, const agreement::Thumbprint& person) {
  for (const agreement::Participant& each : scene.people) {
    if (each.thumbprint == person) return each.organisation;
  }
  return std::string(kAnybody);
}

codec::JsonObject EncodeQuestion(const CompilerQuestion& question) {
  codec::JsonArray datasets;
  for (const SceneDataset& each : question.scene.datasets) datasets.push_back(EncodeDataset(each));
  codec::JsonArray recipients;
  for (const agreement::Thumbprint& each : question.recipients) {
    recipients.push_back({{"thumbprint", each}, {"organisation", OrganisationOf(question.scene, each)}});
  }
  if (recipients.empty()) {
    recipients.push_back({{"thumbprint", question.analyst}, {"organisation", question.organisation}});
  }
  return {{"text", question.text},
          {"parameters", question.parameters},
          {"level", question.level},
          {"privacy", question.privacy},
          {"datasets", std::move(datasets)},
          {"analyst", {{"thumbprint", question.analyst}, {"organisation", question.organisation}}},
          {"cross_owner_joins", question.scene.cross_owner_joins},
          {"recipients", std::move(recipients)}};
}

Result<codec::Json> Ask(Context& context, CompilerMode mode, const codec::JsonObject& request) {
  if (!context.compiler.ask) {
    return FailedPrecondition(
        "the privacy compiler is the program cloister-enclave, and it is not beside cloister; install it there, or "
        "name it in CLOISTER_ENCLAVE_PROGRAM");
  }
  CLOISTER_ASSIGN(const std::string answer, context.compiler.ask(mode, codec::WriteJson(codec::Json(request))));
  return codec::ParseJson(answer, {.bytes_max = answer.size()});
}

const agreement::Participant* FindPerson(const CompilerScene& scene, const std::string& who) {
  for (const agreement::Participant& each : scene.people) {
    if (each.email == who || each.thumbprint == who) return &each;
  }
  return nullptr;
}

// Who a test without `as` speaks of: the first whom the policy names, else anybody.
agreement::Thumbprint FirstOf(const std::optional<std::vector<std::string>>& list) {
  return list && !list->empty() ? list->front() : std::string(kAnybody);
}

Result<CompilerQuestion> QuestionOf(const CompilerScene& scene, const agreement::PolicyTest& test,
                                    const agreement::DatasetPolicy& policy) {
  CompilerQuestion question{.scene = scene,
                            .text = test.query,
                            .level = agreement::LevelOfTest(test, policy),
                            .parameters = test.parameters,
                            .analyst = FirstOf(policy.may_query),
                            .organisation = std::string(kAnybody),
                            .recipients = {}};
  if (test.as) {
    const agreement::Participant* person = FindPerson(scene, *test.as);
    if (person == nullptr) {
      return InvalidArgument("the test '" + test.name + "' asks as " + *test.as +
                             ", who is no participant here; name one, or leave `as` out");
    }
    question.analyst = person->thumbprint;
    question.organisation = person->organisation;
  }
  question.recipients.push_back(policy.may_receive ? FirstOf(policy.may_receive) : question.analyst);
  return question;
}

agreement::TestVerdict VerdictOf(const codec::Json& answer) {
  agreement::TestVerdict verdict{.refused = TextAt(answer, "verdict") != "accepted", .rules = {}};
  for (const codec::Json& finding : ArrayAt(answer, "findings")) {
    const std::string rule = TextAt(finding, "rule");
    if (std::ranges::find(verdict.rules, rule) == verdict.rules.end()) verdict.rules.push_back(rule);
  }
  return verdict;
}

}  // namespace

const SceneDataset* CompilerScene::Find(std::string_view name) const {
  for (const SceneDataset& each : datasets) {
    if (each.name == name || each.id.str() == name) return &each;
  }
  return nullptr;
}

CompilerScene SceneOf(const VerifiedEnvironment& environment, const ledger::LedgerState& state) {
  CompilerScene scene{.datasets = {},
                      .people = environment.charter().participants,
                      .cross_owner_joins = environment.charter().cross_owner_joins};
  for (const auto& [id, record] : state.datasets()) {
    const ledger::ManifestRecord* manifest = state.ManifestInForce(id);
    if (manifest == nullptr) continue;
    scene.datasets.push_back({.id = id,
                              .name = manifest->manifest.name,
                              .owner = record.owner,
                              .organisation = OrganisationOf(scene, record.owner),
                              .manifest = manifest->digest,
                              .schema = manifest->manifest.schema,
                              .policy = manifest->manifest.policy});
  }
  return scene;
}

Result<codec::Json> AskCompiler(Context& context, const CompilerQuestion& question) {
  return Ask(context, CompilerMode::kCheck, EncodeQuestion(question));
}

Result<codec::Json> TryCompiler(Context& context, const CompilerQuestion& question, codec::JsonObject synthetic) {
  codec::JsonObject request = EncodeQuestion(question);
  request["synthetic"] = std::move(synthetic);
  return Ask(context, CompilerMode::kTry, request);
}

void WarnOfAnotherProgram(Context& context, const agreement::Charter& charter) {
  if (!context.compiler.measure) return;
  const Result<Digest256> digest = context.compiler.measure();
  const auto& trusted = charter.appraisal_policy.measurements;
  if (digest && std::ranges::find(trusted, *digest) != trusted.end()) return;
  context.out.Warn("the cloister-enclave on this machine is not the program that the charter trusts; the enclave may "
                   "decide otherwise");
}

Result<std::vector<TestOutcome>> RunPolicyTests(Context& context, CompilerScene scene, std::size_t dataset,
                                                const agreement::PolicyFile& file) {
  scene.datasets.at(dataset).policy = file.policy;
  std::vector<TestOutcome> outcomes;
  for (const agreement::PolicyTest& test : file.tests) {
    CLOISTER_ASSIGN(const CompilerQuestion question, QuestionOf(scene, test, file.policy));
    CLOISTER_ASSIGN(const codec::Json answer, AskCompiler(context, question));
    outcomes.push_back({test, agreement::TestFailure(test, VerdictOf(answer))});
  }
  return outcomes;
}

Status RequirePolicyTests(Context& context, CompilerScene scene, std::size_t dataset,
                          const agreement::PolicyFile& file) {
  if (file.tests.empty()) return {};
  CLOISTER_ASSIGN(const auto outcomes, RunPolicyTests(context, std::move(scene), dataset, file));
  std::size_t failed = 0;
  for (const TestOutcome& outcome : outcomes) {
    if (!outcome.failure) continue;
    ++failed;
    context.out.Warn("test '" + Printable(outcome.test.name) + "' " + *outcome.failure);
  }
  if (failed == 0) {
    context.out.Say(std::to_string(outcomes.size()) + " stored test(s) of the policy passed");
    return {};
  }
  return Error{Code::kRefused, std::to_string(failed) + " of " + std::to_string(outcomes.size()) +
                                   " stored tests of the policy failed, so nothing was signed; change the policy or "
                                   "the tests"};
}

}  // namespace cloister::cli
