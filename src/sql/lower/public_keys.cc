#include "sql/lower/public_keys.h"

#include <algorithm>

namespace cloister::sql {
namespace {

// The owner's list, of a key that is a column of protected rows as it stands.
const codec::JsonArray* ListOf(const UnitBlock& block, const ExprPtr& key) {
  if (!IsColumn(key)) return nullptr;
  for (const UnitTablePtr& table : block.tables) {
    if (table->source != key->source || table->kind != UnitTable::Kind::kDataset) continue;
    const auto& values = table->columns[static_cast<std::size_t>(key->column)].policy.public_values;
    return values.empty() ? nullptr : &values;
  }
  return nullptr;
}

// The constants that a test compares the key with by = or IN; nothing for any other test.
std::optional<std::vector<Literal>> Chosen(const ExprPtr& test, const ExprPtr& key) {
  if (!IsCall(test, "=") && !IsCall(test, "in")) return std::nullopt;
  const bool reversed = IsCall(test, "=") && SameExpr(test->args[1], key);
  if (!reversed && !SameExpr(test->args[0], key)) return std::nullopt;
  std::vector<Literal> chosen;
  for (std::size_t i = 0; i < test->args.size(); ++i) {
    if (i == (reversed ? 1 : 0)) continue;
    const auto value = IsLiteral(test->args[i]) ? CastLiteral(test->args[i]->literal, key->type) : std::nullopt;
    if (!value) return std::nullopt;
    chosen.push_back(*value);
  }
  return chosen;
}

std::vector<std::string> ValuesOf(const codec::JsonArray& list, const std::vector<ExprPtr>& tests, const ExprPtr& key) {
  std::vector<std::string> values;
  for (const codec::Json& each : list) {
    const auto literal = LiteralOfJson(each);
    const auto value = literal ? CastLiteral(*literal, key->type) : std::nullopt;
    if (!value) continue;  // of another type than the column's: refused where policies are read
    const bool left_out = std::any_of(tests.begin(), tests.end(), [&](const ExprPtr& test) {
      const auto chosen = Chosen(test, key);
      return chosen && std::find(chosen->begin(), chosen->end(), *value) == chosen->end();
    });
    if (!left_out) values.push_back("CAST(" + value->ToSql() + " AS " + key->type.ToString() + ")");
  }
  return values;
}

}  // namespace

std::optional<PublicKeys> PublicKeysOf(const Release& release, const std::vector<int>& set) {
  if (set.empty()) return std::nullopt;
  std::vector<ExprPtr> tests;
  for (const ExprPtr& test : release.block->where) SplitConjunction(test, tests);
  PublicKeys keys;
  std::size_t groups = 1;
  for (const int index : set) {
    const ExprPtr& key = release.keys[static_cast<std::size_t>(index)];
    const codec::JsonArray* list = ListOf(*release.block, key);
    if (list == nullptr) return std::nullopt;
    keys.push_back(ValuesOf(*list, tests, key));
    groups *= keys.back().size();
    // A query that asks for values outside the list alone has no public group.
    if (groups == 0 || groups > kPublicGroupsMax) return std::nullopt;
  }
  return keys;
}

std::string IsListed(const std::string& key, const std::vector<std::string>& values) {
  std::string list;
  for (const std::string& value : values) list += (list.empty() ? "" : ", ") + value;
  return "(" + key + " IN (" + list + "))";
}

std::string WithEmptyGroups(const PublicKeys& keys, const PlanStage& stage) {
  std::string shown;
  std::string from;
  std::string on;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string name = "\"" + stage.exact[i].name + "\"";
    const std::string table = "\"v" + std::to_string(i) + "\"";
    std::string rows;
    for (const std::string& value : keys[i]) rows += (rows.empty() ? "(" : ", (") + value + ")";
    from += (i == 0 ? "(VALUES " : " CROSS JOIN (VALUES ") + rows + ") AS " + table + "(" + name + ")";
    on += (i == 0 ? "" : " AND ") + ("\"e\"." + name + " = " + table + "." + name);
    shown += (i == 0 ? "" : ", ") + (table + "." + name);
  }
  for (std::size_t i = keys.size(); i < stage.exact.size(); ++i) shown += ", \"e\".\"" + stage.exact[i].name + "\"";
  return "SELECT " + shown + " FROM " + from + " LEFT JOIN (" + stage.sql + ") AS \"e\" ON " + on;
}

}  // namespace cloister::sql
