#pragma once

// Keys of groups as the engine's cloister_group() takes them and cloister_group_key() gives them back
// (engine/group_numbers.h): what SQL takes for one value has one spelling, so -0.0 is 0.0; decimals go as texts.

#include <string>

#include "sql/plan_stage.h"

namespace cloister::sql {

inline std::string KeyOfGroup(const PlanColumn& key) {
  const std::string name = "\"" + key.name + "\"";
  if (key.type.starts_with("DECIMAL")) return "CAST(" + name + " AS VARCHAR)";
  return key.type == "DOUBLE" ? "(" + name + " + 0.0::DOUBLE)" : name;
}

// The key at `place` of the group that `number` is the number of.
inline std::string KeyOfNumber(const std::string& number, std::size_t place, const PlanColumn& key) {
  const bool text = key.type.starts_with("DECIMAL");
  const std::string sql = "cloister_group_key(" + number + ", " + std::to_string(place) + ", CAST(NULL AS " +
                          (text ? "VARCHAR" : key.type) + "))";
  return text ? "CAST(" + sql + " AS " + key.type + ")" : sql;
}

}  // namespace cloister::sql
