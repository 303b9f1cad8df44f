#include "agreement/synthetic_rows.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "codec/csv.h"

namespace cloister::agreement {
namespace {

constexpr std::string_view kSchema = R"j([{"name":"patient_id","type":"BIGINT"},{"name":"zip","type":"VARCHAR"},
    {"name":"ward","type":"VARCHAR"},{"name":"age","type":"INTEGER"},{"name":"cost","type":"DECIMAL(9,2)"},
    {"name":"day","type":"DATE"},{"name":"seen","type":"TIMESTAMP"},{"name":"again","type":"BOOLEAN"}])j";
constexpr std::string_view kPolicy = R"j({"privacy_unit":"patient_id","columns":{
    "patient_id":{"roles":["join_key"],"domain":"person"},
    "zip":{"roles":["dimension"],"generalise":["left(zip,3)","*"]},"ward":{"roles":["dimension"]},
    "age":{"roles":["dimension","measure"],"bounds":[18,95]},
    "cost":{"roles":["measure"],"bounds":[-10,20],"granularity":0.25}}})j";

struct Table {
  DatasetSchema schema = *DecodeSchema(*codec::ParseJson(kSchema), "schema");
  DatasetPolicy policy = *DecodePolicy(*codec::ParseJson(kPolicy), schema, "policy");
  std::string name = "visits";

  std::string Csv(std::int64_t seed = 1) const {
    return SyntheticCsv({.name = name, .schema = schema, .policy = policy, .people = 500, .seed = seed});
  }
  // Values of a column, header left out.
  std::vector<std::string> Column(std::size_t at) const {
    const std::string csv = Csv();
    codec::CsvReader reader(csv);
    codec::CsvField field;
    std::vector<std::string> values;
    std::size_t column = 0;
    while (!reader.AtEnd() && reader.Next(field)) {
      if (column == at) values.emplace_back(field.text);
      column = field.ends_record ? 0 : column + 1;
    }
    values.erase(values.begin());
    return values;
  }
};

TEST(SyntheticRows, AreAFunctionOfSchemaPolicyNameAndSeed) {
  Table table;
  EXPECT_EQ(table.Csv(), table.Csv());
  EXPECT_NE(table.Csv(), table.Csv(2));
  Table other;
  other.name = "claims";
  EXPECT_NE(table.Csv(), other.Csv());
  EXPECT_TRUE(table.Csv().starts_with("patient_id,zip,ward,age,cost,day,seen,again\n"));
}

TEST(SyntheticRows, PeopleAreOfOnePopulationWithSeveralRows) {
  const auto people = Table().Column(0);
  const std::set<std::string> distinct(people.begin(), people.end());
  EXPECT_GT(distinct.size(), 400u);
  EXPECT_LT(distinct.size(), 500u);
  EXPECT_GT(people.size(), distinct.size() + 200);
  Table other;
  other.name = "claims";
  const auto others = other.Column(0);
  std::size_t common = 0;
  const std::set<std::string> distinct_others(others.begin(), others.end());
  for (const std::string& person : distinct_others) common += distinct.count(person);
  EXPECT_GT(common, 350u) << "joins find partners";
}

TEST(SyntheticRows, ListedValuesAreTheOwners) {
  Table table;
  table.policy.columns["ward"].public_values = {"North", "O\"Hara, left", ""};
  const auto wards = table.Column(2);
  EXPECT_EQ(std::set<std::string>(wards.begin(), wards.end()), (std::set<std::string>{"North", "O\"Hara, left", ""}));
  table.policy.columns["age"].public_values = {30, 31};
  for (const std::string& age : table.Column(3)) EXPECT_TRUE(age.empty() || age == "30" || age == "31") << age;
}

TEST(SyntheticRows, ValuesObeyBoundsGranularityAndGeneralisations) {
  for (const std::string& age : Table().Column(3)) {
    if (age.empty()) continue;
    EXPECT_GE(std::stoi(age), 18);
    EXPECT_LE(std::stoi(age), 95);
    EXPECT_EQ(age, std::to_string(std::stoi(age)));
  }
  for (const std::string& cost : Table().Column(4)) {
    if (cost.empty()) continue;
    const double value = std::stod(cost);
    EXPECT_GE(value, -10);
    EXPECT_LE(value, 20);
    EXPECT_EQ(value * 4, std::round(value * 4)) << cost;
  }
  for (const std::string& zip : Table().Column(1)) {
    if (zip.empty()) continue;
    EXPECT_EQ(zip.size(), 5u) << zip;
  }
  for (const std::string& day : Table().Column(5)) {
    if (day.empty()) continue;
    EXPECT_TRUE(ParseRfc3339(day + "T00:00:00Z")) << day;
  }
  for (const std::string& seen : Table().Column(6)) {
    if (seen.empty()) continue;
    EXPECT_TRUE(ParseRfc3339(seen + "Z")) << seen;
  }
}

TEST(SyntheticRows, SomeValuesAreRareSoThatThresholdsShow) {
  std::map<std::string, int> counts;
  for (const std::string& ward : Table().Column(2)) ++counts[ward];
  EXPECT_GT(counts["ward_a"], 300);
  EXPECT_GT(counts["ward_h"], 0);
  EXPECT_LT(counts["ward_h"], 25);
  EXPECT_GT(counts[""], 0) << "some are missing";
}

TEST(SyntheticRows, APublicTableListsTheValuesThatOthersJoinOn) {
  Table regions;
  regions.name = "regions";
  regions.schema = *DecodeSchema(*codec::ParseJson(R"j([{"name":"ward","type":"VARCHAR"}])j"), "schema");
  const auto policy = codec::ParseJson(R"j({"privacy_unit":null,"columns":{"ward":{"roles":["public"]}}})j");
  regions.policy = *DecodePolicy(*policy, regions.schema, "policy");
  const auto wards = regions.Column(0);
  const std::set<std::string> listed(wards.begin(), wards.end());
  for (const std::string& ward : Table().Column(2)) {
    if (ward.empty()) continue;
    EXPECT_TRUE(listed.contains(ward)) << ward;
  }
}

}  // namespace
}  // namespace cloister::agreement
