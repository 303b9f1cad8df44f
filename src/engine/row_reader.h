#pragma once

// Parses the records of one block after another into columns. One reader a thread.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agreement/policy.h"
#include "base/result.h"
#include "engine/column_writer.h"
#include "engine/record_blocks.h"

namespace cloister::engine {

class RowReader {
 public:
  virtual ~RowReader() = default;

  // Begins a block, which must outlive the reading of it.
  virtual Status Start(const RecordBlock& block) = 0;
  // No row is left in the block.
  virtual bool AtEnd() const = 0;
  // Reads one row into row `row` of the columns; not at the end. Errors name the line and hold no byte of the
  // file.
  virtual Status Read(std::vector<ColumnWriter>& columns, idx_t row) = 0;
};

// The schema must outlive the reader.
std::unique_ptr<RowReader> NewCsvRowReader(const agreement::DatasetSchema& schema);
std::unique_ptr<RowReader> NewJsonLinesRowReader(const agreement::DatasetSchema& schema);

// "line 7, column age: not a whole number from ...; write ..." for both.
Error ValueError(std::int64_t line, const agreement::SchemaColumn& column);
// An Error when the block is not UTF-8, with the line.
Status CheckUtf8(const RecordBlock& block);

}  // namespace cloister::engine
