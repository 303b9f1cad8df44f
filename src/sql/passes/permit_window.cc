// Rule R14: a window over one person's own rows, in a derived table.
//
//   SELECT ward, COUNT(*)
//   FROM (SELECT ward, row_number() OVER (PARTITION BY patient_id ORDER BY visit_date) AS n FROM visits)
//   WHERE n = 1 GROUP BY ward
//
// With the privacy unit in PARTITION BY no row depends on another person's. Rows that the analyst's order leaves equal
// are put in the order of all their columns, so that the answer is the same each time.

#include <algorithm>
#include <array>

#include "sql/passes/permitter.h"

namespace cloister::sql {

using agreement::Role;

namespace {

bool Is(const Expr& window, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), window.function) != names.end();
}

bool PicksRows(const Expr& window) { return Is(window, {"row_number", "lag", "lead", "first_value", "last_value"}); }
bool AddsUp(const Expr& window) { return Is(window, {"sum", "avg"}); }
bool Counts(const Expr& window) { return Is(window, {"row_number", "rank", "dense_rank", "count_star", "count"}); }

ExprPtr InFixedOrder(const Expr& window, const UnitBlock& block) {
  auto copy = CloneExpr(window);
  if (!PicksRows(window) && !AddsUp(window)) return copy;
  for (const UnitTablePtr& table : block.tables) {
    for (std::size_t i = 0; i < table->columns.size(); ++i)
      copy->order.push_back({MakeColumn(table->source, static_cast<int>(i), table->columns[i].type), false, false});
  }
  if (AddsUp(window)) copy->frame = {"ROWS", "UNBOUNDED PRECEDING", "UNBOUNDED FOLLOWING"};
  return copy;
}

}  // namespace

// Null after a finding.
ExprPtr Permitter::CheckUnitWindow(const Expr& window, const UnitBlock& block) {
  const auto self = std::make_shared<Expr>(window);
  const auto refuse = [&](std::string message) {
    scope_.Refuse("R14", self, std::move(message));
    return ExprPtr();
  };
  for (const UnitCounter& counter : block.counters) {
    const bool own = std::any_of(window.partition.begin(), window.partition.end(), [&](const ExprPtr& part) {
      return SameExpr(part, counter.unit) || AreJoined(block, counter.unit, part);
    });
    if (!own) {
      return refuse("A window over persons' rows compares persons with each other, unless PARTITION BY names the "
                    "privacy unit of every table; or use windows over aggregated rows.");
    }
  }
  for (const ExprPtr& part : window.partition) {
    const bool key = IsColumn(part) && scope_.Column(*part).policy.Is(Role::kJoinKey);
    if (!key && !scope_.IsGeneralisation(part)) return refuse("PARTITION BY takes keys of persons and dimensions.");
  }
  for (const OrderItem& item : window.order) {
    if (!IsColumn(item.expr)) return refuse("ORDER BY in a window over a person's own rows takes columns.");
    if (scope_.IsUntouchable(*item.expr)) return nullptr;
  }
  for (const ExprPtr& arg : window.args) {
    if (IsLiteral(arg)) continue;
    if (!IsColumn(arg) || scope_.HasChosenRows(arg))
      return refuse("A window over a person's own rows takes a column of them.");
    if (scope_.IsUntouchable(*arg)) return nullptr;
  }
  const bool plain = window.frame.mode.empty() && !window.filter && !window.distinct && !window.ignore_nulls &&
                     !(AddsUp(window) && !window.order.empty()) && window.args.size() <= 2;
  if (!plain || (!PicksRows(window) && !AddsUp(window) && !Counts(window))) {
    return refuse("Over a person's own rows ROW_NUMBER, RANK, COUNT, LAG, LEAD, FIRST_VALUE, LAST_VALUE and whole SUM "
                  "and AVG are admitted, without a frame or a filter.");
  }
  if (AddsUp(window) && !scope_.CheckMeasure(window.args[0])) return nullptr;
  return InFixedOrder(window, block);
}

UnitColumn Permitter::DescribeWindow(const Expr& window, const std::string& name, const UnitBlock& block) {
  UnitColumn column;
  if (!Counts(window)) column = scope_.Column(*window.args[0]);
  column.name = name;
  column.type = window.type;
  if (Counts(window)) {
    column.unit_count = true;
    column.policy.roles = {Role::kMeasure};
    column.dataset = block.counters[0].dataset;
  } else if (AddsUp(window)) {
    const std::optional<double> grid = column.policy.filter_grid;
    column.policy = {};
    column.policy.roles = {Role::kMeasure};
    column.policy.filter_grid = grid;
  }
  return column;
}

// The column of the table for an item of its block; the item is added when it is new.
int Permitter::WindowItem(const ExprPtr& item, const std::string& name, UnitBlock& block, UnitTable& table) {
  for (std::size_t i = 0; i < block.items.size(); ++i) {
    if (SameExpr(block.items[i], item)) return static_cast<int>(i);
  }
  table.columns.push_back(item->kind == ExprKind::kWindow ? DescribeWindow(*item, name, block)
                                                          : scope_.DescribeItem(item, name));
  block.items.push_back(item);
  return static_cast<int>(block.items.size() - 1);
}

// An expression with windows in it as one over the table; null after a finding.
ExprPtr Permitter::OverWindows(const ExprPtr& expr, UnitBlock& block, UnitTable& table) {
  bool whole = true;
  const std::function<ExprPtr(const ExprPtr&)> over = [&](const ExprPtr& node) -> ExprPtr {
    ExprPtr item = node;
    if (node->kind == ExprKind::kWindow) item = CheckUnitWindow(*node, block);
    if (node->kind == ExprKind::kSubquery) {
      scope_.Refuse("R13", node, "A subquery beside persons' rows is not admitted.");
      item = nullptr;
    }
    if (!item) {
      whole = false;
      return node;
    }
    if (node->kind != ExprKind::kWindow && !IsColumn(node)) return MapChildren(node, over);
    return MakeColumn(table.source, WindowItem(item, "part", block, table), node->type, node->range);
  };
  const ExprPtr value = over(expr);
  return whole ? value : nullptr;
}

// QUALIFY is a filter on the table's rows.
bool Permitter::AddQualify(const ExprPtr& qualify, UnitBlock& block, UnitTable& table) {
  const ExprPtr filter = OverWindows(qualify, block, table);
  if (!filter) return false;
  scope_.AddTable(std::make_shared<UnitTable>(table));
  if (!scope_.CheckPredicate(filter, UnitScope::Place::kFilter)) return false;
  table.filters.push_back(filter);
  return true;
}

UnitTablePtr Permitter::WindowTable(const Relation& select, int source) {
  const std::size_t before = findings_.size();
  if (!select.order.empty() || select.limit || select.offset) {
    findings_.Add({"R16", select.range,
                   "ORDER BY and LIMIT over persons' rows would pick rows; put them after the aggregation."});
  }
  auto block = FlattenRows(select);
  if (!block) return nullptr;
  auto table = std::make_shared<UnitTable>();
  table->kind = UnitTable::Kind::kWindow;
  table->source = source;
  table->range = select.range;
  std::vector<ExprPtr> shown;
  for (std::size_t i = 0; i < select.items.size(); ++i) {
    ExprPtr item = Inline(select.items[i]);
    if (!item) return nullptr;
    const std::string& name = select.columns[i].name;
    if (item->kind != ExprKind::kWindow && ContainsKind(item, ExprKind::kWindow)) {
      shown.push_back(OverWindows(item, *block, *table));
      if (!shown.back()) return nullptr;
      continue;
    }
    shown.push_back(MakeColumn(source, static_cast<int>(block->items.size()), item->type, item->range));
    if (item->kind == ExprKind::kWindow) {
      item = CheckUnitWindow(*item, *block);
      if (!item) return nullptr;
      table->columns.push_back(DescribeWindow(*item, name, *block));
    } else {
      if (!CheckItem(item, select.items[i]->range)) return nullptr;
      table->columns.push_back(scope_.DescribeItem(item, name));
    }
    block->items.push_back(item);
  }
  inlined_[source] = std::move(shown);
  if (select.qualify) {
    const ExprPtr qualify = Inline(select.qualify);
    if (!qualify || !AddQualify(qualify, *block, *table)) return nullptr;
  }
  for (const UnitCounter& counter : block->counters) {
    UnitCounter outside = counter;
    outside.unit = MakeColumn(source, WindowItem(counter.unit, "unit", *block, *table), counter.unit->type);
    table->counters.push_back(std::move(outside));
  }
  table->blocks = {block};
  return findings_.size() == before ? table : nullptr;
}

}  // namespace cloister::sql
