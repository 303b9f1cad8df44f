#include "engine/database.h"

#include "engine/bounded_aggregate.h"
#include "engine/database_internals.h"
#include "engine/row_load.h"
#include "engine/unit_count.h"

namespace cloister::engine {
namespace {

constexpr std::string_view kLockDownFailed = "the engine cannot be locked down; nothing was loaded";

// In this order: paths can be allowed only while external access is on, and nothing can be set behind the
// lock.
std::vector<std::string> LockDownStatements(const DatabaseLimits& limits, const std::string& allowed_path) {
  return {
      // Before any thread is added: a statement of the C API may run on any of them.
      "SET autoload_known_extensions = false",
      "SET autoinstall_known_extensions = false",
      "SET allow_community_extensions = false",
      "SET allow_persistent_secrets = false",
      "SET custom_extension_repository = ''",
      "SET temp_directory = ''",
      "SET memory_limit = '" + std::to_string(limits.memory_bytes) + "B'",
      // An in-memory table's row order would cost a load one of its threads and means nothing to SQL.
      "SET preserve_insertion_order = false",
      "SET TimeZone = 'UTC'",
      "SET allowed_paths = ['" + allowed_path + "']",
      "SET enable_external_access = false",
      "SET threads = " + std::to_string(limits.threads),
      "SET lock_configuration = true",
  };
}

Status CheckLimits(const DatabaseLimits& limits) {
  if (limits.memory_bytes < kMemoryBytesMin)
    return InvalidArgument("limits.memory_bytes must be at least 64 MiB");
  if (limits.threads < 1 || limits.threads > kThreadsMax) {
    return InvalidArgument("limits.threads must be between 1 and 256");
  }
  return {};
}

}  // namespace

namespace {

constexpr const char* kMemoryQuestion = "SELECT sum(memory_usage_bytes)::BIGINT FROM duckdb_memory()";
constexpr std::string_view kMemoryUntold = "the engine does not tell its memory use";

Result<std::int64_t> ReadMemoryUsed(duckdb_state state, ResultHandle& result) {
  if (state != DuckDBSuccess)
    return EngineError(duckdb_result_error_type(result.get()), duckdb_result_error(result.get()), kMemoryUntold);
  ChunkHandle chunk(duckdb_fetch_chunk(*result.get()));
  if (!chunk || duckdb_data_chunk_get_size(chunk.get()) != 1) return Internal(std::string(kMemoryUntold));
  duckdb_vector column = duckdb_data_chunk_get_vector(chunk.get(), 0);
  return *static_cast<std::int64_t*>(duckdb_vector_get_data(column));
}

}  // namespace

Result<std::int64_t> MemoryUsed(duckdb_connection connection) {
  ResultHandle result;
  const duckdb_state state = duckdb_query(connection, kMemoryQuestion, result.get());
  return ReadMemoryUsed(state, result);
}

UnconfinedDatabase::UnconfinedDatabase(std::unique_ptr<Database::Internals> internals)
    : internals_(std::move(internals)) {}
UnconfinedDatabase::~UnconfinedDatabase() = default;
UnconfinedDatabase::UnconfinedDatabase(UnconfinedDatabase&&) noexcept = default;
UnconfinedDatabase& UnconfinedDatabase::operator=(UnconfinedDatabase&&) noexcept = default;

Result<UnconfinedDatabase> UnconfinedDatabase::Open() {
  auto internals = std::make_unique<Database::Internals>();
  CLOISTER_TRY(internals->file.Create());
  CLOISTER_ASSIGN(internals->database, OpenSingleThreaded());
  return UnconfinedDatabase(std::move(internals));
}

int UnconfinedDatabase::descriptor() const { return internals_->file.descriptor(); }

Result<std::unique_ptr<Database>> UnconfinedDatabase::EnterSandboxedMode(const DatabaseLimits& limits) && {
  std::unique_ptr<Database::Internals> internals = std::move(internals_);
  Database::Internals& state = *internals;
  CLOISTER_TRY(CheckLimits(limits));
  state.limits = limits;
  CLOISTER_ASSIGN(const ConnectionHandle connection, Connect(state.database.get()));
  CLOISTER_TRY(RegisterRowLoad(connection.get(), state.row_load));
  CLOISTER_TRY(RegisterChoice(connection.get(), state.choice_keys));
  CLOISTER_TRY(RegisterGroupNumbers(connection.get(), state.choice_keys));
  CLOISTER_TRY(RegisterBounded(connection.get()));
  CLOISTER_TRY(RegisterUnitSets(connection.get(), state.unit_sets));
  CLOISTER_TRY(RegisterUnitCount(connection.get()));
  for (const std::string& sql : LockDownStatements(limits, state.file.path())) {
    CLOISTER_TRY(RunStatement(connection.get(), sql, kLockDownFailed));
  }
  return std::unique_ptr<Database>(new Database(std::move(internals)));
}

Database::Database(std::unique_ptr<Internals> internals) : internals_(std::move(internals)) {}
Database::~Database() = default;

const DatabaseLimits& Database::limits() const { return internals_->limits; }

std::vector<TableInfo> Database::Tables() const {
  MutexLock lock(internals_->mutex);
  std::vector<TableInfo> tables;
  for (const auto& [dataset, info] : internals_->tables) tables.push_back(info);
  return tables;
}

std::optional<TableInfo> Database::Find(std::string_view dataset) const {
  MutexLock lock(internals_->mutex);
  const auto found = internals_->tables.find(dataset);
  if (found == internals_->tables.end()) return {};
  return found->second;
}

Status Database::Drop(std::string_view dataset) {
  MutexLock loading(internals_->loading);
  {
    MutexLock lock(internals_->mutex);
    const auto found = internals_->tables.find(dataset);
    if (found == internals_->tables.end()) return NotFound("no dataset of this id is loaded");
    internals_->tables.erase(found);
  }
  CLOISTER_ASSIGN(const ConnectionHandle connection, Connect(internals_->database.get()));
  return RunStatement(connection.get(), "DROP TABLE " + Quoted(dataset),
                      "the dataset's table cannot be dropped");
}

Result<std::int64_t> Database::MemoryUsedBytes() const {
  Internals& state = *internals_;
  MutexLock lock(state.asking);
  if (!state.question) {
    CLOISTER_ASSIGN(state.asker, Connect(state.database.get()));
    const duckdb_state prepared = duckdb_prepare(state.asker.get(), kMemoryQuestion, state.question.Receive());
    if (prepared != DuckDBSuccess) {
      state.question = PreparedHandle();
      return Unavailable(std::string(kMemoryUntold));
    }
  }
  ResultHandle result;
  const duckdb_state asked = duckdb_execute_prepared(state.question.get(), result.get());
  return ReadMemoryUsed(asked, result);
}

}  // namespace cloister::engine
