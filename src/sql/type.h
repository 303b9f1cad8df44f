#pragma once

// The SQL types our tree knows. What is not here does not exist for a query: lists, structs, blobs, intervals beyond
// months and days, time zones.

#include <string>

#include "agreement/policy.h"

namespace cloister::sql {

struct Type {
  enum class Kind {
    kNull,
    kBoolean,
    kInteger,
    kBigint,
    kHugeint,
    kDouble,
    kDecimal,
    kVarchar,
    kDate,
    kTimestamp,
    kInterval
  };
  Kind kind = Kind::kNull;
  int precision = 0;  // of kDecimal
  int scale = 0;

  static Type Of(const agreement::ColumnType& column);
  static Type Decimal(int precision, int scale) { return {Kind::kDecimal, precision, scale}; }

  bool IsInteger() const;
  bool IsNumeric() const { return IsInteger() || kind == Kind::kDouble || kind == Kind::kDecimal; }
  bool IsTemporal() const { return kind == Kind::kDate || kind == Kind::kTimestamp; }
  std::string ToString() const;  // as DuckDB writes it: "DECIMAL(18,2)"
  bool operator==(const Type&) const = default;
};

inline constexpr Type kNullType{Type::Kind::kNull};
inline constexpr Type kBooleanType{Type::Kind::kBoolean};
inline constexpr Type kIntegerType{Type::Kind::kInteger};
inline constexpr Type kBigintType{Type::Kind::kBigint};
inline constexpr Type kHugeintType{Type::Kind::kHugeint};
inline constexpr Type kDoubleType{Type::Kind::kDouble};
inline constexpr Type kVarcharType{Type::Kind::kVarchar};
inline constexpr Type kDateType{Type::Kind::kDate};
inline constexpr Type kTimestampType{Type::Kind::kTimestamp};
inline constexpr Type kIntervalType{Type::Kind::kInterval};

// The type that holds both, as in CASE branches, set operations and arithmetic of numbers.
Type CommonType(const Type& a, const Type& b);
// Two values that one comparison may put side by side without a cast that can fail.
bool Comparable(const Type& a, const Type& b);

}  // namespace cloister::sql
