#include "value_text.h"

#include <cmath>

#include "codec/sql_text.h"

namespace cloister::attacks {

using engine::Value;

std::optional<double> NumberOf(const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* number = std::get_if<codec::Int128>(&value)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<engine::Decimal>(&value))
    return static_cast<double>(number->unscaled) / std::pow(10.0, number->scale);
  return std::nullopt;
}

bool Matches(const Value& value, const codec::Json& wanted) {
  if (wanted.is_string()) {
    const auto* text = std::get_if<std::string>(&value);
    return text != nullptr && *text == std::string_view(wanted.get_string());
  }
  if (wanted.is_null()) return engine::IsNull(value);
  const auto number = NumberOf(value);
  return number && std::fabs(*number - wanted.to_number<double>()) < 1e-6;
}

std::string ValueText(const Value& value) {
  if (engine::IsNull(value)) return "null";
  if (const auto* text = std::get_if<std::string>(&value)) return "text " + *text;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* date = std::get_if<engine::Date>(&value)) return "date " + codec::FormatSqlDate(date->days);
  if (const auto* time = std::get_if<engine::Timestamp>(&value))
    return "time " + codec::FormatSqlTimestamp(time->micros);
  return "number " + codec::CanonicalJson(NumberOf(value).value_or(0));
}

}  // namespace cloister::attacks
