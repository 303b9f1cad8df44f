#include "agreement/policy.h"

#include <gtest/gtest.h>

namespace cloister::agreement {
namespace {

DatasetSchema Schema() {
  auto json = codec::ParseJson(R"j([{"name":"patient_id","type":"BIGINT"},{"name":"zip","type":"VARCHAR"},
      {"name":"cost","type":"DOUBLE"},{"name":"day","type":"DATE"},{"name":"price","type":"DECIMAL(18,3)"}])j");
  return *DecodeSchema(*json, "schema");
}

Result<DatasetPolicy> Decode(std::string_view text) {
  return DecodePolicy(*codec::ParseJson(text), Schema(), "policy");
}

std::string Problem(std::string_view text) {
  const auto policy = Decode(text);
  return policy ? "accepted" : policy.error().public_message;
}

TEST(Policy, AbsentMembersAreTheSafeValues) {
  const auto policy =
      Decode(R"j({"privacy_unit":"patient_id","columns":{"patient_id":{"roles":["join_key"],"domain":"person"}}})j");
  ASSERT_TRUE(policy);
  EXPECT_EQ(policy->levels, std::set<Level>{Level::kAggregateOnly});
  EXPECT_EQ(policy->min_group_size, 25);
  EXPECT_TRUE(policy->Column("zip").Is(Role::kHidden));
  EXPECT_EQ(policy->budget.epsilon_budget, 0);
  EXPECT_FALSE(policy->may_query.has_value());
  EXPECT_EQ(policy->suppression_limit, 0.05);
}

TEST(Policy, AColumnThatMustBeDiverseHasTwoValuesAtLeast) {
  EXPECT_EQ(ColumnPolicy{}.DistinctValues(), 1);
  EXPECT_EQ(ColumnPolicy{.sensitive = true}.DistinctValues(), 2);
  EXPECT_EQ(ColumnPolicy{.t_closeness = 0.2}.DistinctValues(), 2);
  EXPECT_EQ((ColumnPolicy{.sensitive = true, .l_diversity = 4}).DistinctValues(), 4);
}

TEST(Policy, WhatIsWrittenReadsBackAsItself) {
  const auto policy = Decode(R"j({"levels":["aggregate_only","differential_privacy"],
      "privacy_unit":"patient_id","min_group_size":10,
      "columns":{"patient_id":{"roles":["join_key"],"domain":"person"},
                 "zip":{"roles":["dimension"],"quasi_identifier":true,"generalise":["left(zip,4)",5,"*"],
                        "public_values":["00142","00143"]},
                 "cost":{"roles":["measure"],"bounds":[0,100000],"filter_grid":1000,"granularity":0.01,
                         "quantiles":true},
                 "day":{"roles":["dimension"],"date_granularity":"month","sensitive":true,"l_diversity":3,
                        "entropy_l_diversity":2.5,"t_closeness":0.25}},
      "k_anonymized":{"suppression_limit":0.01},
      "differential_privacy":{"epsilon_budget":3,"delta_budget":1e-6,"accounting":"zcdp"},
      "limits":{"runs":3,"not_after":"2027-01-15T08:00:00Z"},"may_receive":["abc"],"owner_approval":"each_query"})j");
  ASSERT_TRUE(policy) << policy.error().public_message;
  const auto again = DecodePolicy(EncodePolicy(*policy), Schema(), "policy");
  ASSERT_TRUE(again) << again.error().public_message;
  EXPECT_EQ(*again, *policy);
  EXPECT_EQ(again->budget.accounting, BudgetAccounting::kZcdp);
  EXPECT_EQ(again->suppression_limit, 0.01);
  EXPECT_EQ(again->Column("day").entropy_l_diversity, 2.5);
  EXPECT_EQ(codec::CanonicalJson(EncodePolicy(*again)), codec::CanonicalJson(EncodePolicy(*policy)));
}

TEST(Policy, RefusalsNameTheMember) {
  EXPECT_EQ(Problem(R"j({"privacy_unit":"patient_id","k":3})j"), "policy.k is not known here");
  EXPECT_EQ(Problem(R"j({})j"), "policy.privacy_unit is missing");
  EXPECT_EQ(Problem(R"j({"privacy_unit":"zip","columns":{"zip":{"roles":["dimension"]}}})j"),
            "policy.privacy_unit must be a column with the role join_key");
  EXPECT_EQ(Problem(R"j({"privacy_unit":null,"columns":{"zip":{"roles":["dimension"]}}})j"),
            "policy.columns.zip must be public or hidden where privacy_unit is null");
  EXPECT_EQ(Problem(R"j({"privacy_unit":null,"columns":{"Zip":{"roles":["public"]}}})j"),
            "policy.columns.Zip is not a column of the schema");
  EXPECT_EQ(Problem(R"j({"privacy_unit":null,"columns":{"zip":{"roles":["public","measure"]}}})j"),
            "policy.columns.zip.roles must hold hidden, public or join_key alone");
  EXPECT_EQ(Problem(R"j({"privacy_unit":null,"columns":{"zip":{"roles":["public"],"filter_grid":0}}})j"),
            "policy.columns.zip.filter_grid must be above 0");
  EXPECT_EQ(Problem(R"j({"privacy_unit":null,"levels":["none"]})j"), "policy.levels holds an unknown level, none");
  EXPECT_EQ(Problem(R"j({"privacy_unit":null,"differential_privacy":{"accounting":"pld"}})j"),
            "policy.differential_privacy.accounting must be sums or zcdp");
  EXPECT_EQ(Problem(R"j({"privacy_unit":null,"owner_approval":"none"})j"),
            "policy.owner_approval must be each_query in this version");
}

TEST(Schema, AcceptsOneSpellingOfEachType) {
  EXPECT_TRUE(ColumnType::Parse("DECIMAL(18,3)"));
  for (const char* wrong :
       {"decimal(18,3)", "DECIMAL(18, 3)", "DECIMAL(39,3)", "DECIMAL(3,4)", "DECIMAL", "BLOB", "INT", ""}) {
    EXPECT_FALSE(ColumnType::Parse(wrong)) << wrong;
  }
  EXPECT_EQ(EncodeSchema(Schema()), EncodeSchema(*DecodeSchema(EncodeSchema(Schema()), "schema")));
}

TEST(Schema, NamesAreUniqueWithoutRegardToCase) {
  const auto json = codec::ParseJson(R"j([{"name":"a","type":"DATE"},{"name":"A","type":"DATE"}])j");
  EXPECT_EQ(DecodeSchema(*json, "schema").error().public_message, "schema[1].name repeats A");
}

}  // namespace
}  // namespace cloister::agreement
