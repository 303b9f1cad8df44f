// Foreign bytes as CSV and as JSON lines of every type, in blocks and rows, into vectors of DuckDB. Whatever
// they are, reading ends, rows stay in their chunk, and an error's public message shows nothing of them.
#include <algorithm>
#include <string>
#include <vector>

#include "base/check.h"
#include "engine/record_blocks.h"
#include "engine/row_reader.h"

namespace {

using namespace cloister;

agreement::DatasetSchema EveryType() {
  agreement::DatasetSchema schema;
  for (const char* type :
       {"BOOLEAN", "INTEGER", "BIGINT", "DOUBLE", "DECIMAL(4,2)", "DECIMAL(38,3)", "VARCHAR", "DATE", "TIMESTAMP"}) {
    schema.columns.push_back(
        {.name = "c" + std::to_string(schema.columns.size()), .type = agreement::ColumnType::Parse(type).value()});
  }
  return schema;
}

void CheckMessage(const Error& error) {
  for (char c : error.public_message) CLOISTER_CHECK(c >= ' ' && c <= '~');
}

Status ReadBlock(engine::RowReader& reader, const engine::RecordBlock& block,
                 std::vector<engine::ColumnWriter>& columns) {
  CLOISTER_TRY(reader.Start(block));
  for (idx_t row = 0; !reader.AtEnd(); row = (row + 1) % duckdb_vector_size()) CLOISTER_TRY(reader.Read(columns, row));
  return {};
}

Status ReadAll(ByteView bytes, engine::RecordFraming framing, duckdb_data_chunk chunk) {
  static const agreement::DatasetSchema schema = EveryType();
  MemorySource source(bytes);
  engine::RecordBlocks blocks(source, framing, static_cast<std::int64_t>(bytes.size()));
  auto reader =
      framing == engine::RecordFraming::kCsv ? engine::NewCsvRowReader(schema) : engine::NewJsonLinesRowReader(schema);
  std::vector<engine::ColumnWriter> columns;
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    columns.emplace_back(schema.columns[i].type);
    columns[i].Attach(duckdb_data_chunk_get_vector(chunk, i));
  }
  engine::RecordBlock block;
  while (true) {
    CLOISTER_ASSIGN(const bool more, blocks.Next(block));
    if (!more) return {};
    CLOISTER_TRY(ReadBlock(*reader, block, columns));
  }
}

engine::ChunkHandle NewChunk() {
  std::vector<engine::LogicalTypeHandle> types;
  std::vector<duckdb_logical_type> raw;
  for (const auto& column : EveryType().columns) {
    types.push_back(engine::ToLogicalType(column.type));
    raw.push_back(types.back().get());
  }
  return engine::ChunkHandle(duckdb_create_data_chunk(raw.data(), raw.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const engine::ChunkHandle chunk = NewChunk();
  const std::string with_header = "c0,c1,c2,c3,c4,c5,c6,c7,c8\n" + std::string(AsText({data, size}));
  for (const auto& status : {ReadAll(AsBytes(with_header), engine::RecordFraming::kCsv, chunk.get()),
                             ReadAll({data, size}, engine::RecordFraming::kCsv, chunk.get()),
                             ReadAll({data, size}, engine::RecordFraming::kLines, chunk.get())}) {
    if (!status) CheckMessage(status.error());
  }
  return 0;
}
