#include "engine/row_reader.h"

#include "codec/byte_scan.h"
#include "codec/text.h"

namespace cloister::engine {

Error ValueError(std::int64_t line, const agreement::SchemaColumn& column) {
  return InvalidArgument("line " + std::to_string(line) + ", column " + column.name + ": the value is not " +
                         ExpectedText(column.type) +
                         "; mend it, or give the column another type in the schema");
}

// Delimiters are ASCII, so every field of valid UTF-8 is valid UTF-8.
Status CheckUtf8(const RecordBlock& block) {
  if (codec::IsAscii(block.text()) || codec::IsValidUtf8(block.text())) return {};
  std::size_t from = 0;
  std::int64_t line = block.first_line;
  for (std::size_t end = block.text().find('\n'); end != std::string_view::npos;
       end = block.text().find('\n', from)) {
    if (!codec::IsValidUtf8(block.text().substr(from, end - from))) break;
    from = end + 1;
    ++line;
  }
  return InvalidArgument("line " + std::to_string(line) + ": not UTF-8; save the file with that encoding");
}

}  // namespace cloister::engine
