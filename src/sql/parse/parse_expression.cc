// Expression nodes of the serialised tree: a whitelist of classes, each with its exact members.

#include <algorithm>
#include <array>

#include "sql/function.h"
#include "sql/parse/parse_function.h"
#include "sql/parse/tree_reader.h"

namespace cloister::sql {
namespace {

using Reader = ExprPtr (*)(TreeReader&, ParseContext&, std::string_view type, TextRange range);

std::shared_ptr<Expr> NewExpr(ExprKind kind, TextRange range) {
  auto expr = std::make_shared<Expr>();
  expr->kind = kind;
  expr->range = range;
  return expr;
}

TextRange CoverArgs(TextRange range, const std::vector<ExprPtr>& args) {
  for (const ExprPtr& arg : args) range = Cover(range, arg->range);
  return range;
}

ExprPtr Operator(std::string name, std::vector<ExprPtr> args, TextRange range) {
  range = CoverArgs(range, args);
  return MakeCall(std::move(name), std::move(args), kNullType, range);
}

ExprPtr ReadColumn(TreeReader& in, ParseContext& context, std::string_view, TextRange range) {
  auto expr = NewExpr(ExprKind::kColumn, range);
  for (const codec::Json& name : in.Array("column_names")) {
    if (name.is_string()) expr->names.emplace_back(name.get_string());
  }
  if (!in.Finish(range)) return nullptr;
  if (expr->names.empty() || expr->names.size() > 2) {
    context.findings.Add(
        {"R02", range, "Name a column as column or table.column; schemas, catalogs and fields are not admitted."});
    return nullptr;
  }
  return expr;
}

ExprPtr ReadConstant(TreeReader& in, ParseContext& context, std::string_view, TextRange range) {
  const auto literal = ParseValue(in.Any("value"), context, range);
  if (!in.Finish(range) || !literal) return nullptr;
  return MakeLiteral(*literal, range);
}

ExprPtr ReadParameter(TreeReader& in, ParseContext& context, std::string_view, TextRange range) {
  const std::string name = in.String("identifier");
  if (!in.Finish(range)) return nullptr;
  const auto bound = context.parameters.find(name);
  if (bound == context.parameters.end()) {
    context.findings.Add({"R01", range, "The parameter $" + name + " has no value; send it in `parameters`."});
    return nullptr;
  }
  const auto literal = LiteralOfJson(bound->second);
  if (!literal) {
    context.findings.Add(
        {"R01", range, "The parameter $" + name + " must be a string, a number, true, false or null."});
    return nullptr;
  }
  return MakeLiteral(*literal, range);
}

ExprPtr ReadComparison(TreeReader& in, ParseContext& context, std::string_view type, TextRange range) {
  struct Name {
    std::string_view node, function;
  };
  constexpr std::array kNames = std::to_array<Name>({{"COMPARE_EQUAL", "="},
                                                     {"COMPARE_NOTEQUAL", "<>"},
                                                     {"COMPARE_LESSTHAN", "<"},
                                                     {"COMPARE_GREATERTHAN", ">"},
                                                     {"COMPARE_LESSTHANOREQUALTO", "<="},
                                                     {"COMPARE_GREATERTHANOREQUALTO", ">="},
                                                     {"COMPARE_DISTINCT_FROM", "distinct"},
                                                     {"COMPARE_NOT_DISTINCT_FROM", "not_distinct"}});
  const auto name = std::find_if(kNames.begin(), kNames.end(), [&](const Name& n) { return n.node == type; });
  ExprPtr left = ParseExpression(in.Any("left"), context);
  ExprPtr right = ParseExpression(in.Any("right"), context);
  if (name == kNames.end()) in.Break();
  if (!in.Finish(range) || !left || !right) return nullptr;
  return Operator(std::string(name->function), {left, right}, range);
}

ExprPtr ReadConjunction(TreeReader& in, ParseContext& context, std::string_view type, TextRange range) {
  const codec::JsonArray& children = in.Array("children");
  std::vector<ExprPtr> args = ParseExpressions(children, context);
  if (type != "CONJUNCTION_AND" && type != "CONJUNCTION_OR") in.Break();
  if (!in.Finish(range) || args.size() != children.size() || args.size() < 2) return nullptr;
  return Operator(type == "CONJUNCTION_AND" ? "and" : "or", std::move(args), range);
}

ExprPtr ReadBetween(TreeReader& in, ParseContext& context, std::string_view, TextRange range) {
  ExprPtr input = ParseExpression(in.Any("input"), context);
  ExprPtr lower = ParseExpression(in.Any("lower"), context);
  ExprPtr upper = ParseExpression(in.Any("upper"), context);
  if (!in.Finish(range) || !input || !lower || !upper) return nullptr;
  return Operator("and", {Operator(">=", {input, lower}, range), Operator("<=", {input, upper}, range)}, range);
}

ExprPtr ReadOperator(TreeReader& in, ParseContext& context, std::string_view type, TextRange range) {
  const codec::JsonArray& children = in.Array("children");
  std::vector<ExprPtr> args = ParseExpressions(children, context);
  if (!in.Finish(range) || args.size() != children.size() || args.empty()) return nullptr;
  if (type == "OPERATOR_NOT") return Operator("not", std::move(args), range);
  if (type == "OPERATOR_IS_NULL") return Operator("is_null", std::move(args), range);
  if (type == "OPERATOR_IS_NOT_NULL") return Operator("is_not_null", std::move(args), range);
  if (type == "OPERATOR_COALESCE") return Operator("coalesce", std::move(args), range);
  if (type == "COMPARE_IN" && args.size() >= 2) return Operator("in", std::move(args), range);
  if (type == "COMPARE_NOT_IN" && args.size() >= 2) {
    return Operator("not", {Operator("in", std::move(args), range)}, range);
  }
  if (type == "GROUPING_FUNCTION") {
    auto expr = NewExpr(ExprKind::kGrouping, CoverArgs(range, args));
    expr->args = std::move(args);
    expr->type = kBigintType;
    return expr;
  }
  context.findings.Add({"R03", CoverArgs(range, args), "Lists, structs and TRY are not admitted."});
  return nullptr;
}

ExprPtr ReadCase(TreeReader& in, ParseContext& context, std::string_view, TextRange range) {
  auto expr = NewExpr(ExprKind::kCase, range);
  bool whole = true;
  for (const codec::Json& check : in.Array("case_checks")) {
    TreeReader branch(check, context);
    ExprPtr when = ParseExpression(branch.Any("when_expr"), context);
    ExprPtr then = ParseExpression(branch.Any("then_expr"), context);
    if (!branch.Finish(range) || !when || !then) {
      whole = false;
      continue;
    }
    expr->args.push_back(std::move(when));
    expr->args.push_back(std::move(then));
  }
  ExprPtr otherwise = ParseExpression(in.Any("else_expr"), context);
  if (!in.Finish(range) || !otherwise || !whole || expr->args.empty()) return nullptr;
  expr->args.push_back(std::move(otherwise));
  expr->range = CoverArgs(range, expr->args);
  return expr;
}

// 'N unit', the way people write INTERVAL '3 months'.
std::optional<Interval> IntervalOfText(std::string_view text) {
  std::int64_t count = 0;
  std::size_t i = 0;
  while (i < text.size() && text[i] >= '0' && text[i] <= '9' && i < 6) count = count * 10 + (text[i++] - '0');
  if (i == 0 || i == text.size() || text[i] != ' ') return std::nullopt;
  std::string unit = LowerCase(text.substr(i + 1));
  if (!unit.empty() && unit.back() == 's') unit.pop_back();
  return IntervalOf(unit, count);
}

ExprPtr ReadCast(TreeReader& in, ParseContext& context, std::string_view, TextRange range) {
  ExprPtr child = ParseExpression(in.Any("child"), context);
  in.Bool("try_cast");  // all casts of ours are TRY_CAST (R21)
  const auto type = ParseType(in.Any("cast_type"), context, range);
  if (!in.Finish(range) || !child || !type) return nullptr;
  range = Cover(range, child->range);
  if (IsLiteral(child)) {
    std::optional<Literal> literal = CastLiteral(child->literal, *type);
    if (type->kind == Type::Kind::kInterval && child->literal.AsText()) {
      if (const auto interval = IntervalOfText(*child->literal.AsText())) literal = Literal{kIntervalType, *interval};
    }
    if (literal) return MakeLiteral(*literal, range);
    if (type->IsTemporal() || type->kind == Type::Kind::kInterval) {
      context.findings.Add(
          {"R21", range, "This is not a date, a time or an interval; write DATE '2024-07-01' or INTERVAL 3 MONTH."});
      return nullptr;
    }
  }
  if (type->kind == Type::Kind::kInterval || type->kind == Type::Kind::kNull) {
    context.findings.Add({"R03", range, "Only constants can be intervals."});
    return nullptr;
  }
  auto cast = CloneExpr(*MakeCast(child, *type));
  cast->range = range;
  return cast;
}

ExprPtr ReadSubquery(TreeReader& in, ParseContext& context, std::string_view, TextRange range) {
  const std::string kind = in.String("subquery_type");
  const std::string comparison = in.String("comparison_type");
  ExprPtr child = ParseOptionalExpression(in.Any("child"), context);
  auto expr = NewExpr(ExprKind::kSubquery, range);
  expr->query = ParseStatement(in.Any("subquery"), context);
  if (!in.Finish(range) || !expr->query) return nullptr;
  if (expr->range.from == expr->range.to) expr->range = expr->query->range;
  if (kind == "SCALAR" && !child) return expr;
  if (kind == "EXISTS" && !child) {
    expr->function = "exists";
    return expr;
  }
  if (kind == "ANY" && comparison == "COMPARE_EQUAL" && child) {
    expr->function = "in";
    expr->args = {child};
    expr->range = Cover(expr->range, child->range);
    return expr;
  }
  context.findings.Add({"R13", expr->range, "ANY and ALL are admitted as IN and NOT IN only."});
  return nullptr;
}

ExprPtr ReadStar(TreeReader& in, ParseContext& context, std::string_view, TextRange range) {
  constexpr std::string_view kPlain =
      "A star is * or t.*; write out the columns instead of EXCLUDE, REPLACE, RENAME or COLUMNS().";
  auto expr = NewExpr(ExprKind::kStar, range);
  const std::string relation = in.String("relation_name");
  if (!relation.empty()) expr->names.push_back(relation);
  const codec::JsonArray none;
  for (const char* list : {"exclude_list", "replace_list", "qualified_exclude_list", "rename_list"}) {
    in.Expect(list, none, "R04", kPlain);
  }
  in.Expect("columns", false, "R04", kPlain);
  in.Expect("expr", nullptr, "R04", kPlain);
  (void)context;
  return in.Finish(range) ? expr : nullptr;
}

ExprPtr ReadFunction(TreeReader& in, ParseContext& context, std::string_view, TextRange range) {
  return ParseFunction(in, context, range);
}

struct NodeClass {
  std::string_view name;
  Reader read;
};
constexpr std::array kClasses = std::to_array<NodeClass>({
    {"COLUMN_REF", ReadColumn},
    {"CONSTANT", ReadConstant},
    {"PARAMETER", ReadParameter},
    {"COMPARISON", ReadComparison},
    {"CONJUNCTION", ReadConjunction},
    {"BETWEEN", ReadBetween},
    {"OPERATOR", ReadOperator},
    {"CASE", ReadCase},
    {"CAST", ReadCast},
    {"SUBQUERY", ReadSubquery},
    {"STAR", ReadStar},
    {"FUNCTION", ReadFunction},
});

void RefuseClass(std::string_view name, TextRange range, ParseContext& context) {
  if (name == "POSITIONAL_REFERENCE") {
    context.findings.Add({"R04", range, "Columns are named, not numbered: write the column instead of #n."});
  } else if (name == "LAMBDA") {
    context.findings.Add({"R03", range, "Lambda functions are not admitted."});
  } else if (name == "COLLATE") {
    context.findings.Add({"R03", range, "COLLATE is not admitted; texts are compared byte by byte."});
  } else {
    context.findings.Add({"R01", range, "This part of the query is not in the SQL that Cloister admits."});
  }
}

}  // namespace

std::optional<Interval> IntervalOf(std::string_view unit, std::int64_t count) {
  if (count < -100'000 || count > 100'000) return std::nullopt;
  if (unit == "year") return Interval{12 * count, 0};
  if (unit == "quarter") return Interval{3 * count, 0};
  if (unit == "month") return Interval{count, 0};
  if (unit == "week") return Interval{0, 7 * count};
  if (unit == "day") return Interval{0, count};
  return std::nullopt;
}

ExprPtr ParseExpression(const codec::Json& node, ParseContext& context) {
  ExprPtr expr;
  if (context.Enter()) {
    TreeReader in(node, context);
    const std::string name = in.String("class");
    const std::string type = in.String("type");
    const std::string alias = in.String("alias");
    const TextRange range = in.Range();
    const auto known =
        std::find_if(kClasses.begin(), kClasses.end(), [&](const NodeClass& c) { return c.name == name; });
    if (name == "WINDOW") {
      expr = ParseWindow(node, context);
    } else if (known == kClasses.end()) {
      RefuseClass(name, range, context);
    } else {
      expr = known->read(in, context, type, range);
    }
    if (expr && !alias.empty()) {
      auto named = CloneExpr(*expr);
      named->alias = alias;
      expr = named;
    }
  }
  context.Leave();
  // A reader that gave up has said why; a query with a hole never goes on.
  if (!expr && context.findings.empty()) {
    context.findings.Add(
        {"R01", context.findings.Whole(), "This part of the query is not in the SQL that Cloister admits."});
  }
  return expr;
}

}  // namespace cloister::sql
