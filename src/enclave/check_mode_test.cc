// What the compile-only process says before anything is submitted.
#include "enclave/check_mode.h"

#include <gtest/gtest.h>

#include "codec/json.h"
#include "engine/statement_parser.h"

namespace cloister::enclave {
namespace {

constexpr std::string_view kDataset = R"j({"dataset":"ds_00000000000000000000000001","name":"visits",
    "organisation":"hospital","owner":"them",
    "manifest":"0000000000000000000000000000000000000000000000000000000000000000",
    "schema":[{"name":"person","type":"BIGINT"},{"name":"ward","type":"VARCHAR"},{"name":"day","type":"VARCHAR"}],
    "policy":{"levels":["k_anonymized"],"privacy_unit":"person","min_group_size":25,"columns":{
        "person":{"roles":["join_key"],"domain":"person"},
        "ward":{"roles":["dimension"],"quasi_identifier":true,"hierarchy":["value","*"]},
        "day":{"roles":["dimension"],"quasi_identifier":true,"hierarchy":["value","*"]}}}})j";

Result<codec::Json> Check(const std::string& sql, const std::string& released) {
  codec::Json dataset = *codec::ParseJson(kDataset);
  if (!released.empty()) {
    dataset.as_object()["released"] = codec::JsonObject{{"text", released}, {"parameters", codec::JsonObject()}};
  }
  const codec::JsonObject request{{"text", sql},
                                  {"parameters", codec::JsonObject()},
                                  {"level", "k_anonymized"},
                                  {"datasets", codec::JsonArray{dataset}},
                                  {"analyst", {{"thumbprint", "me"}, {"organisation", "institute"}}},
                                  {"cross_owner_joins", false},
                                  {"recipients", {{{"thumbprint", "me"}, {"organisation", "institute"}}}}};
  auto parser = engine::DuckDbStatementParser::Open();
  CLOISTER_ASSIGN(const std::string answer, AnswerCheck(codec::WriteJson(codec::Json(request)), **parser));
  return codec::ParseJson(answer);
}

TEST(CheckMode, KnowsWhatWasReleasedOfThisVersion) {
  const std::string both = "SELECT ward, day FROM visits", one = "SELECT ward FROM visits";
  EXPECT_EQ(Check(both, "")->at("verdict"), "accepted");
  EXPECT_EQ(Check(one, both)->at("verdict"), "accepted");
  const codec::Json refused = *Check(both, one);
  EXPECT_EQ(refused.at("verdict"), "refused");
  EXPECT_EQ(refused.at_pointer("/findings/0/rule"), "R26");
  // What cannot be told any more pins everything.
  EXPECT_EQ(Check(one, "SELECT gone FROM visits")->at("verdict"), "refused");
}

TEST(CheckMode, ReadsStrictly) {
  EXPECT_EQ(AnswerCheck(R"({"text":"SELECT 1"})", **engine::DuckDbStatementParser::Open()).error().code,
            Code::kInvalidArgument);
}

}  // namespace
}  // namespace cloister::enclave
