// `policy test` and `policy set`: stored tests run on this machine before anything is saved or signed.

#include "cli/known_dataset.h"
#include "cli/local_compiler.h"
#include "cli/lookup.h"
#include "cli/policy_terms.h"
#include "cli/policy_words.h"
#include "cli/printable.h"
#include "cli/run.h"
#include "cli/server_json.h"
#include "cli/sign.h"
#include "cli/table.h"
#include "net/client/problem.h"

namespace cloister::cli {
namespace {

// Where the policy of a file that is tested stands.
struct Stage {
  CompilerScene scene;
  std::size_t dataset = 0;  // into scene.datasets
};

SceneDataset NewDataset(const std::string& name, agreement::DatasetSchema schema) {
  return {.id = DatasetId::Parse("ds_" + std::string(26, '0')).value(),
          .name = name,
          .owner = "",
          .organisation = "owner",
          .schema = std::move(schema),
          .policy = {}};
}

// Without an environment: the dataset alone.
Result<Stage> StageAlone(Context& context, const PolicyTestVerb& verb) {
  if (verb.name.empty() || verb.schema_file.empty()) {
    return InvalidArgument("say what the policy is of: --env ENV and perhaps --dataset DATASET, or --name NAME and "
                           "--schema FILE");
  }
  CLOISTER_ASSIGN(agreement::DatasetSchema schema, ReadSchemaFile(context, verb.schema_file));
  Stage stage;
  stage.scene.datasets.push_back(NewDataset(verb.name, std::move(schema)));
  return stage;
}

// The caller's only dataset, when he does not say which.
Result<std::size_t> OwnDataset(const CompilerScene& scene, const agreement::Thumbprint& me) {
  std::optional<std::size_t> own;
  std::string names;
  for (std::size_t i = 0; i < scene.datasets.size(); ++i) {
    if (scene.datasets[i].owner != me) continue;
    own = i;
    names += (names.empty() ? "" : ", ") + scene.datasets[i].name;
  }
  if (own && scene.datasets[*own].name == names) return *own;
  return InvalidArgument(own ? "say of which dataset: --dataset, one of " + names
                             : "you have no dataset there yet; say what the policy is of: --name NAME --schema FILE");
}

Result<Stage> StageIn(Session& session, const PolicyTestVerb& verb) {
  CLOISTER_ASSIGN(const NamedEnvironment id, FindEnvironment(session, verb.environment));
  CLOISTER_ASSIGN(const VerifiedEnvironment environment, VerifyEnvironment(session, id, WhichCharter::kAccepted));
  CLOISTER_ASSIGN(const ledger::LedgerState state, ReplayLedger(session, environment));
  WarnOfAnotherProgram(session.context(), environment.charter());
  Stage stage{.scene = SceneOf(environment, state)};
  if (!verb.name.empty()) {
    if (verb.schema_file.empty()) return InvalidArgument("a new dataset has no schema yet; add --schema FILE");
    CLOISTER_ASSIGN(agreement::DatasetSchema schema, ReadSchemaFile(session.context(), verb.schema_file));
    SceneDataset dataset = NewDataset(verb.name, std::move(schema));
    const auto* me = environment.charter().Find(session.me());
    dataset.owner = session.me();
    if (me != nullptr) dataset.organisation = me->organisation;
    stage.dataset = stage.scene.datasets.size();
    stage.scene.datasets.push_back(std::move(dataset));
    return stage;
  }
  if (verb.dataset.empty()) {
    CLOISTER_ASSIGN(stage.dataset, OwnDataset(stage.scene, session.me()));
    return stage;
  }
  const SceneDataset* named = stage.scene.Find(verb.dataset);
  if (named == nullptr) {
    return NotFound("no dataset '" + verb.dataset + "' with a manifest in force is in that environment");
  }
  stage.dataset = static_cast<std::size_t>(named - stage.scene.datasets.data());
  return stage;
}

ExitCode ShowOutcomes(Output& out, const std::vector<TestOutcome>& outcomes) {
  bool failed = false;
  codec::JsonArray results;
  Table table({{"RESULT"}, {"TEST"}, {"WHY"}});
  for (const TestOutcome& outcome : outcomes) {
    failed = failed || outcome.failure.has_value();
    codec::JsonObject result{{"name", outcome.test.name}, {"passed", !outcome.failure}};
    if (outcome.failure) result["failure"] = *outcome.failure;
    results.push_back(std::move(result));
    table.Add({out.Mark(!outcome.failure), Printable(outcome.test.name), outcome.failure.value_or("")});
  }
  if (out.json()) {
    out.Json(codec::JsonObject{{"passed", !failed}, {"results", std::move(results)}});
  } else {
    out.Line(table.Render(out.style()));
  }
  return failed ? ExitCode::kRefused : ExitCode::kOk;
}

// Custody `server`: the server drafts and signs. What it keeps must still be what the difference was made against.
Status SetByServer(Session& session, const DatasetId& dataset, const agreement::DatasetPolicy& policy) {
  const std::string target = DatasetPath(dataset) + "/policy";
  CLOISTER_ASSIGN(const net::HttpAnswer kept, session.api().Send({.target = target}));
  if (!kept.ok()) return net::ProblemError(kept);
  net::HttpRequest request{.method = net::HttpMethod::kPut, .target = target};
  const std::string tag(kept.Field("etag"));
  if (!tag.empty()) request.fields.push_back({"If-Match", tag});
  CLOISTER_ASSIGN(const net::HttpAnswer answer,
                  session.api().SendJson(std::move(request), codec::JsonObject{{"policy", EncodePolicy(policy)}}));
  return answer.ok() ? Status() : net::ProblemError(answer);
}

// A server that keeps the versions takes the signed manifest there, and what it shows of the dataset stays in step;
// any other takes it as a link like all others.
Result<std::string> TargetOf(Session& session, const KnownDataset& known) {
  const std::string versions = DatasetPath(known.record->dataset) + "/versions";
  CLOISTER_ASSIGN(const net::HttpAnswer answer, session.api().Send({.target = versions}));
  return answer.ok() ? versions : EnvironmentPath(known.environment.id()) + "/links";
}

// The next version: everything as it is but the policy.
Status SignNextVersion(Session& session, const KnownDataset& known, const agreement::DatasetPolicy& policy) {
  agreement::Manifest next = known.newest().manifest;
  if (session.keys() == nullptr) return SetByServer(session, next.dataset, policy);
  ++next.version;
  next.previous_manifest = known.newest().digest;
  next.charter = known.environment.charter_digest();
  next.policy = policy;
  CLOISTER_ASSIGN(const std::string target, TargetOf(session, known));
  const auto recorded =
      SignAndSend(session, known.environment, {.body = std::move(next), .target = target, .request = {}});
  return recorded ? Status() : recorded.error();
}

Status CheckMayBeSet(const Session& session, const KnownDataset& known) {
  if (known.record->owner != session.me()) {
    return Error{Code::kPermissionDenied, "only the owner of " + known.newest().manifest.name + " signs its policy"};
  }
  if (known.newest().revoked) {
    return FailedPrecondition("the manifest of " + known.newest().manifest.name +
                              " was revoked; upload the dataset anew");
  }
  return {};
}

std::size_t PlaceOf(CompilerScene& scene, const KnownDataset& known) {
  for (std::size_t i = 0; i < scene.datasets.size(); ++i) {
    if (scene.datasets[i].id == known.record->dataset) return i;
  }
  // Its manifest waits for the charter in force; the next version names that one.
  const agreement::Manifest& manifest = known.newest().manifest;
  SceneDataset dataset = NewDataset(manifest.name, manifest.schema);
  dataset.id = manifest.dataset;
  dataset.owner = known.record->owner;
  scene.datasets.push_back(std::move(dataset));
  return scene.datasets.size() - 1;
}

}  // namespace

Result<ExitCode> Run(Context& context, const PolicyTestVerb& verb) {
  std::optional<Stage> stage;
  if (verb.environment.empty()) {
    CLOISTER_ASSIGN(stage, StageAlone(context, verb));
  } else {
    CLOISTER_ASSIGN(auto session, Session::Open(context));
    CLOISTER_ASSIGN(stage, StageIn(*session, verb));
  }
  const std::string no_unit;
  CLOISTER_ASSIGN(const agreement::PolicyFile file,
                  ReadPolicyTerms(context, {verb.file, no_unit}, stage->scene.datasets[stage->dataset].schema));
  if (file.tests.empty()) {
    return InvalidArgument(verb.file + " holds no tests; write {\"policy\":{...},\"tests\":[{\"name\":\"no rows\","
                           "\"query_text\":\"SELECT ...\",\"expect\":\"refused\"}]}");
  }
  CLOISTER_ASSIGN(const auto outcomes, RunPolicyTests(context, std::move(stage->scene), stage->dataset, file));
  return ShowOutcomes(context.out, outcomes);
}

Result<ExitCode> Run(Context& context, const PolicySetVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const KnownDataset known, FindKnownDataset(*session, verb.dataset));
  CLOISTER_TRY(CheckMayBeSet(*session, known));
  const agreement::Manifest& manifest = known.newest().manifest;
  CLOISTER_ASSIGN(const agreement::PolicyFile file,
                  ReadPolicyTerms(context, {verb.file, verb.unit, known.environment.charter().min_group_size},
                                  manifest.schema));
  const auto changes = agreement::DiffPolicy(manifest.policy, file.policy);
  if (!context.out.json()) context.out.Line(RenderChanges(context.out, changes));
  if (changes.empty() && known.in_force()) {
    if (context.out.json()) context.out.Json(codec::JsonObject{{"changes", codec::JsonArray()}, {"signed", false}});
    return ExitCode::kOk;
  }
  CompilerScene scene = SceneOf(known.environment, known.state);
  const std::size_t place = PlaceOf(scene, known);
  CLOISTER_TRY(RequirePolicyTests(context, std::move(scene), place, file));
  CLOISTER_ASSIGN(const bool yes, Confirm(context, "Sign this as version " + std::to_string(manifest.version + 1) +
                                                       " of the policy of " + manifest.name + "?"));
  if (!yes) return Error{Code::kCancelled, "nothing was signed"};
  CLOISTER_TRY(SignNextVersion(*session, known, file.policy));
  context.out.Say("Queries that were submitted under the version before can no longer run; submit them again.");
  if (context.out.json()) {
    context.out.Json(codec::JsonObject{{"dataset", manifest.dataset.str()},
                                       {"version", manifest.version + 1},
                                       {"changes", EncodeChanges(changes)},
                                       {"signed", true}});
  } else {
    context.out.Show({{"dataset", manifest.name}, {"version", std::to_string(manifest.version + 1)}});
  }
  return ExitCode::kOk;
}

}  // namespace cloister::cli
