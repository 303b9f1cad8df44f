#include "engine/column_reader.h"

namespace cloister::engine {
namespace {

// SQL's name of a type, empty for those no plan makes (and for ids this build does not know).
std::string TypeName(duckdb_logical_type logical) {
  switch (duckdb_get_type_id(logical)) {
    case DUCKDB_TYPE_BOOLEAN: return "BOOLEAN";
    case DUCKDB_TYPE_TINYINT: return "TINYINT";
    case DUCKDB_TYPE_SMALLINT: return "SMALLINT";
    case DUCKDB_TYPE_INTEGER: return "INTEGER";
    case DUCKDB_TYPE_BIGINT: return "BIGINT";
    case DUCKDB_TYPE_UTINYINT: return "UTINYINT";
    case DUCKDB_TYPE_USMALLINT: return "USMALLINT";
    case DUCKDB_TYPE_UINTEGER: return "UINTEGER";
    case DUCKDB_TYPE_UBIGINT: return "UBIGINT";
    case DUCKDB_TYPE_HUGEINT: return "HUGEINT";
    case DUCKDB_TYPE_FLOAT: return "FLOAT";
    case DUCKDB_TYPE_DOUBLE: return "DOUBLE";
    case DUCKDB_TYPE_VARCHAR: return "VARCHAR";
    case DUCKDB_TYPE_DATE: return "DATE";
    case DUCKDB_TYPE_TIMESTAMP: return "TIMESTAMP";
    case DUCKDB_TYPE_DECIMAL:
      return "DECIMAL(" + std::to_string(duckdb_decimal_width(logical)) + "," +
             std::to_string(duckdb_decimal_scale(logical)) + ")";
    default: return "";
  }
}

Int128 ToInt128(duckdb_hugeint value) {
  return static_cast<Int128>(value.upper) * (static_cast<Int128>(1) << 64) + static_cast<Int128>(value.lower);
}

}  // namespace

Result<ColumnReader> ColumnReader::Open(duckdb_result& result, idx_t column, const std::string& type_stated) {
  const LogicalTypeHandle logical(duckdb_column_logical_type(&result, column));
  const std::string type = TypeName(logical.get());
  if (type.empty() || type != type_stated) {
    return Error{Code::kInternal, "the engine gave a column another type than the plan states",
                 "column " + std::to_string(column) + ": plan " + type_stated + ", engine " +
                     (type.empty() ? "type id " + std::to_string(duckdb_get_type_id(logical.get())) : type)};
  }
  ColumnReader reader;
  reader.type_ = duckdb_get_type_id(logical.get());
  if (reader.type_ == DUCKDB_TYPE_DECIMAL) {
    reader.stored_as_ = duckdb_decimal_internal_type(logical.get());
    reader.scale_ = duckdb_decimal_scale(logical.get());
  }
  return reader;
}

void ColumnReader::Attach(duckdb_vector vector) {
  data_ = duckdb_vector_get_data(vector);
  validity_ = duckdb_vector_get_validity(vector);
}

Value ColumnReader::ReadDecimal(idx_t row) const {
  switch (stored_as_) {
    case DUCKDB_TYPE_SMALLINT: return Decimal{At<std::int16_t>(row), scale_};
    case DUCKDB_TYPE_INTEGER: return Decimal{At<std::int32_t>(row), scale_};
    case DUCKDB_TYPE_BIGINT: return Decimal{At<std::int64_t>(row), scale_};
    default: return Decimal{ToInt128(At<duckdb_hugeint>(row)), scale_};
  }
}

Value ColumnReader::Read(idx_t row) const {
  if (validity_ != nullptr && !duckdb_validity_row_is_valid(validity_, row)) return std::monostate{};
  const auto integer = [](auto number) { return Value(static_cast<std::int64_t>(number)); };
  switch (type_) {
    case DUCKDB_TYPE_BOOLEAN: return At<bool>(row);
    case DUCKDB_TYPE_TINYINT: return integer(At<std::int8_t>(row));
    case DUCKDB_TYPE_SMALLINT: return integer(At<std::int16_t>(row));
    case DUCKDB_TYPE_INTEGER: return integer(At<std::int32_t>(row));
    case DUCKDB_TYPE_BIGINT: return integer(At<std::int64_t>(row));
    case DUCKDB_TYPE_UTINYINT: return integer(At<std::uint8_t>(row));
    case DUCKDB_TYPE_USMALLINT: return integer(At<std::uint16_t>(row));
    case DUCKDB_TYPE_UINTEGER: return integer(At<std::uint32_t>(row));
    case DUCKDB_TYPE_UBIGINT: return static_cast<Int128>(At<std::uint64_t>(row));
    case DUCKDB_TYPE_HUGEINT: return ToInt128(At<duckdb_hugeint>(row));
    case DUCKDB_TYPE_FLOAT: return static_cast<double>(At<float>(row));
    case DUCKDB_TYPE_DOUBLE: return At<double>(row);
    case DUCKDB_TYPE_DATE: return Date{At<std::int32_t>(row)};
    case DUCKDB_TYPE_TIMESTAMP: return Timestamp{At<std::int64_t>(row)};
    case DUCKDB_TYPE_DECIMAL: return ReadDecimal(row);
    case DUCKDB_TYPE_VARCHAR: {
      auto text = At<duckdb_string_t>(row);
      return std::string(duckdb_string_t_data(&text), duckdb_string_t_length(text));
    }
    default: CLOISTER_CHECK(false);  // Open lets no other through
  }
  return std::monostate{};
}

}  // namespace cloister::engine
