#include "cli/schema_guess.h"

#include "cli/record_file.h"
#include "codec/csv.h"
#include "codec/sql_text.h"

namespace cloister::cli {
namespace {

using Kind = agreement::ColumnType::Kind;

// Which types all values of a column so far have.
struct Candidates {
  bool boolean = true, bigint = true, number = true, date = true, timestamp = true;
  bool any = false;  // there was a value

  void See(std::string_view text) {
    any = true;
    const std::size_t digits = text.starts_with('-') ? 1 : 0;
    const bool leading_zero = text.size() > digits + 1 && text[digits] == '0' && text[digits + 1] != '.';
    boolean = boolean && codec::ParseSqlBoolean(text).has_value();
    bigint = bigint && !leading_zero && codec::ParseSqlBigint(text).has_value();
    number = number && !leading_zero && codec::ParseSqlDouble(text).has_value();
    date = date && codec::ParseSqlDate(text).has_value();
    timestamp = timestamp && codec::ParseSqlTimestamp(text).has_value();
  }
  Kind Best() const {
    if (!any) return Kind::kVarchar;
    if (boolean) return Kind::kBoolean;
    if (bigint) return Kind::kBigint;
    if (number) return Kind::kDouble;
    if (date) return Kind::kDate;
    return timestamp ? Kind::kTimestamp : Kind::kVarchar;
  }
};

class CsvGuess {
 public:
  Status Block(std::string_view block, std::int64_t first_line, bool first) {
    const std::string_view text = WithoutByteOrderMark(block, first);
    codec::CsvReader reader(text);
    if (first) CLOISTER_TRY(Header(reader));
    for (std::size_t column = 0; !reader.AtEnd();) {
      const std::size_t offset = reader.offset();
      codec::CsvField field;
      const bool read = reader.Next(field);
      if (!read || field.ends_record != (column + 1 == candidates_.size())) {
        return InvalidArgument("line " + std::to_string(LineAt(text, first_line, offset)) +
                               ": not as many fields as the header has names");
      }
      if (!field.text.empty() || field.quoted) candidates_[column].See(field.text);
      column = field.ends_record ? 0 : column + 1;
    }
    return {};
  }

  agreement::DatasetSchema Schema() const {
    agreement::DatasetSchema schema;
    for (std::size_t i = 0; i < names_.size(); ++i)
      schema.columns.push_back({names_[i], {.kind = candidates_[i].Best()}});
    return schema;
  }

 private:
  Status Header(codec::CsvReader& reader) {
    codec::CsvField field;
    while (!reader.AtEnd()) {
      if (!reader.Next(field))
        return InvalidArgument("line 1: " + std::string(codec::CsvProblemText(reader.problem())));
      names_.emplace_back(field.text);
      if (field.ends_record) break;
    }
    candidates_.resize(names_.size());
    return {};
  }

  std::vector<std::string> names_;
  std::vector<Candidates> candidates_;
};

}  // namespace

Result<agreement::DatasetSchema> GuessCsvSchema(const std::filesystem::path& path) {
  CLOISTER_ASSIGN(RecordFile records, RecordFile::Open(path, RecordFraming::kCsv));
  CsvGuess guess;
  for (bool first = true;; first = false) {
    CLOISTER_ASSIGN(const std::string_view block, records.Next());
    if (block.empty()) break;
    CLOISTER_TRY(guess.Block(block, records.first_line(), first));
  }
  // Names that no schema can have are found by the schema's own rules.
  return agreement::DecodeSchema(agreement::EncodeSchema(guess.Schema()), "the header of " + path.string());
}

}  // namespace cloister::cli
