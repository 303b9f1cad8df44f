// Marks of the rows behind an aggregate (engine/unit_sets.h), for the guard against differencing: of each measure a
// number a row that adds up. Where the rows lie below a block with one row a unit, their sums are carried up in columns
// that only the guard reads.
//
//   SUM(v.charge)                  cloister_mark("s1"."charge")
//   SUM(u.s) over
//     (SELECT patient_id, SUM(charge) AS s FROM visits GROUP BY patient_id) AS u
//                                  "s2"."m1_0", in u: the sum of cloister_mark("s1"."charge"), modulo 2^32

#include "sql/lower/block_measures.h"
#include "sql/lower/sql_printer.h"

namespace cloister::sql {
namespace {

// How many numbers a sum of marks has: those of a RowSum (privacy/differencing/unit_rows.h).
std::string Wrapped(const std::string& sum) {
  return "CAST(coalesce(" + sum + ", 0) % 4294967296 AS UINTEGER)";
}

std::string CarriedName(int column, std::size_t index) {
  return "\"m" + std::to_string(column) + "_" + std::to_string(index) + "\"";
}

std::string SumOf(const std::set<std::string>& terms) {
  std::string sum;
  for (const std::string& term : terms) sum += (sum.empty() ? "" : " + ") + ("CAST(" + term + " AS UBIGINT)");
  return sum.empty() ? "CAST(0 AS UBIGINT)" : sum;
}

}  // namespace

// Numbers of one value in different types have one mark: another version of a dataset may have another type.
std::string SqlPrinter::MarkSql(const ExprPtr& column) {
  const std::string value = Expression(column);
  return "cloister_mark(" + (column->type.IsNumeric() ? "CAST(" + value + " AS DOUBLE)" : value) + ")";
}

void SqlPrinter::CollectMarks(const ExprPtr& expr, const UnitBlock& block, Marks& out) {
  if (!IsColumn(expr)) {
    ForEachChild(*expr, [&](const ExprPtr& child) { CollectMarks(child, block, out); });
    return;
  }
  const UnitTable* table = TableOf(block, expr->source);
  if (table == nullptr) return;
  if (IsMeasured(*table, expr->column)) out[MeasureName(*table, expr->column)].insert(MarkSql(expr));
  std::size_t index = 0;
  for (const std::string& measure : MeasuresOfColumn(*table, expr->column))
    out[measure].insert(Alias(expr->source) + "." + CarriedName(expr->column, index++));
}

// Of the aggregate's rows; of one that counts its rows as they are the mark is 1, whatever they hold. Counts of
// different keys or values do not add up.
SqlPrinter::Marks SqlPrinter::MarksOf(const UnitAggregate& aggregate, const UnitBlock& block) {
  Marks marks;
  for (const ExprPtr& arg : aggregate.args) CollectMarks(arg, block, marks);
  if (aggregate.distinct || aggregate.function == "approx_count_distinct") return marks;
  for (const std::string& measure : MeasuresOf(aggregate, block)) {
    if (!marks.contains(measure)) marks[measure].insert(std::string(kMarkOfOne));
  }
  return marks;
}

// ", mark AS name" for each measure of each item. Blocks of one union name the same.
std::string SqlPrinter::CarriedMarks(const UnitTable& table, const UnitBlock& block) {
  std::string columns;
  if (guards_ == nullptr) return columns;
  std::size_t next = 0;
  for (std::size_t i = 0; i < block.items.size(); ++i) {
    const int item = static_cast<int>(i);
    const bool per_unit = table.kind == UnitTable::Kind::kPerUnit;
    const bool aggregated = per_unit && block.items[i]->kind == ExprKind::kAggregate;
    const UnitAggregate* aggregate = aggregated ? &block.aggregates[next++] : nullptr;
    Marks marks;
    if (aggregate != nullptr)
      marks = MarksOf(*aggregate, block);
    else
      CollectMarks(block.items[i], block, marks);
    const std::string filter =
        aggregate != nullptr && aggregate->filter ? " FILTER (WHERE " + Total(aggregate->filter) + ")" : "";
    std::size_t index = 0;
    for (const std::string& measure : MeasuresOfColumn(table, item)) {
      const std::string sum = SumOf(marks[measure]);
      columns += ", " + Wrapped(per_unit ? "SUM(" + sum + ")" + filter : sum) + " AS " + CarriedName(item, index++);
    }
  }
  return columns;
}

}  // namespace cloister::sql
