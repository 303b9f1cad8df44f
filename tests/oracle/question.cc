#include "question.h"

namespace cloister::oracle {
namespace {

std::string Quote(const std::string& text) { return "'" + text + "'"; }

Test TextTest(Dice& dice, const std::string& column, const std::string& prefix,
              const std::function<std::string(const Row&)>& value) {
  const std::string a = prefix + std::to_string(Roll(dice, 5));
  const std::string b = prefix + std::to_string(Roll(dice, 5));
  switch (Roll(dice, 3)) {
    case 0:
      return {column + " = " + Quote(a), [=](const Row& row) { return value(row) == a; }};
    case 1:
      return {column + " <> " + Quote(a), [=](const Row& row) { return value(row) != a; }};
    default:
      return {column + " IN (" + Quote(a) + ", " + Quote(b) + ")",
              [=](const Row& row) { return value(row) == a || value(row) == b; }};
  }
}

Test SimpleTest(Dice& dice, bool joined) {
  switch (Roll(dice, joined ? 6 : 4)) {
    case 0:
      return TextTest(dice, "town", "t", [](const Row& row) { return row.person->town; });
    case 1:
      return TextTest(dice, "job", "j", [](const Row& row) { return row.person->job; });
    case 2: {
      const std::int64_t age = Roll(dice, 60);
      if (Roll(dice, 2) == 0)
        return {"age >= " + std::to_string(age), [=](const Row& row) { return row.person->age >= age; }};
      return {"age < " + std::to_string(age), [=](const Row& row) { return row.person->age < age; }};
    }
    case 3:
      if (Roll(dice, 2) == 0) return {"member", [](const Row& row) { return row.person->member; }};
      return {"NOT member", [](const Row& row) { return !row.person->member; }};
    case 4: {
      const std::int64_t price = 50 * Roll(dice, 8);
      return {"price >= " + std::to_string(price), [=](const Row& row) { return row.event->price >= price; }};
    }
    default:
      return TextTest(dice, "kind", "e", [](const Row& row) { return row.event->kind; });
  }
}

Test AnyTest(Dice& dice, bool joined) {
  const Test one = SimpleTest(dice, joined);
  if (Roll(dice, 4) != 0) return one;
  const Test other = SimpleTest(dice, joined);
  return {"(" + one.sql + " OR " + other.sql + ")",
          [=](const Row& row) { return one.holds(row) || other.holds(row); }};
}

Key AnyKey(Dice& dice, bool joined) {
  switch (Roll(dice, joined ? 5 : 4)) {
    case 0:
      return {"town", [](const Row& row) { return row.person->town; }};
    case 1:
      return {"job", [](const Row& row) { return row.person->job; }};
    case 2:
      return {"member", [](const Row& row) { return std::string(row.person->member ? "true" : "false"); }};
    case 3:
      return {"age // 20", [](const Row& row) { return std::to_string(row.person->age / 20); }};
    default:
      return {"kind", [](const Row& row) { return row.event->kind; }};
  }
}

Aggregate AnyAggregate(Dice& dice, bool joined, bool rollup) {
  using Kind = Aggregate::Kind;
  Aggregate out;
  // Different values do not go with totals.
  out.kind = static_cast<Kind>(Roll(dice, rollup ? 5 : 6));
  std::string column = "pay";
  out.value = [](const Row& row) { return row.person->pay; };
  if (joined && Roll(dice, 2) == 0) {
    column = "price";
    out.value = [](const Row& row) { return std::optional<std::int64_t>(row.event->price); };
  }
  const std::string call[] = {"COUNT(*)", "COUNT(DISTINCT id)", "COUNT(" + column + ")", "SUM(" + column + ")",
                              "AVG(" + column + ")", "COUNT(DISTINCT town)"};
  out.sql = call[static_cast<int>(out.kind)];
  if (Roll(dice, 3) == 0) {
    out.filter = SimpleTest(dice, joined);
    // A measure may be a condition only around its own table's aggregates.
    while (out.filter->sql.starts_with("price")) out.filter = SimpleTest(dice, joined);
    if (out.kind == Kind::kSum && Roll(dice, 2) == 0)
      out.sql = "SUM(CASE WHEN " + out.filter->sql + " THEN " + column + " ELSE 0 END)";
    else
      out.sql += " FILTER (WHERE " + out.filter->sql + ")";
  }
  return out;
}

std::string Listed(const std::vector<Key>& keys, const std::string& prefix) {
  std::string out;
  for (std::size_t i = 0; i < keys.size(); ++i)
    out += (out.empty() ? "" : ", ") + (prefix.empty() ? keys[i].sql : prefix + std::to_string(i));
  return out;
}

std::string FromWhere(const Question& question, const std::vector<Test>& tests) {
  std::string sql = question.joined ? " FROM people JOIN events ON person = id" : " FROM people";
  for (std::size_t i = 0; i < tests.size(); ++i) sql += (i == 0 ? " WHERE " : " AND ") + tests[i].sql;
  return sql;
}

std::string GroupedCount(const Question& question, const std::string& count, const std::string& rows) {
  std::string items;
  for (std::size_t i = 0; i < question.keys.size(); ++i)
    items += question.keys[i].sql + " AS k" + std::to_string(i) + ", ";
  return "SELECT " + items + count + " AS n" + rows + " GROUP BY " + Listed(question.keys, "");
}

std::string Written(const Question& question) {
  using Shape = Question::Shape;
  const std::string rows = FromWhere(question, question.where);
  if (question.shape == Shape::kNarrower || question.shape == Shape::kJoined) {
    std::vector<Test> more = question.where;
    if (question.narrower) more.push_back(*question.narrower);
    Question other = question;
    other.joined = question.joined || question.shape == Shape::kJoined;
    const std::string count = "COUNT(DISTINCT id)";
    return "WITH a AS (" + GroupedCount(question, count, rows) + "), b AS (" +
           GroupedCount(question, count, FromWhere(other, more)) + ") SELECT " + Listed(question.keys, "a.k") +
           ", a.n, b.n FROM a JOIN b USING (" + Listed(question.keys, "k") + ")";
  }
  std::string items = Listed(question.keys, "");
  for (const Aggregate& aggregate : question.aggregates) items += (items.empty() ? "" : ", ") + aggregate.sql;
  if (question.shape == Shape::kTotal) items += ", (SELECT " + question.aggregates[0].sql + rows + ")";
  std::string sql = "SELECT " + items + rows;
  if (question.keys.empty()) return sql;
  const std::string keys = Listed(question.keys, "");
  sql += question.shape == Shape::kRollup ? " GROUP BY ROLLUP (" + keys + ")" : " GROUP BY " + keys;
  if (question.shape == Shape::kHaving) sql += " HAVING COUNT(*) >= " + std::to_string(question.having);
  return sql;
}

}  // namespace

Question Ask(Dice& dice) {
  using Shape = Question::Shape;
  Question question;
  question.shape = static_cast<Shape>(Roll(dice, 6));
  question.joined = question.shape != Shape::kJoined && Roll(dice, 3) == 0;
  for (std::int64_t i = Roll(dice, 3); i > 0; --i) question.where.push_back(AnyTest(dice, question.joined));
  const bool needs_key = question.shape != Shape::kPlain;
  for (std::int64_t i = Roll(dice, 3) + (needs_key ? 1 : 0); i > 0; --i) {
    Key key = AnyKey(dice, question.joined);
    bool known = false;
    for (const Key& other : question.keys) known = known || other.sql == key.sql;
    if (!known) question.keys.push_back(std::move(key));
  }
  for (std::int64_t i = 1 + Roll(dice, 3); i > 0; --i)
    question.aggregates.push_back(AnyAggregate(dice, question.joined, question.shape == Shape::kRollup));
  if (question.shape == Shape::kHaving) question.having = 1 + Roll(dice, 20);
  if (question.shape == Shape::kNarrower) question.narrower = SimpleTest(dice, question.joined);
  question.sql = Written(question);
  return question;
}

std::vector<std::string> Leaks(const Question& question) {
  const std::string rows = FromWhere(question, question.where);
  const std::string keys = Listed(question.keys, "");
  const std::string before = keys.empty() ? "" : keys + ", ";
  const std::string group = keys.empty() ? "" : " GROUP BY " + keys;
  std::vector<std::string> out = {
      "SELECT " + before + "MAX(pay)" + rows + group,
      "SELECT " + before + "pay" + rows,
      "SELECT id, COUNT(*)" + rows + " GROUP BY id",
      "SELECT " + before + "COUNT(*)" + rows + (question.where.empty() ? " WHERE " : " AND ") + "id = 7" + group,
      "SELECT " + before + "COUNT(*)" + rows + (question.where.empty() ? " WHERE " : " AND ") + "pay = 50" + group,
      "SELECT " + before + "COUNT(*)" + rows + (question.where.empty() ? " WHERE " : " AND ") + "pay > 51" + group,
      "SELECT " + before + "SUM(pay * age)" + rows + group,
      "SELECT " + before + "SUM(COALESCE(pay, 1000000))" + rows + group,
      "SELECT " + before + "COUNT(*)" + rows + group + " ORDER BY MAX(pay)",
      "SELECT " + before + "COUNT(*)" + rows + group + " HAVING MIN(pay) < 100",
      "SELECT pay, COUNT(*)" + rows + " GROUP BY pay",
      "SELECT COUNT(*) FROM (SELECT id" + rows + " UNION ALL SELECT 1)",
      "SELECT COUNT(*) FROM (SELECT id" + rows + " ORDER BY pay LIMIT 5)",
      "SELECT SUM(pay) FROM (SELECT pay, ROW_NUMBER() OVER (ORDER BY pay DESC) AS r" + rows + ") WHERE r = 1",
  };
  return out;
}

}  // namespace cloister::oracle
