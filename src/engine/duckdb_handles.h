#pragma once

// DuckDB's C objects as values that clean up after themselves. Included by this room's .cc files only.

#include <duckdb.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/result.h"

namespace cloister::engine {

// Owns one `T` that `Destroy` ends; both as the C API has them.
template <typename T, void (*Destroy)(T*)>
class Handle {
 public:
  Handle() = default;
  explicit Handle(T handle) : handle_(handle) {}
  ~Handle() { Reset(); }
  Handle(Handle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    Reset();
    handle_ = std::exchange(other.handle_, nullptr);
    return *this;
  }

  T get() const { return handle_; }
  // For functions that fill in a handle.
  T* Receive() {
    Reset();
    return &handle_;
  }
  explicit operator bool() const { return handle_ != nullptr; }

 private:
  void Reset() {
    if (handle_ != nullptr) Destroy(&handle_);
    handle_ = nullptr;
  }

  T handle_ = nullptr;
};

using DatabaseHandle = Handle<duckdb_database, duckdb_close>;
using ConnectionHandle = Handle<duckdb_connection, duckdb_disconnect>;
using PreparedHandle = Handle<duckdb_prepared_statement, duckdb_destroy_prepare>;
using PendingHandle = Handle<duckdb_pending_result, duckdb_destroy_pending>;
using ChunkHandle = Handle<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using LogicalTypeHandle = Handle<duckdb_logical_type, duckdb_destroy_logical_type>;
using TableFunctionHandle = Handle<duckdb_table_function, duckdb_destroy_table_function>;
using ScalarFunctionHandle = Handle<duckdb_scalar_function, duckdb_destroy_scalar_function>;
using ScalarSetHandle = Handle<duckdb_scalar_function_set, duckdb_destroy_scalar_function_set>;
using AggregateHandle = Handle<duckdb_aggregate_function, duckdb_destroy_aggregate_function>;
using AggregateSetHandle = Handle<duckdb_aggregate_function_set, duckdb_destroy_aggregate_function_set>;

// A duckdb_result is a struct of the caller's.
class ResultHandle {
 public:
  ResultHandle() = default;
  ~ResultHandle() { duckdb_destroy_result(&result_); }
  ResultHandle(const ResultHandle&) = delete;
  ResultHandle& operator=(const ResultHandle&) = delete;
  duckdb_result* get() { return &result_; }

 private:
  duckdb_result result_{};
};

// The text of row `row` of a VARCHAR vector; valid as long as its chunk.
inline std::string_view TextAt(duckdb_vector vector, idx_t row) {
  auto* text = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector)) + row;
  return {duckdb_string_t_data(text), duckdb_string_t_length(*text)};
}

inline bool IsValidAt(duckdb_vector vector, idx_t row) {
  std::uint64_t* validity = duckdb_vector_get_validity(vector);
  return validity == nullptr || duckdb_validity_row_is_valid(validity, row);
}

// `identifier` in double quotes, for SQL.
std::string Quoted(std::string_view identifier);

// A new in-memory instance with one thread, of exactly the version in database.h.
Result<DatabaseHandle> OpenSingleThreaded();
Result<ConnectionHandle> Connect(duckdb_database database);

// Runs a statement of our own whose result nobody needs. The engine's words go to `detail`; `what` is the
// public message.
Status RunStatement(duckdb_connection connection, const std::string& sql, std::string_view what);

// The error of a failed duckdb_query or fetch as one of ours: memory and interruption are told apart,
// everything else is kInternal. `type` and `message` are the engine's.
Error EngineError(duckdb_error_type type, const char* message, std::string_view what);

}  // namespace cloister::engine
