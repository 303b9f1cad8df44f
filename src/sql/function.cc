#include "sql/function.h"

#include <algorithm>
#include <array>

namespace cloister::sql {
namespace {

using Kind = FunctionKind;
using Rule = ResultRule;

constexpr int kManyArgs = 16;

constexpr std::array kFunctions = std::to_array<FunctionSpec>({
    // Connectives and tests.
    {"=", Kind::kScalar, 2, 2, Rule::kBoolean},
    {"<>", Kind::kScalar, 2, 2, Rule::kBoolean},
    {"<", Kind::kScalar, 2, 2, Rule::kBoolean},
    {"<=", Kind::kScalar, 2, 2, Rule::kBoolean},
    {">", Kind::kScalar, 2, 2, Rule::kBoolean},
    {">=", Kind::kScalar, 2, 2, Rule::kBoolean},
    {"distinct", Kind::kScalar, 2, 2, Rule::kBoolean},
    {"not_distinct", Kind::kScalar, 2, 2, Rule::kBoolean},
    {"and", Kind::kScalar, 2, 4096, Rule::kBoolean},
    {"or", Kind::kScalar, 2, 4096, Rule::kBoolean},
    {"not", Kind::kScalar, 1, 1, Rule::kBoolean},
    {"is_null", Kind::kScalar, 1, 1, Rule::kBoolean},
    {"is_not_null", Kind::kScalar, 1, 1, Rule::kBoolean},
    {"in", Kind::kScalar, 2, 4096, Rule::kBoolean},
    {"like", Kind::kScalar, 2, 2, Rule::kBoolean},
    {"ilike", Kind::kScalar, 2, 2, Rule::kBoolean},
    // Numbers.
    {"+", Kind::kScalar, 2, 2, Rule::kArithmetic},
    {"-", Kind::kScalar, 2, 2, Rule::kArithmetic},
    {"*", Kind::kScalar, 2, 2, Rule::kMultiply},
    {"/", Kind::kScalar, 2, 2, Rule::kDivide},
    {"//", Kind::kScalar, 2, 2, Rule::kCommon},
    {"%", Kind::kScalar, 2, 2, Rule::kCommon},
    {"negate", Kind::kScalar, 1, 1, Rule::kFirst},
    {"abs", Kind::kScalar, 1, 1, Rule::kFirst},
    {"round", Kind::kScalar, 1, 2, Rule::kRound},
    {"floor", Kind::kScalar, 1, 1, Rule::kRound},
    {"ceil", Kind::kScalar, 1, 1, Rule::kRound},
    {"trunc", Kind::kScalar, 1, 1, Rule::kRound},
    {"sqrt", Kind::kScalar, 1, 1, Rule::kDouble},
    {"ln", Kind::kScalar, 1, 1, Rule::kDouble},
    {"exp", Kind::kScalar, 1, 1, Rule::kDouble},
    {"power", Kind::kScalar, 2, 2, Rule::kDouble},
    {"greatest", Kind::kScalar, 2, kManyArgs, Rule::kCommon},
    {"least", Kind::kScalar, 2, kManyArgs, Rule::kCommon},
    // Anything.
    {"coalesce", Kind::kScalar, 1, kManyArgs, Rule::kCommon},
    {"nullif", Kind::kScalar, 2, 2, Rule::kFirst},
    // Text.
    {"lower", Kind::kScalar, 1, 1, Rule::kVarchar},
    {"upper", Kind::kScalar, 1, 1, Rule::kVarchar},
    {"trim", Kind::kScalar, 1, 1, Rule::kVarchar},
    {"ltrim", Kind::kScalar, 1, 1, Rule::kVarchar},
    {"rtrim", Kind::kScalar, 1, 1, Rule::kVarchar},
    {"left", Kind::kScalar, 2, 2, Rule::kVarchar},
    {"right", Kind::kScalar, 2, 2, Rule::kVarchar},
    {"substr", Kind::kScalar, 3, 3, Rule::kVarchar},
    {"length", Kind::kScalar, 1, 1, Rule::kBigint},
    {"replace", Kind::kScalar, 3, 3, Rule::kVarchar},
    {"concat", Kind::kScalar, 1, kManyArgs, Rule::kVarchar},
    {"concat_ws", Kind::kScalar, 2, kManyArgs, Rule::kVarchar},
    {"||", Kind::kScalar, 2, 2, Rule::kVarchar},
    // Dates.
    {"date_trunc", Kind::kScalar, 2, 2, Rule::kTimestamp},
    {"date_part", Kind::kScalar, 2, 2, Rule::kBigint},
    {"strftime", Kind::kScalar, 2, 2, Rule::kVarchar},
    // Aggregates.
    {"count_star", Kind::kAggregate, 0, 0, Rule::kBigint},
    {"count", Kind::kAggregate, 1, 1, Rule::kBigint},
    {"sum", Kind::kAggregate, 1, 1, Rule::kSum},
    {"avg", Kind::kAggregate, 1, 1, Rule::kDouble},
    {"min", Kind::kAggregate, 1, 1, Rule::kFirst},
    {"max", Kind::kAggregate, 1, 1, Rule::kFirst},
    {"stddev_samp", Kind::kAggregate, 1, 1, Rule::kDouble},
    {"stddev_pop", Kind::kAggregate, 1, 1, Rule::kDouble},
    {"var_samp", Kind::kAggregate, 1, 1, Rule::kDouble},
    {"var_pop", Kind::kAggregate, 1, 1, Rule::kDouble},
    {"corr", Kind::kAggregate, 2, 2, Rule::kDouble},
    {"covar_samp", Kind::kAggregate, 2, 2, Rule::kDouble},
    {"covar_pop", Kind::kAggregate, 2, 2, Rule::kDouble},
    {"approx_count_distinct", Kind::kAggregate, 1, 1, Rule::kBigint},
    {"quantile_cont", Kind::kAggregate, 2, 2, Rule::kQuantile},
    {"median", Kind::kAggregate, 1, 1, Rule::kQuantile},
    {"string_agg", Kind::kAggregate, 2, 2, Rule::kVarchar},
    {"bool_and", Kind::kAggregate, 1, 1, Rule::kBoolean},
    {"bool_or", Kind::kAggregate, 1, 1, Rule::kBoolean},
    // Windows.
    {"row_number", Kind::kWindow, 0, 0, Rule::kBigint},
    {"rank", Kind::kWindow, 0, 0, Rule::kBigint},
    {"dense_rank", Kind::kWindow, 0, 0, Rule::kBigint},
    {"percent_rank", Kind::kWindow, 0, 0, Rule::kDouble},
    {"cume_dist", Kind::kWindow, 0, 0, Rule::kDouble},
    {"ntile", Kind::kWindow, 1, 1, Rule::kBigint},
    {"lag", Kind::kWindow, 1, 3, Rule::kFirst},
    {"lead", Kind::kWindow, 1, 3, Rule::kFirst},
    {"first_value", Kind::kWindow, 1, 1, Rule::kFirst},
    {"last_value", Kind::kWindow, 1, 1, Rule::kFirst},
    {"nth_value", Kind::kWindow, 2, 2, Rule::kFirst},
});

struct Synonym {
  std::string_view name;
  std::string_view canonical;
};
constexpr std::array kSynonyms = std::to_array<Synonym>({
    {"substring", "substr"},
    {"ceiling", "ceil"},
    {"pow", "power"},
    {"^", "power"},
    {"**", "power"},
    {"stddev", "stddev_samp"},
    {"variance", "var_samp"},
    {"mean", "avg"},
    {"datetrunc", "date_trunc"},
    {"datepart", "date_part"},
    {"lcase", "lower"},
    {"ucase", "upper"},
    {"char_length", "length"},
    {"character_length", "length"},
    {"len", "length"},
    {"mod", "%"},
    {"listagg", "string_agg"},
    {"group_concat", "string_agg"},
    {"~~", "like"},
    {"~~*", "ilike"},
    {"@", "abs"},
    {"percentile_cont", "quantile_cont"},
    {"first", "first_value"},
    {"last", "last_value"},
});

Type ArithmeticType(const std::vector<Type>& args) {
  const Type& a = args[0];
  const Type& b = args[1];
  if (a.IsTemporal() && b.kind == Type::Kind::kInterval) return kTimestampType;
  if (a.kind == Type::Kind::kDate && b.IsInteger()) return kDateType;
  if (a.kind == Type::Kind::kDate && b.kind == Type::Kind::kDate) return kBigintType;
  const Type common = CommonType(a, b);
  if (common.kind == Type::Kind::kDecimal) {
    return Type::Decimal(std::min(38, common.precision + 1), common.scale);  // one digit for the carry
  }
  return common;
}

Type MultiplyType(const Type& a, const Type& b) {
  if (a.kind != Type::Kind::kDecimal && b.kind != Type::Kind::kDecimal) return CommonType(a, b);
  if (a.kind == Type::Kind::kDouble || b.kind == Type::Kind::kDouble) return kDoubleType;
  const auto digits = [](const Type& type) {
    return type.kind == Type::Kind::kDecimal ? type.precision : type.kind == Type::Kind::kInteger ? 10 : 19;
  };
  return Type::Decimal(std::min(38, digits(a) + digits(b)), std::min(38, a.scale + b.scale));
}

Type SumType(const Type& arg) {
  if (arg.IsInteger() || arg.kind == Type::Kind::kBoolean) return kHugeintType;
  if (arg.kind == Type::Kind::kDecimal) return Type::Decimal(38, arg.scale);
  return kDoubleType;
}

}  // namespace

const FunctionSpec* FindFunction(std::string_view name, FunctionKind kind) {
  for (const FunctionSpec& spec : kFunctions) {
    if (spec.name != name) continue;
    if (spec.kind == kind || (kind == Kind::kWindow && spec.kind == Kind::kAggregate)) return &spec;
  }
  return nullptr;
}

std::string_view CanonicalFunctionName(std::string_view name) {
  for (const Synonym& synonym : kSynonyms) {
    if (synonym.name == name) return synonym.canonical;
  }
  return name;
}

Type ResultType(const FunctionSpec& spec, const std::vector<Type>& args) {
  switch (spec.result) {
    case Rule::kFirst:
      return args.empty() ? kNullType : args[0];
    case Rule::kCommon: {
      Type type = kNullType;
      for (const Type& arg : args) type = CommonType(type, arg);
      return type;
    }
    case Rule::kArithmetic:
      return ArithmeticType(args);
    case Rule::kMultiply:
      return MultiplyType(args[0], args[1]);
    case Rule::kDivide:
    case Rule::kDouble:
      return kDoubleType;
    case Rule::kRound:
      return args[0].IsInteger() && spec.name == "round" ? args[0] : kDoubleType;
    case Rule::kSum:
      return SumType(args[0]);
    case Rule::kBoolean:
      return kBooleanType;
    case Rule::kBigint:
      return kBigintType;
    case Rule::kVarchar:
      return kVarcharType;
    case Rule::kTimestamp:
      return kTimestampType;
    case Rule::kQuantile:
      return kDoubleType;
  }
  return kNullType;
}

bool IsComparison(std::string_view name) {
  return name == "=" || name == "<>" || name == "<" || name == "<=" || name == ">" || name == ">=" ||
         name == "distinct" || name == "not_distinct";
}

std::string_view MirroredComparison(std::string_view name) {
  if (name == "<") return ">";
  if (name == "<=") return ">=";
  if (name == ">") return "<";
  if (name == ">=") return "<=";
  return name;
}

std::optional<agreement::DateGranularity> DatePartGranularity(std::string_view part) {
  using Granularity = agreement::DateGranularity;
  if (part == "year" || part == "decade" || part == "century") return Granularity::kYear;
  if (part == "quarter") return Granularity::kQuarter;
  if (part == "month") return Granularity::kMonth;
  if (part == "day" || part == "dow" || part == "isodow" || part == "doy" || part == "week") return Granularity::kDay;
  return std::nullopt;
}

std::optional<agreement::DateGranularity> FormatGranularity(std::string_view format) {
  using Granularity = agreement::DateGranularity;
  Granularity finest = Granularity::kYear;
  for (std::size_t i = 0; i < format.size(); ++i) {
    const char c = format[i];
    if (c == '-' || c == '/' || c == '.' || c == ' ') continue;
    if (c != '%' || i + 1 == format.size()) return std::nullopt;
    const char field = format[++i];
    if (field == 'Y' || field == 'y') continue;
    if (field == 'm' || field == 'b' || field == 'B') {
      finest = std::min(finest, Granularity::kMonth);
    } else if (field == 'd') {
      finest = Granularity::kDay;
    } else {
      return std::nullopt;
    }
  }
  return finest;
}

bool IsDateFormat(std::string_view format) {
  constexpr std::string_view kFields = "aAwudbBmyYHIpMSfgnjUWVGcxX%";
  constexpr std::string_view kUnpadded = "dmyHIMSj";
  if (format.empty()) return false;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    const bool unpadded = i + 1 < format.size() && format[i + 1] == '-';
    i += unpadded ? 2 : 1;
    if (i >= format.size() || (unpadded ? kUnpadded : kFields).find(format[i]) == std::string_view::npos) return false;
  }
  return true;
}

}  // namespace cloister::sql
