#include "engine/result_json.h"

#include <cmath>

#include "base/check.h"
#include "codec/json.h"

namespace cloister::engine {
namespace {

// Whole numbers up to here are the same in every JSON reader (RFC 7493).
constexpr Int128 kExactIntegerMax = Int128{1} << 53;

std::string JsonText(std::string_view text) { return codec::CanonicalJson(codec::Json(text)); }
std::string Quote(const std::string& plain) { return '"' + plain + '"'; }

std::string JsonInteger(Int128 value) {
  const std::string digits = codec::FormatSqlHugeint(value);
  return value >= -kExactIntegerMax && value <= kExactIntegerMax ? digits : Quote(digits);
}

std::string JsonDouble(double value) {
  if (std::isnan(value)) return "\"NaN\"";
  if (std::isinf(value)) return value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  return codec::CanonicalJson(codec::Json(value));
}

struct JsonOf {
  std::string operator()(std::monostate) const { return "null"; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return JsonInteger(value); }
  std::string operator()(Int128 value) const { return JsonInteger(value); }
  std::string operator()(double value) const { return JsonDouble(value); }
  std::string operator()(const Decimal& value) const {
    return Quote(codec::FormatSqlDecimal(value.unscaled, value.scale));
  }
  std::string operator()(const std::string& value) const { return JsonText(value); }
  std::string operator()(Date value) const { return Quote(codec::FormatSqlDate(value.days)); }
  std::string operator()(Timestamp value) const { return Quote(codec::FormatSqlTimestamp(value.micros)); }
};

}  // namespace

std::size_t ResultBandBytes(std::size_t bytes) {
  std::size_t band = kResultBandBytesMin;
  while (band < bytes) band *= 2;
  return band;
}

JsonResultWriter::JsonResultWriter(const std::vector<sql::PlanColumn>& columns, std::size_t bytes_max)
    : text_(R"({"columns":[)"), bytes_max_(bytes_max), columns_(columns.size()) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    text_ += (i == 0 ? R"({"name":)" : R"(,{"name":)") + JsonText(columns[i].name) + R"(,"type":)" +
             JsonText(columns[i].type) + "}";
  }
  text_ += R"(],"rows":[)";
}

Status JsonResultWriter::Row(std::span<const Value> row) {
  CLOISTER_CHECK(row.size() == columns_);
  text_ += rows_++ == 0 ? "[" : ",[";
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) text_ += ',';
    text_ += std::visit(JsonOf{}, row[i]);
  }
  text_ += ']';
  if (text_.size() <= bytes_max_) return {};
  return ResourceExhausted("the result is larger than it may be; ask for fewer columns or rows");
}

std::string JsonResultWriter::Finish(const ResultNotes& notes) {
  text_ += ']';
  if (!notes.noise.empty()) text_.append(R"(,"noise":)").append(notes.noise);
  if (!notes.intervals.empty()) text_.append(R"(,"intervals":)").append(notes.intervals);
  if (!notes.generalised.empty()) text_.append(R"(,"generalised":)").append(notes.generalised);
  text_ += '}';
  text_.resize(ResultBandBytes(text_.size()), ' ');
  return std::move(text_);
}

}  // namespace cloister::engine
