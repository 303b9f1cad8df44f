// Types of columns as schemas write them.

#include <array>
#include <charconv>

#include "agreement/policy.h"
#include "base/check.h"

namespace cloister::agreement {
namespace {

struct NamedType {
  std::string_view text;
  ColumnType::Kind kind;
};

constexpr std::array kTypes = std::to_array<NamedType>({{"BOOLEAN", ColumnType::Kind::kBoolean},
                                                        {"INTEGER", ColumnType::Kind::kInteger},
                                                        {"BIGINT", ColumnType::Kind::kBigint},
                                                        {"DOUBLE", ColumnType::Kind::kDouble},
                                                        {"VARCHAR", ColumnType::Kind::kVarchar},
                                                        {"DATE", ColumnType::Kind::kDate},
                                                        {"TIMESTAMP", ColumnType::Kind::kTimestamp}});

std::optional<int> SmallInteger(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool canonical = error == std::errc() && end == text.data() + text.size() && std::to_string(value) == text;
  return canonical ? std::optional(value) : std::nullopt;
}

}  // namespace

Result<ColumnType> ColumnType::Parse(std::string_view text) {
  for (const NamedType& named : kTypes) {
    if (named.text == text) return ColumnType{named.kind, 0, 0};
  }
  constexpr std::string_view kDecimal = "DECIMAL(";
  const std::size_t comma = text.find(',');
  if (text.starts_with(kDecimal) && text.ends_with(')') && comma != std::string_view::npos) {
    const auto precision = SmallInteger(text.substr(kDecimal.size(), comma - kDecimal.size()));
    const auto scale = SmallInteger(text.substr(comma + 1, text.size() - comma - 2));
    if (precision && scale && *precision >= 1 && *precision <= 38 && *scale >= 0 && *scale <= *precision) {
      return ColumnType{Kind::kDecimal, *precision, *scale};
    }
  }
  return InvalidArgument(
      "\"" + std::string(text.substr(0, 64)) +
      "\" is not a type; use BOOLEAN, INTEGER, BIGINT, DOUBLE, DECIMAL(p,s), VARCHAR, DATE or TIMESTAMP");
}

std::string ColumnType::ToString() const {
  if (kind == Kind::kDecimal) return "DECIMAL(" + std::to_string(precision) + "," + std::to_string(scale) + ")";
  for (const NamedType& named : kTypes) {
    if (named.kind == kind) return std::string(named.text);
  }
  CLOISTER_CHECK(false);
}

bool ColumnType::IsNumeric() const {
  return kind == Kind::kInteger || kind == Kind::kBigint || kind == Kind::kDouble || kind == Kind::kDecimal;
}

}  // namespace cloister::agreement
