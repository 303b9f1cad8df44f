#pragma once

// One in-memory DuckDB, locked down, that holds the tables of one environment.
//
// It is made in two steps with the sandbox between them, and the types keep the order: an UnconfinedDatabase
// can do nothing but be confined, and only confining makes a Database.
//
//   CLOISTER_ASSIGN(auto opened, UnconfinedDatabase::Open());             // one thread, reads /proc once
//   CLOISTER_ASSIGN(auto status, tee::EnterSandbox({...descriptors}));    // by the enclave; engine/ does not
//   know tee/ CLOISTER_ASSIGN(auto database, std::move(opened).EnterSandboxedMode({.memory_bytes = ...,
//   .threads = 2}));
//   LoadTable(*database, ...);  Execute(*database, plan, ...);            // load.h, execute.h
//
// Invariants of a Database: no file can be read or written but the one memfd of its own; nothing spills (a
// query that needs more memory fails with the mend); extensions can be neither installed nor loaded; no
// setting can be changed; the order of rows in a table is not the order of the file. SQL reaches it only from
// load.cc and as an ExecutablePlan, because under a locked configuration a hostile statement could still stop
// the engine (CALL enable_logging).
//
// Thread-safe: loads wait for each other, queries run side by side, each in a connection of its own.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cloister::engine {

// What DuckDB must say of itself; another version has other settings, functions and holes.
inline constexpr std::string_view kDuckDbVersion = "v1.5.6";

struct DatabaseLimits {
  std::int64_t memory_bytes =
      0;  // for tables, queries and the file being loaded together; at least kMemoryBytesMin
  int threads = 1;                // 1 to kThreadsMax
};
inline constexpr std::int64_t kMemoryBytesMin = 64 << 20;
inline constexpr int kThreadsMax = 256;

struct TableInfo {
  std::string dataset;
  std::int64_t rows = 0;
  std::int64_t memory_bytes = 0;  // measured when it was loaded
};

class Database {
 public:
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Loaded tables, by dataset id.
  std::vector<TableInfo> Tables() const;
  std::optional<TableInfo> Find(std::string_view dataset) const;
  // Waits for a load in work. A query that is reading the table finishes; its memory comes back then.
  // kNotFound when it is not loaded.
  Status Drop(std::string_view dataset);

  // What DuckDB holds now, tables and queries in work. kUnavailable: it does not tell, so nothing can be admitted.
  Result<std::int64_t> MemoryUsedBytes() const;
  const DatabaseLimits& limits() const;

  // DuckDB's own objects, for this room alone (duckdb_handles.h).
  struct Internals;
  Internals& internals() const { return *internals_; }

 private:
  friend class UnconfinedDatabase;
  explicit Database(std::unique_ptr<Internals> internals);
  std::unique_ptr<Internals> internals_;
};

class UnconfinedDatabase {
 public:
  // kFailedPrecondition when the library is not the version above.
  static Result<UnconfinedDatabase> Open();
  // Sets the limits and locks the configuration. After an error the instance is gone.
  Result<std::unique_ptr<Database>> EnterSandboxedMode(const DatabaseLimits& limits) &&;

  // The descriptor that must stay open through EnterSandbox: the memfd a Parquet file is put into. Owned by
  // this object, then by the Database.
  int descriptor() const;

  ~UnconfinedDatabase();
  UnconfinedDatabase(UnconfinedDatabase&&) noexcept;
  UnconfinedDatabase& operator=(UnconfinedDatabase&&) noexcept;

 private:
  explicit UnconfinedDatabase(std::unique_ptr<Database::Internals> internals);
  std::unique_ptr<Database::Internals> internals_;
};

}  // namespace cloister::engine
