#include "engine/row_load.h"

#include <new>

namespace cloister::engine {
namespace {

constexpr const char* kFunctionName = "cloister_rows";

RowLoad* Current(void* extra_info) { return static_cast<std::atomic<RowLoad*>*>(extra_info)->load(); }

void Bind(duckdb_bind_info info) {
  RowLoad* load = Current(duckdb_bind_get_extra_info(info));
  if (load == nullptr) return duckdb_bind_set_error(info, "no load is in work");
  for (const auto& column : load->schema().columns) {
    duckdb_bind_add_result_column(info, column.name.c_str(), ToLogicalType(column.type).get());
  }
}

// As many threads as the database has; each asks for one part. DuckDB is C++ behind a C face: no exception of
// ours may pass through its frames.
void Init(duckdb_init_info info) { duckdb_init_set_max_threads(info, kThreadsMax); }

void InitPart(duckdb_init_info info) {
  RowLoad* load = Current(duckdb_init_get_extra_info(info));
  if (load == nullptr) return duckdb_init_set_error(info, "no load is in work");
  try {
    duckdb_init_set_init_data(info, load->NewPart().release(),
                              [](void* part) { delete static_cast<RowLoad::Part*>(part); });
  } catch (const std::bad_alloc&) {
    duckdb_init_set_error(info, "out of memory while parsing");
  }
}

void Fill(duckdb_function_info info, duckdb_data_chunk chunk) {
  try {
    static_cast<RowLoad::Part*>(duckdb_function_get_local_init_data(info))->Fill(chunk);
  } catch (const std::bad_alloc&) {
    duckdb_function_set_error(info, "out of memory while parsing");
  }
}

}  // namespace

RowLoad::RowLoad(const LoadRequest& request, ByteSource& source)
    : request_(request),
      blocks_(source, request.format == FileFormat::kCsv ? RecordFraming::kCsv : RecordFraming::kLines,
              request.bytes_expected) {}

std::unique_ptr<RowLoad::Part> RowLoad::NewPart() { return std::make_unique<Part>(*this); }

bool RowLoad::NextBlock(RecordBlock& block) {
  if (stopped_) return false;
  auto next = blocks_.Next(block);
  if (!next) {
    Report(block.index, std::move(next).error());
    return false;
  }
  if (*next) any_block_ = true;
  return *next;
}

void RowLoad::Report(std::int64_t block_index, Error error) {
  stopped_ = true;
  MutexLock lock(mutex_);
  if (problem_ && problem_block_ <= block_index) return;
  problem_block_ = block_index;
  problem_ = std::move(error);
}

std::optional<Error> RowLoad::TakeProblem() {
  MutexLock lock(mutex_);
  if (problem_) return std::move(problem_);
  if (!any_block_ && request_.format == FileFormat::kCsv) {
    return InvalidArgument("the file is empty; line 1 must be the header with the schema's column names");
  }
  return {};
}

RowLoad::Part::Part(RowLoad& load)
    : load_(load),
      reader_(load.request_.format == FileFormat::kCsv ? NewCsvRowReader(load.schema())
                                                       : NewJsonLinesRowReader(load.schema())) {
  for (const auto& column : load.schema().columns) columns_.emplace_back(column.type);
}

void RowLoad::Part::Fill(duckdb_data_chunk chunk) {
  for (std::size_t i = 0; i < columns_.size(); ++i)
    columns_[i].Attach(duckdb_data_chunk_get_vector(chunk, i));
  const idx_t capacity = duckdb_vector_size();
  idx_t rows = 0;
  while (rows < capacity) {
    if (!in_block_) {
      in_block_ = load_.NextBlock(block_);
      if (!in_block_) break;
      if (auto started = reader_->Start(block_); !started) {
        load_.Report(block_.index, std::move(started).error());
        in_block_ = false;
        break;
      }
    }
    if (reader_->AtEnd()) {
      in_block_ = false;
      continue;
    }
    if (auto read = reader_->Read(columns_, rows); !read) {
      load_.Report(block_.index, std::move(read).error());
      in_block_ = false;
      break;
    }
    ++rows;
  }
  duckdb_data_chunk_set_size(chunk, rows);
}

Status RegisterRowLoad(duckdb_connection connection, std::atomic<RowLoad*>& current) {
  TableFunctionHandle function(duckdb_create_table_function());
  duckdb_table_function_set_name(function.get(), kFunctionName);
  duckdb_table_function_set_extra_info(function.get(), &current, nullptr);
  duckdb_table_function_set_bind(function.get(), Bind);
  duckdb_table_function_set_init(function.get(), Init);
  duckdb_table_function_set_local_init(function.get(), InitPart);
  duckdb_table_function_set_function(function.get(), Fill);
  if (duckdb_register_table_function(connection, function.get()) != DuckDBSuccess) {
    return Internal("the engine does not take the function that loads rows");
  }
  return {};
}

}  // namespace cloister::engine
