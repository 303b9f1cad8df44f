// Queries on rows of nobody: the request holds schemas, policies and SQL; the answer a verdict and made-up rows.

#include "enclave/try_mode.h"

#include <gtest/gtest.h>

#include "codec/json.h"
#include "engine/statement_parser.h"

namespace cloister::enclave {
namespace {

constexpr std::string_view kDataset = R"j({"dataset":"ds_00000000000000000000000001","name":"visits",
    "organisation":"hospital","owner":"them",
    "manifest":"0000000000000000000000000000000000000000000000000000000000000000",
    "schema":[{"name":"person","type":"BIGINT"},{"name":"ward","type":"VARCHAR"},{"name":"note","type":"VARCHAR"}],
    "policy":{"privacy_unit":"person","min_group_size":25,"columns":{
        "person":{"roles":["join_key"],"domain":"person"},"ward":{"roles":["dimension"]}}}})j";

codec::Json Request(const std::string& sql, std::string_view synthetic) {
  codec::JsonObject request{{"text", sql},
                            {"parameters", codec::JsonObject()},
                            {"level", "aggregate_only"},
                            {"datasets", codec::JsonArray{*codec::ParseJson(kDataset)}},
                            {"analyst", {{"thumbprint", "me"}, {"organisation", "institute"}}},
                            {"cross_owner_joins", false},
                            {"recipients", {{{"thumbprint", "me"}, {"organisation", "institute"}}}}};
  if (!synthetic.empty()) request["synthetic"] = *codec::ParseJson(synthetic);
  return request;
}

Result<codec::Json> Ask(const codec::Json& request) {
  auto parser = engine::DuckDbStatementParser::Open();
  CLOISTER_ASSIGN(auto opened, engine::UnconfinedDatabase::Open());
  CLOISTER_ASSIGN(const auto database, std::move(opened).EnterSandboxedMode({.memory_bytes = 512 << 20}));
  CLOISTER_ASSIGN(const std::string answer, AnswerTry(codec::WriteJson(request), **parser, *database));
  return codec::ParseJson(answer);
}

constexpr const char* kByWard = "SELECT ward, COUNT(DISTINCT person) AS people FROM visits GROUP BY ward";
constexpr std::string_view kOn = R"({"seed":1,"people":300,"thresholds":true})";
constexpr std::string_view kOff = R"({"seed":1,"people":300,"thresholds":false})";

const codec::JsonArray& RowsOf(const codec::Json& answer) {
  return answer.at("synthetic").at("result").at("rows").get_array();
}

TEST(TryMode, ThresholdsHoldUntilTheyAreLeftOut) {
  const auto with_k = Ask(Request(kByWard, kOn));
  ASSERT_TRUE(with_k) << with_k.error().public_message;
  EXPECT_EQ(with_k->at("verdict"), "accepted");
  ASSERT_FALSE(RowsOf(*with_k).empty());
  for (const codec::Json& row : RowsOf(*with_k)) EXPECT_GE(row.at(1).get_int64(), 25);
  const auto without = Ask(Request(kByWard, kOff));
  ASSERT_TRUE(without);
  EXPECT_GT(RowsOf(*without).size(), RowsOf(*with_k).size());
  // The verdict and its digests are the real policies' either way.
  EXPECT_EQ(with_k->at("plan"), without->at("plan"));
}

TEST(TryMode, WhatThePoliciesRefuseIsNeverRun) {
  for (const std::string_view options : {kOn, kOff}) {
    const auto answer = Ask(Request("SELECT note, COUNT(*) FROM visits GROUP BY note", options));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->at("verdict"), "refused");
    EXPECT_FALSE(answer->get_object().contains("synthetic"));
  }
}

TEST(TryMode, TheRequestHasNoPlaceForRows) {
  EXPECT_EQ(Ask(Request(kByWard, R"({"seed":1,"people":300,"thresholds":true,"rows":[[1,"a"]]})"))
                .error()
                .public_message,
            "check.synthetic.rows is not known here");
  EXPECT_EQ(Ask(Request(kByWard, "")).error().public_message, "check.synthetic is missing");
  EXPECT_FALSE(Ask(Request(kByWard, R"({"seed":1,"people":100001,"thresholds":true})")));
  EXPECT_FALSE(Ask(Request(kByWard, R"({"seed":-1,"people":1,"thresholds":true})")));
}

TEST(TryMode, TheSameSeedGivesTheSameAnswer) {
  EXPECT_EQ(*Ask(Request(kByWard, kOn)), *Ask(Request(kByWard, kOn)));
}

}  // namespace
}  // namespace cloister::enclave
