#include "agreement/example_queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cloister::agreement {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Dataset {
  Dataset(std::string its_name, std::string_view schema_json, std::string_view policy_json)
      : name(std::move(its_name)),
        schema(*DecodeSchema(*codec::ParseJson(schema_json), "schema")),
        policy(*DecodePolicy(*codec::ParseJson(policy_json), schema, "policy")) {}
  NamedTerms terms() const { return {.name = name, .schema = schema, .policy = policy}; }

  std::string name;
  DatasetSchema schema;
  DatasetPolicy policy;
};

Dataset Visits() {
  return Dataset("visits", R"j([{"name":"person","type":"BIGINT"},{"name":"ward","type":"VARCHAR"},
      {"name":"day","type":"DATE"},{"name":"cost","type":"DOUBLE"},{"name":"note","type":"VARCHAR"}])j",
                 R"j({"privacy_unit":"person","columns":{"person":{"roles":["join_key"],"domain":"person"},
      "ward":{"roles":["dimension"]},"day":{"roles":["dimension"],"date_granularity":"quarter"},
      "cost":{"roles":["measure"],"bounds":[0,1000],"filter_grid":100,"quantiles":true}}})j");
}

Dataset Claims(const std::string& domain) {
  return Dataset("claims", R"j([{"name":"member","type":"BIGINT"},{"name":"plan","type":"VARCHAR"}])j",
                 R"j({"privacy_unit":"member","columns":{"member":{"roles":["join_key"],"domain":")j" + domain +
                     R"j("},"plan":{"roles":["dimension"]}}})j");
}

std::vector<std::string> Texts(const std::vector<ExampleQuery>& examples) {
  std::vector<std::string> texts;
  for (const ExampleQuery& each : examples) texts.push_back(each.text);
  return texts;
}

TEST(ExampleQueries, UseWhatThePolicyAllowsAndNothingHidden) {
  const Dataset visits = Visits();
  EXPECT_THAT(
      Texts(ExamplesOn(visits.terms())),
      ElementsAre("SELECT COUNT(DISTINCT person) AS people FROM visits",
                  "SELECT ward, COUNT(DISTINCT person) AS people FROM visits GROUP BY ward ORDER BY ward",
                  "SELECT ward, AVG(cost) AS average, SUM(cost) AS total FROM visits GROUP BY ward ORDER BY ward",
                  "SELECT date_trunc('quarter', day) AS since, COUNT(DISTINCT person) AS people FROM visits "
                  "GROUP BY date_trunc('quarter', day) ORDER BY since",
                  "SELECT COUNT(DISTINCT person) AS people FROM visits WHERE cost >= 500",
                  "SELECT MEDIAN(cost) AS median FROM visits"));
}

TEST(ExampleQueries, ReservedWordsStandInQuotes) {
  const Dataset stays("stays", R"j([{"name":"person","type":"BIGINT"},{"name":"Group","type":"VARCHAR"},
      {"name":"end","type":"DOUBLE"}])j",
                      R"j({"privacy_unit":"person","columns":{"person":{"roles":["join_key"],"domain":"person"},
      "Group":{"roles":["dimension"]},"end":{"roles":["measure"],"bounds":[0,10]}}})j");
  EXPECT_THAT(Texts(ExamplesOn(stays.terms())),
              ElementsAre(R"(SELECT COUNT(DISTINCT person) AS people FROM stays)",
                          R"(SELECT "Group", COUNT(DISTINCT person) AS people FROM stays )"
                          R"(GROUP BY "Group" ORDER BY "Group")",
                          R"(SELECT "Group", AVG("end") AS average, SUM("end") AS total FROM stays )"
                          R"(GROUP BY "Group" ORDER BY "Group")"));
  const Dataset visits = Visits();
  EXPECT_THAT(Texts(ExamplesAcross({visits.terms(), stays.terms()}))[0],
              HasSubstr(R"(AVG(b."end") AS average_end)"));
}

// IsDatasetName lets a dataset have any of these, and DuckDB takes none of them as it is.
TEST(ExampleQueries, NamesOfDatasetsStandInQuotesToo) {
  Dataset visits = Visits(), claims = Claims("person");
  visits.name = "order";
  claims.name = "left";
  EXPECT_THAT(Texts(ExamplesOn(visits.terms())), Each(HasSubstr(R"( FROM "order")")));
  visits.policy.levels = {Level::kFullAccess};
  EXPECT_EQ(Texts(ExamplesOn(visits.terms()))[0], R"(SELECT person, ward, day, cost FROM "order")");
  visits.policy.levels = {Level::kAggregateOnly};
  EXPECT_THAT(Texts(ExamplesAcross({visits.terms(), claims.terms()}))[0],
              HasSubstr(R"(FROM "order" a JOIN "left" b ON a.person = b.member)"));
}

TEST(ExampleQueries, WordsThatOnlyTypesAndFunctionsMayHaveStandInQuotes) {
  for (const std::string word : {"anti", "at", "by", "join", "left", "natural", "unpack", "verbose"}) {
    const Dataset dataset(word, R"j([{"name":")j" + word + R"j(","type":"BIGINT"}])j",
                          R"j({"privacy_unit":")j" + word + R"j(","columns":{")j" + word +
                              R"j(":{"roles":["join_key"],"domain":"person"}}})j");
    EXPECT_EQ(Texts(ExamplesOn(dataset.terms()))[0],
              "SELECT COUNT(DISTINCT \"" + word + "\") AS people FROM \"" + word + "\"");
  }
}

TEST(ExampleQueries, JoinOnUnitsOfOneDomainOnly) {
  const Dataset visits = Visits(), claims = Claims("person"), members = Claims("member");
  EXPECT_THAT(Texts(ExamplesAcross({visits.terms(), claims.terms()})),
              ElementsAre("SELECT a.ward, COUNT(DISTINCT a.person) AS people FROM visits a JOIN claims b "
                          "ON a.person = b.member GROUP BY a.ward ORDER BY a.ward",
                          "SELECT a.plan, COUNT(DISTINCT a.member) AS people, AVG(b.cost) AS average_cost FROM "
                          "claims a JOIN visits b ON a.member = b.person GROUP BY a.plan ORDER BY a.plan"));
  EXPECT_THAT(ExamplesAcross({visits.terms(), members.terms()}), IsEmpty());
}

TEST(ExampleQueries, FollowTheLevels) {
  Dataset visits = Visits();
  visits.policy.levels = {Level::kDifferentialPrivacy};
  for (const ExampleQuery& each : ExamplesOn(visits.terms())) EXPECT_EQ(each.level, "differential_privacy");
  visits.policy.levels.clear();
  EXPECT_THAT(ExamplesOn(visits.terms()), IsEmpty());
}

}  // namespace
}  // namespace cloister::agreement
