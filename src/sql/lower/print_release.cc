// A release in SQL, in two steps: the inner one groups the rows and counts units, the outer one keeps what has enough.
//
//   SELECT "k0" AS "c0", CASE WHEN <cell> THEN "a0" END AS "c1"
//   FROM (SELECT <key> AS "k0", <aggregate> AS "a0", cloister_units_up_to(10, <unit>) AS "n0"
//         FROM <tables> WHERE <filters> GROUP BY <key>) AS "g"
//   WHERE "n0" >= 10
//
// A threshold alone need not know more (engine/unit_count.h); where a test subtracts counts, all are COUNT(DISTINCT).
//
// Without keys the inner step gives one row, and the outer one drops it when too few units are behind it: the same
// answer as for no unit at all (R22).

#include <algorithm>

#include "sql/lower/sql_printer.h"

namespace cloister::sql {
namespace {

// Complements need the counts themselves.
bool Subtracts(const Protection& protection) {
  return std::any_of(protection.cells.begin(), protection.cells.end(), [](const CellGuard& guard) {
    return std::any_of(guard.conditions.begin(), guard.conditions.end(),
                       [](const CellThreshold& cell) { return !cell.between; });
  });
}

std::string Quoted(std::string_view prefix, std::size_t index) {
  return "\"" + std::string(prefix) + std::to_string(index) + "\"";
}

void And(std::string& all, const std::string& test) {
  if (!test.empty()) all += (all.empty() ? "" : " AND ") + test;
}

std::string ZeroOr(const std::string& count, std::int64_t k) {
  return "(" + count + " = 0 OR " + count + " >= " + std::to_string(k) + ")";
}

}  // namespace

std::string SqlPrinter::Counts::Name(Count count) {
  for (const Count& known : items) {
    if (known.sql == count.sql) return known.name;
  }
  count.name = Quoted("n", items.size());
  items.push_back(std::move(count));
  return items.back().name;
}

// The name of the number of units behind a group, of those for whom the condition holds where there is one.
std::string SqlPrinter::Units(const ExprPtr& unit, const std::string& condition, Counts& counts) {
  const std::string key = UnitKey(unit);
  const std::string filter = RowFilter(condition);
  const std::string count =
      HasNumberKey(unit) ? "cloister_unit_count(" + key + ")" : "COUNT(DISTINCT " + Expression(unit) + ")";
  return counts.Name({.sql = count + filter, .units = {key, filter}});
}

// The same where it is compared with k and with 0 only.
std::string SqlPrinter::UnitsUpTo(const ExprPtr& unit, std::int64_t k, const std::string& condition, Counts& counts) {
  if (counts.subtracts) return Units(unit, condition, counts);
  const std::string key = UnitKey(unit);
  const std::string filter = RowFilter(condition);
  const std::string count = "cloister_units_up_to(" + std::to_string(k) + ", " + key + ")";
  return counts.Name({.sql = count + filter, .units = {key, filter}});
}

std::string SqlPrinter::RowTest(const RowThreshold& row, Counts& counts) {
  const std::string count = UnitsUpTo(row.unit, row.k, "", counts);
  return row.optional ? ZeroOr(count, row.k) : count + " >= " + std::to_string(row.k);
}

std::string SqlPrinter::RowTests(const Protection& protection, Counts& counts) {
  std::string all;
  std::string some;
  for (const RowThreshold& row : protection.rows) {
    And(all, RowTest(row, counts));
    if (row.optional)
      some += (some.empty() ? "" : " OR ") + UnitsUpTo(row.unit, row.k, "", counts) + " >= " + std::to_string(row.k);
    else
      some = "TRUE";
    if (some.starts_with("TRUE")) some = "TRUE";
  }
  // Where each reference may be absent, one must still be there.
  if (some != "TRUE") And(all, "(" + some + ")");
  return all;
}

std::string SqlPrinter::ConditionTest(const CellThreshold& cell, Counts& counts) {
  const std::string condition = Total(cell.condition);
  const std::string k = std::to_string(cell.k);
  if (cell.between) return ZeroOr(UnitsUpTo(cell.unit, cell.k, condition, counts), cell.k);
  const std::string total = Units(cell.unit, "", counts);
  const std::string chosen = Units(cell.unit, condition, counts);
  std::string all;
  if (cell.skips) {
    And(all, ZeroOr(chosen, cell.k));
    And(all, total + " - " + chosen + " >= " + k);
  } else {
    And(all, cell.or_none ? ZeroOr(chosen, cell.k) : chosen + " >= " + k);
    And(all, ZeroOr(Units(cell.unit, "(NOT " + condition + ")", counts), cell.k));
    And(all, ZeroOr("(" + total + " - " + chosen + ")", cell.k));
  }
  return cell.optional ? "(" + total + " = 0 OR (" + all + "))" : all;
}

std::string SqlPrinter::CellTest(const CellGuard& guard, Counts& counts) {
  std::string all;
  for (const RowThreshold& row : guard.raised) And(all, RowTest(row, counts));
  for (const CellThreshold& cell : guard.conditions) And(all, ConditionTest(cell, counts));
  return all;
}

std::string SqlPrinter::TableSql(const UnitTable& table) {
  std::vector<std::string> names;
  std::string sql;
  if (table.dataset != nullptr) {
    for (const UnitColumn& column : table.columns) names.push_back(QuoteIdentifier(column.name));
    sql = QuoteIdentifier(ExecutablePlan::TableName(table.dataset->id));
  } else {
    for (std::size_t i = 0; i < table.columns.size(); ++i) names.push_back(Quoted("c", i));
    if (table.relation)
      sql = "(" + RelationSql(*table.relation, false) + ")";
    else if (table.kind == UnitTable::Kind::kPerUnit)
      sql = "(" + PerUnitSql(table) + ")";
    else if (table.kind == UnitTable::Kind::kWindow)
      sql = "(" + BlockSelect(table, *table.blocks[0], {}) + ")";
    else if (table.kind == UnitTable::Kind::kUnion)
      sql = "(" + UnionSql(table) + ")";
    else
      sql = "((" + BlockSelect(table, *table.blocks[0], {}) + ") INTERSECT (" +
            BlockSelect(table, *table.blocks[1], {}) + "))";
  }
  if (!table.single_by.empty()) {
    std::string columns;
    for (const int column : table.single_by)
      columns += (columns.empty() ? "" : ", ") + names[static_cast<std::size_t>(column)];
    sql = "(SELECT * FROM " + sql + " AS \"t\" QUALIFY count(*) OVER (PARTITION BY " + columns + ") = 1)";
  }
  return sql + NewAlias(table.source, std::move(names));
}

std::string SqlPrinter::BlockFrom(const UnitBlock& block) {
  std::string from;
  for (const UnitTablePtr& table : block.tables) from += (from.empty() ? "" : " CROSS JOIN ") + TableSql(*table);
  for (const UnitOuterJoin& join : block.outer_joins) {
    const std::string table = TableSql(*join.table);
    std::string on;
    for (const ExprPtr& condition : join.conditions) And(on, Total(condition));
    from += " LEFT JOIN " + table + " ON " + on;
  }
  return from;
}

// Filters, semi-joins, and: rows without a unit are nobody's, so no threshold would guard them; they are left out.
std::string SqlPrinter::BlockWhere(const UnitBlock& block, const std::vector<std::string>& more) {
  std::string where;
  for (const UnitTablePtr& table : block.tables) {
    for (const UnitCounter& counter : table->counters) {
      if (!counter.optional) And(where, "(" + Expression(counter.unit) + " IS NOT NULL)");
    }
    for (const ExprPtr& filter : table->filters) And(where, Total(filter));
  }
  for (const ExprPtr& condition : block.where) And(where, Total(condition));
  for (const UnitSemiJoin& join : block.semi_joins) {
    const std::string from = BlockFrom(*join.block);
    std::string inner = BlockWhere(*join.block, {});
    And(inner, "(" + Expression(join.inner) + " = " + Expression(join.outer) + ")");
    And(where, std::string(join.negated ? "NOT " : "") + "EXISTS (SELECT 1 FROM " + from + " WHERE " + inner + ")");
  }
  for (const std::string& test : more) And(where, test);
  return where;
}

std::string SqlPrinter::BlockSelect(const UnitTable& table, const UnitBlock& block,
                                    const std::vector<std::string>& hidden) {
  const std::string from = BlockFrom(block);
  std::string items;
  for (std::size_t i = 0; i < block.items.size(); ++i) {
    items += (items.empty() ? "" : ", ") + Total(block.items[i]) + " AS " + Quoted("c", i);
  }
  for (std::size_t i = 0; i < hidden.size(); ++i)
    items += ", " + hidden[i] + " AS " + Quoted("c", block.items.size() + i);
  items += CarriedMarks(table, block);
  const std::string where = BlockWhere(block, {});
  return "SELECT " + items + " FROM " + from + (where.empty() ? "" : " WHERE " + where);
}

std::string SqlPrinter::PerUnitSql(const UnitTable& table) {
  const UnitBlock& block = *table.blocks[0];
  const std::string from = BlockFrom(block);
  std::string items;
  std::size_t next = 0;
  for (std::size_t i = 0; i < block.items.size(); ++i) {
    const bool aggregate = block.items[i]->kind == ExprKind::kAggregate;
    const std::string sql = aggregate ? UnitAggregateSql(block.aggregates[next++], block) : Total(block.items[i]);
    items += (items.empty() ? "" : ", ") + sql + " AS " + Quoted("c", i);
  }
  items += CarriedMarks(table, block);
  std::string keys;
  for (const ExprPtr& key : block.keys) keys += (keys.empty() ? "" : ", ") + Key(key);
  const std::string where = BlockWhere(block, {});
  return "SELECT " + items + " FROM " + from + (where.empty() ? "" : " WHERE " + where) + " GROUP BY " + keys;
}

// Each branch fills its own units' columns and leaves the others' NULL.
std::string SqlPrinter::UnionSql(const UnitTable& table) {
  std::size_t total = 0;
  for (const auto& block : table.blocks) total += block->counters.size();
  std::string sql;
  std::size_t first = 0;
  for (const auto& block : table.blocks) {
    BlockFrom(*block);  // names the sources that the units are read from
    std::vector<std::string> hidden;
    for (std::size_t i = 0; i < total; ++i) {
      const bool own = i >= first && i < first + block->counters.size();
      const std::size_t column = table.columns.size() - total + i;
      hidden.push_back(own ? Expression(block->counters[i - first].unit)
                           : "CAST(NULL AS " + table.columns[column].type.ToString() + ")");
    }
    sql += (sql.empty() ? "(" : " UNION ALL (") + BlockSelect(table, *block, hidden) + ")";
    first += block->counters.size();
  }
  return sql;
}

// Rule R17: totals are made of the finest cells that may be shown, so a total minus its shown parts is nothing.
std::string SqlPrinter::FinestCells(const FinestGroups& finest, const Protection& protection) {
  const UnitBlock& block = *finest.block;
  const std::string from = BlockFrom(block);
  std::string items;
  std::string keys;
  for (std::size_t i = 0; i < finest.keys.size(); ++i) {
    items += (items.empty() ? "" : ", ") + Key(finest.keys[i]) + " AS " + Quoted("k", i);
    keys += (keys.empty() ? "" : ", ") + Quoted("k", i);
  }
  Counts counts{.subtracts = Subtracts(protection)};
  std::string tests = RowTests(protection, counts);
  for (const CellGuard& guard : protection.cells) And(tests, CellTest(guard, counts));
  std::string inner = "SELECT " + items;
  for (const auto& count : counts.items) inner += ", " + count.sql + " AS " + count.name;
  const std::string where = BlockWhere(block, {});
  std::string group;
  for (std::size_t i = 0; i < finest.keys.size(); ++i) group += (group.empty() ? "" : ", ") + Key(finest.keys[i]);
  return "SELECT " + keys + " FROM (" + inner + " FROM " + from + (where.empty() ? "" : " WHERE " + where) +
         " GROUP BY " + group + ") WHERE " + tests;
}

// The rows of the finest groups alone: a join, and the tests that make it one.
std::string SqlPrinter::JoinFinest(const Release& release, const Protection& protection,
                                   std::vector<std::string>& tests) {
  if (!release.finest && release.sets.empty()) return "";
  const FinestGroups own{release.block, release.keys, {}};
  const FinestGroups& finest = release.finest ? *release.finest : own;
  for (std::size_t i = 0; i < finest.keys.size(); ++i)
    tests.push_back("(" + Key(finest.keys[i]) + " IS NOT DISTINCT FROM \"f\"." + Quoted("k", i) + ")");
  const Protection& guard = release.finest ? query_.ProtectionOf(finest) : protection;
  return " CROSS JOIN (" + FinestCells(finest, guard) + ") AS \"f\"";
}

std::string SqlPrinter::OutsideTest(const UnitOutside& outside, Counts& counts) {
  const std::string from = BlockFrom(*outside.block);
  const std::string where = BlockWhere(*outside.block, {"(" + Expression(outside.inner) + " IS NOT NULL)"});
  const std::string unit = Expression(outside.unit);
  const std::string others = "(SELECT " + Expression(outside.inner) + " FROM " + from + " WHERE " + where + ")";
  return ZeroOr(UnitsUpTo(outside.unit, outside.k, unit + " NOT IN " + others, counts), outside.k);
}

std::string SqlPrinter::ReleaseSql(const Release& release) {
  if (const auto made = tables_.find(&release); made != tables_.end()) return ReleasedSql(release, false);
  const Protection& protection = query_.ProtectionOf(release);
  const UnitBlock& block = *release.block;
  std::string from = BlockFrom(block);
  std::vector<std::string> keys;
  for (const ExprPtr& key : release.keys) keys.push_back(Key(key));
  std::vector<std::string> more;
  from += JoinFinest(release, protection, more);
  Counts counts{.subtracts = Subtracts(protection)};
  std::string rows = RowTests(protection, counts);
  for (const UnitOutside& outside : release.outside) And(rows, OutsideTest(outside, counts));
  std::string inner;
  std::string outer;
  std::size_t column = 0;
  const auto show = [&](const std::string& sql) {
    outer += (outer.empty() ? "" : ", ") + sql + " AS " + Quoted("c", column++);
  };
  for (std::size_t i = 0; i < keys.size(); ++i) {
    inner += (inner.empty() ? "" : ", ") + keys[i] + " AS " + Quoted("k", i);
    show(Quoted("k", i));
  }
  for (std::size_t i = 0; i < release.aggregates.size(); ++i) {
    inner += (inner.empty() ? "" : ", ") + UnitAggregateSql(release.aggregates[i], block) + " AS " + Quoted("a", i);
    const std::string test = CellTest(protection.cells[i], counts);
    show(test.empty() ? Quoted("a", i) : "CASE WHEN " + test + " THEN " + Quoted("a", i) + " END");
  }
  for (std::size_t i = 0; i < release.groupings.size(); ++i) {
    std::string args;
    for (const ExprPtr& arg : release.groupings[i]) args += (args.empty() ? "" : ", ") + Key(arg);
    inner += (inner.empty() ? "" : ", ") + ("GROUPING(" + args + ") AS ") + Quoted("g", i);
    show(Quoted("g", i));
  }
  for (const auto& [sql, name] : GuardColumns(release, keys)) {
    inner += ", " + sql + " AS " + name;
    show(name);
  }
  const std::string sizes = SizesOfSets(release, counts);
  for (const auto& count : counts.items) inner += (inner.empty() ? "" : ", ") + count.sql + " AS " + count.name;
  if (outer.empty()) outer = "1 AS \"c0\"";
  const std::string where = BlockWhere(block, more);
  std::string sql = "SELECT " + inner + " FROM " + from + (where.empty() ? "" : " WHERE " + where);
  if (!release.sets.empty()) {
    std::string sets;
    for (const std::vector<int>& set : release.sets) {
      std::string one;
      for (const int index : set) one += (one.empty() ? "" : ", ") + keys[index];
      sets += (sets.empty() ? "(" : ", (") + one + ")";
    }
    sql += " GROUP BY GROUPING SETS (" + sets + ")";
  } else if (!keys.empty()) {
    std::string group;
    for (const std::string& key : keys) group += (group.empty() ? "" : ", ") + key;
    sql += " GROUP BY " + group;
  }
  if (!sizes.empty()) sql = "SELECT *" + sizes + " FROM (" + sql + ") AS \"h\"";
  return "SELECT " + outer + " FROM (" + sql + ") AS \"g\" WHERE " + rows;
}

}  // namespace cloister::sql
