#include "enclave/anonymous_release.h"

#include <algorithm>
#include <cmath>
#include <limits>
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

// NULL before all numbers; what is no number is in no order that distances could follow.
double RankOf(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* wide = std::get_if<engine::Int128>(&value)) return static_cast<double>(*wide);
  if (const auto* decimal = std::get_if<engine::Decimal>(&value)) return static_cast<double>(decimal->unscaled);
  const auto* number = std::get_if<double>(&value);
  return number != nullptr && std::isfinite(*number) ? *number : -std::numeric_limits<double>::infinity();
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
  if (leaves < 2 || leaves_under == 0) return 0;
  return static_cast<double>(leaves_under - 1) / static_cast<double>(leaves - 1);
}

// The losses of a column's levels, of whose leaves those in `used` count.
std::vector<std::vector<double>> LossesOf(const sql::AnonymousColumn& says,
                                          const std::vector<std::vector<ValueCode>>& to,
                                          const std::vector<bool>& used) {
  const auto leaves = static_cast<std::size_t>(std::count(used.begin(), used.end(), true));
  std::vector<std::vector<double>> losses;
  for (std::size_t level = 0; level < to.size(); ++level) {
    std::vector<std::size_t> under(*std::max_element(to[level].begin(), to[level].end()) + 1);
    for (std::size_t leaf = 0; leaf < used.size(); ++leaf) under[to[level][leaf]] += used[leaf] ? 1 : 0;
    std::vector<double> loss;
    for (const std::size_t count : under) loss.push_back(LossOf(says.levels[level], says.span, count, leaves));
    losses.push_back(std::move(loss));
  }
  return losses;
}

}  // namespace

AnonymousReleaser::AnonymousReleaser(const sql::PlanStage& stage, const sql::AnonymousRelease& release)
    : stage_(stage), release_(release), columns_(release.columns.size()), quasi_identifier_(release.columns.size()) {}

Status AnonymousReleaser::Add(Column& column, const Value& value, double rank) {
  const auto [at, added] = column.codes.emplace(KeyOf(value), static_cast<ValueCode>(column.values.size()));
  if (added) {
    if (column.values.size() >= kAnonymousValuesMax)
      return ResourceExhausted("a column has too many different values to be made k-anonymous; leave it out");
    column.values.push_back(value);
    column.ranks.push_back(rank);
  }
  column.rows.push_back(at->second);
  return {};
}

Status AnonymousReleaser::Row(std::span<const Value> row) {
  if (units_.rows.size() >= kAnonymousReleaseRowsMax)
    return ResourceExhausted("a k-anonymous release has too many rows; choose fewer of them with a filter");
  CLOISTER_CHECK(row.size() == stage_.exact.size());
  CLOISTER_TRY(Add(units_, row[release_.unit], 0));
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const sql::AnonymousColumn& says = release_.columns[i];
    const Value& value = row[says.source];
    const auto* number = std::get_if<double>(&value);
    const bool banded = says.kind == Kind::kBanded && number != nullptr;
    const double rank = RankOf(value);
    CLOISTER_TRY(banded ? Add(columns_[i], BandOf(*number, says.band), std::floor(rank / says.band))
                        : Add(columns_[i], value, rank));
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
    for (const Value& leaf : leaves)
      to.push_back(codes.emplace(KeyOf(At(level, leaf)), static_cast<ValueCode>(codes.size())).first->second);
    out.to.push_back(std::move(to));
  }
  out.loss = LossesOf(says, out.to, std::vector<bool>(leaves.size(), true));
  column.values = std::move(leaves);
  return out;
}

// Codes in the order of the numbers, where there is one.
privacy::SensitiveColumn AnonymousReleaser::Sensitive(const sql::AnonymousColumn& says, const Column& column) const {
  privacy::SensitiveColumn out{.rows = column.rows,
                               .values = column.values.size(),
                               .ordered = says.ordered,
                               .distinct_l = says.distinct_l,
                               .entropy_l = says.entropy_l,
                               .closeness_t = says.closeness_t};
  if (!says.ordered) return out;
  std::vector<ValueCode> order(column.values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](ValueCode a, ValueCode b) { return column.ranks[a] < column.ranks[b]; });
  std::vector<ValueCode> place(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) place[order[i]] = static_cast<ValueCode>(i);
  for (ValueCode& code : out.rows) code = place[code];
  return out;
}

Result<privacy::AnonymousTable> AnonymousReleaser::MakeTable() {
  privacy::AnonymousTable table{.units = units_.rows};
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const sql::AnonymousColumn& says = release_.columns[i];
    if (says.distinct_l > 1 || says.entropy_l > 1 || says.closeness_t < 1)
      table.sensitive.push_back(Sensitive(says, columns_[i]));
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

// As if nobody else had been in the table: values that only left-out persons have are no values of it.
void AnonymousReleaser::MeasureReleased(privacy::AnonymousTable table,
                                        const std::vector<privacy::EquivalenceClass>& classes) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (release_.columns[i].kind != Kind::kQuasiIdentifier) continue;
    privacy::QuasiIdentifier& column = table.quasi_identifiers[quasi_identifier_[i]];
    std::vector<bool> used(column.leaves());
    for (const privacy::EquivalenceClass& one : classes) {
      for (const std::uint32_t row : one.rows) used[column.rows[row]] = true;
    }
    column.loss = LossesOf(release_.columns[i], column.to, used);
  }
  loss_ = privacy::MeasureLoss(table, classes, release_.k);
}

std::string AnonymousReleaser::Note() const {
  return codec::CanonicalJson(codec::JsonObject{{"k", release_.k},
                                                {"suppression_limit", release_.suppression_max},
                                                {"classes", loss_.classes},
                                                {"average_class_size", loss_.average_class_size},
                                                {"discernibility", loss_.discernibility},
                                                {"certainty_penalty", loss_.certainty_penalty}});
}

Result<std::vector<std::vector<Value>>> AnonymousReleaser::Finish() {
  if (units_.rows.empty()) return std::vector<std::vector<Value>>();
  CLOISTER_ASSIGN(privacy::AnonymousTable table, MakeTable());
  CLOISTER_ASSIGN(auto best, privacy::GeneraliseFullDomain(table, release_.k, release_.suppression_max));
  CLOISTER_ASSIGN(auto parts, privacy::PartitionMondrian(table, release_.k, privacy::Partitioning::kStrict));
  if (parts.loss < best.loss) best = std::move(parts);
  MeasureReleased(std::move(table), best.classes);
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
