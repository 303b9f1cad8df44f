#pragma once

// A dataset's plaintext becomes a table. What the owner signed as the schema is checked against every byte of
// the file: a file that says anything else is refused, and nothing of it stays.
//
//   csv      RFC 4180: comma, double quotes doubled inside quotes, CRLF or LF, UTF-8 (a leading byte order
//            mark is skipped), a header line with exactly the schema's names in the schema's order. An empty
//            field without quotes is NULL; "" is the empty text.
//   jsonl    one JSON object a line (RFC 8259), members in any order; an absent member or null is NULL, a
//            member the schema does not name is an error. Numbers, or texts in CSV's spelling (needed beyond
//            2^53).
//   parquet  exactly the schema's columns, in any order, each of a type that becomes the schema's without
//            loss; times in nanoseconds are cut to microseconds.
//
// Values as text: true|false, -12, 1.5e3, 12.34 (no more decimals than the scale), 2026-11-22,
// 2026-11-22T08:36:00[.123456][Z] (T or a space). Nothing is trimmed, guessed or rounded.
//
// Memory: CSV and JSON lines are parsed from blocks of about 1 MiB, at most one a thread; Parquet needs
// random access, so the whole file lies in a memfd until it is loaded, then its pages are given back.

#include <cstdint>
#include <string>

#include "agreement/policy.h"
#include "base/byte_stream.h"
#include "base/result.h"
#include "engine/database.h"

namespace cloister::engine {

enum class FileFormat { kCsv, kParquet, kJsonLines };
// "csv", "parquet", "jsonl", as manifests write them.
Result<FileFormat> ParseFileFormat(std::string_view name);

struct LoadRequest {
  std::string dataset;  // ds_...; the table's name
  FileFormat format = FileFormat::kCsv;
  agreement::DatasetSchema schema;
  // Of the plaintext, for admission; a source that gives more is refused.
  std::int64_t bytes_expected = 0;
};

// One line of CSV or JSON; longer is an error that names its first line.
inline constexpr std::size_t kRecordBytesMax = 8 << 20;

// Reads `source` to its end and makes the table. Errors; no public message holds a byte of the file:
//   kInvalidArgument     the file is not what the schema says: line, column, what was expected, and the mend
//   kConflict            a table of that id is there
//   kResourceExhausted   it would not fit; found before the first byte is read where `bytes_expected` tells
//   the source's own     passed on as it is
// After any error no table is there.
Result<TableInfo> LoadTable(Database& database, const LoadRequest& request, ByteSource& source);

}  // namespace cloister::engine
