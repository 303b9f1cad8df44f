#include "enclave/anonymous_release.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/check.h"
#include "codec/json.h"
#include "codec/sql_text.h"
#include "enclave/value_key.h"
#include "privacy/kanon/mondrian.h"

namespace cloister::enclave {
namespace {

using engine::Value;
using privacy::ValueCode;
using Kind = sql::AnonymousColumn::Kind;
using Level = sql::GeneralisationLevel;

std::string NumberText(double number) {
  return std::isfinite(number) ? codec::CanonicalJson(number) : std::string("not a number");
}

Value BandOf(double number, double width) {
  if (!std::isfinite(number) || !(width > 0)) return std::string("*");
  const double low = std::floor(number / width) * width;
  return "[" + NumberText(low) + ", " + NumberText(low + width) + ")";
}

// The first characters, whole ones: continuation bytes of UTF-8 belong to the character before.
std::string Prefix(const std::string& text, std::int64_t length) {
  std::size_t at = 0;
  for (std::int64_t i = 0; i < length && at < text.size(); ++i) {
    ++at;
    while (at < text.size() && (static_cast<std::uint8_t>(text[at]) & 0xc0) == 0x80) ++at;
  }
  return at < text.size() ? text.substr(0, at) + "*" : text;
}

Value At(const Level& level, const Value& value) {
  if (level.kind == Level::Kind::kAll) return std::string("*");
  const auto* number = std::get_if<double>(&value);
  const auto* text = std::get_if<std::string>(&value);
  if (level.kind == Level::Kind::kBand && number != nullptr) return BandOf(*number, level.width);
  if (level.kind == Level::Kind::kPrefix && text != nullptr) return Prefix(*text, level.prefix);
  if (number != nullptr) return NumberText(*number);
  return value;
}

// In the order in which neighbours are near: nothing, numbers, texts.
bool Before(const Value& a, const Value& b) {
  if (a.index() != b.index()) return a.index() < b.index();
  if (const auto* number = std::get_if<double>(&a)) return *number < std::get<double>(b);
  if (const auto* text = std::get_if<std::string>(&a)) return *text < std::get<std::string>(b);
  return false;
}

// How much of its domain a value of the level covers: of bands by width, else by the leaves under it.
double LossOf(const Level& level, double span, std::size_t leaves_under, std::size_t leaves) {
  if (level.kind == Level::Kind::kAll) return 1;
  if (level.kind == Level::Kind::kBand && span > 0) return std::min(1.0, level.width / span);
  return leaves < 2 ? 0 : static_cast<double>(leaves_under - 1) / static_cast<double>(leaves - 1);
}

}  // namespace

AnonymousReleaser::AnonymousReleaser(const sql::PlanStage& stage, const sql::AnonymousRelease& release)
    : stage_(stage), release_(release), columns_(release.columns.size()), quasi_identifier_(release.columns.size()) {}

Status AnonymousReleaser::Add(Column& column, const Value& value) {
  const auto [at, added] = column.codes.emplace(KeyOf(value), static_cast<ValueCode>(column.values.size()));
  if (added) {
    if (column.values.size() >= kAnonymousValuesMax)
      return ResourceExhausted("a column has too many different values to be made k-anonymous; leave it out");
    column.values.push_back(value);
  }
  column.rows.push_back(at->second);
  return {};
}

Status AnonymousReleaser::Row(std::span<const Value> row) {
  if (units_.rows.size() >= kAnonymousReleaseRowsMax)
    return ResourceExhausted("a k-anonymous release has too many rows; choose fewer of them with a filter");
  CLOISTER_CHECK(row.size() == stage_.exact.size());
  CLOISTER_TRY(Add(units_, row[release_.unit]));
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const sql::AnonymousColumn& says = release_.columns[i];
    const Value& value = row[says.source];
    const auto* number = std::get_if<double>(&value);
    const bool banded = says.kind == Kind::kBanded && number != nullptr;
    CLOISTER_TRY(Add(columns_[i], banded ? BandOf(*number, says.band) : value));
  }
  return {};
}

// Leaves are the values at the first level, in their order. `column.values` and `.rows` become those of the leaves, a
// representative each.
privacy::QuasiIdentifier AnonymousReleaser::Generalise(const sql::AnonymousColumn& says, Column& column) const {
  std::vector<ValueCode> order(column.values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](ValueCode a, ValueCode b) { return Before(column.values[a], column.values[b]); });
  std::map<std::string, ValueCode> known;
  std::vector<ValueCode> leaf_of(column.values.size());
  std::vector<Value> leaves;
  for (const ValueCode code : order) {
    const std::string text = KeyOf(At(says.levels.front(), column.values[code]));
    const auto [at, added] = known.emplace(text, static_cast<ValueCode>(leaves.size()));
    if (added) leaves.push_back(column.values[code]);
    leaf_of[code] = at->second;
  }
  privacy::QuasiIdentifier out;
  for (ValueCode& code : column.rows) code = leaf_of[code];
  out.rows = column.rows;
  for (const Level& level : says.levels) {
    std::map<std::string, ValueCode> codes;
    std::vector<ValueCode> to;
    std::vector<std::size_t> under;
    for (const Value& leaf : leaves) {
      const auto code = codes.emplace(KeyOf(At(level, leaf)), static_cast<ValueCode>(under.size())).first->second;
      if (code == under.size()) under.push_back(0);
      ++under[code];
      to.push_back(code);
    }
    std::vector<double> loss;
    for (const std::size_t count : under) loss.push_back(LossOf(level, says.span, count, leaves.size()));
    out.to.push_back(std::move(to));
    out.loss.push_back(std::move(loss));
  }
  column.values = std::move(leaves);
  return out;
}

Result<privacy::AnonymousTable> AnonymousReleaser::MakeTable() {
  privacy::AnonymousTable table{.units = units_.rows};
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const sql::AnonymousColumn& says = release_.columns[i];
    if (says.distinct_l > 1) {
      table.sensitive.push_back(
          {.rows = columns_[i].rows, .values = columns_[i].values.size(), .distinct_l = says.distinct_l});
    }
    if (says.kind != Kind::kQuasiIdentifier) continue;
    quasi_identifier_[i] = table.quasi_identifiers.size();
    table.quasi_identifiers.push_back(Generalise(says, columns_[i]));
  }
  return table;
}

Value AnonymousReleaser::Written(std::size_t column, std::uint32_t row, const privacy::EquivalenceClass& in) const {
  const sql::AnonymousColumn& says = release_.columns[column];
  const Value& value = columns_[column].values[columns_[column].rows[row]];
  return says.kind == Kind::kQuasiIdentifier ? At(says.levels[in.levels[quasi_identifier_[column]]], value) : value;
}

Result<std::vector<std::vector<Value>>> AnonymousReleaser::Finish() {
  if (units_.rows.empty()) return std::vector<std::vector<Value>>();
  CLOISTER_ASSIGN(const privacy::AnonymousTable table, MakeTable());
  CLOISTER_ASSIGN(auto best, privacy::GeneraliseFullDomain(table, release_.k, release_.suppression_max));
  CLOISTER_ASSIGN(auto parts, privacy::PartitionMondrian(table, release_.k, privacy::Partitioning::kStrict));
  if (parts.loss < best.loss) best = std::move(parts);
  loss_ = privacy::MeasureLoss(table, best.classes, release_.k);
  std::vector<std::vector<Value>> rows;
  for (const privacy::EquivalenceClass& one : best.classes) {
    for (const std::uint32_t row : one.rows) {
      std::vector<Value> written;
      for (const int column : release_.shown) written.push_back(Written(static_cast<std::size_t>(column), row, one));
      rows.push_back(std::move(written));
    }
  }
  return rows;
}

}  // namespace cloister::enclave
