#include "agreement/public_values.h"

#include <limits>
#include <set>

#include "agreement/policy.h"

namespace cloister::agreement {
namespace {

bool IsValueOf(const codec::Json& value, const ColumnType& type) {
  switch (type.kind) {
    case ColumnType::Kind::kVarchar:
      return value.is_string() && value.get_string().size() <= kPublicValueBytesMax &&
             value.get_string().find('\0') == boost::json::string::npos;
    case ColumnType::Kind::kBoolean:
      return value.is_bool();
    case ColumnType::Kind::kInteger:
      return value.is_int64() && value.get_int64() >= std::numeric_limits<std::int32_t>::min() &&
             value.get_int64() <= std::numeric_limits<std::int32_t>::max();
    case ColumnType::Kind::kBigint:
      return value.is_int64();
    default:
      return false;
  }
}

std::string WordsOf(const ColumnType& type) {
  if (type.kind == ColumnType::Kind::kVarchar)
    return "texts of at most " + std::to_string(kPublicValueBytesMax) + " bytes";
  return type.kind == ColumnType::Kind::kBoolean ? "true and false" : "whole numbers";
}

}  // namespace

std::string PublicValuesProblem(const codec::JsonArray& values, const ColumnType& type) {
  const bool listed = type.kind == ColumnType::Kind::kVarchar || type.kind == ColumnType::Kind::kBoolean ||
                      type.kind == ColumnType::Kind::kInteger || type.kind == ColumnType::Kind::kBigint;
  if (!listed) return "is for texts, whole numbers and booleans, not for a " + type.ToString();
  std::set<std::string> known;
  for (const codec::Json& value : values) {
    if (!IsValueOf(value, type) || !known.insert(codec::CanonicalJson(value)).second)
      return "must hold " + WordsOf(type) + ", each once";
  }
  return "";
}

}  // namespace cloister::agreement
