// The schema that editors use and the decoder that decides say the same about each of these documents.

#include "agreement/policy_json_schema.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "agreement/json_schema_for_test.h"
#include "agreement/policy_file.h"
#include "agreement/policy_presets.h"

namespace cloister::agreement {
namespace {

DatasetSchema Schema() {
  return *DecodeSchema(
      *codec::ParseJson(R"j([{"name":"id","type":"BIGINT"},{"name":"zip","type":"VARCHAR"},
        {"name":"cost","type":"DOUBLE"},{"name":"day","type":"DATE"},{"name":"flag","type":"BOOLEAN"}])j"),
      "schema");
}

const for_test::JsonSchema& TheSchema() {
  static const for_test::JsonSchema kSchema(*codec::ParseJson(PolicyJsonSchema()));
  return kSchema;
}

std::string WithColumn(const std::string& column) {
  return R"({"privacy_unit":"id","columns":{"id":{"roles":["join_key"]},)" + column + "}}";
}
std::string WithMember(const std::string& member) {
  return R"({"privacy_unit":"id","columns":{"id":{"roles":["join_key"]}},)" + member + "}";
}
std::string WithRange(const std::string& range) {
  return WithMember(R"("limits":{"templates":[{"name":"t","text":"SELECT $x","parameters":{"x":)" + range + "}}]}");
}
std::string WithTest(const std::string& test) {
  return R"({"policy":{"preset":"aggregates_only","privacy_unit":"id"},"tests":[)" + test + "]}";
}

std::vector<std::string> Good() {
  return {
      R"({"privacy_unit":null})",
      R"({"privacy_unit":null,"levels":[],"columns":{"zip":{"roles":["public"]}}})",
      WithColumn(R"j("zip":{"roles":["dimension"],"quasi_identifier":true,"generalise":["left(zip,4)","*"]})j"),
      WithColumn(R"("cost":{"roles":["measure","dimension"],"bounds":[0,1e5],"filter_grid":0.5,"granularity":0.01})"),
      WithColumn(R"("cost":{"roles":["measure"],"bounds":null,"quantiles":true,"kanon_band":50})"),
      WithColumn(R"("day":{"roles":["dimension"],"date_granularity":"quarter"})"),
      WithColumn(R"("zip":{"roles":["dimension"],"sensitive":true,"l_diversity":3,"hierarchy":[1,2.5,"*"]})"),
      WithColumn(R"("zip":{"roles":["dimension"],"entropy_l_diversity":1.5,"t_closeness":0})"),
      WithColumn(R"("zip":{"roles":["dimension"],"public_values":["00142",""]})"),
      WithColumn(R"("flag":{"roles":["dimension"],"public_values":[true,false]})"),
      WithMember(R"("k_anonymized":{})"),
      WithMember(R"("k_anonymized":{"suppression_limit":1})"),
      WithMember(R"("levels":["full_access","k_anonymized","aggregate_only","differential_privacy"])"),
      WithMember(R"("min_group_size":1000000)"),
      WithMember(R"("may_query":[],"may_receive":["abc"],"owner_approval":"each_query")"),
      WithMember(R"("differential_privacy":{"accounting":"zcdp"})"),
      WithMember(R"("differential_privacy":{"epsilon_budget":1,"delta_budget":0.5,"epsilon_per_query":0,
                    "delta_per_query":1,"max_groups_contributed":1,"max_rows_per_unit":1000000,
                    "accounting":"zcdp"})"),
      WithMember(R"("differential_privacy":{"accounting":"sums"})"),
      WithMember(R"("limits":{"runs":0,"not_before":"2026-01-01T00:00:00Z","not_after":"2027-01-01T00:00:00Z"})"),
      WithMember(R"("limits":{"templates_only":true,"templates":[]})"),
      WithRange(R"({"min":0,"max":1.5,"step":0.5})"),
      WithRange(R"({"earliest":"2020-01-01","latest":"2020-01-01"})"),
      WithRange(R"({"values":["a",1,true]})"),
      R"({"preset":"public_table"})",
      R"({"policy":{"privacy_unit":null}})",
      WithTest(R"({"name":"a","query_text":"SELECT 1","expect":"refused","rule":"R05","privacy_level":"full_access",
                   "parameters":{"x":1},"as":"ana@example.org"})"),
  };
}

std::vector<std::string> Bad() {
  return {
      "[]", "null", "{}", R"({"privacy_unit":3})", R"({"privacy_unit":null,"k":3})",
      R"({"privacy_unit":null,"levels":"aggregate_only"})", R"({"privacy_unit":null,"levels":["none"]})",
      R"({"privacy_unit":null,"columns":[]})", R"({"privacy_unit":null,"columns":{"zip":{}}})",
      WithColumn(R"("zip":{"roles":[]})"), WithColumn(R"("zip":{"roles":["hidden","dimension"]})"),
      WithColumn(R"("zip":{"roles":["secret"]})"), WithColumn(R"("cost":{"roles":["measure"],"bounds":[1]})"),
      WithColumn(R"("cost":{"roles":["measure"],"bounds":[1,"2"]})"),
      WithColumn(R"("cost":{"roles":["measure"],"filter_grid":0})"),
      WithColumn(R"("cost":{"roles":["measure"],"granularity":-1})"),
      WithColumn(R"("cost":{"roles":["measure"],"quantiles":"yes"})"),
      WithColumn(R"("day":{"roles":["dimension"],"date_granularity":"hour"})"),
      WithColumn(R"("zip":{"roles":["dimension"],"generalise":[0]})"),
      WithColumn(R"("zip":{"roles":["dimension"],"l_diversity":0})"),
      WithColumn(R"("zip":{"roles":["dimension"],"entropy_l_diversity":0.5})"),
      WithColumn(R"("zip":{"roles":["dimension"],"public_values":[]})"),
      WithColumn(R"("zip":{"roles":["dimension"],"public_values":[null]})"),
      WithColumn(R"("zip":{"roles":["dimension"],"public_values":"00142"})"),
      WithColumn(R"("zip":{"roles":["dimension"],"t_closeness":1.5})"),
      WithColumn(R"("zip":{"roles":["dimension"],"t_closeness":"0.5"})"),
      WithMember(R"("k_anonymized":{"suppression_limit":-0.1})"),
      WithMember(R"("k_anonymized":{"suppression":0.1})"),
      WithColumn(R"("zip":{"roles":["dimension"],"colour":"red"})"),
      WithMember(R"("min_group_size":-1)"), WithMember(R"("min_group_size":1000001)"),
      WithMember(R"("min_group_size":"25")"), WithMember(R"("may_query":null)"), WithMember(R"("may_query":[1])"),
      WithMember(R"("owner_approval":"none")"), WithMember(R"("differential_privacy":{"epsilon":1})"),
      WithMember(R"("differential_privacy":{"delta_budget":2})"),
      WithMember(R"("differential_privacy":{"accounting":"pld"})"),
      WithMember(R"("differential_privacy":{"max_rows_per_unit":0})"), WithMember(R"("limits":{"runs":-1})"),
      WithMember(R"("limits":{"runs":1.5})"), WithMember(R"("limits":{"not_before":"tomorrow"})"),
      WithMember(R"("limits":{"templates_only":1})"), WithMember(R"("limits":{"templates":[{"name":"a"}]})"),
      WithMember(R"("limits":{"templates":[{"name":"","text":"SELECT 1"}]})"),
      WithRange("{}"), WithRange(R"({"min":0})"), WithRange(R"({"min":0,"max":1,"step":0})"),
      WithRange(R"({"values":[]})"), WithRange(R"({"values":[null]})"), WithRange(R"({"values":[1],"min":0,"max":1})"),
      WithRange(R"({"earliest":"2020-01-01"})"), WithRange(R"({"earliest":"soon","latest":"later"})"),
      R"({"preset":"open","privacy_unit":"id"})", R"({"preset":"aggregates_only","privacy_unit":"id","k":1})",
      R"({"tests":[]})", R"({"policy":{"privacy_unit":null},"more":1})",
      WithTest(R"({"name":"a","query_text":"SELECT 1"})"),
      WithTest(R"({"name":"a","query_text":"","expect":"refused"})"),
      WithTest(R"({"name":"a","query_text":"SELECT 1","expect":"maybe"})"),
      WithTest(R"({"name":"a","query_text":"SELECT 1","expect":"refused","privacy_level":"none"})"),
  };
}

TEST(PolicyJsonSchema, AgreesWithTheDecoder) {
  for (const std::string& text : Good()) {
    const auto json = codec::ParseJson(text);
    ASSERT_TRUE(json) << text;
    const auto file = DecodePolicyFile(*json, Schema(), "policy");
    EXPECT_TRUE(file) << text << ": " << (file ? "" : file.error().public_message);
    EXPECT_TRUE(TheSchema().Accepts(*json)) << text;
  }
  for (const std::string& text : Bad()) {
    const auto json = codec::ParseJson(text);
    ASSERT_TRUE(json) << text;
    EXPECT_FALSE(DecodePolicyFile(*json, Schema(), "policy")) << text;
    EXPECT_FALSE(TheSchema().Accepts(*json)) << text;
  }
}

// What only the dataset's own schema, or two members together, can tell.
TEST(PolicyJsonSchema, LeavesToTheDecoderWhatItCannotSay) {
  for (const std::string& text :
       {std::string(R"({"privacy_unit":"nobody"})"), WithColumn(R"("colour":{"roles":["dimension"]})"),
        WithColumn(R"("zip":{"roles":["measure"]})"),
        WithColumn(R"("zip":{"roles":["dimension"],"public_values":[1]})"),
        WithColumn(R"("zip":{"roles":["dimension"],"public_values":["a","a"]})"),
        WithColumn(R"("zip":{"roles":["hidden"],"public_values":["a"]})"),
        WithColumn(R"("day":{"roles":["dimension"],"public_values":["2026-01-01"]})"),
        WithColumn(R"("cost":{"roles":["measure"],"bounds":[2,1]})"),
        WithRange(R"({"min":2,"max":1})"), std::string(R"({"preset":"aggregates_only"})"),
        WithTest(R"({"name":"a","query_text":"SELECT 1","expect":"accepted","rule":"R05"})")}) {
    EXPECT_FALSE(DecodePolicyFile(*codec::ParseJson(text), Schema(), "policy")) << text;
    EXPECT_TRUE(TheSchema().Accepts(*codec::ParseJson(text))) << text;
  }
}

TEST(PolicyJsonSchema, AcceptsWhatWeWrite) {
  for (const PolicyPreset& preset : PolicyPresets()) {
    const auto policy = PresetPolicy(preset.name, Schema(), preset.name == "public_table" ? "" : "id");
    ASSERT_TRUE(policy);
    EXPECT_TRUE(TheSchema().Accepts(EncodePolicy(*policy))) << preset.name;
  }
}

TEST(PolicyJsonSchema, IsTheFileOfTheApi) {
  std::ifstream file(CLOISTER_SOURCE_DIR "/api/policy.schema.json", std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), PolicyJsonSchema());
}

}  // namespace
}  // namespace cloister::agreement
