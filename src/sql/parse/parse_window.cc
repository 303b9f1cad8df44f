// WINDOW nodes: which function, over which rows, in which order.

#include "sql/function.h"
#include "sql/parse/parse_function.h"
#include "sql/parse/tree_reader.h"

namespace cloister::sql {
namespace {

// "EXPR_PRECEDING_ROWS" with 1 -> "1 PRECEDING"; sets the mode the boundary belongs to.
std::optional<std::string> Boundary(const std::string& node, const ExprPtr& count, std::string& mode) {
  if (node == "UNBOUNDED_PRECEDING" && !count) return "UNBOUNDED PRECEDING";
  if (node == "UNBOUNDED_FOLLOWING" && !count) return "UNBOUNDED FOLLOWING";
  const std::size_t last = node.rfind('_');
  if (last == std::string::npos) return std::nullopt;
  mode = node.substr(last + 1);
  const std::string kind = node.substr(0, last);
  if (mode != "ROWS" && mode != "RANGE" && mode != "GROUPS") return std::nullopt;
  if (kind == "CURRENT_ROW" && !count) return "CURRENT ROW";
  const auto rows = count && IsLiteral(count) ? count->literal.AsInteger() : std::nullopt;
  if (!rows || *rows < 0 || mode == "RANGE") return std::nullopt;
  if (kind == "EXPR_PRECEDING") return std::to_string(*rows) + " PRECEDING";
  if (kind == "EXPR_FOLLOWING") return std::to_string(*rows) + " FOLLOWING";
  return std::nullopt;
}

bool ReadFrame(TreeReader& in, ParseContext& context, TextRange range, Frame& frame) {
  const std::string start = in.String("start");
  const std::string end = in.String("end");
  const ExprPtr start_count = ParseOptionalExpression(in.Any("start_expr"), context);
  const ExprPtr end_count = ParseOptionalExpression(in.Any("end_expr"), context);
  std::string start_mode;
  std::string end_mode;
  const auto from = Boundary(start, start_count, start_mode);
  const auto to = Boundary(end, end_count, end_mode);
  if (!from || !to) {
    context.findings.Add({"R14", range, "A window frame has constant bounds in ROWS or GROUPS."});
    return false;
  }
  const bool default_frame = start == "UNBOUNDED_PRECEDING" && end == "CURRENT_ROW_RANGE";
  if (default_frame) return true;
  // Both ends carry one mode, unless one is UNBOUNDED and has none.
  frame.mode = start_mode.empty() ? end_mode : start_mode;
  if (frame.mode.empty()) frame.mode = "ROWS";
  frame.start = *from;
  frame.end = *to;
  return true;
}

}  // namespace

ExprPtr ParseWindow(const codec::Json& node, ParseContext& context) {
  TreeReader in(node, context);
  for (const char* known : {"class", "type", "alias"}) in.Ignore(known);
  const TextRange range = in.Range();
  auto expr = std::make_shared<Expr>();
  expr->kind = ExprKind::kWindow;
  expr->range = range;
  const std::string name = LowerCase(in.String("function_name"));
  in.Expect("schema", "", "R04", "Call functions as f(x), not as x.f().");
  in.Expect("catalog", "", "R04", "Call functions as f(x), not as x.f().");
  in.Expect("exclude_clause", "NO_OTHER", "R14", "EXCLUDE in a window frame is not admitted.");
  in.Expect("arg_orders", codec::JsonArray(), "R14", "ORDER BY inside a window function is not admitted.");
  expr->args = ParseExpressions(in.Array("children"), context);
  expr->partition = ParseExpressions(in.Array("partitions"), context);
  expr->order = ParseOrders(in.Array("orders"), context);
  const bool frame = ReadFrame(in, context, range, expr->frame);
  for (const char* extra : {"offset_expr", "default_expr"}) {
    if (ExprPtr arg = ParseOptionalExpression(in.Any(extra), context)) expr->args.push_back(std::move(arg));
  }
  expr->ignore_nulls = in.Bool("ignore_nulls");
  expr->filter = ParseOptionalExpression(in.Any("filter_expr"), context);
  expr->distinct = in.Bool("distinct");
  if (!in.Finish(range) || !frame) return nullptr;

  expr->function = CanonicalFunctionName(name);
  if (expr->function == "count" && expr->args.empty()) expr->function = "count_star";
  const FunctionSpec* spec = FindFunction(expr->function, FunctionKind::kWindow);
  const auto count = static_cast<int>(expr->args.size());
  if (expr->function == "string_agg") spec = nullptr;
  if (spec == nullptr || count < spec->args_min || count > spec->args_max) {
    RefuseFunction(name, range, context);
    return nullptr;
  }
  const bool buckets = expr->function == "ntile";
  for (std::size_t i = buckets ? 0 : 1; i < expr->args.size(); ++i) {
    if (!IsLiteral(expr->args[i])) {
      context.findings.Add({"R13", expr->args[i]->range, "Offsets and defaults of window functions are constants."});
      return nullptr;
    }
  }
  // The engine fails at fewer, but only where there is a row: the error would tell that there is one.
  if (buckets && expr->args[0]->literal.AsInteger().value_or(0) < 1) {
    Complaint complaint{"R21", expr->args[0]->range, "NTILE makes a whole number of parts, at least 1."};
    complaint.fix = "1";
    context.findings.Add(std::move(complaint));
    return nullptr;
  }
  return expr;
}

}  // namespace cloister::sql
