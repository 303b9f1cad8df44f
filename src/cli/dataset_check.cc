#include "cli/dataset_check.h"

#include <array>
#include <charconv>
#include <optional>

#include "cli/record_file.h"
#include "codec/csv.h"
#include "codec/json.h"
#include "codec/sql_text.h"
#include "codec/text.h"

namespace cloister::cli {
namespace {

using agreement::ColumnType;
using agreement::SchemaColumn;
using Kind = ColumnType::Kind;

constexpr std::string_view kQuoteMend = "; put the field in double quotes and double the quotes inside it";

std::string ExpectedText(const ColumnType& type) {
  switch (type.kind) {
    case Kind::kBoolean: return "true or false";
    case Kind::kInteger: return "a whole number from -2147483648 to 2147483647";
    case Kind::kBigint: return "a whole number of at most 64 bit";
    case Kind::kDouble: return "a finite number such as 12.5 or 1.5e3";
    case Kind::kDate: return "a date such as 2026-11-22";
    case Kind::kTimestamp: return "a time such as 2026-11-22T08:36:00, in UTC";
    case Kind::kVarchar: return "a text";
    case Kind::kDecimal:
      return "a number of at most " + std::to_string(type.precision - type.scale) + " digits before and " +
             std::to_string(type.scale) + " after the point";
  }
  internal::CheckFailed(__FILE__, __LINE__, "a column type outside its enumeration");
}

bool IsValueOf(const ColumnType& type, std::string_view text) {
  switch (type.kind) {
    case Kind::kBoolean: return codec::ParseSqlBoolean(text).has_value();
    case Kind::kInteger: return codec::ParseSqlInteger(text).has_value();
    case Kind::kBigint: return codec::ParseSqlBigint(text).has_value();
    case Kind::kDouble: return codec::ParseSqlDouble(text).has_value();
    case Kind::kDate: return codec::ParseSqlDate(text).has_value();
    case Kind::kTimestamp: return codec::ParseSqlTimestamp(text).has_value();
    case Kind::kDecimal:
      return codec::ParseSqlDecimal(text, {.precision = type.precision, .scale = type.scale}).has_value();
    case Kind::kVarchar: return true;
  }
  internal::CheckFailed(__FILE__, __LINE__, "a column type outside its enumeration");
}

std::string Number(double value) { return codec::CanonicalJson(codec::Json(value)); }

// What is known of one column, and the questions asked of each of its values.
struct ColumnRule {
  const SchemaColumn* column = nullptr;
  bool is_unit = false;
  std::optional<agreement::Bounds> bounds;

  // What is wrong with the value, or nothing. `text` absent is NULL.
  std::optional<std::string> Problem(const std::optional<std::string_view>& text) const {
    if (!text) {
      if (!is_unit) return std::nullopt;
      return "it is the privacy unit, and this row has none; give every row a person, or leave the row out";
    }
    if (!IsValueOf(column->type, *text)) {
      return "the value is not " + ExpectedText(column->type) +
             "; mend it, or give the column another type in the schema";
    }
    if (!bounds || !column->type.IsNumeric()) return std::nullopt;
    const auto number = codec::ParseSqlDouble(*text);
    if (number && *number >= bounds->min && *number <= bounds->max) return std::nullopt;
    return "the value is outside of the policy's bounds " + Number(bounds->min) + " to " + Number(bounds->max) +
           "; mend it, or widen the bounds";
  }
};

std::vector<ColumnRule> RulesOf(const FileToCheck& file) {
  std::vector<ColumnRule> rules;
  for (const SchemaColumn& column : file.schema.columns) {
    rules.push_back({.column = &column,
                     .is_unit = file.policy.privacy_unit && *file.policy.privacy_unit == column.name,
                     .bounds = file.policy.Column(column.name).bounds});
  }
  return rules;
}

// Collects problems up to the bound; then reading may stop.
class Findings {
 public:
  bool full() const { return verdict_.more; }
  void Add(std::int64_t line, std::string column, std::string message) {
    if (verdict_.problems.size() == kProblemsShownMax) {
      verdict_.more = true;
      return;
    }
    verdict_.problems.push_back({line, std::move(column), std::move(message)});
  }
  void CountRow() { ++verdict_.rows; }
  FileVerdict Take() { return std::move(verdict_); }

 private:
  FileVerdict verdict_;
};

// A block that is not UTF-8 is told by its first bad line.
bool CheckUtf8(std::string_view block, std::int64_t first_line, Findings& findings) {
  if (codec::IsValidUtf8(block)) return true;
  std::size_t from = 0;
  for (std::int64_t line = first_line; from < block.size(); ++line) {
    const std::size_t end = std::min(block.find('\n', from), block.size() - 1) + 1;
    if (!codec::IsValidUtf8(block.substr(from, end - from))) {
      findings.Add(line, "", "not UTF-8; save the file with that encoding");
      return false;
    }
    from = end;
  }
  return false;
}

class CsvCheck {
 public:
  CsvCheck(const FileToCheck& file, Findings& findings) : rules_(RulesOf(file)), findings_(findings) {}

  // False when reading on would only repeat one mistake.
  bool Block(std::string_view block, std::int64_t first_line, bool first) {
    if (!CheckUtf8(block, first_line, findings_)) return false;
    block_ = WithoutByteOrderMark(block, first);
    first_line_ = first_line;
    codec::CsvReader reader(block_);
    if (first && !Header(reader)) return false;
    while (!reader.AtEnd() && !findings_.full()) {
      if (!Record(reader)) return false;
    }
    return !findings_.full();
  }

 private:
  bool Header(codec::CsvReader& reader) {
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      codec::CsvField field;
      const bool last = i + 1 == rules_.size();
      const bool read = !reader.AtEnd() && reader.Next(field);
      if (read && field.text == rules_[i].column->name && field.ends_record == last) continue;
      findings_.Add(1, rules_[i].column->name,
                    "the header is not the schema's; field " + std::to_string(i + 1) + " of " +
                        std::to_string(rules_.size()) + " must be this name");
      return false;
    }
    return true;
  }

  bool Record(codec::CsvReader& reader) {
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      const std::size_t offset = reader.offset();
      codec::CsvField field;
      if (!reader.Next(field)) {
        findings_.Add(Line(reader.offset()), "",
                      std::string(codec::CsvProblemText(reader.problem())) + std::string(kQuoteMend));
        return false;
      }
      if (field.ends_record != (i + 1 == rules_.size())) {
        findings_.Add(Line(offset), "",
                      (field.ends_record ? "only " + std::to_string(i + 1) : "more than " + std::to_string(i + 1)) +
                          " fields; the schema has " + std::to_string(rules_.size()) + " columns");
        return false;
      }
      const bool null = field.text.empty() && !field.quoted;
      const auto problem = rules_[i].Problem(null ? std::nullopt : std::optional(field.text));
      if (problem) findings_.Add(Line(offset), rules_[i].column->name, *problem);
    }
    findings_.CountRow();
    return true;
  }

  std::int64_t Line(std::size_t offset) const { return LineAt(block_, first_line_, offset); }

  std::vector<ColumnRule> rules_;
  Findings& findings_;
  std::string_view block_;
  std::int64_t first_line_ = 1;
};

class JsonLinesCheck {
 public:
  JsonLinesCheck(const FileToCheck& file, Findings& findings) : rules_(RulesOf(file)), findings_(findings) {}

  bool Block(std::string_view block, std::int64_t first_line, bool) {
    std::int64_t line = first_line;
    while (!block.empty() && !findings_.full()) {
      const std::size_t end = block.find('\n');
      Line(block.substr(0, end), line++);
      block.remove_prefix(end == std::string_view::npos ? block.size() : end + 1);
    }
    return !findings_.full();
  }

 private:
  void Line(std::string_view text, std::int64_t line) {
    const auto json = codec::ParseJson(text, {.bytes_max = kRecordBytesMax, .depth_max = 2});
    if (!json || !json->is_object()) {
      findings_.Add(line, "", "not one JSON object of plain values; integers beyond 2^53 must be written as texts");
      return;
    }
    std::size_t known = 0;
    for (const ColumnRule& rule : rules_) {
      const codec::Json* member = json->get_object().if_contains(rule.column->name);
      known += member != nullptr ? 1 : 0;
      Member(rule, member, line);
    }
    if (known < json->get_object().size()) {
      findings_.Add(line, "",
                    "a member that the schema does not name; add it to the schema (a column without a policy is "
                    "hidden), or leave it out of the file");
    }
    findings_.CountRow();
  }

  void Member(const ColumnRule& rule, const codec::Json* member, std::int64_t line) {
    const bool null = member == nullptr || member->is_null();
    const auto text = null ? std::optional<std::string>() : TextOf(rule, *member);
    const bool wrong_kind = !null && !text;
    const auto problem = wrong_kind ? std::optional<std::string>("the value is not " + ExpectedText(rule.column->type))
                                    : rule.Problem(text ? std::optional<std::string_view>(*text) : std::nullopt);
    if (problem) findings_.Add(line, rule.column->name, *problem);
  }

  // A JSON value in CSV's spelling, or nothing if its kind does not fit the column.
  static std::optional<std::string> TextOf(const ColumnRule& rule, const codec::Json& json) {
    const Kind kind = rule.column->type.kind;
    if (kind == Kind::kBoolean) {
      if (json.is_bool()) return json.get_bool() ? "true" : "false";
      return std::nullopt;
    }
    if (json.is_string()) return std::string(json.get_string());
    if (!json.is_number() || !rule.column->type.IsNumeric()) return std::nullopt;
    if (json.is_int64()) return std::to_string(json.get_int64());
    if (json.is_uint64()) return std::to_string(json.get_uint64());
    std::array<char, 400> buffer{};
    const auto end =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), json.get_double(), std::chars_format::fixed);
    return std::string(buffer.data(), end.ptr);
  }

  std::vector<ColumnRule> rules_;
  Findings& findings_;
};

template <typename Check>
Result<FileVerdict> CheckBlocks(const FileToCheck& file, RecordFraming framing) {
  CLOISTER_ASSIGN(RecordFile records, RecordFile::Open(file.path, framing));
  Findings findings;
  Check check(file, findings);
  bool first = true;
  for (;;) {
    const Result<std::string_view> block = records.Next();
    if (!block) {
      findings.Add(records.first_line(), "", block.error().public_message);
      break;
    }
    if (block->empty()) break;
    const bool on = check.Block(*block, records.first_line(), first);
    first = false;
    if (file.progress) file.progress(records.done_bytes());
    if (!on) break;
  }
  if (first && file.format == agreement::DataFormat::kCsv) {
    findings.Add(1, "", "the file is empty; line 1 must be the header with the schema's column names");
  }
  return findings.Take();
}

// The file's first and last four bytes are "PAR1" (Parquet file format specification).
Result<FileVerdict> CheckParquetFrame(const FileToCheck& file) {
  std::ifstream stream(file.path, std::ios::binary);
  if (!stream) return NotFound("there is no file " + file.path.string());
  std::array<char, 4> head{}, tail{};
  stream.read(head.data(), head.size());
  stream.seekg(-4, std::ios::end);
  stream.read(tail.data(), tail.size());
  Findings findings;
  const bool framed =
      stream && std::string_view(head.data(), 4) == "PAR1" && std::string_view(tail.data(), 4) == "PAR1";
  if (!framed) findings.Add(1, "", "this is no Parquet file, or an incomplete one");
  return findings.Take();
}

}  // namespace

Result<FileVerdict> CheckDatasetFile(const FileToCheck& file) {
  switch (file.format) {
    case agreement::DataFormat::kCsv: return CheckBlocks<CsvCheck>(file, RecordFraming::kCsv);
    case agreement::DataFormat::kJsonl: return CheckBlocks<JsonLinesCheck>(file, RecordFraming::kLines);
    case agreement::DataFormat::kParquet: return CheckParquetFrame(file);
  }
  internal::CheckFailed(__FILE__, __LINE__, "a DataFormat outside its enumeration");
}

}  // namespace cloister::cli
