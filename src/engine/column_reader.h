#pragma once

// Values out of one column of a result's chunk, read from its typed vector: duckdb_value_* would convert, and
// answers NULL for what it cannot.

#include <string>

#include "engine/duckdb_handles.h"
#include "engine/value.h"

namespace cloister::engine {

class ColumnReader {
 public:
  // kInternal when the column's type is one that no plan makes, or not the one that the plan states.
  static Result<ColumnReader> Open(duckdb_result& result, idx_t column, const std::string& type_stated);

  // The vector of the chunk that is read next; not owned.
  void Attach(duckdb_vector vector);
  Value Read(idx_t row) const;

 private:
  Value ReadDecimal(idx_t row) const;
  template <typename Number>
  Number At(idx_t row) const {
    return static_cast<const Number*>(data_)[row];
  }

  duckdb_type type_ = DUCKDB_TYPE_INVALID;
  duckdb_type stored_as_ = DUCKDB_TYPE_INVALID;  // of a DECIMAL: the integer that holds it
  int scale_ = 0;
  const void* data_ = nullptr;
  std::uint64_t* validity_ = nullptr;
};

}  // namespace cloister::engine
