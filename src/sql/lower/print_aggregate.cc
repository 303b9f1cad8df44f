// Aggregates over persons' rows: exact sums whatever the order of rows and the number of threads, and no error.

#include <algorithm>
#include <cmath>
#include <functional>

#include "sql/lower/sql_printer.h"

namespace cloister::sql {
namespace {

constexpr double kScaleDefault = 1e6;   // six digits behind the point where the owner says nothing
constexpr double kScaledMax = 9e18;     // of a BIGINT
constexpr double kAffineMargin = 1000;  // for the constants of a * x + b

const UnitColumn* ColumnOf(const UnitBlock& block, const ExprPtr& expr) {
  if (!IsColumn(expr)) return nullptr;
  for (const UnitTablePtr& table : block.tables) {
    if (table->source == expr->source) return &table->columns[expr->column];
  }
  for (const UnitOuterJoin& join : block.outer_joins) {
    if (join.table->source == expr->source) return &join.table->columns[expr->column];
  }
  return nullptr;
}

// By how much a double is multiplied to become whole: a power of ten from its columns' granularity and bounds. A value
// that would not fit is left out of the sum rather than break it; bounds keep that from happening.
double ScaleOf(const UnitBlock& block, const ExprPtr& expr) {
  const UnitColumn* alone = ColumnOf(block, expr);
  double scale = kScaleDefault;
  if (alone != nullptr && alone->policy.granularity) {
    scale = std::max(1.0, std::pow(10.0, std::ceil(-std::log10(*alone->policy.granularity) - 1e-9)));
  }
  double largest = 0;
  const std::function<void(const ExprPtr&)> look = [&](const ExprPtr& node) {
    const UnitColumn* column = ColumnOf(block, node);
    if (column != nullptr && column->policy.bounds) {
      largest += std::max(std::fabs(column->policy.bounds->min), std::fabs(column->policy.bounds->max));
    }
    ForEachChild(*node, look);
  };
  look(expr);
  if (alone == nullptr) largest *= kAffineMargin;
  while (scale > 1 && largest * scale > kScaledMax) scale /= 10;
  return scale;
}

std::string Number(double value) { return Literal::Double(value).ToSql(); }

}  // namespace

// SUM, or AVG as that sum over the number of its rows.
std::string SqlPrinter::ExactSum(const ExprPtr& arg, const UnitAggregate& aggregate, const UnitBlock& block,
                                 bool average) {
  const std::string filter = aggregate.filter ? " FILTER (WHERE " + Total(aggregate.filter) + ")" : "";
  const std::string distinct = aggregate.distinct ? "DISTINCT " : "";
  const auto sum_of = [&](const std::string& value) { return "SUM(" + distinct + value + ")" + filter; };
  const auto count_of = [&](const std::string& value) {
    return "NULLIF(COUNT(" + distinct + value + ")" + filter + ", 0)";
  };
  std::string value;
  std::string sum;
  if (arg->type.kind == Type::Kind::kDouble) {
    const std::string scale = Number(ScaleOf(block, arg));
    value = "TRY_CAST(round(" + Total(arg) + " * " + scale + ") AS BIGINT)";
    sum = "(CAST(" + sum_of(value) + " AS DOUBLE) / " + scale + ")";
  } else if (arg->type.kind == Type::Kind::kDecimal) {
    value = Total(arg);
    sum = sum_of(value);
  } else {
    value = "TRY_CAST(" + Total(arg) + " AS BIGINT)";
    sum = sum_of(value);
  }
  return average ? "(CAST(" + sum + " AS DOUBLE) / " + count_of(value) + ")" : sum;
}

std::string SqlPrinter::UnitAggregateSql(const UnitAggregate& aggregate, const UnitBlock& block) {
  const std::string filter = aggregate.filter ? " FILTER (WHERE " + Total(aggregate.filter) + ")" : "";
  const std::string& f = aggregate.function;
  if (f == "count_star") return "COUNT(*)" + filter;
  if (f == "count")
    return "COUNT(" + std::string(aggregate.distinct ? "DISTINCT " : "") + Total(aggregate.args[0]) + ")" + filter;
  if (f == "approx_count_distinct") return "approx_count_distinct(" + Expression(aggregate.args[0]) + ")" + filter;
  if (f == "sum") return ExactSum(aggregate.args[0], aggregate, block, false);
  if (f == "avg") return ExactSum(aggregate.args[0], aggregate, block, true);
  if (f == "quantile_cont") {
    const std::string grid = Number(aggregate.round_to.value_or(1));
    const std::string value = "quantile_cont(CAST(" + Expression(aggregate.args[0]) + " AS DOUBLE), " +
                              Number(*aggregate.args[1]->literal.AsNumber()) + ")" + filter;
    return "(round(" + value + " / " + grid + ") * " + grid + ")";
  }
  // Moments of doubles depend on the order of rows, and raise on infinities: sorted, and through a decimal.
  std::string args;
  for (const ExprPtr& arg : aggregate.args) {
    args += (args.empty() ? "" : ", ") + ("CAST(TRY_CAST(" + Total(arg) + " AS DECIMAL(38,9)) AS DOUBLE)");
  }
  return f + "(" + args + " ORDER BY " + args + ")" + filter;
}

}  // namespace cloister::sql
