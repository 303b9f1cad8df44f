#include "engine/parquet_load.h"

#include <map>
#include <algorithm>

namespace cloister::engine {
namespace {

using Kind = agreement::ColumnType::Kind;

constexpr std::size_t kReadBytes = 256 << 10;
constexpr std::string_view kNotParquet =
    "the file is not Parquet that can be read; write it again with another tool";

Status FillFile(const ParquetTarget& target, ByteSource& source) {
  Bytes buffer(kReadBytes);
  while (true) {
    CLOISTER_ASSIGN(const std::size_t count, source.Read(buffer));
    if (count == 0) return {};
    CLOISTER_TRY(target.file.Append(ByteView(buffer).first(count)));
    if (target.file.size() > target.request.bytes_expected) {
      return InvalidArgument("the file is longer than its manifest says");
    }
  }
}

std::string FromFile(const MemoryFile& file) { return " FROM read_parquet('" + file.path() + "')"; }

// Name -> type of the file's columns, the type as DuckDB writes it.
Result<std::map<std::string, std::string>> FileColumns(const ParquetTarget& target) {
  const std::string sql =
      "SELECT column_name, column_type FROM (DESCRIBE SELECT *" + FromFile(target.file) + ")";
  ResultHandle result;
  if (duckdb_query(target.connection, sql.c_str(), result.get()) != DuckDBSuccess) {
    Error error =
        EngineError(duckdb_result_error_type(result.get()), duckdb_result_error(result.get()), kNotParquet);
    if (error.code == Code::kInternal) error.code = Code::kInvalidArgument;
    return error;
  }
  std::map<std::string, std::string> columns;
  while (true) {
    ChunkHandle chunk(duckdb_fetch_chunk(*result.get()));
    if (!chunk) return columns;
    for (idx_t row = 0; row < duckdb_data_chunk_get_size(chunk.get()); ++row) {
      columns.emplace(TextAt(duckdb_data_chunk_get_vector(chunk.get(), 0), row),
                      TextAt(duckdb_data_chunk_get_vector(chunk.get(), 1), row));
    }
  }
}

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// Digits before the point that every value of the file's integer type fits in; 0 when it is none.
int IntegerDigits(std::string_view type) {
  if (IsOneOf(type, {"TINYINT", "UTINYINT"})) return 3;
  if (IsOneOf(type, {"SMALLINT", "USMALLINT"})) return 5;
  if (IsOneOf(type, {"INTEGER", "UINTEGER"})) return 10;
  if (type == "BIGINT") return 19;
  if (type == "UBIGINT") return 20;
  return 0;
}

// Whether each value of the file's type is one of the wanted type, exactly.
bool BecomesWithoutLoss(std::string_view from, const agreement::ColumnType& to) {
  if (from == to.ToString()) return true;
  switch (to.kind) {
    case Kind::kInteger: return IsOneOf(from, {"TINYINT", "SMALLINT", "UTINYINT", "USMALLINT"});
    case Kind::kBigint: return IntegerDigits(from) > 0 && from != "UBIGINT";
    case Kind::kDouble: return from == "FLOAT" || (IntegerDigits(from) > 0 && IntegerDigits(from) <= 10);
    case Kind::kVarchar: return from.starts_with("ENUM(") || from == "UUID";
    case Kind::kTimestamp: return IsOneOf(from, {"TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS",
                                            "TIMESTAMP WITH TIME ZONE", "DATE"});
    case Kind::kDecimal: {
      const auto decimal = agreement::ColumnType::Parse(from);
      if (decimal && decimal->kind == Kind::kDecimal) {
        return decimal->scale <= to.scale && decimal->precision - decimal->scale <= to.precision - to.scale;
      }
      return IntegerDigits(from) > 0 && IntegerDigits(from) <= to.precision - to.scale;
    }
    case Kind::kBoolean:
    case Kind::kDate: return false;
  }
  return false;
}

}  // namespace

Status InsertParquet(const ParquetTarget& target, ByteSource& source) {
  CLOISTER_TRY(FillFile(target, source));
  CLOISTER_ASSIGN(const auto file_columns, FileColumns(target));
  std::string selected;
  for (const auto& column : target.request.schema.columns) {
    const auto found = file_columns.find(column.name);
    if (found == file_columns.end()) return InvalidArgument("the file has no column " + column.name);
    if (!BecomesWithoutLoss(found->second, column.type)) {
      return {Error{Code::kInvalidArgument,
                    "the file's column " + column.name + " is of a type that does not become " +
                        column.type.ToString() +
                        " without loss; change the type in the schema, or convert the column",
                    found->second}};
    }
    selected += (selected.empty() ? "" : ", ") + Quoted(column.name) + "::" + column.type.ToString();
  }
  if (file_columns.size() != target.request.schema.columns.size()) {
    return InvalidArgument(
        "the file has columns that the schema does not name; add them to the schema (a column without "
        "a policy is hidden) or leave them out of the file");
  }
  Status inserted = RunStatement(
      target.connection,
      "INSERT INTO " + Quoted(target.request.dataset) + " SELECT " + selected + FromFile(target.file),
      kNotParquet);
  if (inserted || inserted.error().code != Code::kInternal) return inserted;
  return Error{Code::kInvalidArgument, inserted.error().public_message, inserted.error().detail};
}

}  // namespace cloister::engine
