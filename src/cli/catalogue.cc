// `catalogue`: what there is to ask for, from verified manifests, with examples that the compiler has accepted.

#include <algorithm>

#include "agreement/example_queries.h"
#include "cli/local_compiler.h"
#include "cli/lookup.h"
#include "cli/policy_words.h"
#include "cli/printable.h"
#include "cli/replay.h"
#include "cli/run.h"
#include "cli/server_json.h"
#include "cli/session.h"
#include "cli/verify.h"

namespace cloister::cli {
namespace {

using agreement::ExampleQuery;

constexpr std::size_t kExamplesPerDatasetMax = 12;
constexpr std::size_t kJoinExamplesMax = 12;

agreement::NamedTerms TermsOf(const SceneDataset& dataset) {
  return {.name = dataset.name, .schema = dataset.schema, .policy = dataset.policy};
}

// Keeps what the compiler accepts from this caller.
class Examiner {
 public:
  Examiner(Session& session, const CompilerScene& scene) : session_(session), scene_(scene) {
    for (const agreement::Participant& person : scene.people) {
      if (person.thumbprint == session.me()) organisation_ = person.organisation;
    }
  }

  Result<std::vector<ExampleQuery>> Accepted(const std::vector<ExampleQuery>& candidates, std::size_t count_max) {
    std::vector<ExampleQuery> accepted;
    for (const ExampleQuery& each : candidates) {
      if (accepted.size() == count_max) break;
      CLOISTER_ASSIGN(const codec::Json verdict, AskCompiler(session_.context(), {.scene = scene_,
                                                                                 .text = each.text,
                                                                                 .level = each.level,
                                                                                 .analyst = session_.me(),
                                                                                 .organisation = organisation_,
                                                                                 .recipients = {session_.me()}}));
      if (TextAt(verdict, "verdict") == "accepted") accepted.push_back(each);
    }
    return accepted;
  }

 private:
  Session& session_;
  const CompilerScene& scene_;
  std::string organisation_;
};

struct CatalogueEntry {
  const SceneDataset& dataset;
  std::vector<ExampleQuery> examples;
};

struct CatalogueContent {
  std::vector<CatalogueEntry> entries;
  std::vector<ExampleQuery> joins;
};

codec::JsonArray Encode(const std::vector<ExampleQuery>& examples) {
  codec::JsonArray array;
  for (const ExampleQuery& each : examples) {
    array.push_back({{"title", each.title}, {"query_text", each.text}, {"privacy_level", each.level}});
  }
  return array;
}

codec::JsonObject Encode(const CatalogueEntry& entry) {
  const agreement::DatasetPolicy& policy = entry.dataset.policy;
  const codec::Json written = agreement::EncodePolicy(policy);
  codec::JsonArray columns;
  for (const agreement::SchemaColumn& column : entry.dataset.schema.columns) {
    const agreement::ColumnPolicy& rules = policy.Column(column.name);
    codec::JsonObject json{{"name", column.name},
                           {"type", column.type.ToString()},
                           {"uses", UseNames(rules, column.type)},
                           {"words", UsesOf(rules, column.type)}};
    const codec::Json& known = MemberAt(MemberAt(written, "columns"), column.name);
    json["policy"] = known.is_null() ? codec::Json(codec::JsonObject{{"roles", {"hidden"}}}) : known;
    columns.push_back(std::move(json));
  }
  return {{"dataset", entry.dataset.id.str()},
          {"name", entry.dataset.name},
          {"owner", entry.dataset.owner},
          {"organisation", entry.dataset.organisation},
          {"levels", MemberAt(written, "levels")},
          {"privacy_unit", MemberAt(written, "privacy_unit")},
          {"min_group_size", policy.min_group_size},
          {"limits", MemberAt(written, "limits")},
          {"columns", std::move(columns)},
          {"examples", Encode(entry.examples)}};
}

void ShowExamples(Output& out, const std::vector<ExampleQuery>& examples) {
  for (const ExampleQuery& each : examples) {
    const std::string level = each.level == "aggregate_only" ? "" : "  --level " + each.level;
    out.Line("  " + out.Painted(Paint::kFaint, "-- " + Printable(each.title) + level));
    out.Line("  " + Printable(each.text));
  }
}

void Show(Output& out, const CatalogueContent& content) {
  bool first = true;
  for (const CatalogueEntry& entry : content.entries) {
    if (!first) out.Line("");
    first = false;
    out.Line(out.Painted(Paint::kBold, entry.dataset.name) + " of " + Printable(entry.dataset.organisation));
    out.Show(PolicyFacts(entry.dataset.policy));
    out.Line(RenderColumns(entry.dataset.schema, entry.dataset.policy, out.style()));
    ShowExamples(out, entry.examples);
  }
  if (content.joins.empty()) return;
  out.Line("");
  out.Line(out.Painted(Paint::kBold, "joined on people"));
  ShowExamples(out, content.joins);
}

Result<CatalogueContent> Collect(Session& session, const CompilerScene& scene, const CatalogueVerb& verb) {
  CatalogueContent content;
  Examiner examiner(session, scene);
  for (const SceneDataset& dataset : scene.datasets) {
    if (!verb.dataset.empty() && dataset.name != verb.dataset && dataset.id.str() != verb.dataset) continue;
    content.entries.push_back({dataset, {}});
    if (!verb.examples) continue;
    CLOISTER_ASSIGN(content.entries.back().examples,
                    examiner.Accepted(agreement::ExamplesOn(TermsOf(dataset)), kExamplesPerDatasetMax));
  }
  if (content.entries.empty() && !verb.dataset.empty()) {
    return NotFound("no dataset '" + verb.dataset + "' with a manifest in force is in that environment");
  }
  if (verb.examples && verb.dataset.empty()) {
    std::vector<agreement::NamedTerms> all;
    for (const SceneDataset& dataset : scene.datasets) all.push_back(TermsOf(dataset));
    CLOISTER_ASSIGN(content.joins, examiner.Accepted(agreement::ExamplesAcross(all), kJoinExamplesMax));
  }
  return content;
}

}  // namespace

Result<ExitCode> Run(Context& context, const CatalogueVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const NamedEnvironment id, FindEnvironment(*session, verb.environment));
  CLOISTER_ASSIGN(const VerifiedEnvironment environment, VerifyEnvironment(*session, id, WhichCharter::kAccepted));
  CLOISTER_ASSIGN(const ledger::LedgerState state, ReplayLedger(*session, environment));
  CatalogueVerb asked = verb;
  if (asked.examples && !context.compiler.ask) {
    context.out.Warn("without examples: the program cloister-enclave, which compiles them, is not beside cloister");
    asked.examples = false;
  }
  if (asked.examples) WarnOfAnotherProgram(context, environment.charter());
  const CompilerScene scene = SceneOf(environment, state);
  CLOISTER_ASSIGN(const CatalogueContent content, Collect(*session, scene, asked));
  if (context.out.json()) {
    codec::JsonArray datasets;
    for (const CatalogueEntry& entry : content.entries) datasets.push_back(Encode(entry));
    context.out.Json(codec::JsonObject{{"environment", id.id.str()},
                                       {"cross_owner_joins", scene.cross_owner_joins},
                                       {"datasets", std::move(datasets)},
                                       {"joins", Encode(content.joins)}});
    return ExitCode::kOk;
  }
  if (content.entries.empty()) context.out.Say("No dataset is in force there yet.");
  Show(context.out, content);
  return ExitCode::kOk;
}

}  // namespace cloister::cli
