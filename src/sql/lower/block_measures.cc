#include "sql/lower/block_measures.h"

#include <algorithm>

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
  if (measures.empty() || aggregate.function.find("count") != std::string::npos)
    measures.insert(std::string(kCountMeasure));
  return measures;
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
