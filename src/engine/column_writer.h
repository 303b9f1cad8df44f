#pragma once

// Puts values given as text into one column of a chunk, in the layout that DuckDB has for the type.

#include <string>
#include <string_view>

#include "agreement/policy.h"
#include "engine/duckdb_handles.h"

namespace cloister::engine {

class ColumnWriter {
 public:
  explicit ColumnWriter(agreement::ColumnType type) : type_(type) {}

  // The vector of the chunk that is written next; not owned.
  void Attach(duckdb_vector vector);
  // False when the text is not a value of the type; the row is then undefined.
  bool SetText(idx_t row, std::string_view text);
  void SetNull(idx_t row);

  const agreement::ColumnType& type() const { return type_; }

 private:
  template <typename Number>
  bool Put(idx_t row, Number number);
  bool SetDecimal(idx_t row, std::string_view text);
  bool SetVarchar(idx_t row, std::string_view text);

  agreement::ColumnType type_;
  duckdb_vector vector_ = nullptr;
  void* data_ = nullptr;
  std::uint64_t* validity_ = nullptr;
};

// The engine's type for a column of a schema.
LogicalTypeHandle ToLogicalType(const agreement::ColumnType& type);
// What a text must look like to be a value of the type, for the mend of an error: "a whole number such as
// -12".
std::string ExpectedText(const agreement::ColumnType& type);

}  // namespace cloister::engine
