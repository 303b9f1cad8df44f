#include "world.h"

#include "base/check.h"

namespace cloister::oracle {
namespace {

// Every value half as frequent as the one before it, so that the last ones have a few persons.
std::string Skewed(Dice& dice, std::string_view prefix, std::int64_t values) {
  std::int64_t value = 0;
  while (value + 1 < values && Roll(dice, 5) < 2) ++value;
  return std::string(prefix) + std::to_string(value);
}

sql::CompileDataset MakeDataset(const std::string& name, const std::string& owner, const std::string& schema,
                                const std::string& policy) {
  sql::CompileDataset dataset;
  dataset.name = name;
  dataset.id = "ds_" + name;
  dataset.organisation = owner;
  const auto schema_json = codec::ParseJson(schema);
  const auto policy_json = codec::ParseJson(policy);
  CLOISTER_CHECK(schema_json && policy_json);
  auto decoded = agreement::DecodeSchema(*schema_json, name);
  CLOISTER_CHECK(decoded);
  dataset.schema = std::move(*decoded);
  auto allowed = agreement::DecodePolicy(*policy_json, dataset.schema, name);
  CLOISTER_CHECK(allowed);
  dataset.policy = std::move(*allowed);
  return dataset;
}

std::string PeopleSql(const std::vector<Person>& people) {
  std::string rows;
  for (const Person& one : people) {
    rows += (rows.empty() ? "(" : ", (") + std::to_string(one.id) + ", '" + one.town + "', '" + one.job + "', " +
            (one.member ? "true" : "false") + ", " + std::to_string(one.age) + ", " +
            (one.pay ? std::to_string(*one.pay) : "NULL") + ")";
  }
  return "CREATE OR REPLACE TABLE people (id BIGINT, town VARCHAR, job VARCHAR, member BOOLEAN, age INTEGER, pay "
         "BIGINT); INSERT INTO people VALUES " +
         rows + ";";
}

std::string EventsSql(const std::vector<Event>& events) {
  std::string rows;
  for (const Event& one : events) {
    rows += (rows.empty() ? "(" : ", (") + std::to_string(one.person) + ", '" + one.kind + "', " +
            std::to_string(one.price) + ")";
  }
  return "CREATE OR REPLACE TABLE events (person BIGINT, kind VARCHAR, price BIGINT); INSERT INTO events VALUES " +
         rows + ";";
}

}  // namespace

World MakeWorld(Dice& dice) {
  World world;
  world.people_k = 2 + Roll(dice, 7);
  world.events_k = 2 + Roll(dice, 7);
  const std::int64_t persons = 40 + Roll(dice, 120);
  const std::int64_t towns = 2 + Roll(dice, 5);
  const std::int64_t jobs = 2 + Roll(dice, 4);
  for (std::int64_t id = 1; id <= persons; ++id) {
    // Members of an initialiser list are evaluated in their order.
    Person one{id,           Skewed(dice, "t", towns), Skewed(dice, "j", jobs), Roll(dice, 3) == 0,
               Roll(dice, 60), Roll(dice, 1001)};
    if (Roll(dice, 12) == 0) one.pay.reset();
    world.people.push_back(one);
    for (std::int64_t i = Roll(dice, 4); i > 0; --i)
      world.events.push_back({id, Skewed(dice, "e", 4), Roll(dice, 501)});
  }
  if (world.events.empty()) world.events.push_back({1, "e0", 7});
  const std::string other = Roll(dice, 2) == 0 ? "owner_a" : "owner_b";
  world.corpus.schema_sql = PeopleSql(world.people) + EventsSql(world.events);
  world.corpus.analyst_organisation = "analyst";
  world.corpus.datasets.push_back(MakeDataset(
      "people", "owner_a",
      R"([{"name":"id","type":"BIGINT"},{"name":"town","type":"VARCHAR"},{"name":"job","type":"VARCHAR"},)"
      R"({"name":"member","type":"BOOLEAN"},{"name":"age","type":"INTEGER"},{"name":"pay","type":"BIGINT"}])",
      R"({"privacy_unit":"id","min_group_size":)" + std::to_string(world.people_k) +
          R"(,"columns":{"id":{"roles":["join_key"],"domain":"p"},"town":{"roles":["dimension"]},)"
          R"("job":{"roles":["dimension"]},"member":{"roles":["dimension","measure"],"bounds":[0,1]},)"
          R"("age":{"roles":["dimension"],"filter_grid":1},)"
          R"("pay":{"roles":["measure"],"bounds":[0,1000],"filter_grid":50}}})"));
  world.corpus.datasets.push_back(MakeDataset(
      "events", other,
      R"([{"name":"person","type":"BIGINT"},{"name":"kind","type":"VARCHAR"},{"name":"price","type":"BIGINT"}])",
      R"({"privacy_unit":"person","min_group_size":)" + std::to_string(world.events_k) +
          R"(,"columns":{"person":{"roles":["join_key"],"domain":"p"},"kind":{"roles":["dimension"]},)"
          R"("price":{"roles":["measure"],"bounds":[0,500],"filter_grid":50}}})"));
  return world;
}

}  // namespace cloister::oracle
