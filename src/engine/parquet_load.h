#pragma once

// Parquet into a table that is there: the whole file is put into a memory file, its columns are compared with
// the schema, and DuckDB's own reader does the rest. The file is foreign and DuckDB's reader is large: that
// is why it runs in the sandbox.

#include "engine/duckdb_handles.h"
#include "engine/load.h"
#include "engine/memory_file.h"

namespace cloister::engine {

struct ParquetTarget {
  duckdb_connection connection;
  MemoryFile& file;  // empty; the caller clears it
  const LoadRequest& request;
};

Status InsertParquet(const ParquetTarget& target, ByteSource& source);

}  // namespace cloister::engine
