#include "engine/plain_duckdb.h"

#include "engine/duckdb_handles.h"

namespace cloister::engine {

struct PlainDuckDb::Internals {
  DatabaseHandle database;
  ConnectionHandle connection;
};

PlainDuckDb::PlainDuckDb(std::unique_ptr<Internals> internals) : internals_(std::move(internals)) {}
PlainDuckDb::~PlainDuckDb() = default;
PlainDuckDb::PlainDuckDb(PlainDuckDb&&) noexcept = default;
PlainDuckDb& PlainDuckDb::operator=(PlainDuckDb&&) noexcept = default;

Result<PlainDuckDb> PlainDuckDb::Open(int threads) {
  auto internals = std::make_unique<Internals>();
  CLOISTER_ASSIGN(internals->database, OpenSingleThreaded());
  CLOISTER_ASSIGN(internals->connection, Connect(internals->database.get()));
  PlainDuckDb duckdb(std::move(internals));
  CLOISTER_TRY(duckdb.Run("SET threads = " + std::to_string(threads)));
  return duckdb;
}

Status PlainDuckDb::Run(const std::string& sql) {
  ResultHandle result;
  if (duckdb_query(internals_->connection.get(), sql.c_str(), result.get()) != DuckDBSuccess) {
    return Internal(std::string("plain DuckDB: ") + duckdb_result_error(result.get()));
  }
  while (ChunkHandle(duckdb_fetch_chunk(*result.get()))) {
  }
  return {};
}

}  // namespace cloister::engine
