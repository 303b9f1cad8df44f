#include "expect.h"

#include <algorithm>

namespace cloister::oracle {
namespace {

using Indices = std::vector<std::size_t>;
using Groups = std::map<std::vector<std::string>, Indices>;
using Choice = std::function<bool(const Row&)>;
using Kind = Aggregate::Kind;

// The rows of one question with the number of persons that a group needs.
class Table {
 public:
  Table(std::vector<Row> rows, std::int64_t k) : rows_(std::move(rows)), k_(k) {}

  const Row& operator[](std::size_t i) const { return rows_[i]; }
  Indices All() const {
    Indices all(rows_.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    return all;
  }
  std::int64_t Persons(const Indices& from, const Choice& choice = nullptr) const {
    std::set<std::int64_t> persons;
    for (const std::size_t i : from) {
      if (!choice || choice(rows_[i])) persons.insert(rows_[i].person->id);
    }
    return static_cast<std::int64_t>(persons.size());
  }
  bool Enough(std::int64_t persons) const { return persons >= k_; }
  bool NoneOrEnough(std::int64_t persons) const { return persons == 0 || persons >= k_; }

  Groups GroupBy(const Indices& from, const std::vector<Key>& keys, std::size_t used) const {
    Groups groups;
    for (const std::size_t i : from) {
      std::vector<std::string> values;
      for (std::size_t k = 0; k < keys.size(); ++k) values.push_back(k < used ? keys[k].value(rows_[i]) : "NULL");
      groups[values].push_back(i);
    }
    return groups;
  }

 private:
  std::vector<Row> rows_;
  std::int64_t k_;
};

bool HasValue(const Aggregate& aggregate) {
  return aggregate.kind == Kind::kCountValues || aggregate.kind == Kind::kSum || aggregate.kind == Kind::kAvg;
}

// The rows a cell is made of.
Choice SelectionOf(const Aggregate& aggregate) {
  return [&aggregate](const Row& row) {
    return (!aggregate.filter || aggregate.filter->holds(row)) && (!HasValue(aggregate) || aggregate.value(row));
  };
}

// The number of towns is no sum over rows: each town that counts could be shown by itself.
bool IsEveryRow(const Aggregate& aggregate) {
  return aggregate.kind == Kind::kCountTowns || (!aggregate.filter && !HasValue(aggregate));
}

// Selected, left out, and between it and each other selection: no one or enough.
bool IsGuarded(const Table& table, const Indices& group, const Choice& own, const std::vector<Choice>& others) {
  const auto fine = [&](const Choice& choice) { return table.NoneOrEnough(table.Persons(group, choice)); };
  const std::int64_t chosen = table.Persons(group, own);
  if (!table.NoneOrEnough(chosen) || !fine([&](const Row& row) { return !own(row); })) return false;
  if (!table.NoneOrEnough(table.Persons(group) - chosen)) return false;
  return std::all_of(others.begin(), others.end(), [&](const Choice& other) {
    return fine([&](const Row& row) { return own(row) && !other(row); }) &&
           fine([&](const Row& row) { return other(row) && !own(row); });
  });
}

std::vector<Choice> SelectionsOf(const std::vector<Aggregate>& aggregates) {
  std::vector<Choice> out;
  for (const Aggregate& aggregate : aggregates) {
    if (!IsEveryRow(aggregate)) out.push_back(SelectionOf(aggregate));
  }
  return out;
}

// Without a condition of its own a number leaves out the NULLs: their persons are none or enough, and so are the
// others. A conditional one is compared with every selection beside it, an unconditional one with the unconditional.
bool IsShown(const Table& table, const Indices& group, const Aggregate& aggregate,
             const std::vector<Aggregate>& beside) {
  if (IsEveryRow(aggregate)) return true;
  const Choice own = SelectionOf(aggregate);
  std::vector<Aggregate> others;
  for (const Aggregate& other : beside) {
    if (aggregate.filter || !other.filter) others.push_back(other);
  }
  if (aggregate.filter)
    return table.Enough(table.Persons(group, own)) && IsGuarded(table, group, own, SelectionsOf(others));
  const std::int64_t empty = table.Persons(group, [&](const Row& row) { return !aggregate.value(row); });
  if (!table.NoneOrEnough(empty) || !table.Enough(table.Persons(group) - empty)) return false;
  return std::all_of(others.begin(), others.end(), [&](const Aggregate& other) {
    const Choice choice = SelectionOf(other);
    return table.NoneOrEnough(table.Persons(group, [&](const Row& row) { return own(row) && !choice(row); })) &&
           table.NoneOrEnough(table.Persons(group, [&](const Row& row) { return choice(row) && !own(row); }));
  });
}

Cell Compute(const Table& table, const Indices& group, const Aggregate& aggregate) {
  Cell cell;
  if (aggregate.kind == Kind::kCountTowns) {
    std::map<std::string, Indices> towns;
    for (const std::size_t i : group) {
      if (!aggregate.filter || aggregate.filter->holds(table[i])) towns[table[i].person->town].push_back(i);
    }
    cell.value = static_cast<double>(std::count_if(
        towns.begin(), towns.end(), [&](const auto& town) { return table.Enough(table.Persons(town.second)); }));
    return cell;
  }
  std::set<std::int64_t> persons;
  double sum = 0;
  for (const std::size_t i : group) {
    const Row& row = table[i];
    if (!SelectionOf(aggregate)(row)) continue;
    cell.rows.insert(i);
    persons.insert(row.person->id);
    if (HasValue(aggregate)) sum += static_cast<double>(*aggregate.value(row));
  }
  const auto count = static_cast<double>(cell.rows.size());
  cell.value = aggregate.kind == Kind::kSum             ? sum
               : aggregate.kind == Kind::kAvg           ? sum / count
               : aggregate.kind == Kind::kCountPersons ? static_cast<double>(persons.size())
                                                        : count;
  return cell;
}

ExpectedRow ShowGroup(const Table& table, const std::vector<std::string>& keys, const Indices& group,
                      const std::vector<Aggregate>& aggregates) {
  ExpectedRow row{keys, {}};
  for (const Aggregate& aggregate : aggregates)
    row.cells.push_back(IsShown(table, group, aggregate, aggregates) ? Compute(table, group, aggregate) : Cell{});
  return row;
}

// Rows of the smallest groups in which nothing that is selected is about a few persons.
Indices SafeRows(const Table& table, const Question& question) {
  const std::vector<Choice> selections = SelectionsOf(question.aggregates);
  Indices safe;
  for (const auto& [keys, group] : table.GroupBy(table.All(), question.keys, question.keys.size())) {
    bool fine = table.Enough(table.Persons(group));
    for (const Choice& own : selections) fine = fine && IsGuarded(table, group, own, selections);
    if (question.shape == Question::Shape::kRollup) {
      for (const Aggregate& aggregate : question.aggregates)
        fine = fine && IsShown(table, group, aggregate, question.aggregates);
    }
    if (fine) safe.insert(safe.end(), group.begin(), group.end());
  }
  return safe;
}

// The group's rows that are not in `other`, as the second release of the question has them.
std::vector<ExpectedRow> Pair(const World& world, const Question& question, const Table& table) {
  const bool joins = question.shape == Question::Shape::kJoined;
  std::vector<Test> where = question.where;
  if (question.narrower) where.push_back(*question.narrower);
  const bool joined = question.joined || joins;
  const std::int64_t k = joined ? std::max(world.people_k, world.events_k) : world.people_k;
  const Table other(RowsOf(world, joined, where), k);
  std::set<std::int64_t> present;
  for (const std::size_t i : other.All()) present.insert(other[i].person->id);
  const Groups groups = other.GroupBy(other.All(), question.keys, question.keys.size());
  Aggregate count;
  count.kind = Kind::kCountPersons;
  std::vector<ExpectedRow> out;
  for (const auto& [keys, group] : table.GroupBy(table.All(), question.keys, question.keys.size())) {
    const auto second = groups.find(keys);
    if (second == groups.end() || !table.Enough(table.Persons(group)) || !other.Enough(other.Persons(second->second)))
      continue;
    const bool close = !table.NoneOrEnough(table.Persons(group, [&](const Row& row) {
      return joins ? !present.contains(row.person->id) : !question.narrower->holds(row);
    }));
    if (close && joins) continue;
    ExpectedRow row{keys, {close ? Cell{} : Compute(table, group, count), Compute(other, second->second, count)}};
    if (question.shape == Question::Shape::kNarrower) {
      // Said in the first table's rows, so that the two can be compared.
      row.cells[1].rows.clear();
      for (const std::size_t i : group) {
        if (question.narrower->holds(table[i])) row.cells[1].rows.insert(i);
      }
    } else {
      row.cells[1].rows.clear();
      for (const std::size_t i : group) {
        if (present.contains(table[i].person->id)) row.cells[1].rows.insert(i);
      }
    }
    out.push_back(std::move(row));
  }
  return out;
}

Table TableOf(const World& world, const Question& question) {
  const std::int64_t k = question.joined ? std::max(world.people_k, world.events_k) : world.people_k;
  return {RowsOf(world, question.joined, question.where), k};
}

}  // namespace

std::vector<Row> RowsOf(const World& world, bool joined, const std::vector<Test>& where) {
  std::vector<Row> rows;
  const auto add = [&](const Row& row) {
    if (std::all_of(where.begin(), where.end(), [&](const Test& test) { return test.holds(row); })) rows.push_back(row);
  };
  for (const Person& person : world.people) {
    if (!joined) add({&person, nullptr});
    for (const Event& event : world.events) {
      if (joined && event.person == person.id) add({&person, &event});
    }
  }
  return rows;
}

std::vector<ExpectedRow> Expect(const World& world, const Question& question) {
  using Shape = Question::Shape;
  const Table table = TableOf(world, question);
  if (question.shape == Shape::kNarrower || question.shape == Shape::kJoined) return Pair(world, question, table);
  const bool rollup = question.shape == Shape::kRollup;
  const Indices rows = rollup ? SafeRows(table, question) : table.All();
  std::vector<ExpectedRow> out;
  for (std::size_t used = question.keys.size() + 1; used-- > 0;) {
    if (used < question.keys.size() && !rollup) break;
    for (const auto& [keys, group] : table.GroupBy(rows, question.keys, used)) {
      if (!table.Enough(table.Persons(group))) continue;
      if (question.shape == Shape::kHaving && static_cast<std::int64_t>(group.size()) < question.having) continue;
      out.push_back(ShowGroup(table, keys, group, question.aggregates));
    }
  }
  if (question.shape != Shape::kTotal) return out;
  const Indices safe = SafeRows(table, question);
  const Aggregate& first = question.aggregates[0];
  Cell total;
  const Indices& counted = first.kind == Kind::kCountTowns ? rows : safe;
  if (table.Enough(table.Persons(safe)) && IsShown(table, safe, first, {first})) total = Compute(table, counted, first);
  for (ExpectedRow& row : out) row.cells.push_back(total);
  return out;
}

std::string Subtract(const World& world, const Question& question, const std::vector<ExpectedRow>& shown) {
  const Table table = TableOf(world, question);
  std::vector<const Cell*> cells;
  for (const ExpectedRow& row : shown) {
    for (const Cell& cell : row.cells) {
      if (cell.value) cells.push_back(&cell);
    }
  }
  const auto rest = [&](const std::set<std::size_t>& all, const std::set<std::size_t>& part) {
    Indices left;
    std::set_difference(all.begin(), all.end(), part.begin(), part.end(), std::back_inserter(left));
    return left;
  };
  for (const Cell* whole : cells) {
    for (std::size_t column = 0; column < (shown.empty() ? 0 : shown[0].cells.size()); ++column) {
      std::set<std::size_t> parts;
      for (const ExpectedRow& row : shown) {
        const Cell& part = row.cells[column];
        if (!part.value || &part == whole || part.rows.size() >= whole->rows.size()) continue;
        if (!std::includes(whole->rows.begin(), whole->rows.end(), part.rows.begin(), part.rows.end())) continue;
        if (!table.NoneOrEnough(table.Persons(rest(whole->rows, part.rows)))) return "a cell minus a cell inside it";
        parts.insert(part.rows.begin(), part.rows.end());
      }
      if (!table.NoneOrEnough(table.Persons(rest(whole->rows, parts)))) return "a total minus its parts";
    }
  }
  return "";
}

}  // namespace cloister::oracle
