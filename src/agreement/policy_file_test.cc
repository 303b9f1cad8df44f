#include "agreement/policy_file.h"

#include <gtest/gtest.h>

namespace cloister::agreement {
namespace {

DatasetSchema Schema() {
  return *DecodeSchema(*codec::ParseJson(R"j([{"name":"person","type":"BIGINT"},{"name":"ward","type":"VARCHAR"}])j"),
                       "schema");
}

Result<PolicyFile> Decode(std::string_view text) {
  return DecodePolicyFile(*codec::ParseJson(text), Schema(), "file");
}

std::string Problem(std::string_view text) {
  const auto file = Decode(text);
  return file ? "accepted" : file.error().public_message;
}

TEST(PolicyFile, IsAPolicyAPresetOrEitherWithTests) {
  const std::string plain = R"({"privacy_unit":"person","columns":{"person":{"roles":["join_key"]}}})";
  ASSERT_TRUE(Decode(plain));
  EXPECT_TRUE(Decode(plain)->tests.empty());
  const auto preset = Decode(R"({"preset":"aggregates_only","privacy_unit":"person"})");
  ASSERT_TRUE(preset);
  EXPECT_TRUE(preset->policy.Column("ward").Is(Role::kDimension));
  const auto both = Decode(R"j({"policy":{"preset":"aggregates_only","privacy_unit":"person"},
      "tests":[{"name":"rows","query_text":"SELECT ward FROM visits","expect":"refused","rule":"R05"},
               {"name":"counts","query_text":"SELECT COUNT(*) FROM visits","expect":"accepted",
                "as":"ana@example.org"}]})j");
  ASSERT_TRUE(both) << both.error().public_message;
  EXPECT_EQ(both->policy, preset->policy);
  ASSERT_EQ(both->tests.size(), 2u);
  EXPECT_TRUE(both->tests[0].refused);
  EXPECT_EQ(both->tests[1].as, "ana@example.org");
  EXPECT_EQ(LevelOfTest(both->tests[0], both->policy), "aggregate_only");
}

TEST(PolicyFile, RefusalsNameTheMember) {
  EXPECT_EQ(Problem(R"({"tests":[]})"), "file.policy is missing");
  EXPECT_EQ(Problem(R"({"policy":{"preset":"x"}})").substr(0, 30), "file.policy: the presets are a");
  EXPECT_EQ(Problem(R"({"preset":"aggregates_only","privacy_unit":"person","k":3})"), "file.k is not known here");
  const std::string head = R"({"policy":{"preset":"aggregates_only","privacy_unit":"person"},"tests":[)";
  EXPECT_EQ(Problem(head + R"({"name":"a","query_text":"SELECT 1","expect":"maybe"}]})"),
            "file.tests[0].expect must be refused or accepted");
  EXPECT_EQ(Problem(head + R"({"name":"a","query_text":"SELECT 1","expect":"accepted","rule":"R05"}]})"),
            "file.tests[0].rule is for queries that must be refused");
  EXPECT_EQ(Problem(head + R"({"name":"a","query_text":"SELECT 1","expect":"refused","privacy_level":"none"}]})")
                .substr(0, 34),
            "file.tests[0].privacy_level is unk");
}

TEST(PolicyTest, SaysWhatWasExpectedAndWhatCame) {
  const PolicyTest refusal{.name = "rows", .query = "SELECT 1", .parameters = {}, .refused = true, .rule = "R05"};
  EXPECT_EQ(TestFailure(refusal, {.refused = true, .rules = {"R04", "R05"}}), std::nullopt);
  EXPECT_EQ(TestFailure(refusal, {.refused = true, .rules = {"R04"}}), "must be refused by R05, and is refused by R04");
  EXPECT_EQ(TestFailure(refusal, {.refused = false, .rules = {}}), "must be refused, and would be accepted");
  const PolicyTest acceptance{.name = "counts", .query = "SELECT 1", .parameters = {}, .refused = false};
  EXPECT_EQ(TestFailure(acceptance, {.refused = false, .rules = {}}), std::nullopt);
  EXPECT_EQ(TestFailure(acceptance, {.refused = true, .rules = {"R27"}}), "must be accepted, and is refused by R27");
}

}  // namespace
}  // namespace cloister::agreement
