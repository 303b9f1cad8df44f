// FUNCTION nodes: the whitelist of names, and shorthands written out so that later passes see one form of each.

#include "sql/parse/parse_function.h"

#include <algorithm>
#include <array>

#include "sql/function.h"

namespace cloister::sql {
namespace {

struct CallParts {
  std::string name;
  std::vector<ExprPtr> args;
  ExprPtr filter;
  std::vector<OrderItem> order;
  bool distinct = false;
  TextRange range;
};

// The grammar itself writes main.f for these: EXTRACT, SUBSTRING(x FROM 1), TRIM(x).
bool IsGrammarsOwn(std::string_view name) { return name == "date_part" || name == "substring" || name == "trim"; }

// INTERVAL 3 MONTH reaches us as to_months(CAST(trunc(CAST(3 AS DOUBLE)) AS INTEGER)).
std::optional<std::int64_t> IntervalCount(const codec::Json& node, ParseContext& context, int depth = 0) {
  const codec::JsonObject* object = node.if_object();
  if (object == nullptr || depth > 4) return std::nullopt;
  const codec::Json* name = object->if_contains("class");
  if (name == nullptr || !name->is_string()) return std::nullopt;
  if (name->get_string() == "CAST" && object->contains("child"))
    return IntervalCount(object->at("child"), context, depth + 1);
  if (name->get_string() == "CONSTANT" && object->contains("value")) {
    const auto literal = ParseValue(object->at("value"), context, {});
    return literal ? literal->AsInteger() : std::nullopt;
  }
  if (name->get_string() != "FUNCTION" || !object->contains("function_name") || !object->contains("children"))
    return std::nullopt;
  const codec::JsonArray* children = object->at("children").if_array();
  if (object->at("function_name") != "trunc" || children == nullptr || children->size() != 1) return std::nullopt;
  return IntervalCount((*children)[0], context, depth + 1);
}

std::optional<std::string_view> IntervalUnit(std::string_view name) {
  constexpr std::array kUnits =
      std::to_array<std::pair<std::string_view, std::string_view>>({{"to_years", "year"},
                                                                    {"to_quarters", "quarter"},
                                                                    {"to_months", "month"},
                                                                    {"to_weeks", "week"},
                                                                    {"to_days", "day"}});
  for (const auto& [function, unit] : kUnits) {
    if (function == name) return unit;
  }
  return std::nullopt;
}

bool IsDatePartName(std::string_view name) {
  return name == "year" || name == "quarter" || name == "month" || name == "day" || name == "week" ||
         name == "dayofweek" || name == "dayofyear" || name == "decade" || name == "century";
}

// Text that LIKE takes for itself.
bool IsPlainText(const ExprPtr& expr) {
  const std::string* text = IsLiteral(expr) ? expr->literal.AsText() : nullptr;
  return text != nullptr && text->find_first_of("%_\\") == std::string::npos;
}

ExprPtr Call(std::string name, std::vector<ExprPtr> args, TextRange range) {
  return MakeCall(std::move(name), std::move(args), kNullType, range);
}

// Shorthands of scalar functions; null when there is none for this call.
ExprPtr ScalarShorthand(const CallParts& call) {
  const auto& [name, args, filter, order, distinct, range] = call;
  if (name == "!~~" && args.size() == 2) return Call("not", {Call("like", args, range)}, range);
  if (name == "!~~*" && args.size() == 2) return Call("not", {Call("ilike", args, range)}, range);
  if (name == "+" && args.size() == 1) return args[0];
  if (name == "-" && args.size() == 1) {
    if (IsLiteral(args[0])) {
      Literal literal = args[0]->literal;
      if (auto* integer = std::get_if<std::int64_t>(&literal.value); integer != nullptr && literal.type.IsNumeric()) {
        *integer = -*integer;
        return MakeLiteral(literal, range);
      }
      if (auto* number = std::get_if<double>(&literal.value)) {
        *number = -*number;
        return MakeLiteral(literal, range);
      }
    }
    return Call("negate", args, range);
  }
  if (IsDatePartName(name) && args.size() == 1) {
    const std::string part = name == "dayofweek" ? "dow" : name == "dayofyear" ? "doy" : name;
    return Call("date_part", {MakeLiteral(Literal::Text(part), range), args[0]}, range);
  }
  if (name == "monthname" && args.size() == 1) {
    return Call("strftime", {args[0], MakeLiteral(Literal::Text("%B"), range)}, range);
  }
  if ((name == "starts_with" || name == "prefix" || name == "^@") && args.size() == 2 && IsPlainText(args[1])) {
    return Call("like", {args[0], MakeLiteral(Literal::Text(*args[1]->literal.AsText() + "%"), range)}, range);
  }
  if ((name == "if" || name == "iif") && args.size() == 3) {
    auto expr = std::make_shared<Expr>();
    expr->kind = ExprKind::kCase;
    expr->args = args;
    expr->range = range;
    return expr;
  }
  if (name == "ifnull" && args.size() == 2) return Call("coalesce", args, range);
  return nullptr;
}

// Brings the aggregates that have two spellings to one.
void NormaliseAggregate(CallParts& call) {
  if ((call.name == "count_if" || call.name == "countif") && call.args.size() == 1 && !call.distinct && !call.filter) {
    call.filter = call.args[0];
    call.args.clear();
    call.name = "count_star";
  }
  if (call.name == "count" && call.args.size() == 1 && IsLiteral(call.args[0]) && !call.args[0]->literal.IsNull() &&
      !call.distinct) {
    call.name = "count_star";
    call.args.clear();
  }
  if (call.name == "string_agg" && call.args.size() == 1)
    call.args.push_back(MakeLiteral(Literal::Text(","), call.range));
  if (call.name == "median" && call.args.size() == 1) {
    call.name = "quantile_cont";
    call.args.push_back(MakeLiteral(Literal::Double(0.5), call.range));
  }
  if (call.name == "quantile_cont" && call.args.size() == 1 && call.order.size() == 1 && !call.order[0].descending) {
    call.args.insert(call.args.begin(), call.order[0].expr);  // WITHIN GROUP (ORDER BY x)
    call.order.clear();
  }
}

bool LowerPart(CallParts& call) {
  if (call.name != "date_part" && call.name != "date_trunc") return true;
  if (call.args.empty() || !IsLiteral(call.args[0]) || !call.args[0]->literal.AsText()) return false;
  const std::string part = LowerCase(*call.args[0]->literal.AsText());
  if (!DatePartGranularity(part)) return false;
  call.args[0] = MakeLiteral(Literal::Text(part), call.args[0]->range);
  return true;
}

ExprPtr Assemble(CallParts call, ParseContext& context) {
  const FunctionSpec* aggregate = FindFunction(call.name, FunctionKind::kAggregate);
  const FunctionSpec* spec = aggregate != nullptr ? aggregate : FindFunction(call.name, FunctionKind::kScalar);
  const auto count = static_cast<int>(call.args.size());
  if (spec == nullptr || count < spec->args_min || count > spec->args_max || !LowerPart(call)) {
    RefuseFunction(call.name, call.range, context);
    return nullptr;
  }
  // A list of texts has an order, the analyst's and after it the texts' own; other aggregates have none.
  const bool ordered = call.name == "string_agg";
  if (ordered && !IsLiteral(call.args[1])) {
    context.findings.Add({"R13", call.range, "The separator of STRING_AGG is a constant."});
    return nullptr;
  }
  if ((!call.order.empty() && !ordered) || (aggregate == nullptr && (call.distinct || call.filter))) {
    context.findings.Add({aggregate != nullptr ? "R06" : "R03", call.range,
                          "DISTINCT, FILTER and ORDER BY are not admitted inside " + call.name + "()."});
    return nullptr;
  }
  auto expr = std::make_shared<Expr>();
  expr->kind = aggregate != nullptr ? ExprKind::kAggregate : ExprKind::kCall;
  expr->function = spec->name;
  expr->args = std::move(call.args);
  expr->filter = std::move(call.filter);
  expr->distinct = call.distinct;
  expr->order = std::move(call.order);
  expr->range = call.range;
  return expr;
}

}  // namespace

void RefuseFunction(std::string_view name, TextRange range, ParseContext& context) {
  constexpr std::array<std::string_view, 6> kRandom = {"random", "uuid",   "gen_random_uuid",
                                                       "uuidv4", "uuidv7", "setseed"};
  constexpr std::array<std::string_view, 6> kGenerators = {"nextval",         "currval", "range",
                                                           "generate_series", "unnest",  "generate_subscripts"};
  const auto has = [&](const auto& names) { return std::find(names.begin(), names.end(), name) != names.end(); };
  const std::string shown(name.substr(0, 64));
  if (has(kRandom)) {
    context.findings.Add({"R18", range, shown + "() is random; an answer must be the same each time."});
  } else if (has(kGenerators)) {
    context.findings.Add({"R19", range, shown + "() makes rows or numbers that are in no dataset."});
  } else {
    context.findings.Add({"R03", range, shown + "() with these arguments is not on the list of admitted functions."});
  }
}

ExprPtr ParseFunction(TreeReader& in, ParseContext& context, TextRange range) {
  CallParts call;
  const std::string written = LowerCase(in.String("function_name"));
  const std::string schema = in.String("schema");
  in.Expect("catalog", "", "R04", "Call functions as f(x), not as x.f().");
  const codec::JsonArray& children = in.Array("children");
  if (schema == "main" && (written == "list_value" || written == "row")) {
    context.findings.Add({"R03", range,
                          "Lists and rows of values are not admitted: test each column by itself, and write one "
                          "QUANTILE_CONT for each quantile."});
    return nullptr;
  }
  if (schema == "main" && written.ends_with("like_escape")) {
    context.findings.Add({"R03", range, "LIKE takes a pattern without ESCAPE."});
    return nullptr;
  }
  if (!schema.empty() && !(schema == "main" && IsGrammarsOwn(written))) {
    context.findings.Add(
        {"R04", range, "Call functions as f(x), not as x.f(): the name before the dot would hide a column."});
    return nullptr;
  }
  if (const auto unit = IntervalUnit(written); unit && children.size() == 1) {
    for (const char* rest : {"filter", "order_bys", "distinct", "is_operator", "export_state"}) in.Ignore(rest);
    const auto count = IntervalCount(children[0], context);
    const auto interval = count ? IntervalOf(*unit, *count) : std::nullopt;
    if (in.Finish(range) && interval) return MakeLiteral(Literal{kIntervalType, *interval}, range);
    context.findings.Add({"R03", range, "An interval is a constant number of years, quarters, months, weeks or days."});
    return nullptr;
  }
  call.args = ParseExpressions(children, context);
  call.filter = ParseOptionalExpression(in.Any("filter"), context);
  TreeReader order(in.Any("order_bys"), context);
  order.Ignore("type");
  call.order = ParseOrders(order.Array("orders"), context);
  call.distinct = in.Bool("distinct");
  in.Ignore("is_operator");
  in.Expect("export_state", false, "R06", "EXPORT_STATE would show the inside of an aggregate.");
  if (!order.Finish(range) || !in.Finish(range) || call.args.size() != children.size()) return nullptr;

  call.range = range;
  for (const ExprPtr& arg : call.args) {
    call.range = Cover(call.range, arg->range);
    if (!arg->alias.empty()) {
      context.findings.Add({"R03", arg->range, "Arguments have no names here."});
      return nullptr;
    }
  }
  call.name = written;
  if (ExprPtr shorthand = ScalarShorthand(call)) {
    if (!call.filter && !call.distinct && call.order.empty()) return shorthand;
  }
  call.name = CanonicalFunctionName(written);
  NormaliseAggregate(call);
  return Assemble(std::move(call), context);
}

}  // namespace cloister::sql
