#include "agreement/policy_file.h"

#include <algorithm>
#include <array>

#include "agreement/documents.h"
#include "agreement/fields.h"
#include "agreement/policy_presets.h"

namespace cloister::agreement {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::ObjectReader;

constexpr std::size_t kTestNameBytesMax = 200;
constexpr std::size_t kRuleBytesMax = 16;
constexpr std::size_t kPersonBytesMax = 200;

Result<PolicyTest> DecodeTest(const Json& json, const std::string& where) {
  ObjectReader in(json, where);
  PolicyTest test{.name = ReadText(in, "name", {.bytes_max = kTestNameBytesMax}),
                  .query = ReadText(in, "query_text", {.bytes_max = kQueryTextBytesMax, .kind = TextKind::kLines}),
                  .level = std::nullopt,
                  .parameters = {},
                  .rule = in.OptionalString("rule", kRuleBytesMax),
                  .as = in.OptionalString("as", kPersonBytesMax)};
  if (const auto name = in.OptionalString("privacy_level")) {
    const auto level = ParseLevel(*name);
    if (level)
      test.level = *level;
    else
      in.Fail("privacy_level", "is unknown: " + level.error().public_message);
  }
  if (in.Has("parameters")) test.parameters = in.Object("parameters");
  const std::string expect = in.String("expect");
  test.refused = expect == "refused";
  if (!test.refused && expect != "accepted") in.Fail("expect", "must be refused or accepted");
  if (!test.refused && test.rule) in.Fail("rule", "is for queries that must be refused");
  CLOISTER_TRY(in.Finish());
  return test;
}

Result<std::vector<PolicyTest>> DecodeTests(const JsonArray& array, const std::string& where) {
  std::vector<PolicyTest> tests;
  for (std::size_t i = 0; i < array.size(); ++i) {
    CLOISTER_ASSIGN(PolicyTest test, DecodeTest(array[i], where + "[" + std::to_string(i) + "]"));
    tests.push_back(std::move(test));
  }
  return tests;
}

std::string Listed(const std::vector<std::string>& rules) {
  std::string text;
  for (const std::string& rule : rules) text += (text.empty() ? "" : ", ") + rule;
  return text;
}

}  // namespace

Result<DatasetPolicy> DecodePolicyOrPreset(const Json& json, const DatasetSchema& schema, const std::string& where) {
  const auto* object = json.if_object();
  if (object == nullptr || !object->contains("preset")) return DecodePolicy(json, schema, where);
  ObjectReader in(json, where);
  const std::string preset = in.String("preset");
  const std::string unit = in.OptionalString("privacy_unit").value_or("");
  CLOISTER_TRY(in.Finish());
  Result<DatasetPolicy> policy = PresetPolicy(preset, schema, unit);
  if (policy) return policy;
  return InvalidArgument(where + ": " + policy.error().public_message);
}

Result<PolicyFile> DecodePolicyFile(const Json& json, const DatasetSchema& schema, const std::string& where) {
  const auto* object = json.if_object();
  PolicyFile file;
  if (object == nullptr || (!object->contains("policy") && !object->contains("tests"))) {
    CLOISTER_ASSIGN(file.policy, DecodePolicyOrPreset(json, schema, where));
    return file;
  }
  ObjectReader in(json, where);
  const Json& policy = in.Any("policy");
  const JsonArray none;
  const JsonArray& tests = in.Has("tests") ? in.Array("tests", kPolicyTestsMax) : none;
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(file.policy, DecodePolicyOrPreset(policy, schema, where + ".policy"));
  CLOISTER_ASSIGN(file.tests, DecodeTests(tests, where + ".tests"));
  return file;
}

std::string LevelOfTest(const PolicyTest& test, const DatasetPolicy& policy) {
  if (test.level) return std::string(LevelName(*test.level));
  constexpr std::array kOrder = {Level::kAggregateOnly, Level::kDifferentialPrivacy, Level::kKAnonymized,
                                 Level::kFullAccess};
  const auto granted = std::find_if(kOrder.begin(), kOrder.end(), [&](Level l) { return policy.levels.contains(l); });
  return std::string(LevelName(granted == kOrder.end() ? Level::kAggregateOnly : *granted));
}

std::optional<std::string> TestFailure(const PolicyTest& test, const TestVerdict& verdict) {
  if (test.refused && !verdict.refused) return "must be refused, and would be accepted";
  if (!test.refused && verdict.refused) return "must be accepted, and is refused by " + Listed(verdict.rules);
  if (!test.rule) return std::nullopt;
  if (std::find(verdict.rules.begin(), verdict.rules.end(), *test.rule) != verdict.rules.end()) return std::nullopt;
  return "must be refused by " + *test.rule + ", and is refused by " + Listed(verdict.rules);
}

}  // namespace cloister::agreement
