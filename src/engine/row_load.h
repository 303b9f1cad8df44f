#pragma once

// The table function through which parsed rows reach DuckDB: SELECT * FROM cloister_rows(). Each of DuckDB's
// threads takes a block, parses it into its own chunk, and comes back for the next.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "agreement/policy.h"
#include "base/mutex.h"
#include "engine/load.h"
#include "engine/record_blocks.h"
#include "engine/row_reader.h"

namespace cloister::engine {

// One load of CSV or JSON lines. Thread-safe.
//
// A thread that finds a problem remembers it and ends its part as if the file ended there; the others finish
// the blocks they have. As blocks are handed out in order, the problem of the lowest block is the file's
// first, whoever was faster.
class RowLoad {
 public:
  RowLoad(const LoadRequest& request, ByteSource& source);

  const agreement::DatasetSchema& schema() const { return request_.schema; }
  // What one thread needs for its part.
  class Part;
  std::unique_ptr<Part> NewPart();

  // The first problem of the file, once all parts have ended.
  std::optional<Error> TakeProblem();

 private:
  // The next block, or false when the file ends or a problem was found.
  bool NextBlock(RecordBlock& block);
  void Report(std::int64_t block_index, Error error);

  const LoadRequest& request_;
  RecordBlocks blocks_;
  std::atomic<bool> any_block_ = false;
  std::atomic<bool> stopped_ = false;
  Mutex mutex_;
  std::int64_t problem_block_ CLOISTER_GUARDED_BY(mutex_) = 0;
  std::optional<Error> problem_ CLOISTER_GUARDED_BY(mutex_);
};

class RowLoad::Part {
 public:
  explicit Part(RowLoad& load);
  // Fills the chunk with up to DuckDB's vector size of rows; none is the end.
  void Fill(duckdb_data_chunk chunk);

 private:
  RowLoad& load_;
  std::unique_ptr<RowReader> reader_;
  std::vector<ColumnWriter> columns_;
  RecordBlock block_;
  bool in_block_ = false;
};

// Makes cloister_rows() known. It serves the load that `current` points to while a statement runs; without
// one it cannot be bound. `current` must outlive the database.
Status RegisterRowLoad(duckdb_connection connection, std::atomic<RowLoad*>& current);

}  // namespace cloister::engine
