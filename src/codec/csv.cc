#include "codec/csv.h"

#include <array>

#include "base/check.h"
#include "codec/byte_scan.h"

namespace cloister::codec {
namespace {

// What may end a field without quotes, or must not stand in it.
constexpr std::array<bool, 256> kEndsPlainRun = [] {
  std::array<bool, 256> ends{};
  for (unsigned char c : {',', '\n', '\r', '"'}) ends[c] = true;
  return ends;
}();

}  // namespace

std::string_view CsvProblemText(CsvProblem problem) {
  switch (problem) {
    case CsvProblem::kNone: return "nothing is wrong";
    case CsvProblem::kQuoteInPlainField: return "a double quote inside a field that does not begin with one";
    case CsvProblem::kTextAfterQuote: return "text between a closing double quote and the comma or line end";
    case CsvProblem::kQuoteNotClosed: return "a double quote that is never closed";
    case CsvProblem::kCarriageReturn: return "a carriage return that no line feed follows";
  }
  return "nothing is wrong";
}

bool CsvReader::Fail(CsvProblem problem) {
  problem_ = problem;
  return false;
}

// `end` is where the field's comma, line end or the text's end stands.
bool CsvReader::EndField(std::size_t end, CsvField& field) {
  record_open_ = false;
  field.ends_record = true;
  if (end == text_.size()) {
    at_ = end;
  } else if (text_[end] == ',') {
    record_open_ = true;
    field.ends_record = false;
    at_ = end + 1;
  } else if (text_[end] == '\n') {
    at_ = end + 1;
  } else if (text_[end] == '\r' && end + 1 < text_.size() && text_[end + 1] == '\n') {
    at_ = end + 2;
  } else {
    return Fail(text_[end] == '\r' ? CsvProblem::kCarriageReturn
                : field.quoted     ? CsvProblem::kTextAfterQuote
                                   : CsvProblem::kQuoteInPlainField);
  }
  return true;
}

bool CsvReader::Next(CsvField& field) {
  CLOISTER_CHECK(!AtEnd());
  if (problem_ != CsvProblem::kNone) return false;
  if (at_ < text_.size() && text_[at_] == '"') return NextQuoted(field);
  std::size_t end = at_;
  while (end < text_.size() && !kEndsPlainRun[static_cast<unsigned char>(text_[end])]) ++end;
  field.text = text_.substr(at_, end - at_);
  field.quoted = false;
  return EndField(end, field);
}

bool CsvReader::NextQuoted(CsvField& field) {
  std::size_t from = at_ + 1;
  bool copied = false;
  while (true) {
    const std::size_t quote = text_.find('"', from);
    if (quote == std::string_view::npos) return Fail(CsvProblem::kQuoteNotClosed);
    const bool doubled = quote + 1 < text_.size() && text_[quote + 1] == '"';
    if (!doubled && !copied) {
      field.text = text_.substr(from, quote - from);
    } else {
      if (!copied) unescaped_.clear();
      copied = true;
      unescaped_.append(text_, from, quote - from + (doubled ? 1 : 0));
      field.text = unescaped_;
    }
    if (!doubled) {
      field.quoted = true;
      return EndField(quote + 1, field);
    }
    from = quote + 2;
  }
}

std::size_t LastRecordEnd(std::string_view text) {
  bool inside = CountByte(text, '"') % 2 != 0;
  for (std::size_t end = text.size(); end > 0; --end) {
    const char c = text[end - 1];
    if (c == '"') inside = !inside;
    if (c == '\n' && !inside) return end;
  }
  return 0;
}

}  // namespace cloister::codec
