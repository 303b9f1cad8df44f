#include "sql/type.h"

#include <algorithm>

namespace cloister::sql {

using Kind = Type::Kind;

Type Type::Of(const agreement::ColumnType& column) {
  using ColumnKind = agreement::ColumnType::Kind;
  switch (column.kind) {
    case ColumnKind::kBoolean:
      return kBooleanType;
    case ColumnKind::kInteger:
      return kIntegerType;
    case ColumnKind::kBigint:
      return kBigintType;
    case ColumnKind::kDouble:
      return kDoubleType;
    case ColumnKind::kVarchar:
      return kVarcharType;
    case ColumnKind::kDate:
      return kDateType;
    case ColumnKind::kTimestamp:
      return kTimestampType;
    case ColumnKind::kDecimal:
      return Decimal(column.precision, column.scale);
  }
  return kNullType;
}

bool Type::IsInteger() const { return kind == Kind::kInteger || kind == Kind::kBigint || kind == Kind::kHugeint; }

std::string Type::ToString() const {
  switch (kind) {
    case Kind::kNull:
      return "NULL";
    case Kind::kBoolean:
      return "BOOLEAN";
    case Kind::kInteger:
      return "INTEGER";
    case Kind::kBigint:
      return "BIGINT";
    case Kind::kHugeint:
      return "HUGEINT";
    case Kind::kDouble:
      return "DOUBLE";
    case Kind::kDecimal:
      return "DECIMAL(" + std::to_string(precision) + "," + std::to_string(scale) + ")";
    case Kind::kVarchar:
      return "VARCHAR";
    case Kind::kDate:
      return "DATE";
    case Kind::kTimestamp:
      return "TIMESTAMP";
    case Kind::kInterval:
      return "INTERVAL";
  }
  return "NULL";
}

namespace {

// The decimal that holds every value of an integer type.
Type AsDecimal(const Type& type) {
  if (type.kind == Kind::kInteger) return Type::Decimal(10, 0);
  if (type.kind == Kind::kBigint) return Type::Decimal(19, 0);
  if (type.kind == Kind::kHugeint) return Type::Decimal(38, 0);
  return type;
}

Type CommonNumber(const Type& a, const Type& b) {
  if (a.kind == Kind::kDouble || b.kind == Kind::kDouble) return kDoubleType;
  if (a.IsInteger() && b.IsInteger()) return static_cast<int>(a.kind) > static_cast<int>(b.kind) ? a : b;
  const Type left = AsDecimal(a);
  const Type right = AsDecimal(b);
  const int scale = std::max(left.scale, right.scale);
  const int digits = std::max(left.precision - left.scale, right.precision - right.scale);
  return Type::Decimal(std::min(38, digits + scale), scale);
}

}  // namespace

Type CommonType(const Type& a, const Type& b) {
  if (a == b || b.kind == Kind::kNull) return a;
  if (a.kind == Kind::kNull) return b;
  if (a.IsNumeric() && b.IsNumeric()) return CommonNumber(a, b);
  if (a.IsTemporal() && b.IsTemporal()) return kTimestampType;
  return kVarcharType;
}

bool Comparable(const Type& a, const Type& b) {
  if (a.kind == b.kind || a.kind == Kind::kNull || b.kind == Kind::kNull) return true;
  return (a.IsNumeric() && b.IsNumeric()) || (a.IsTemporal() && b.IsTemporal());
}

}  // namespace cloister::sql
