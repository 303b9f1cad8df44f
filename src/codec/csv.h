#pragma once

// CSV of strangers, field by field: RFC 4180, strictly. Comma; a field in double quotes may hold commas, line
// ends and doubled quotes; a field without quotes holds no quote. Records end with CRLF or LF, the last one
// perhaps with nothing.
//
// CsvReader reads records out of text that lies in memory, without copying what needs no unescaping.
// LastRecordEnd cuts a stream into pieces that hold whole records, which may then be read side by side.

#include <cstdint>
#include <string>
#include <string_view>

namespace cloister::codec {

enum class CsvProblem {
  kNone,
  kQuoteInPlainField,   // a"b
  kTextAfterQuote,      // "a"b
  kQuoteNotClosed,      // the text ends inside quotes
  kCarriageReturn,      // a CR that no LF follows, outside of quotes
};
// "a quote inside a field that does not begin with one" and so on, for people.
std::string_view CsvProblemText(CsvProblem problem);

struct CsvField {
  std::string_view text;     // without quotes, unescaped; valid until the next call
  bool quoted = false;       // `""` is the empty text, nothing at all is no value
  bool ends_record = false;
};

// Reads one field a call. Keeps a view of the text. Not thread-safe.
//
//   CsvReader reader("a,\"b\"\"c\"\r\n");
//   while (!reader.AtEnd() && reader.Next(field)) ...     // a | b"c, ends_record
class CsvReader {
 public:
  CsvReader() = default;
  explicit CsvReader(std::string_view text) : text_(text) {}

  // No record begins here any more.
  bool AtEnd() const { return at_ == text_.size() && !record_open_; }
  // False at a problem, which stays. Must not be called at the end.
  bool Next(CsvField& field);

  CsvProblem problem() const { return problem_; }
  // Byte offset of the next field or, after a problem, of the field that has it.
  std::size_t offset() const { return at_; }

 private:
  bool NextQuoted(CsvField& field);
  bool EndField(std::size_t end, CsvField& field);
  bool Fail(CsvProblem problem);

  std::string_view text_;
  std::size_t at_ = 0;
  bool record_open_ = false;  // a comma was read: one more field follows, even at the end of the text
  std::string unescaped_;
  CsvProblem problem_ = CsvProblem::kNone;
};

// Where the last record that is complete in `text` ends (behind its LF); 0 when none is. `text` must begin at
// a record. Counts quotes only, so it is exact for every text that CsvReader accepts, and CsvReader finds
// what is wrong with others.
std::size_t LastRecordEnd(std::string_view text);

}  // namespace cloister::codec
