#include "cli/policy_terms.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "agreement/group_size.h"
#include "agreement/policy_presets.h"
#include "cli/durable_file.h"
#include "cli/schema_guess.h"

namespace cloister::cli {
namespace {

bool IsPreset(const std::string& text) {
  return std::ranges::any_of(agreement::PolicyPresets(), [&](const auto& preset) { return preset.name == text; });
}

}  // namespace

Result<codec::Json> ReadJsonFile(Context& context, const std::string& path) {
  std::string text;
  if (path == "-") {
    text.assign(std::istreambuf_iterator<char>(context.input), {});
  } else {
    CLOISTER_ASSIGN(text, ReadFile(path, agreement::kPolicyFileBytesMax));
  }
  Result<codec::Json> json = codec::ParseJson(text);
  if (json) return json;
  return InvalidArgument(path + ": " + json.error().public_message);
}

Result<agreement::DatasetSchema> ReadSchemaFile(Context& context, const std::string& path) {
  if (path.ends_with(".csv")) return GuessCsvSchema(path);
  CLOISTER_ASSIGN(const codec::Json json, ReadJsonFile(context, path));
  return agreement::DecodeSchema(json, path);
}

namespace {

// A policy, alone or beside its tests, states its group size; a preset has one of its own.
codec::Json Completed(codec::Json file, std::int64_t group_size) {
  auto* object = file.if_object();
  if (object == nullptr) return file;
  if (auto* policy = object->if_contains("policy")) {
    *policy = Completed(std::move(*policy), group_size);
  } else if (!object->contains("preset") && !object->contains("tests")) {
    return agreement::WithGroupSize(std::move(file), group_size);
  }
  return file;
}

}  // namespace

Result<agreement::PolicyFile> ReadPolicyTerms(Context& context, const PolicyTerms& terms,
                                              const agreement::DatasetSchema& schema) {
  std::error_code error;
  if (IsPreset(terms.policy) && !std::filesystem::exists(terms.policy, error)) {
    if (terms.unit.empty() && terms.policy != "public_table") {
      return InvalidArgument("the preset " + terms.policy + " needs --unit COLUMN: the column that says whom a row is "
                             "about");
    }
    agreement::PolicyFile file;
    CLOISTER_ASSIGN(file.policy, agreement::PresetPolicy(terms.policy, schema, terms.unit));
    return file;
  }
  if (!terms.unit.empty()) {
    return InvalidArgument("--unit goes with a preset (cloister policy preset lists them); a policy file says it as "
                           "privacy_unit");
  }
  CLOISTER_ASSIGN(codec::Json json, ReadJsonFile(context, terms.policy));
  json = Completed(std::move(json), terms.group_size);
  return agreement::DecodePolicyFile(json, schema, terms.policy);
}

}  // namespace cloister::cli
