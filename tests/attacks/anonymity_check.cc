#include "anonymity_check.h"

#include <algorithm>
#include <map>
#include <set>

namespace cloister::attacks {
namespace {

std::optional<std::vector<std::size_t>> Columns(const codec::JsonArray& names, const Answer& answer) {
  std::vector<std::size_t> columns;
  for (const codec::Json& name : names) {
    const auto at = std::find(answer.columns.begin(), answer.columns.end(), std::string_view(name.as_string()));
    if (at == answer.columns.end()) return std::nullopt;
    columns.push_back(static_cast<std::size_t>(at - answer.columns.begin()));
  }
  return columns;
}

using Key = std::vector<engine::Value>;

struct Less {
  bool operator()(const Key& a, const Key& b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                        [](const auto& x, const auto& y) { return TextOf(x) < TextOf(y); });
  }
  static std::string TextOf(const engine::Value& value) {
    if (const auto* text = std::get_if<std::string>(&value)) return "text " + *text;
    if (const auto* number = std::get_if<std::int64_t>(&value)) return "number " + std::to_string(*number);
    if (const auto* number = std::get_if<double>(&value)) return "double " + std::to_string(*number);
    if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    return std::to_string(value.index());
  }
};

}  // namespace

std::string KAtLeast(const codec::JsonObject& body, const Answer& answer) {
  const auto columns = Columns(body.at("qi").as_array(), answer);
  if (!columns) return "the answer has no such column";
  std::map<Key, std::int64_t, Less> classes;
  for (const auto& row : answer.rows) {
    Key key;
    for (const std::size_t column : *columns) key.push_back(row[column]);
    ++classes[key];
  }
  for (const auto& [key, count] : classes) {
    if (count < body.at("k").as_int64()) return "a class has " + std::to_string(count) + " rows";
  }
  return "";
}

std::string LAtLeast(const codec::JsonObject& body, const Answer& answer) {
  const auto columns = Columns(body.at("qi").as_array(), answer);
  const auto sensitive = Columns({body.at("sa")}, answer);
  if (!columns || !sensitive) return "the answer has no such column";
  std::map<Key, std::set<std::string>, Less> classes;
  for (const auto& row : answer.rows) {
    Key key;
    for (const std::size_t column : *columns) key.push_back(row[column]);
    classes[key].insert(Less::TextOf(row[sensitive->front()]));
  }
  for (const auto& [key, values] : classes) {
    if (static_cast<std::int64_t>(values.size()) < body.at("l").as_int64())
      return "a class has " + std::to_string(values.size()) + " different values";
  }
  return "";
}

}  // namespace cloister::attacks
