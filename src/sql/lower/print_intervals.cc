// Intervals of averages, variances and standard deviations, from the released table to the answer. The ends of column 2
// of a released table are its columns "l2" and "h2"; a select that shows the column as it is hands them on:
//
//   SELECT "s2"."c0" AS "ward", "s2"."c1" AS "a", "s2"."l1" AS "low1", "s2"."h1" AS "high1"
//   FROM (SELECT * FROM "released_0") AS "s2"
//
// Where a query computes with such a column, groups by it, or puts answers one below the other, no interval is told.

#include "sql/lower/sql_printer.h"

namespace cloister::sql {
namespace {

// The columns of a noisy release: keys, aggregates, groupings.
bool IsMadeOfSeveral(const Release& release, int column) {
  const auto index = static_cast<std::size_t>(column);
  if (!release.limits || index < release.keys.size()) return false;
  if (index - release.keys.size() >= release.aggregates.size()) return false;
  const std::string& function = release.aggregates[index - release.keys.size()].function;
  return function == "avg" || function.starts_with("var") || function.starts_with("stddev");
}

const Source* FindSource(const From& from, int id) {
  const Source* found = nullptr;
  ForEachSource(from, [&](const Source& source) {
    if (source.id == id) found = &source;
  });
  return found;
}

}  // namespace

// Whether the relation can hand on the interval of a column; its sources are asked for it then.
bool SqlPrinter::AskInterval(const Relation& relation, int column) {
  if (relation.kind == Relation::Kind::kRelease) return IsMadeOfSeveral(*relation.release, column);
  if (relation.kind != Relation::Kind::kSelect || relation.distinct || relation.grouped) return false;
  const ExprPtr& item = relation.items[static_cast<std::size_t>(column)];
  if (!IsColumn(item) || relation.from.kind == From::Kind::kNone) return false;
  const Source* source = FindSource(relation.from, item->source);
  if (source == nullptr || !AskInterval(*source->relation, item->column)) return false;
  intervals_[source->id].insert(item->column);
  return true;
}

std::set<int> SqlPrinter::AskIntervals(const Relation& top) {
  std::set<int> columns;
  for (std::size_t i = 0; i < top.items.size(); ++i) {
    if (AskInterval(top, static_cast<int>(i))) columns.insert(static_cast<int>(i));
  }
  output_intervals_.assign(columns.begin(), columns.end());
  return columns;
}

// By name where intervals stand behind the columns and are not asked for, so that set operations see none of them.
std::string SqlPrinter::ReleasedSql(const Release& release, bool intervals) {
  const std::size_t columns = release.keys.size() + release.aggregates.size() + release.groupings.size();
  std::string items;
  bool more = false;
  for (std::size_t i = 0; i < columns; ++i) {
    items += (i == 0 ? "\"c" : ", \"c") + std::to_string(i) + "\"";
    more = more || IsMadeOfSeveral(release, static_cast<int>(i));
  }
  return "SELECT " + (more && !intervals ? items : "*") + " FROM \"" + tables_.at(&release) + "\"";
}

std::string SqlPrinter::SourceRelationSql(const Relation& relation, int source) {
  const auto asked = intervals_.find(source);
  if (asked == intervals_.end()) return RelationSql(relation, false);
  if (relation.kind == Relation::Kind::kRelease) return ReleasedSql(*relation.release, true);
  return SelectSql(relation, false, asked->second);
}

std::string SqlPrinter::IntervalItems(const Relation& select, bool top, const std::set<int>& columns) {
  std::string items;
  for (const int column : columns) {
    const Expr& item = *select.items[static_cast<std::size_t>(column)];
    const std::string from = Alias(item.source) + ".";
    const std::string inner = std::to_string(item.column);
    const std::string outer = std::to_string(column);
    items += ", " + from + "\"l" + inner + "\" AS \"" + (top ? "low" : "l") + outer + "\", " + from + "\"h" + inner +
             "\" AS \"" + (top ? "high" : "h") + outer + "\"";
  }
  return items;
}

}  // namespace cloister::sql
