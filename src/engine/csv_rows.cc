#include "codec/csv.h"
#include "engine/row_reader.h"

namespace cloister::engine {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

class CsvRowReader final : public RowReader {
 public:
  explicit CsvRowReader(const agreement::DatasetSchema& schema) : schema_(schema) {}

  Status Start(const RecordBlock& block) override {
    CLOISTER_TRY(CheckUtf8(block));
    block_ = &block;
    mark_bytes_ = block.index == 0 && block.text().starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    reader_ = codec::CsvReader(block.text().substr(mark_bytes_));
    return block.index == 0 ? CheckHeader() : Status();
  }

  bool AtEnd() const override { return reader_.AtEnd(); }

  Status Read(std::vector<ColumnWriter>& columns, idx_t row) override {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::size_t offset = reader_.offset();
      codec::CsvField field;
      if (!reader_.Next(field)) return SyntaxError();
      if (field.ends_record != (i + 1 == columns.size())) return WidthError(offset, i, field.ends_record);
      if (field.text.empty() && !field.quoted) {
        columns[i].SetNull(row);
      } else if (!columns[i].SetText(row, field.text)) {
        return ValueError(LineAt(offset), schema_.columns[i]);
      }
    }
    return {};
  }

 private:
  std::int64_t LineAt(std::size_t offset) const { return block_->LineAt(mark_bytes_ + offset); }

  Error SyntaxError() const {
    return InvalidArgument("line " + std::to_string(LineAt(reader_.offset())) + ": " +
                           std::string(codec::CsvProblemText(reader_.problem())) +
                           "; put the field in double quotes and double the quotes inside it");
  }

  Error WidthError(std::size_t offset, std::size_t column, bool too_few) const {
    return InvalidArgument(
        "line " + std::to_string(LineAt(offset)) + ": " +
        (too_few ? "only " + std::to_string(column + 1) : "more than " + std::to_string(column + 1)) +
        " fields; the schema has " + std::to_string(schema_.columns.size()) + " columns");
  }

  // A file without a header line has data in its place: the message names what should be there, not what is.
  Status CheckHeader() {
    for (std::size_t i = 0; i < schema_.columns.size(); ++i) {
      codec::CsvField field;
      if (reader_.AtEnd() || !reader_.Next(field) || field.text != schema_.columns[i].name ||
          field.ends_record != (i + 1 == schema_.columns.size())) {
        return InvalidArgument("line 1: the header is not the schema's; field " + std::to_string(i + 1) +
                               " of " + std::to_string(schema_.columns.size()) + " must be " +
                               schema_.columns[i].name);
      }
    }
    return {};
  }

  const agreement::DatasetSchema& schema_;
  const RecordBlock* block_ = nullptr;
  std::size_t mark_bytes_ = 0;
  codec::CsvReader reader_;
};

}  // namespace

std::unique_ptr<RowReader> NewCsvRowReader(const agreement::DatasetSchema& schema) {
  return std::make_unique<CsvRowReader>(schema);
}

}  // namespace cloister::engine
