#include "control/rest/dataset_terms.h"

#include <algorithm>
#include <array>
#include <utility>

#include "agreement/documents.h"
#include "agreement/group_size.h"
#include "agreement/policy_presets.h"
#include "codec/ascii.h"

namespace cloister::control {
namespace {

using agreement::ColumnType;

struct Spelling {
  std::string_view given;
  std::string_view type;
};
// What other databases and data frames call our types.
constexpr std::array kSpellings = std::to_array<Spelling>({{"BOOL", "BOOLEAN"},
                                                           {"INT", "INTEGER"},
                                                           {"INT32", "INTEGER"},
                                                           {"SMALLINT", "INTEGER"},
                                                           {"INT64", "BIGINT"},
                                                           {"LONG", "BIGINT"},
                                                           {"FLOAT", "DOUBLE"},
                                                           {"FLOAT64", "DOUBLE"},
                                                           {"REAL", "DOUBLE"},
                                                           {"NUMBER", "DOUBLE"},
                                                           {"STRING", "VARCHAR"},
                                                           {"TEXT", "VARCHAR"},
                                                           {"STR", "VARCHAR"},
                                                           {"DATETIME", "TIMESTAMP"}});

// "Double", "decimal(10, 2)": in whatever letters, with or without a space behind the comma.
std::string TypeOf(std::string_view given) {
  std::string type;
  char before = 0;
  for (const char c : given) {
    if (c != ' ' || before != ',') type += codec::UpperCase(c);
    before = c;
  }
  for (const Spelling& each : kSpellings) {
    if (each.given == type) return std::string(each.type);
  }
  return type;
}

codec::Json WithOurTypes(const codec::JsonArray& columns) {
  codec::JsonArray out;
  for (const codec::Json& column : columns) {
    codec::Json copy = column;
    codec::Json* type = copy.is_object() ? copy.get_object().if_contains("type") : nullptr;
    if (type != nullptr && type->is_string()) *type = TypeOf(std::string_view(type->get_string()));
    out.push_back(std::move(copy));
  }
  return out;
}

// agreement/policy_presets.h, and `full_access`: the safe one with the level that shows rows.
Result<codec::Json> PresetPolicy(const std::string& preset, const std::optional<std::string>& unit,
                                 const agreement::DatasetSchema& schema) {
  const bool rows = preset == "full_access";
  auto policy = agreement::PresetPolicy(rows ? "aggregates_only" : preset, schema, unit.value_or(""));
  if (!policy) return InvalidArgument("'policy': " + policy.error().public_message);
  if (rows) policy->levels.insert(agreement::Level::kFullAccess);
  return agreement::EncodePolicy(*policy);
}

// "aggregates-only", "Aggregates_Only" and the level's name are one preset.
std::string PresetName(std::string_view text) {
  std::string name;
  for (const char c : text) name += c == '-' || c == ' ' ? '_' : codec::LowerCase(c);
  if (name == "aggregate_only") return "aggregates_only";
  return name == "public" ? "public_table" : name;
}

Result<codec::Json> PolicyMeant(const GivenPolicy& given, const agreement::DatasetSchema& schema) {
  if (given.policy == nullptr || given.policy->is_null()) {
    if (given.privacy_unit) return InvalidArgument("'privacy_unit' is for a preset; name one in 'policy'");
    return codec::Json(
        codec::JsonObject{{"levels", codec::JsonArray()}, {"privacy_unit", nullptr}, {"columns", codec::JsonObject()}});
  }
  if (const auto* text = given.policy->if_string()) {
    return PresetPolicy(PresetName(std::string_view(*text)), given.privacy_unit, schema);
  }
  const auto* object = given.policy->if_object();
  if (object == nullptr || !object->contains("preset")) {
    if (given.privacy_unit) return InvalidArgument("'privacy_unit' belongs into 'policy'");
    return *given.policy;
  }
  codec::ObjectReader in(*given.policy, "policy");
  const std::string preset = in.String("preset");
  const auto unit = in.OptionalString("privacy_unit");
  CLOISTER_TRY(in.Finish());
  return PresetPolicy(PresetName(preset), unit ? unit : given.privacy_unit, schema);
}

}  // namespace

Result<codec::Json> NormaliseSchema(const codec::Json& given) {
  if (const auto* array = given.if_array()) return WithOurTypes(*array);
  const auto* object = given.if_object();
  if (object == nullptr) return InvalidArgument("'schema' must be a list of columns");
  const codec::Json* columns = object->if_contains("columns");
  if (columns != nullptr && columns->is_array() && object->size() == 1) return WithOurTypes(columns->get_array());
  codec::JsonArray list;
  for (const auto& [name, type] : *object) {
    if (!type.is_string()) return InvalidArgument("'schema." + std::string(name) + "' must be the name of a type");
    list.push_back({{"name", name}, {"type", TypeOf(std::string_view(type.get_string()))}});
  }
  return codec::Json(std::move(list));
}

Result<codec::Json> NormalisePolicy(const GivenPolicy& given, const agreement::DatasetSchema& schema) {
  CLOISTER_ASSIGN(codec::Json policy, PolicyMeant(given, schema));
  return agreement::WithGroupSize(std::move(policy), given.group_size);
}

std::string FormatOfPath(std::string_view path) {
  if (path.ends_with(".parquet")) return "parquet";
  if (path.ends_with(".jsonl") || path.ends_with(".ndjson")) return "jsonl";
  return "csv";
}

}  // namespace cloister::control
