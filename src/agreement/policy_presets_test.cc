#include "agreement/policy_presets.h"

#include <gtest/gtest.h>

namespace cloister::agreement {
namespace {

DatasetSchema Schema() {
  return *DecodeSchema(
      *codec::ParseJson(R"j([{"name":"patient_id","type":"BIGINT"},{"name":"zip","type":"VARCHAR"},
        {"name":"surName","type":"VARCHAR"},{"name":"age","type":"INTEGER"},{"name":"cost","type":"DOUBLE"},
        {"name":"diagnosis","type":"VARCHAR"},{"name":"admitted","type":"DATE"},{"name":"readmitted","type":"BOOLEAN"},
        {"name":"page","type":"INTEGER"},{"name":"Notes2","type":"VARCHAR"}])j"),
      "schema");
}

TEST(PolicyPresets, EachIsAWholePolicyThatReadsBackAsItself) {
  for (const PolicyPreset& preset : PolicyPresets()) {
    const auto policy = PresetPolicy(preset.name, Schema(), preset.name == "public_table" ? "" : "PATIENT_ID");
    ASSERT_TRUE(policy) << preset.name << ": " << policy.error().public_message;
    const auto again = DecodePolicy(EncodePolicy(*policy), Schema(), "policy");
    ASSERT_TRUE(again) << preset.name << ": " << again.error().public_message;
    EXPECT_EQ(*again, *policy) << preset.name;
    EXPECT_EQ(policy->columns.size(), Schema().columns.size()) << "a preset decides about every column";
  }
}

TEST(PolicyPresets, NoneGrantsRowsOfPeopleOrLessThanElevenInAGroup) {
  for (const std::string_view preset : {"aggregates_only", "research_release", "private_statistics"}) {
    const auto policy = PresetPolicy(preset, Schema(), "patient_id");
    ASSERT_TRUE(policy);
    EXPECT_FALSE(policy->levels.contains(Level::kFullAccess)) << preset;
    EXPECT_GE(policy->min_group_size, 11) << preset;
    EXPECT_EQ(policy->privacy_unit, "patient_id");
    EXPECT_EQ(policy->Column("patient_id").domain, "person");
    for (const auto& [name, column] : policy->columns) {
      EXPECT_FALSE(column.quantiles) << name;
      EXPECT_FALSE(column.filter_grid) << name;
      EXPECT_FALSE(column.Is(Role::kPublic)) << name;
    }
  }
}

TEST(PolicyPresets, NamesOfPeopleAndFreeTextAreHidden) {
  const auto policy = PresetPolicy("aggregates_only", Schema(), "patient_id");
  ASSERT_TRUE(policy);
  EXPECT_TRUE(policy->Column("surName").Is(Role::kHidden)) << "surname or not, it holds `name`";
  EXPECT_TRUE(policy->Column("Notes2").Is(Role::kHidden));
  EXPECT_TRUE(policy->Column("zip").Is(Role::kDimension));
  EXPECT_TRUE(policy->Column("cost").Is(Role::kMeasure));
  EXPECT_TRUE(policy->Column("age").Is(Role::kDimension));
  EXPECT_TRUE(policy->Column("page").Is(Role::kMeasure)) << "whole words only";
  EXPECT_EQ(policy->Column("admitted").date_granularity, DateGranularity::kYear);
  EXPECT_EQ(policy->Column("readmitted").bounds, (Bounds{0, 1}));
}

TEST(PolicyPresets, AReleaseDiversifiesWhatIsSensitive) {
  const auto policy = PresetPolicy("research_release", Schema(), "patient_id");
  ASSERT_TRUE(policy);
  EXPECT_TRUE(policy->Column("diagnosis").sensitive);
  EXPECT_EQ(policy->Column("diagnosis").l_diversity, 2);
  EXPECT_FALSE(policy->Column("diagnosis").quasi_identifier);
  EXPECT_TRUE(policy->Column("zip").quasi_identifier);
}

TEST(PolicyPresets, StatisticsHaveABudgetForTenQueries) {
  const auto policy = PresetPolicy("private_statistics", Schema(), "patient_id");
  ASSERT_TRUE(policy);
  EXPECT_EQ(policy->levels, std::set<Level>{Level::kDifferentialPrivacy});
  EXPECT_EQ(policy->budget.epsilon_budget / policy->budget.epsilon_per_query, 10);
  EXPECT_NEAR(policy->budget.delta_budget / policy->budget.delta_per_query, 10, 1e-9);
}

TEST(PolicyPresets, RefusalsNameTheMend) {
  const auto problem = [](std::string_view preset, std::string_view unit) {
    const auto policy = PresetPolicy(preset, Schema(), unit);
    return policy ? "made" : policy.error().public_message;
  };
  EXPECT_EQ(problem("open", "patient_id"),
            "the presets are aggregates_only, research_release, private_statistics, public_table");
  EXPECT_EQ(problem("aggregates_only", "who").substr(0, 34), "the preset needs a privacy unit: t");
  EXPECT_EQ(problem("aggregates_only", "").substr(0, 34), "the preset needs a privacy unit: t");
  EXPECT_EQ(problem("aggregates_only", "cost"), "cost is a DOUBLE and cannot identify people");
  EXPECT_EQ(problem("public_table", "zip"), "public_table protects nobody; leave the privacy unit out");
}

}  // namespace
}  // namespace cloister::agreement
