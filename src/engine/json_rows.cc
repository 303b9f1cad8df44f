#include <array>
#include <charconv>

#include "codec/json.h"
#include "engine/load.h"
#include "engine/row_reader.h"

namespace cloister::engine {
namespace {

using Kind = agreement::ColumnType::Kind;

bool IsNumberKind(Kind kind) {
  return kind == Kind::kInteger || kind == Kind::kBigint || kind == Kind::kDouble || kind == Kind::kDecimal;
}

// A JSON number as text. Doubles get their shortest text, so 13.05 becomes 13.05 for a DECIMAL, whatever its
// binary value; numbers that a double cannot hold were refused by the parser.
std::string NumberText(const codec::Json& json) {
  if (const auto* number = json.if_int64()) return std::to_string(*number);
  if (const auto* number = json.if_uint64()) return std::to_string(*number);
  std::array<char, 400> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), json.get_double(),
                                 std::chars_format::fixed);
  return {buffer.data(), end.ptr};
}

bool SetJson(ColumnWriter& column, idx_t row, const codec::Json& json) {
  const Kind kind = column.type().kind;
  if (json.is_null()) {
    column.SetNull(row);
    return true;
  }
  if (kind == Kind::kBoolean)
    return json.is_bool() && column.SetText(row, json.get_bool() ? "true" : "false");
  if (json.is_string()) return column.SetText(row, json.get_string());
  return json.is_number() && IsNumberKind(kind) && column.SetText(row, NumberText(json));
}

class JsonLinesRowReader final : public RowReader {
 public:
  explicit JsonLinesRowReader(const agreement::DatasetSchema& schema) : schema_(schema) {}

  Status Start(const RecordBlock& block) override {
    line_ = block.first_line - 1;
    rest_ = block.text();
    return {};
  }

  bool AtEnd() const override { return rest_.empty(); }

  Status Read(std::vector<ColumnWriter>& columns, idx_t row) override {
    ++line_;
    const std::size_t end = rest_.find('\n');
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    const auto json = codec::ParseJson(line, {.bytes_max = kRecordBytesMax, .depth_max = 2});
    if (!json) return SyntaxError(json.error().public_message);
    const auto* object = json->if_object();
    if (object == nullptr) return SyntaxError("");
    return ReadMembers(*object, columns, row);
  }

 private:
  Status ReadMembers(const codec::JsonObject& object, std::vector<ColumnWriter>& columns, idx_t row) const {
    std::size_t found = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const codec::Json* member = object.if_contains(schema_.columns[i].name);
      if (member == nullptr) {
        columns[i].SetNull(row);
        continue;
      }
      ++found;
      if (!SetJson(columns[i], row, *member)) return ValueError(line_, schema_.columns[i]);
    }
    if (found == object.size()) return {};
    return InvalidArgument(
        "line " + std::to_string(line_) +
        ": a member that the schema does not name; add it to the schema (a column without a policy is "
        "hidden) or leave it out of the file");
  }

  Error SyntaxError(std::string detail) const {
    return {Code::kInvalidArgument,
            "line " + std::to_string(line_) +
                ": not one JSON object of plain values; integers beyond 2^53 must be written as texts",
            std::move(detail)};
  }

  const agreement::DatasetSchema& schema_;
  std::string_view rest_;
  std::int64_t line_ = 0;
};

}  // namespace

std::unique_ptr<RowReader> NewJsonLinesRowReader(const agreement::DatasetSchema& schema) {
  return std::make_unique<JsonLinesRowReader>(schema);
}

}  // namespace cloister::engine
