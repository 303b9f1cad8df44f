// Query nodes: SELECT, set operations, WITH, and what comes after them.

#include "sql/parse/tree_reader.h"

namespace cloister::sql {
namespace {

constexpr std::int64_t kLimitMax = 1'000'000'000'000;

void ReadCtes(const codec::Json& map, ParseContext& context, ParsedSelect& select) {
  TreeReader in(map, context);
  for (const codec::Json& entry : in.Array("map")) {
    TreeReader pair(entry, context);
    ParsedCte cte;
    cte.name = pair.String("key");
    TreeReader value(pair.Any("value"), context);
    for (const codec::Json& alias : value.Array("aliases")) {
      if (alias.is_string()) cte.column_aliases.emplace_back(alias.get_string());
    }
    value.Ignore("materialized");  // how the engine computes it, not what it means
    value.Expect("key_targets", codec::JsonArray(), "R19", "Recursion is not admitted.");
    cte.query = ParseStatement(value.Any("query"), context);
    if (value.Finish({}) && pair.Finish({}) && cte.query) select.ctes.push_back(std::move(cte));
  }
  in.Finish({});
}

std::optional<std::int64_t> ReadCount(const codec::Json& node, ParseContext& context) {
  const ExprPtr expr = ParseOptionalExpression(node, context);
  if (!expr) return std::nullopt;
  const auto count = IsLiteral(expr) ? expr->literal.AsInteger() : std::nullopt;
  if (count && *count >= 0 && *count <= kLimitMax) return count;
  context.findings.Add({"R13", expr->range, "LIMIT and OFFSET are constant whole numbers."});
  return std::nullopt;
}

// ORDER BY ALL reaches us as one item that is a star.
bool IsOrderByAll(const codec::JsonArray& orders) {
  if (orders.size() != 1 || !orders[0].is_object()) return false;
  const codec::Json* expression = orders[0].get_object().if_contains("expression");
  const codec::JsonObject* node = expression != nullptr ? expression->if_object() : nullptr;
  const codec::Json* name = node != nullptr ? node->if_contains("class") : nullptr;
  return name != nullptr && *name == "STAR";
}

void ReadOrder(TreeReader& in, ParseContext& context, ParsedSelect& select) {
  const codec::JsonArray& orders = in.Array("orders");
  if (!IsOrderByAll(orders)) {
    select.order = ParseOrders(orders, context);
    return;
  }
  TreeReader item(orders[0], context);
  select.order_all = true;
  select.order_all_descending = item.String("type") == "DESCENDING";
  if (item.String("null_order") == "NULLS FIRST") item.Break();
  item.Ignore("expression");
  item.Finish(select.range);
}

void ReadModifiers(const codec::JsonArray& modifiers, ParseContext& context, ParsedSelect& select) {
  for (const codec::Json& modifier : modifiers) {
    TreeReader in(modifier, context);
    const std::string type = in.String("type");
    if (type == "ORDER_MODIFIER") {
      ReadOrder(in, context, select);
    } else if (type == "LIMIT_MODIFIER") {
      select.limit = ReadCount(in.Any("limit"), context);
      select.offset = ReadCount(in.Any("offset"), context);
    } else if (type == "DISTINCT_MODIFIER") {
      in.Expect("distinct_on_targets", codec::JsonArray(), "R06", "DISTINCT ON picks one row of many; use GROUP BY.");
      select.distinct = true;
    } else {
      context.findings.Add({"R16", select.range, "LIMIT is a number of rows, not a percentage."});
      continue;
    }
    in.Finish(select.range);
  }
}

void ReadGroups(TreeReader& in, ParseContext& context, ParsedSelect& select) {
  select.group_keys = ParseExpressions(in.Array("group_expressions"), context);
  for (const codec::Json& set : in.Array("group_sets")) {
    std::vector<int> indices;
    if (set.is_array()) {
      for (const codec::Json& index : set.get_array())
        indices.push_back(index.is_int64() ? static_cast<int>(index.get_int64()) : -1);
    }
    for (const int index : indices) {
      if (index < 0 || index >= static_cast<int>(select.group_keys.size())) in.Break();
    }
    select.group_sets.push_back(std::move(indices));
  }
  const std::string handling = in.String("aggregate_handling");
  select.group_all = handling == "FORCE_AGGREGATES";
  if (handling != "STANDARD_HANDLING" && !select.group_all) in.Break();
}

std::shared_ptr<ParsedSelect> ReadSelectNode(TreeReader& in, ParseContext& context) {
  auto select = std::make_shared<ParsedSelect>();
  ReadCtes(in.Any("cte_map"), context, *select);
  select->items = ParseExpressions(in.Array("select_list"), context);
  for (const ExprPtr& item : select->items) select->range = Cover(select->range, item->range);
  select->from = ParseFrom(in.Any("from_table"), context);
  select->range = Cover(select->range, select->from.range);
  select->where = ParseOptionalExpression(in.Any("where_clause"), context);
  ReadGroups(in, context, *select);
  select->having = ParseOptionalExpression(in.Any("having"), context);
  select->qualify = ParseOptionalExpression(in.Any("qualify"), context);
  if (!in.Any("sample").is_null()) {
    context.findings.Add({"R18", select->range, "Samples are random; remove USING SAMPLE."});
  }
  ReadModifiers(in.Array("modifiers"), context, *select);
  if (select->items.empty()) in.Break();
  return in.Finish(select->range) ? select : nullptr;
}

std::shared_ptr<ParsedSelect> ReadSetOperation(TreeReader& in, ParseContext& context) {
  auto select = std::make_shared<ParsedSelect>();
  ReadCtes(in.Any("cte_map"), context, *select);
  const std::string type = in.String("setop_type");
  select->set_all = in.Bool("setop_all");
  select->left = ParseSelect(in.Any("left"), context);
  select->right = ParseSelect(in.Any("right"), context);
  if (select->left && select->right) select->range = Cover(select->left->range, select->right->range);
  if (type == "UNION") select->set_operation = SetOperation::kUnion;
  if (type == "INTERSECT") select->set_operation = SetOperation::kIntersect;
  if (type == "EXCEPT") select->set_operation = SetOperation::kExcept;
  ReadModifiers(in.Array("modifiers"), context, *select);
  if (!select->set_operation) {
    context.findings.Add({"R15", select->range, "Set operations are UNION, INTERSECT and EXCEPT by position."});
    return nullptr;
  }
  return in.Finish(select->range) && select->left && select->right ? select : nullptr;
}

}  // namespace

std::vector<OrderItem> ParseOrders(const codec::JsonArray& orders, ParseContext& context) {
  std::vector<OrderItem> items;
  for (const codec::Json& order : orders) {
    TreeReader in(order, context);
    const std::string type = in.String("type");
    const std::string nulls = in.String("null_order");
    OrderItem item;
    item.expr = ParseExpression(in.Any("expression"), context);
    item.descending = type == "DESCENDING";
    item.nulls_first = nulls == "NULLS FIRST";
    const bool known = (type == "DESCENDING" || type == "ASCENDING" || type == "ORDER_DEFAULT") &&
                       (nulls == "NULLS FIRST" || nulls == "NULLS LAST" || nulls == "ORDER_DEFAULT");
    if (!known) in.Break();
    if (in.Finish({}) && item.expr) items.push_back(std::move(item));
  }
  return items;
}

std::shared_ptr<const ParsedSelect> ParseSelect(const codec::Json& node, ParseContext& context) {
  std::shared_ptr<ParsedSelect> select;
  if (context.Enter()) {
    TreeReader in(node, context);
    const std::string type = in.String("type");
    if (type == "SELECT_NODE") {
      select = ReadSelectNode(in, context);
    } else if (type == "SET_OPERATION_NODE") {
      select = ReadSetOperation(in, context);
    } else if (type == "RECURSIVE_CTE_NODE") {
      context.findings.Add({"R19", context.findings.Whole(), "Recursion is not admitted."});
    } else {
      context.findings.Add({"R01", context.findings.Whole(), "Only SELECT is admitted."});
    }
  }
  context.Leave();
  return select;
}

std::shared_ptr<const ParsedSelect> ParseStatement(const codec::Json& statement, ParseContext& context) {
  TreeReader in(statement, context);
  auto select = ParseSelect(in.Any("node"), context);
  in.Array("named_param_map");
  return in.Finish({}) ? select : nullptr;
}

}  // namespace cloister::sql
