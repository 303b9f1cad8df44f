#include "agreement/policy_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agreement/policy_presets.h"

namespace cloister::agreement {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

DatasetSchema Schema() {
  return *DecodeSchema(*codec::ParseJson(R"j([{"name":"person","type":"BIGINT"},{"name":"zip","type":"VARCHAR"},
      {"name":"cost","type":"DOUBLE"},{"name":"day","type":"DATE"}])j"),
                       "schema");
}

constexpr std::string_view kPolicy = R"j({"levels":["aggregate_only"],"privacy_unit":"person","min_group_size":25,
  "columns":{"person":{"roles":["join_key"],"domain":"person"},"zip":{"roles":["dimension"],"quasi_identifier":true},
             "cost":{"roles":["measure"],"bounds":[0,100],"filter_grid":10},
             "day":{"roles":["dimension"],"date_granularity":"month"}},
  "limits":{"runs":50}})j";

// What changes when `change` is merged over the policy above (RFC 7396 in small: objects merge, null removes).
void Merge(codec::Json& into, const codec::Json& change) {
  if (!change.is_object() || !into.is_object()) {
    into = change;
    return;
  }
  for (const auto& member : change.get_object()) {
    if (member.value().is_null())
      into.get_object().erase(member.key());
    else
      Merge(into.get_object()[member.key()], member.value());
  }
}

std::vector<std::string> Diff(std::string_view change) {
  codec::Json to = *codec::ParseJson(kPolicy);
  Merge(to, *codec::ParseJson(change));
  const auto before = DecodePolicy(*codec::ParseJson(kPolicy), Schema(), "from");
  const auto after = DecodePolicy(to, Schema(), "to");
  EXPECT_TRUE(after) << (after ? "" : after.error().public_message);
  std::vector<std::string> lines;
  for (const PolicyChange& each : DiffPolicy(*before, *after)) {
    lines.push_back(std::string(PolicyChangeKindName(each.kind)) + " " + each.words);
  }
  return lines;
}

TEST(PolicyDiff, EqualPoliciesHaveNone) {
  EXPECT_THAT(Diff("{}"), IsEmpty());
}

TEST(PolicyDiff, ThresholdsLevelsAndRuns) {
  EXPECT_THAT(Diff(R"({"min_group_size":10})"), ElementsAre("looser groups need 10 people, not 25"));
  EXPECT_THAT(Diff(R"({"min_group_size":30})"), ElementsAre("stricter groups need 30 people, not 25"));
  EXPECT_THAT(Diff(R"({"levels":["aggregate_only","full_access"]})"),
              ElementsAre("looser level full_access is granted"));
  EXPECT_THAT(Diff(R"({"levels":["differential_privacy"]})"),
              ElementsAre("looser level differential_privacy is granted",
                          "stricter level aggregate_only is no longer granted"));
  EXPECT_THAT(Diff(R"({"limits":{"runs":51}})"), ElementsAre("looser runs: 51, not 50"));
  EXPECT_THAT(Diff(R"({"limits":{"runs":null}})"), ElementsAre("looser runs: without limit, not 50"));
  EXPECT_THAT(Diff(R"({"limits":{"not_after":"2027-01-01T00:00:00Z"}})"),
              ElementsAre("stricter may be read until: 2027-01-01T00:00:00Z, not always"));
  EXPECT_THAT(Diff(R"({"limits":{"templates_only":true}})"), ElementsAre("stricter only templates may be asked"));
  EXPECT_THAT(Diff(R"({"limits":{"templates":[{"name":"a","text":"SELECT 1"}]}})"),
              ElementsAre("looser the template 'a' is added"));
  EXPECT_THAT(Diff(R"({"may_query":["abc"]})"), ElementsAre("stricter may ask: abc, not every participant"));
  EXPECT_THAT(Diff(R"({"differential_privacy":{"epsilon_budget":3,"max_rows_per_unit":4}})"),
              ElementsAre("looser epsilon in all: 3, not 0", "other rows of one person that count: 4, not 1"));
}

TEST(PolicyDiff, Columns) {
  EXPECT_THAT(Diff(R"({"columns":{"cost":{"filter_grid":1}}})"),
              ElementsAre("looser cost: filtered by steps of 1, before by steps of 10"));
  EXPECT_THAT(Diff(R"({"columns":{"cost":{"filter_grid":null}}})"),
              ElementsAre("stricter cost: filtered not at all, before by steps of 10"));
  EXPECT_THAT(Diff(R"({"columns":{"cost":{"quantiles":true}}})"), ElementsAre("looser cost: quantiles are allowed"));
  EXPECT_THAT(Diff(R"({"columns":{"zip":null}})"),
              ElementsAre("stricter zip: hidden, not dimension"));
  EXPECT_THAT(Diff(R"({"columns":{"day":{"date_granularity":"day"}}})"),
              ElementsAre("looser day: dates by day, not by month"));
  EXPECT_THAT(Diff(R"({"columns":{"cost":{"bounds":[0,90]}}})"),
              ElementsAre("other cost: bounds 0 to 90, before 0 to 100"));
  EXPECT_THAT(Diff(R"({"columns":{"person":{"domain":null}}})"),
              ElementsAre("stricter person: joins in no domain, not in the domain person"));
}

TEST(PolicyDiff, ValuesThatEverybodyMayKnow) {
  EXPECT_THAT(Diff(R"({"columns":{"zip":{"public_values":["00142","00143"]}}})"),
              ElementsAre("looser zip: 2 values that everybody may know, before 0"));
}

TEST(PolicyDiff, DiversityOfReleasedClasses) {
  EXPECT_THAT(Diff(R"({"columns":{"zip":{"entropy_l_diversity":3}}})"),
              ElementsAre("stricter zip: values as mixed as 3 in each released class, not nothing"));
  EXPECT_THAT(Diff(R"({"columns":{"zip":{"t_closeness":0.25}}})"),
              ElementsAre("stricter zip: a distance to the whole of at most 0.25 in each released class, not nothing"));
  EXPECT_THAT(Diff(R"({"k_anonymized":{"suppression_limit":0.5}})"),
              ElementsAre("other the share of rows that a release of rows may leave out: 0.5, not 0.05"));
}

TEST(PolicyDiff, AFirstVersionOnlyLoosens) {
  for (const std::string_view preset : {"aggregates_only", "research_release", "private_statistics"}) {
    const auto policy = PresetPolicy(preset, Schema(), "person");
    ASSERT_TRUE(policy);
    const auto changes = DiffPolicy(NothingAllowed(), *policy);
    EXPECT_FALSE(changes.empty());
    EXPECT_EQ(changes.front().kind, PolicyChange::Kind::kLooser);
  }
}

// The canary of the whole list: no member may change without a word.
TEST(PolicyDiff, EveryMemberOfAPolicyIsCompared) {
  const DatasetPolicy base = *DecodePolicy(*codec::ParseJson(kPolicy), Schema(), "policy");
  const auto differs = [&](const auto& change) {
    DatasetPolicy other = base;
    change(other);
    const auto changes = DiffPolicy(base, other);
    return changes.size() == 1 && changes.front().words != "the same in other words";
  };
  EXPECT_TRUE(differs([](DatasetPolicy& p) { p.budget.delta_budget = 0.5; }));
  EXPECT_TRUE(differs([](DatasetPolicy& p) { p.budget.epsilon_per_query = 9; }));
  EXPECT_TRUE(differs([](DatasetPolicy& p) { p.budget.delta_per_query = 0.25; }));
  EXPECT_TRUE(differs([](DatasetPolicy& p) { p.budget.max_groups_contributed = 7; }));
  EXPECT_TRUE(differs([](DatasetPolicy& p) { p.budget.accounting = BudgetAccounting::kZcdp; }));
  EXPECT_TRUE(differs([](DatasetPolicy& p) { p.limits.not_before = Instant{5000}; }));
  EXPECT_TRUE(differs([](DatasetPolicy& p) { p.may_receive = {{"abc"}}; }));
  EXPECT_TRUE(differs([](DatasetPolicy& p) { p.privacy_unit = "zip"; }));
  EXPECT_TRUE(differs([](DatasetPolicy& p) { p.columns["cost"].granularity = 0.5; }));
  EXPECT_TRUE(differs([](DatasetPolicy& p) { p.columns["cost"].kanon_band = 5; }));
  EXPECT_TRUE(differs([](DatasetPolicy& p) { p.columns["zip"].sensitive = true; }));
  EXPECT_TRUE(differs([](DatasetPolicy& p) { p.columns["zip"].l_diversity = 3; }));
  EXPECT_TRUE(differs([](DatasetPolicy& p) { p.columns["zip"].entropy_l_diversity = 2; }));
  EXPECT_TRUE(differs([](DatasetPolicy& p) { p.columns["zip"].public_values = {"00142"}; }));
  EXPECT_TRUE(differs([](DatasetPolicy& p) { p.columns["zip"].t_closeness = 0.5; }));
  EXPECT_TRUE(differs([](DatasetPolicy& p) { p.suppression_limit = 0.1; }));
  EXPECT_TRUE(differs([](DatasetPolicy& p) { p.columns["zip"].hierarchy = {{5.0, ""}}; }));
  EXPECT_TRUE(differs([](DatasetPolicy& p) { p.columns["zip"].generalise = {{5.0, ""}}; }));
}

}  // namespace
}  // namespace cloister::agreement
