#include "engine/load.h"

#include <algorithm>

#include "engine/database_internals.h"
#include "engine/parquet_load.h"
#include "engine/row_load.h"

namespace cloister::engine {
namespace {

constexpr std::string_view kLoadFailed = "the engine could not load the file";

// A table's memory by the bytes of its file, rather too low than too high: 16 columns of orders took 1.4
// bytes for one of CSV and 5.9 for one of Parquet. What needs more than this says is found out by the
// engine's own limit.
double TableBytesPerFileByte(FileFormat format) {
  switch (format) {
    case FileFormat::kCsv: return 1.0;
    case FileFormat::kJsonLines: return 0.5;
    case FileFormat::kParquet: return 4.0;
  }
  return 0;
}

Status AdmitLoad(const Database::Internals& state, const LoadRequest& request, std::int64_t memory_used) {
  if (request.bytes_expected < 0) return InvalidArgument("a file's length cannot be negative");
  const double file_in_memory =
      request.format == FileFormat::kParquet ? static_cast<double>(request.bytes_expected) : 0;
  const double needed =
      file_in_memory + static_cast<double>(request.bytes_expected) * TableBytesPerFileByte(request.format);
  if (static_cast<double>(memory_used) + needed <= static_cast<double>(state.limits.memory_bytes)) return {};
  return ResourceExhausted(
      "the dataset would not fit in the enclave's memory beside what is loaded; drop a dataset, load "
      "fewer columns, or have the operator raise limits.memory_bytes");
}

std::string CreateTableSql(const LoadRequest& request) {
  std::string columns;
  for (const auto& column : request.schema.columns) {
    columns += (columns.empty() ? "" : ", ") + Quoted(column.name) + " " + column.type.ToString();
  }
  return "CREATE TABLE " + Quoted(request.dataset) + " (" + columns + ")";
}

// Rows of CSV or JSON lines into the table that is there.
Status InsertRows(Database::Internals& state, duckdb_connection connection, const LoadRequest& request,
                  ByteSource& source) {
  RowLoad load(request, source);
  state.row_load = &load;
  Status inserted = RunStatement(
      connection, "INSERT INTO " + Quoted(request.dataset) + " SELECT * FROM cloister_rows()", kLoadFailed);
  state.row_load = nullptr;
  if (auto problem = load.TakeProblem()) return *std::move(problem);
  return inserted;
}

Result<std::int64_t> CountRows(duckdb_connection connection, const std::string& dataset) {
  ResultHandle result;
  if (duckdb_query(connection, ("SELECT count(*) FROM " + Quoted(dataset)).c_str(), result.get()) !=
      DuckDBSuccess) {
    return Internal("the engine does not count the rows it loaded");
  }
  ChunkHandle chunk(duckdb_fetch_chunk(*result.get()));
  if (!chunk) return Internal("the engine does not count the rows it loaded");
  return *static_cast<std::int64_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk.get(), 0)));
}

// All or nothing: what fails takes the table with it.
Result<std::int64_t> FillTable(Database::Internals& state, duckdb_connection connection,
                               const LoadRequest& request, ByteSource& source) {
  const auto fill = [&]() -> Result<std::int64_t> {
    CLOISTER_TRY(RunStatement(connection, CreateTableSql(request), kLoadFailed));
    CLOISTER_TRY(
        request.format == FileFormat::kParquet
            ? InsertParquet({.connection = connection, .file = state.file, .request = request}, source)
            : InsertRows(state, connection, request, source));
    return CountRows(connection, request.dataset);
  };
  CLOISTER_TRY(RunStatement(connection, "BEGIN", kLoadFailed));
  auto rows = fill();
  state.file.Clear();
  if (rows) {
    if (auto committed = RunStatement(connection, "COMMIT", kLoadFailed); !committed) {
      return std::move(committed).error();
    }
    return rows;
  }
  (void)RunStatement(connection, "ROLLBACK", kLoadFailed);  // the connection's end would do it too
  return rows;
}

}  // namespace

Result<FileFormat> ParseFileFormat(std::string_view name) {
  if (name == "csv") return FileFormat::kCsv;
  if (name == "parquet") return FileFormat::kParquet;
  if (name == "jsonl") return FileFormat::kJsonLines;
  return InvalidArgument("the format must be csv, parquet or jsonl");
}

Result<TableInfo> LoadTable(Database& database, const LoadRequest& request, ByteSource& source) {
  Database::Internals& state = database.internals();
  if (request.schema.columns.empty()) return InvalidArgument("the schema has no columns");
  MutexLock loading(state.loading);
  if (database.Find(request.dataset)) {
    return Conflict("the dataset is loaded already; drop it before loading another version");
  }
  CLOISTER_ASSIGN(const ConnectionHandle connection, Connect(state.database.get()));
  CLOISTER_ASSIGN(const std::int64_t before, MemoryUsed(connection.get()));
  CLOISTER_TRY(AdmitLoad(state, request, before));
  CLOISTER_ASSIGN(const std::int64_t rows, FillTable(state, connection.get(), request, source));
  CLOISTER_ASSIGN(const std::int64_t after, MemoryUsed(connection.get()));
  TableInfo info{
      .dataset = request.dataset, .rows = rows, .memory_bytes = std::max<std::int64_t>(0, after - before)};
  MutexLock lock(state.mutex);
  state.tables[request.dataset] = info;
  return info;
}

}  // namespace cloister::engine
