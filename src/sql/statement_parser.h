#pragma once

// Port: the parser of the engine that will run the query. engine/ implements it over DuckDB's json_serialize_sql, so
// that the text is read by one grammar only; sql/ judges the tree and prints its own SQL.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cloister::sql {

// Queries are refused above this before anything parses them.
inline constexpr std::size_t kQueryBytesMax = 64 * 1024;
// What a tree of such a text may take as JSON; more is Code::kResourceExhausted.
inline constexpr std::size_t kTreeBytesMax = 32 * 1024 * 1024;

struct SyntaxError {
  std::string message;                  // about the caller's own text; never data
  std::optional<std::size_t> position;  // byte offset in the text
};

struct StatementTree {
  std::string json;  // json_serialize_sql(text) with no member skipped; empty when `syntax_error` is set
  std::optional<SyntaxError> syntax_error;
};

class StatementParser {
 public:
  virtual ~StatementParser() = default;
  // `text` is at most kQueryBytesMax bytes of UTF-8. An Error means that the parser itself is unavailable; a text
  // that it cannot serialise (a syntax error, anything but SELECT) is a SyntaxError. Thread-safe.
  virtual Result<StatementTree> Serialize(std::string_view text) = 0;
};

}  // namespace cloister::sql
