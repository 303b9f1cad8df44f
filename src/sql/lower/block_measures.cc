#include "sql/lower/block_measures.h"

#include <algorithm>
#include <map>

namespace cloister::sql {
namespace {

void Collect(const ExprPtr& expr, const UnitBlock& block, Measures& out) {
  if (!IsColumn(expr)) {
    ForEachChild(*expr, [&](const ExprPtr& child) { Collect(child, block, out); });
    return;
  }
  const UnitTable* table = TableOf(block, expr->source);
  if (table == nullptr) return;
  if (IsMeasured(*table, expr->column)) out.insert(MeasureName(*table, expr->column));
  out.merge(MeasuresOfColumn(*table, expr->column));
}

bool IsZeroOrNull(const Literal& literal) { return literal.IsNull() || literal.AsNumber() == 0; }

// x + 1, CASE WHEN ... THEN 1 ELSE 0 END, coalesce(x, 5): a sum of it counts rows too.
bool AddsConstants(const ExprPtr& expr) {
  const auto counted = [](const ExprPtr& one) { return IsLiteral(one) && !IsZeroOrNull(one->literal); };
  if (expr->kind == ExprKind::kCase) {
    for (std::size_t i = 1; i < expr->args.size(); i += 2) {
      if (counted(expr->args[i])) return true;
    }
    return counted(expr->args.back());
  }
  if (expr->kind == ExprKind::kCast) return AddsConstants(expr->args[0]);
  if (expr->kind != ExprKind::kCall) return counted(expr);
  const std::string& f = expr->function;
  if (f == "*" || f == "/") return AddsConstants(expr->args[IsLiteral(expr->args[0]) ? 1 : 0]);
  if (f == "round" || f == "floor" || f == "ceil" || f == "abs" || f == "negate") return AddsConstants(expr->args[0]);
  return std::any_of(expr->args.begin(), expr->args.end(), AddsConstants);
}

// A filter leaves one value of a column: SUM(age) WHERE age = 32 is a count.
bool IsFixed(const ExprPtr& expr, const UnitBlock& block) {
  return std::any_of(block.where.begin(), block.where.end(), [&](const ExprPtr& test) {
    if (!IsCall(test, "=")) return false;
    const ExprPtr& column = test->args[IsLiteral(test->args[0]) ? 1 : 0];
    const bool literal = IsLiteral(test->args[0]) || IsLiteral(test->args[1]);
    return literal && AnyNode(expr, [&](const Expr& node) {
             return node.kind == ExprKind::kColumn && node.source == column->source && node.column == column->column;
           });
  });
}

// The aggregate that an item of a block with one row a unit is; null for a key.
const UnitAggregate* AggregateOf(const UnitBlock& block, int item) {
  if (block.items[item]->kind != ExprKind::kAggregate) return nullptr;
  const auto before = std::count_if(block.items.begin(), block.items.begin() + item,
                                    [](const ExprPtr& one) { return one->kind == ExprKind::kAggregate; });
  return &block.aggregates[static_cast<std::size_t>(before)];
}

}  // namespace

const UnitTable* TableOf(const UnitBlock& block, int source) {
  for (const UnitTablePtr& table : block.tables) {
    if (table->source == source) return table.get();
  }
  for (const UnitOuterJoin& join : block.outer_joins) {
    if (join.table->source == source) return join.table.get();
  }
  return nullptr;
}

Measures MeasuresOf(const UnitAggregate& aggregate, const UnitBlock& block) {
  Measures measures;
  for (const ExprPtr& arg : aggregate.args) Collect(arg, block, measures);
  const bool counts = aggregate.function.find("count") != std::string::npos;
  const bool fixed = std::any_of(aggregate.args.begin(), aggregate.args.end(),
                                 [&](const ExprPtr& arg) { return AddsConstants(arg) || IsFixed(arg, block); });
  if (measures.empty() || counts || fixed)
    measures.insert(std::string(kCountMeasure));
  return measures;
}

bool GiveCounts(const std::vector<UnitAggregate>& aggregates, const UnitBlock& block) {
  std::map<std::string, std::set<std::string>> kinds;  // by measure
  for (const UnitAggregate& aggregate : aggregates) {
    if (aggregate.distinct) continue;
    const std::string& f = aggregate.function;
    const std::string kind = f.ends_with("_samp") ? "samp" : f.ends_with("_pop") ? "pop" : f;
    for (const std::string& measure : MeasuresOf(aggregate, block)) kinds[measure].insert(kind);
  }
  return std::any_of(kinds.begin(), kinds.end(), [](const auto& of) {
    const auto both = [&](const char* one, const char* other) {
      return of.second.contains(one) && of.second.contains(other);
    };
    return both("sum", "avg") || both("samp", "pop") || both("corr", "samp") || both("corr", "pop");
  });
}

Measures MeasuresOfColumn(const UnitTable& table, int column) {
  Measures measures;
  for (const auto& block : table.blocks) {
    if (column >= static_cast<int>(block->items.size())) continue;
    const UnitAggregate* aggregate =
        table.kind == UnitTable::Kind::kPerUnit ? AggregateOf(*block, column) : nullptr;
    if (aggregate != nullptr)
      measures.merge(MeasuresOf(*aggregate, *block));
    else
      Collect(block->items[column], *block, measures);
  }
  return measures;
}

bool IsMeasured(const UnitTable& table, int column) {
  return table.kind == UnitTable::Kind::kDataset && !table.columns[column].policy.Is(agreement::Role::kJoinKey);
}

std::string MeasureName(const UnitTable& table, int column) {
  return table.dataset->id + "." + table.columns[column].name;
}

}  // namespace cloister::sql
