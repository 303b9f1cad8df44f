#include "engine/statement_parser.h"

#include <algorithm>

#include "base/mutex.h"
#include "codec/json.h"
#include "codec/text.h"
#include "engine/duckdb_handles.h"

namespace cloister::engine {
namespace {

// Every member is asked for: what DuckDB leaves out when it thinks a value is the default, the compiler could
// not judge.
constexpr const char* kSerialize =
    "SELECT json_serialize_sql($1::VARCHAR, skip_null := false, skip_empty := false, skip_default := false)";

constexpr const char* kLockDown[] = {
    "SET autoload_known_extensions = false",
    "SET autoinstall_known_extensions = false",
    "SET temp_directory = ''",
    "SET memory_limit = '512MiB'",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
};

// DuckDB counts characters in the position of an error (and bytes in the query_location of a node).
std::size_t ByteOffset(std::string_view text, std::size_t characters) {
  std::size_t offset = 0;
  while (offset < text.size()) {
    const bool starts_character = (static_cast<unsigned char>(text[offset]) & 0xc0) != 0x80;
    if (starts_character && characters-- == 0) break;
    ++offset;
  }
  return offset;
}

sql::StatementTree Refused(std::string message, std::optional<std::size_t> position = {}) {
  sql::StatementTree tree;
  tree.syntax_error = sql::SyntaxError{std::move(message), position};
  return tree;
}

// {"error":true,"error_type":"parser","error_message":"syntax error at
// ...","error_subtype":...,"position":"14"}
Result<sql::StatementTree> DecodeSyntaxError(std::string_view text, std::string_view json_text) {
  CLOISTER_ASSIGN(const codec::Json json, codec::ParseJson(json_text));
  const auto* object = json.if_object();
  const codec::Json* message = object == nullptr ? nullptr : object->if_contains("error_message");
  if (message == nullptr || !message->is_string()) return Internal("the parser's error cannot be read");
  const codec::Json* position = object->if_contains("position");
  if (position == nullptr || !position->is_string()) return Refused(std::string(message->get_string()));
  const std::string digits(position->get_string());
  if (digits.empty() || digits.size() > 9 || !std::all_of(digits.begin(), digits.end(), [](char c) {
        return c >= '0' && c <= '9';
      })) {
    return Refused(std::string(message->get_string()));
  }
  return Refused(std::string(message->get_string()), ByteOffset(text, std::stoul(digits)));
}

}  // namespace

struct DuckDbStatementParser::Internals {
  DatabaseHandle database;
  ConnectionHandle connection;
  Mutex mutex;
  PreparedHandle serialize CLOISTER_GUARDED_BY(mutex);
};

DuckDbStatementParser::DuckDbStatementParser(std::unique_ptr<Internals> internals)
    : internals_(std::move(internals)) {}
DuckDbStatementParser::~DuckDbStatementParser() = default;

Result<std::unique_ptr<DuckDbStatementParser>> DuckDbStatementParser::Open() {
  auto internals = std::make_unique<Internals>();
  CLOISTER_ASSIGN(internals->database, OpenSingleThreaded());
  CLOISTER_ASSIGN(internals->connection, Connect(internals->database.get()));
  for (const char* sql : kLockDown) {
    CLOISTER_TRY(RunStatement(internals->connection.get(), sql, "the parser's engine cannot be locked down"));
  }
  {
    MutexLock lock(internals->mutex);
    if (duckdb_prepare(internals->connection.get(), kSerialize, internals->serialize.Receive()) !=
        DuckDBSuccess) {
      return Internal("the engine does not know json_serialize_sql");
    }
  }
  return std::unique_ptr<DuckDbStatementParser>(new DuckDbStatementParser(std::move(internals)));
}

Result<sql::StatementTree> DuckDbStatementParser::Serialize(std::string_view text) {
  if (text.size() > sql::kQueryBytesMax) return Refused("the query is longer than 64 KiB");
  if (!codec::IsValidUtf8(text)) return Refused("the query is not valid UTF-8");
  // To the grammar, which is C, a zero byte is the end: the rest would be a text that nobody read.
  if (const auto zero = text.find('\0'); zero != std::string_view::npos) return Refused("a zero byte", zero);

  MutexLock lock(internals_->mutex);
  duckdb_prepared_statement serialize = internals_->serialize.get();
  duckdb_bind_varchar_length(serialize, 1, text.data(), text.size());
  ResultHandle result;
  if (duckdb_execute_prepared(serialize, result.get()) != DuckDBSuccess) {
    return EngineError(duckdb_result_error_type(result.get()), duckdb_result_error(result.get()),
                       "the parser failed on this text");
  }
  ChunkHandle chunk(duckdb_fetch_chunk(*result.get()));
  if (!chunk || duckdb_data_chunk_get_size(chunk.get()) != 1) return Internal("the parser gave no answer");
  const std::string_view json = TextAt(duckdb_data_chunk_get_vector(chunk.get(), 0), 0);
  if (json.size() > sql::kTreeBytesMax)
    return ResourceExhausted("the query's tree is too large; shorten the query");
  if (json.starts_with(R"({"error":true)")) return DecodeSyntaxError(text, json);
  if (!json.starts_with(R"({"error":false)"))
    return Internal("the parser's answer has another shape than expected");
  return sql::StatementTree{std::string(json), {}};
}

}  // namespace cloister::engine
