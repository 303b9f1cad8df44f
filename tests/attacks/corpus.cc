#include "corpus.h"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace cloister::attacks {
namespace {

constexpr std::array<std::string_view, 26> kCheckTypes = {"absent",
                                                          "rows_eq",
                                                          "no_value",
                                                          "not_derivable",
                                                          "same_as_suppressed",
                                                          "no_error",
                                                          "k_at_least",
                                                          "l_at_least",
                                                          "absent_with_probability",
                                                          "charge_at_least",
                                                          "charges_datasets",
                                                          "repeat_equal_or_charged",
                                                          "repeat_equal_or_budget_exhausted",
                                                          "contribution_bounded",
                                                          "noise_scale_at_least",
                                                          "noise_scale_at_least_units_rows",
                                                          "mechanism",
                                                          "finite_within",
                                                          "having_on_noisy",
                                                          "count_distinct_only_released",
                                                          "units_counted_from",
                                                          "null_group_not_remainder",
                                                          "rounded_to_granularity",
                                                          "canonical_order",
                                                          "deterministic_sum",
                                                          "latency_bucket"};

Result<std::string> ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return NotFound("cannot read " + path.string());
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string Text(const codec::JsonObject& object, std::string_view name) {
  const codec::Json* member = object.if_contains(name);
  return member != nullptr && member->is_string() ? std::string(member->get_string()) : "";
}

// P0 keeps type and roles of a column together, and the owner beside the policy.
// Its budget for differential privacy stands once for all of them.
codec::JsonObject Budget(const codec::JsonObject& defaults) {
  codec::JsonObject budget;
  for (const char* member : {"epsilon_per_query", "delta_per_query", "epsilon_budget", "delta_budget",
                             "max_groups_contributed", "max_rows_per_unit"}) {
    budget[member] = defaults.at(member);
  }
  return budget;
}

Result<sql::CompileDataset> ReadDataset(const std::string& name, const codec::JsonObject& given,
                                        const codec::JsonObject& dp_defaults) {
  sql::CompileDataset dataset;
  dataset.name = name;
  dataset.id = "ds_" + name;
  dataset.organisation = Text(given, "owner");
  codec::JsonArray schema;
  codec::JsonObject columns;
  for (const auto& member : given.at("columns").as_object()) {
    codec::JsonObject column = member.value().as_object();
    schema.push_back(codec::JsonObject{{"name", member.key()}, {"type", column.at("type")}});
    column.erase("type");
    columns[member.key()] = std::move(column);
  }
  codec::JsonObject policy = given;
  policy.erase("owner");
  policy["columns"] = std::move(columns);
  if (!policy.contains("differential_privacy")) policy["differential_privacy"] = Budget(dp_defaults);
  CLOISTER_ASSIGN(dataset.schema, agreement::DecodeSchema(schema, name + ".schema"));
  CLOISTER_ASSIGN(dataset.policy, agreement::DecodePolicy(policy, dataset.schema, name));
  return dataset;
}

Result<Case> ReadCase(const codec::JsonObject& given) {
  Case one;
  one.id = Text(given, "id");
  one.class_name = Text(given, "class");
  one.level = Text(given, "level");
  one.sql = Text(given, "sql");
  one.why = Text(given, "why");
  const std::string expect = Text(given, "expect");
  if (expect != "reject" && expect != "allow" && expect != "allow_with_transformation") {
    return InvalidArgument(one.id + ": unknown expect " + expect);
  }
  one.reject = expect == "reject";
  one.runtime = given.contains("runtime") && given.at("runtime") == true;
  if (const auto* repeat = given.if_contains("repeat"); repeat != nullptr && repeat->is_int64())
    one.repeat = static_cast<int>(repeat->get_int64());
  if (const auto* sequence = given.if_contains("sequence"); sequence != nullptr) {
    for (const auto& text : sequence->as_array()) one.sequence.emplace_back(text.as_string());
  }
  if (const auto* checks = given.if_contains("check"); checks != nullptr) {
    for (const auto& check : checks->as_array()) {
      const codec::JsonObject& body = check.as_object();
      const std::string type = Text(body, "type");
      if (type.empty() || std::find(kCheckTypes.begin(), kCheckTypes.end(), type) == kCheckTypes.end()) {
        return InvalidArgument(one.id + ": unknown check " + type);
      }
      one.checks.push_back({type, body});
    }
  }
  return one;
}

}  // namespace

const sql::CompileDataset* FindDataset(const Corpus& corpus, std::string_view name) {
  for (const auto& dataset : corpus.datasets) {
    if (dataset.name == name || dataset.id == name) return &dataset;
  }
  return nullptr;
}

Result<Corpus> ReadCorpus(const std::string& folder) {
  Corpus corpus;
  CLOISTER_ASSIGN(corpus.schema_sql, ReadFile(std::filesystem::path(folder) / "schema.sql"));
  CLOISTER_ASSIGN(const std::string policies, ReadFile(std::filesystem::path(folder) / "policies.json"));
  CLOISTER_ASSIGN(const codec::Json set, codec::ParseJson(policies));
  corpus.analyst_organisation = Text(set.as_object().at("analyst").as_object(), "org");
  const codec::JsonObject& dp_defaults = set.as_object().at("dp_defaults").as_object();
  for (const auto& member : set.as_object().at("datasets").as_object()) {
    CLOISTER_ASSIGN(auto dataset, ReadDataset(std::string(member.key()), member.value().as_object(), dp_defaults));
    corpus.datasets.push_back(std::move(dataset));
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    CLOISTER_ASSIGN(const std::string text, ReadFile(file));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.empty()) continue;
      // Not our strict reader: cases hold numbers such as 1e+17 that no document of ours may.
      boost::system::error_code error;
      const codec::Json json = boost::json::parse(line, error);
      if (error || !json.is_object()) return InvalidArgument(file.string() + ": a line is not a JSON object");
      CLOISTER_ASSIGN(auto one, ReadCase(json.get_object()));
      corpus.cases.push_back(std::move(one));
    }
  }
  return corpus;
}

}  // namespace cloister::attacks
