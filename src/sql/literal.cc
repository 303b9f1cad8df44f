#include "sql/literal.h"

#include <charconv>
#include <cmath>

namespace cloister::sql {
namespace {

using Kind = Type::Kind;
constexpr std::int64_t kMicrosPerDay = 86'400'000'000;

std::string Quote(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

std::string FormatDouble(double value) {
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
  return std::string(buffer, end.ptr);
}

std::string FormatDecimal(std::int64_t unscaled, int scale) {
  const bool negative = unscaled < 0;
  std::string digits = std::to_string(unscaled);
  if (negative) digits.erase(0, 1);
  if (scale > 0) {
    if (static_cast<int>(digits.size()) <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
    digits.insert(digits.size() - scale, ".");
  }
  return (negative ? "-" : "") + digits;
}

std::optional<int> Digits(std::string_view text, std::size_t from, std::size_t count) {
  if (text.size() < from + count) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(from, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::string TwoDigits(std::int64_t value) { return (value < 10 ? "0" : "") + std::to_string(value); }

std::string FormatTimestamp(std::int64_t micros) {
  std::int64_t days = micros / kMicrosPerDay;
  std::int64_t rest = micros % kMicrosPerDay;
  if (rest < 0) {
    rest += kMicrosPerDay;
    --days;
  }
  std::string fraction = std::to_string(rest % 1'000'000);
  fraction.insert(0, 6 - fraction.size(), '0');
  const std::int64_t seconds = rest / 1'000'000;
  return FormatDate(days) + " " + TwoDigits(seconds / 3600) + ":" + TwoDigits(seconds / 60 % 60) + ":" +
         TwoDigits(seconds % 60) + "." + fraction;
}

}  // namespace

std::optional<double> Literal::AsNumber() const {
  if (!type.IsNumeric()) return std::nullopt;
  if (const auto* number = std::get_if<double>(&value)) return *number;
  const auto* integer = std::get_if<std::int64_t>(&value);
  if (integer == nullptr) return std::nullopt;
  return static_cast<double>(*integer) / (type.kind == Kind::kDecimal ? std::pow(10.0, type.scale) : 1.0);
}

std::optional<std::int64_t> Literal::AsInteger() const {
  if (type.IsInteger()) return std::get<std::int64_t>(value);
  const auto number = AsNumber();
  if (!number || *number != std::floor(*number) || std::fabs(*number) > 9e15) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::string Literal::ToSql() const {
  switch (type.kind) {
    case Kind::kNull:
      return "NULL";
    case Kind::kBoolean:
      return std::get<bool>(value) ? "TRUE" : "FALSE";
    case Kind::kInteger:
    case Kind::kBigint:
    case Kind::kHugeint: {
      const std::int64_t number = std::get<std::int64_t>(value);
      return number < 0 ? "(" + std::to_string(number) + ")" : std::to_string(number);
    }
    case Kind::kDouble:
      return "CAST('" + FormatDouble(std::get<double>(value)) + "' AS DOUBLE)";
    case Kind::kDecimal:
      return "CAST('" + FormatDecimal(std::get<std::int64_t>(value), type.scale) + "' AS " + type.ToString() + ")";
    case Kind::kVarchar:
      return Quote(std::get<std::string>(value));
    case Kind::kDate:
      return "DATE '" + FormatDate(std::get<std::int64_t>(value)) + "'";
    case Kind::kTimestamp:
      return "TIMESTAMP '" + FormatTimestamp(std::get<std::int64_t>(value)) + "'";
    case Kind::kInterval: {
      const Interval& interval = std::get<Interval>(value);
      return "(to_months(" + std::to_string(interval.months) + ") + to_days(" + std::to_string(interval.days) + "))";
    }
  }
  return "NULL";
}

// Days from civil and back: proleptic Gregorian calendar, era of 400 years (146097 days), years start in March.
std::int64_t FromCivil(const CivilDate& date) {
  const std::int64_t year = date.month <= 2 ? date.year - 1 : date.year;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

CivilDate ToCivil(std::int64_t days) {
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const std::int64_t day_of_era = days - era * 146097;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  CivilDate date;
  date.day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  date.month = static_cast<int>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

std::optional<std::int64_t> ParseDate(std::string_view text) {
  const auto year = Digits(text, 0, 4);
  const auto month = Digits(text, 5, 2);
  const auto day = Digits(text, 8, 2);
  if (text.size() != 10 || text[4] != '-' || text[7] != '-' || !year || !month || !day) return std::nullopt;
  if (*month < 1 || *month > 12 || *day < 1) return std::nullopt;
  const std::int64_t days = FromCivil({*year, *month, *day});
  const CivilDate back = ToCivil(days);  // 30 February would come back as a day in March
  if (back.month != *month || back.day != *day) return std::nullopt;
  return days;
}

std::optional<std::int64_t> ParseTimestamp(std::string_view text) {
  const auto days = ParseDate(text.substr(0, 10));
  if (!days) return std::nullopt;
  if (text.size() == 10) return *days * kMicrosPerDay;
  const auto hour = Digits(text, 11, 2);
  const auto minute = Digits(text, 14, 2);
  const auto second = Digits(text, 17, 2);
  if (text.size() < 19 || (text[10] != ' ' && text[10] != 'T') || text[13] != ':' || text[16] != ':')
    return std::nullopt;
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  std::int64_t micros = 0;
  if (text.size() > 19) {
    const std::size_t count = text.size() - 20;
    const auto fraction = Digits(text, 20, count);
    if (text[19] != '.' || count == 0 || count > 6 || !fraction) return std::nullopt;
    micros = *fraction;
    for (std::size_t i = count; i < 6; ++i) micros *= 10;
  }
  return *days * kMicrosPerDay + ((*hour * 60LL + *minute) * 60 + *second) * 1'000'000 + micros;
}

std::string FormatDate(std::int64_t days) {
  const CivilDate date = ToCivil(days);
  std::string year = std::to_string(date.year);
  if (year.size() < 4) year.insert(0, 4 - year.size(), '0');
  return year + "-" + TwoDigits(date.month) + "-" + TwoDigits(date.day);
}

std::int64_t AddInterval(std::int64_t days, const Interval& interval) {
  CivilDate date = ToCivil(days);
  const std::int64_t months = date.year * 12 + (date.month - 1) + interval.months;
  date.year = months / 12;
  date.month = static_cast<int>(months % 12) + 1;
  const std::int64_t first = FromCivil({date.year, date.month, 1});
  const std::int64_t next = FromCivil({date.month == 12 ? date.year + 1 : date.year, date.month % 12 + 1, 1});
  const std::int64_t last = next - 1;
  return std::min(first + date.day - 1, last) + interval.days;
}

std::optional<Literal> CastLiteral(const Literal& literal, const Type& to) {
  if (literal.IsNull() || literal.type == to) return literal;
  if (const std::string* text = literal.AsText()) {
    if (to.kind == Kind::kDate) {
      if (const auto days = ParseDate(*text)) return Literal::Date(*days);
    } else if (to.kind == Kind::kTimestamp) {
      if (const auto micros = ParseTimestamp(*text)) return Literal{kTimestampType, *micros};
    } else if (to.kind == Kind::kBoolean && (*text == "t" || *text == "true" || *text == "f" || *text == "false")) {
      return Literal::Bool((*text)[0] == 't');
    }
    return std::nullopt;
  }
  if (to.kind == Kind::kDouble && literal.AsNumber()) return Literal::Double(*literal.AsNumber());
  if (to.IsInteger() && literal.AsInteger()) return Literal{to, *literal.AsInteger()};
  if (to.kind == Kind::kTimestamp && literal.type.kind == Kind::kDate) {
    return Literal{kTimestampType, std::get<std::int64_t>(literal.value) * kMicrosPerDay};
  }
  return std::nullopt;
}

std::optional<Literal> LiteralOfJson(const codec::Json& json) {
  if (json.is_null()) return Literal::Null();
  if (json.is_bool()) return Literal::Bool(json.get_bool());
  if (json.is_int64()) return Literal::Bigint(json.get_int64());
  if (json.is_double()) return Literal::Double(json.get_double());
  if (json.is_string() && json.get_string().find('\0') == boost::json::string::npos) {
    return Literal::Text(std::string(json.get_string()));
  }
  return std::nullopt;
}

}  // namespace cloister::sql
