#include "engine/duckdb_handles.h"

#include "engine/database.h"

namespace cloister::engine {

std::string Quoted(std::string_view identifier) {
  std::string quoted = "\"";
  for (char c : identifier) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

Result<DatabaseHandle> OpenSingleThreaded() {
  // The header is older than the library; its functions were compared with this version's and no other's.
  if (std::string_view(duckdb_library_version()) != kDuckDbVersion) {
    return FailedPrecondition("the DuckDB library has another version than this build was made for; run "
                              "tools/fetch_duckdb.sh and build again");
  }
  Handle<duckdb_config, duckdb_destroy_config> config;
  if (duckdb_create_config(config.Receive()) != DuckDBSuccess ||
      duckdb_set_config(config.get(), "threads", "1") != DuckDBSuccess) {
    return Internal("the engine cannot be configured");
  }
  DatabaseHandle database;
  char* message = nullptr;
  if (duckdb_open_ext(nullptr, database.Receive(), config.get(), &message) != DuckDBSuccess) {
    Error error{Code::kInternal, "the engine does not open", message == nullptr ? "" : message};
    duckdb_free(message);
    return error;
  }
  return database;
}

Result<ConnectionHandle> Connect(duckdb_database database) {
  ConnectionHandle connection;
  if (duckdb_connect(database, connection.Receive()) != DuckDBSuccess) {
    return Internal("the engine gives no connection");
  }
  return connection;
}

Error EngineError(duckdb_error_type type, const char* message, std::string_view what) {
  std::string detail = message == nullptr ? "" : message;
  if (type == DUCKDB_ERROR_OUT_OF_MEMORY) {
    return {Code::kResourceExhausted,
            "not enough memory: the enclave's limit is reached and nothing is ever written to disk; read "
            "fewer columns "
            "or rows, group more coarsely, or have the operator raise limits.memory_bytes",
            std::move(detail)};
  }
  if (type == DUCKDB_ERROR_INTERRUPT) return {Code::kCancelled, "cancelled", std::move(detail)};
  return {Code::kInternal, std::string(what), std::move(detail)};
}

Status RunStatement(duckdb_connection connection, const std::string& sql, std::string_view what) {
  ResultHandle result;
  if (duckdb_query(connection, sql.c_str(), result.get()) == DuckDBSuccess) return {};
  return EngineError(duckdb_result_error_type(result.get()), duckdb_result_error(result.get()), what);
}

}  // namespace cloister::engine
