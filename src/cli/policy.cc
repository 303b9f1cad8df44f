// `policy show|diff|preset|schema`: reading policies. Testing and signing them is policy_set.cc.

#include <filesystem>

#include "agreement/policy_json_schema.h"
#include "agreement/policy_presets.h"
#include "cli/known_dataset.h"
#include "cli/policy_terms.h"
#include "cli/policy_words.h"
#include "cli/printable.h"
#include "cli/run.h"
#include "cli/session.h"
#include "cli/table.h"
#include "codec/text.h"

namespace cloister::cli {
namespace {

bool IsFile(const std::string& text) {
  std::error_code error;
  return std::filesystem::is_regular_file(text, error);
}

ExitCode ShowChanges(Output& out, const std::vector<agreement::PolicyChange>& changes) {
  if (out.json()) {
    out.Json(codec::JsonObject{{"changes", EncodeChanges(changes)}});
  } else {
    out.Line(RenderChanges(out, changes));
  }
  return ExitCode::kOk;
}

Result<ExitCode> DiffFiles(Context& context, const PolicyDiffVerb& verb) {
  if (verb.schema_file.empty()) {
    return InvalidArgument("two files are compared by the columns of a schema; add --schema FILE, or name the dataset "
                           "instead of the first file");
  }
  CLOISTER_ASSIGN(const agreement::DatasetSchema schema, ReadSchemaFile(context, verb.schema_file));
  const std::string no_unit;
  CLOISTER_ASSIGN(const agreement::PolicyFile from, ReadPolicyTerms(context, {verb.from, no_unit}, schema));
  CLOISTER_ASSIGN(const agreement::PolicyFile to, ReadPolicyTerms(context, {verb.to, no_unit}, schema));
  return ShowChanges(context.out, agreement::DiffPolicy(from.policy, to.policy));
}

}  // namespace

Result<ExitCode> Run(Context& context, const PolicyShowVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const KnownDataset known, FindKnownDataset(*session, verb.dataset));
  const agreement::Manifest& manifest = known.newest().manifest;
  if (context.out.json()) {
    context.out.Json(codec::JsonObject{{"dataset", manifest.dataset.str()},
                                       {"name", manifest.name},
                                       {"version", manifest.version},
                                       {"manifest", codec::HexEncode(known.newest().digest)},
                                       {"in_force", known.in_force()},
                                       {"schema", agreement::EncodeSchema(manifest.schema)},
                                       {"policy", agreement::EncodePolicy(manifest.policy)}});
    return ExitCode::kOk;
  }
  Facts facts{{"dataset", manifest.name + " (" + manifest.dataset.str() + ")"},
              {"version", std::to_string(manifest.version) + (known.in_force() ? ", in force" : ", not in force")}};
  for (auto& fact : PolicyFacts(manifest.policy)) facts.push_back(std::move(fact));
  context.out.Show(facts);
  context.out.Line(RenderColumns(manifest.schema, manifest.policy, context.out.style()));
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const PolicyDiffVerb& verb) {
  if (IsFile(verb.from)) return DiffFiles(context, verb);
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const KnownDataset known, FindKnownDataset(*session, verb.from));
  const agreement::Manifest& manifest = known.newest().manifest;
  const std::string no_unit;
  CLOISTER_ASSIGN(const agreement::PolicyFile to, ReadPolicyTerms(context, {verb.to, no_unit}, manifest.schema));
  return ShowChanges(context.out, agreement::DiffPolicy(manifest.policy, to.policy));
}

Result<ExitCode> Run(Context& context, const PolicyPresetVerb& verb) {
  if (verb.preset.empty()) {
    codec::JsonArray presets;
    Table table({{"PRESET"}, {"WHAT FOR"}});
    for (const agreement::PolicyPreset& preset : agreement::PolicyPresets()) {
      presets.push_back({{"name", preset.name}, {"description", preset.words}});
      table.Add({std::string(preset.name), std::string(preset.words)});
    }
    if (context.out.json()) {
      context.out.Json(codec::JsonObject{{"presets", std::move(presets)}});
    } else {
      context.out.Line(table.Render(context.out.style()));
    }
    return ExitCode::kOk;
  }
  if (verb.schema_file.empty()) {
    return InvalidArgument("a preset decides about each column of a schema; add --schema FILE, such as "
                           "[{\"name\":\"patient_id\",\"type\":\"BIGINT\"}]");
  }
  CLOISTER_ASSIGN(const agreement::DatasetSchema schema, ReadSchemaFile(context, verb.schema_file));
  CLOISTER_ASSIGN(const agreement::DatasetPolicy policy, agreement::PresetPolicy(verb.preset, schema, verb.unit));
  context.out.Json(agreement::EncodePolicy(policy));
  context.out.Say("Read it: only you know what is sensitive and how far values reach (bounds, filter_grid).");
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const PolicySchemaVerb&) {
  context.out.Raw(agreement::PolicyJsonSchema());
  return ExitCode::kOk;
}

}  // namespace cloister::cli
