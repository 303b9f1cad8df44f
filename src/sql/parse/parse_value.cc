// Constants and type names of the serialised tree.

#include <charconv>
#include <cmath>

#include "sql/parse/tree_reader.h"

namespace cloister::sql {
namespace {

std::optional<Type> ScalarType(std::string_view id) {
  if (id == "BOOLEAN") return kBooleanType;
  if (id == "TINYINT" || id == "SMALLINT" || id == "INTEGER") return kIntegerType;
  if (id == "BIGINT") return kBigintType;
  if (id == "HUGEINT") return kHugeintType;
  if (id == "FLOAT" || id == "DOUBLE") return kDoubleType;
  if (id == "VARCHAR") return kVarcharType;
  if (id == "DATE") return kDateType;
  if (id == "TIMESTAMP") return kTimestampType;
  if (id == "INTERVAL") return kIntervalType;
  if (id == "NULL") return kNullType;
  return std::nullopt;
}

std::optional<Type> DecimalType(const codec::Json& info, ParseContext& context) {
  if (info.is_null()) return Type::Decimal(18, 3);  // DECIMAL alone
  TreeReader in(info, context);
  in.Ignore("type");
  in.Expect("alias", "", "R01", "A named type is not admitted.");
  in.Expect("extension_info", nullptr, "R01", "An extended type is not admitted.");
  const std::int64_t width = in.Integer("width");
  const std::int64_t scale = in.Integer("scale");
  if (!in.Finish({}) || width < 1 || width > 38 || scale < 0 || scale > width) return std::nullopt;
  return Type::Decimal(static_cast<int>(width), static_cast<int>(scale));
}

std::optional<Literal> LiteralOf(const Type& type, const codec::Json& value) {
  using Kind = Type::Kind;
  if (type.kind == Kind::kBoolean && value.is_bool()) return Literal::Bool(value.get_bool());
  if (type.kind == Kind::kVarchar && value.is_string()) {
    if (value.get_string().find('\0') != boost::json::string::npos) return std::nullopt;
    return Literal::Text(std::string(value.get_string()));
  }
  if (type.kind == Kind::kDouble && (value.is_double() || value.is_int64())) {
    return Literal::Double(value.is_double() ? value.get_double() : static_cast<double>(value.get_int64()));
  }
  if ((type.IsInteger() || type.kind == Kind::kDecimal) && value.is_int64()) return Literal{type, value.get_int64()};
  return std::nullopt;
}

}  // namespace

std::optional<Type> ParseType(const codec::Json& json, ParseContext& context, TextRange range) {
  TreeReader in(json, context);
  const std::string id = in.String("id");
  const codec::Json& info = in.Any("type_info");
  if (!in.Finish(range)) return std::nullopt;
  const std::optional<Type> type = id == "DECIMAL" ? DecimalType(info, context) : ScalarType(id);
  if (type && (id == "DECIMAL" || info.is_null())) return type;
  context.findings.Add(
      {"R03", range, "The type " + id + " is not admitted; use numbers, text, BOOLEAN, DATE or TIMESTAMP."});
  return std::nullopt;
}

std::optional<Literal> ParseValue(const codec::Json& json, ParseContext& context, TextRange range) {
  TreeReader in(json, context);
  const std::optional<Type> type = ParseType(in.Any("type"), context, range);
  const bool is_null = in.Bool("is_null");
  if (!type) return std::nullopt;
  if (is_null) {
    in.Ignore("value");
    return in.Finish(range) ? std::optional(Literal::Null()) : std::nullopt;
  }
  const codec::Json& value = in.Any("value");
  if (!in.Finish(range)) return std::nullopt;
  std::optional<Literal> literal = LiteralOf(*type, value);
  if (!literal) {
    context.findings.Add(
        {"R21", range, "This constant does not fit: numbers have at most 15 digits here, texts no zero byte."});
  }
  return literal;
}

}  // namespace cloister::sql
