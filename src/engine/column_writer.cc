#include "engine/column_writer.h"

#include <cstring>

#include "codec/sql_text.h"

namespace cloister::engine {

using Kind = agreement::ColumnType::Kind;

void ColumnWriter::Attach(duckdb_vector vector) {
  vector_ = vector;
  data_ = duckdb_vector_get_data(vector);
  validity_ = nullptr;
}

template <typename Number>
bool ColumnWriter::Put(idx_t row, Number number) {
  static_cast<Number*>(data_)[row] = number;
  return true;
}

bool ColumnWriter::SetText(idx_t row, std::string_view text) {
  const auto put = [&](const auto& number) { return number.has_value() && Put(row, *number); };
  switch (type_.kind) {
    case Kind::kBoolean: return put(codec::ParseSqlBoolean(text));
    case Kind::kInteger: return put(codec::ParseSqlInteger(text));
    case Kind::kBigint: return put(codec::ParseSqlBigint(text));
    case Kind::kDouble: return put(codec::ParseSqlDouble(text));
    case Kind::kDate: return put(codec::ParseSqlDate(text));
    case Kind::kTimestamp: return put(codec::ParseSqlTimestamp(text));
    case Kind::kDecimal: return SetDecimal(row, text);
    case Kind::kVarchar: return SetVarchar(row, text);
  }
  return false;
}

// DuckDB stores a DECIMAL in the smallest of four integers that holds its precision.
bool ColumnWriter::SetDecimal(idx_t row, std::string_view text) {
  const auto unscaled = codec::ParseSqlDecimal(text, {.precision = type_.precision, .scale = type_.scale});
  if (!unscaled) return false;
  if (type_.precision <= 4) return Put(row, static_cast<std::int16_t>(*unscaled));
  if (type_.precision <= 9) return Put(row, static_cast<std::int32_t>(*unscaled));
  if (type_.precision <= 18) return Put(row, static_cast<std::int64_t>(*unscaled));
  return Put(row, *unscaled);
}

// Texts up to 12 bytes stand in the vector itself (duckdb_string_t), padded with zeros, which comparisons
// rely on.
bool ColumnWriter::SetVarchar(idx_t row, std::string_view text) {
  constexpr std::size_t kInlinedMax = sizeof(duckdb_string_t{}.value.inlined.inlined);
  if (text.size() > kInlinedMax) {
    duckdb_vector_assign_string_element_len(vector_, row, text.data(), text.size());
    return true;
  }
  duckdb_string_t inlined{};
  inlined.value.inlined.length = static_cast<std::uint32_t>(text.size());
  std::memcpy(inlined.value.inlined.inlined, text.data(), text.size());
  return Put(row, inlined);
}

void ColumnWriter::SetNull(idx_t row) {
  if (validity_ == nullptr) {
    duckdb_vector_ensure_validity_writable(vector_);
    validity_ = duckdb_vector_get_validity(vector_);
  }
  duckdb_validity_set_row_invalid(validity_, row);
  if (type_.kind == Kind::kVarchar) Put(row, duckdb_string_t{});
}

LogicalTypeHandle ToLogicalType(const agreement::ColumnType& type) {
  const auto simple = [](duckdb_type id) { return LogicalTypeHandle(duckdb_create_logical_type(id)); };
  switch (type.kind) {
    case Kind::kBoolean: return simple(DUCKDB_TYPE_BOOLEAN);
    case Kind::kInteger: return simple(DUCKDB_TYPE_INTEGER);
    case Kind::kBigint: return simple(DUCKDB_TYPE_BIGINT);
    case Kind::kDouble: return simple(DUCKDB_TYPE_DOUBLE);
    case Kind::kDate: return simple(DUCKDB_TYPE_DATE);
    case Kind::kTimestamp: return simple(DUCKDB_TYPE_TIMESTAMP);
    case Kind::kVarchar: return simple(DUCKDB_TYPE_VARCHAR);
    case Kind::kDecimal:
      return LogicalTypeHandle(duckdb_create_decimal_type(static_cast<std::uint8_t>(type.precision),
                                                          static_cast<std::uint8_t>(type.scale)));
  }
  return {};
}

std::string ExpectedText(const agreement::ColumnType& type) {
  switch (type.kind) {
    case Kind::kBoolean: return "true or false";
    case Kind::kInteger: return "a whole number from -2147483648 to 2147483647";
    case Kind::kBigint: return "a whole number of at most 64 bit";
    case Kind::kDouble: return "a finite number such as 12.5 or 1.5e3";
    case Kind::kDate: return "a date such as 2026-11-22";
    case Kind::kTimestamp: return "a time such as 2026-11-22T08:36:00, in UTC";
    case Kind::kVarchar: return "a text";
    case Kind::kDecimal:
      return "a number of at most " + std::to_string(type.precision - type.scale) + " digits before and " +
             std::to_string(type.scale) + " after the point";
  }
  return "";
}

}  // namespace cloister::engine
