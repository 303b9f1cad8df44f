#pragma once

// A constant of a query as a typed value. It is read once and printed afresh: no byte of the analyst's spelling
// reaches the engine.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "codec/json.h"
#include "sql/type.h"

namespace cloister::sql {

struct Interval {
  std::int64_t months = 0;
  std::int64_t days = 0;
  bool operator==(const Interval&) const = default;
};

struct Literal {
  Type type;  // kNull: the value is NULL
  // BOOLEAN bool; integers and DECIMAL (unscaled), DATE (days since 1970), TIMESTAMP (microseconds) int64;
  // DOUBLE double; VARCHAR text; INTERVAL Interval.
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Interval> value;

  static Literal Null() { return {}; }
  static Literal Bool(bool value) { return {kBooleanType, value}; }
  static Literal Bigint(std::int64_t value) { return {kBigintType, value}; }
  static Literal Double(double value) { return {kDoubleType, value}; }
  static Literal Text(std::string value) { return {kVarcharType, std::move(value)}; }
  static Literal Date(std::int64_t days) { return {kDateType, days}; }

  bool IsNull() const { return type.kind == Type::Kind::kNull; }
  // Of any numeric type; nothing otherwise.
  std::optional<double> AsNumber() const;
  // Of integers, and of decimals and doubles without a fraction.
  std::optional<std::int64_t> AsInteger() const;
  const std::string* AsText() const { return std::get_if<std::string>(&value); }

  // SQL that means exactly this value.
  std::string ToSql() const;
  bool operator==(const Literal&) const = default;
};

// Strictly YYYY-MM-DD, a day that exists. Days since 1970-01-01.
std::optional<std::int64_t> ParseDate(std::string_view text);
// YYYY-MM-DD or YYYY-MM-DD HH:MM:SS[.ffffff]. Microseconds since 1970-01-01.
std::optional<std::int64_t> ParseTimestamp(std::string_view text);
std::string FormatDate(std::int64_t days);

struct CivilDate {
  std::int64_t year = 1970;
  int month = 1;
  int day = 1;
};
CivilDate ToCivil(std::int64_t days);
std::int64_t FromCivil(const CivilDate& date);
// As SQL adds an interval to a date: months first, the day cut to the month's length, then days.
std::int64_t AddInterval(std::int64_t days, const Interval& interval);

// A literal converted as CAST would, when that cannot fail for this value; nothing when it would.
std::optional<Literal> CastLiteral(const Literal& literal, const Type& to);
// A parameter's value. Arrays and objects are no values.
std::optional<Literal> LiteralOfJson(const codec::Json& json);

}  // namespace cloister::sql
