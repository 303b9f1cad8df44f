#pragma once

// A random query as SQL and, beside it, as functions of a row: the oracle never reads SQL.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "world.h"

namespace cloister::oracle {

// A row of people, or of people joined with events by the person.
struct Row {
  const Person* person = nullptr;
  const Event* event = nullptr;
};

struct Test {
  std::string sql;
  std::function<bool(const Row&)> holds;
};

struct Key {
  std::string sql;
  std::function<std::string(const Row&)> value;  // as the answer shows it
};

struct Aggregate {
  enum class Kind { kCount, kCountPersons, kCountValues, kSum, kAvg, kCountTowns };
  Kind kind = Kind::kCount;
  std::function<std::optional<std::int64_t>(const Row&)> value;  // of kCountValues, kSum, kAvg
  std::optional<Test> filter;
  std::string sql;
};

struct Question {
  enum class Shape {
    kPlain,     // keys, aggregates GROUP BY keys
    kRollup,    // ... GROUP BY ROLLUP (keys)
    kTotal,     // ... with the first aggregate over all rows beside each group
    kHaving,    // ... HAVING COUNT(*) >= having
    kNarrower,  // two counts by the same keys, the second with one more filter
    kJoined,    // two counts of persons by the same keys, the second only of those with events
  };
  Shape shape = Shape::kPlain;
  bool joined = false;
  std::vector<Test> where;
  std::vector<Key> keys;
  std::vector<Aggregate> aggregates;
  std::int64_t having = 0;
  std::optional<Test> narrower;
  std::string sql;
};

Question Ask(Dice& dice);
// The same with one thing changed towards a leak; every one of these must be refused.
std::vector<std::string> Leaks(const Question& question);

}  // namespace cloister::oracle
