#include "privacy/kanon/class_rule.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "privacy/kanon/representatives.h"

namespace cloister::privacy {
namespace {

constexpr double kRounding = 1e-12;

using Rows = std::vector<std::uint32_t>;

// The values that a class has, and how often, in their order. Most classes have few of a column's values: what can be
// said by these alone does not cost all of them.
struct ValueShare {
  ValueCode code = 0;
  double share = 0;  // of the class
};

std::vector<ValueShare> SharesByCode(std::vector<ValueShare> each) {
  std::stable_sort(each.begin(), each.end(),
                   [](const ValueShare& a, const ValueShare& b) { return a.code < b.code; });
  std::vector<ValueShare> out;
  for (const ValueShare& one : each) {
    if (out.empty() || out.back().code != one.code) out.push_back({.code = one.code});
    out.back().share += one.share;
  }
  return out;
}

std::vector<ValueShare> SharesOverRows(const SensitiveColumn& column, const Rows& rows) {
  std::vector<ValueShare> each;
  each.reserve(rows.size());
  for (const std::uint32_t row : rows) each.push_back({.code = column.rows[row], .share = 1});
  std::vector<ValueShare> out = SharesByCode(std::move(each));
  for (ValueShare& value : out) value.share /= static_cast<double>(rows.size());
  return out;
}

// A pair a row, ascending.
std::vector<Shown> ShownBy(const AnonymousTable& table, const SensitiveColumn& column, const Rows& rows) {
  std::vector<Shown> shown;
  shown.reserve(rows.size());
  for (const std::uint32_t row : rows) shown.push_back({.unit = table.units[row], .value = column.rows[row]});
  std::sort(shown.begin(), shown.end());
  return shown;
}

std::size_t UnitsIn(std::span<const Shown> shown) {
  std::size_t units = 0;
  for (std::size_t i = 0; i < shown.size(); ++i) units += i == 0 || shown[i].unit != shown[i - 1].unit ? 1 : 0;
  return units;
}

std::vector<ValueShare> SharesOverUnits(std::span<const Shown> shown) {
  const auto units = static_cast<double>(UnitsIn(shown));
  std::vector<ValueShare> each;
  each.reserve(shown.size());
  for (std::size_t begin = 0, end = 0; begin < shown.size(); begin = end) {
    while (end < shown.size() && shown[end].unit == shown[begin].unit) ++end;
    const double share = 1 / (static_cast<double>(end - begin) * units);
    for (std::size_t i = begin; i < end; ++i) each.push_back({.code = shown[i].value, .share = share});
  }
  return SharesByCode(std::move(each));
}

ValueShares Spread(const std::vector<ValueShare>& shares, std::size_t values) {
  ValueShares out(values);
  for (const ValueShare& value : shares) out[value.code] = value.share;
  return out;
}

bool HasEntropy(const std::vector<ValueShare>& values, double entropy_l) {
  if (entropy_l <= 1) return true;
  double entropy = 0;
  for (const ValueShare& value : values) entropy -= value.share * std::log(value.share);
  return entropy + kRounding >= std::log(entropy_l);
}

// Earth mover's distance to `whole`, where all values are equally far from each other: half the sum of |p - q|.
double EqualDistance(const std::vector<ValueShare>& values, const ValueShares& whole) {
  double distance = 1;  // of the values that the class does not have: what is left of `whole`
  for (const ValueShare& value : values)
    distance += std::fabs(value.share - whole[value.code]) - whole[value.code];
  return distance / 2;
}

// The same where values lie on a line, one step apart.
double OrderedDistance(const std::vector<ValueShare>& values, const ValueShares& whole) {
  if (whole.size() < 2) return 0;
  double distance = 0;
  double moved = 0;
  auto next = values.begin();
  for (ValueCode code = 0; code < whole.size(); ++code) {
    moved -= whole[code];
    if (next != values.end() && next->code == code) moved += (next++)->share;
    distance += std::fabs(moved);
  }
  return distance / static_cast<double>(whole.size() - 1);
}

bool IsClose(const SensitiveColumn& column, const std::vector<ValueShare>& values, const ValueShares& whole) {
  if (column.closeness_t >= 1) return true;
  const double distance = column.ordered ? OrderedDistance(values, whole) : EqualDistance(values, whole);
  return distance <= column.closeness_t + kRounding;
}

// `shown`: each pair once.
bool SomeValueIsShownByAll(std::span<const Shown> shown) {
  std::vector<ValueCode> values;
  for (const Shown& one : shown) values.push_back(one.value);
  std::sort(values.begin(), values.end());
  const std::size_t units = UnitsIn(shown);
  for (std::size_t i = 0; i + units <= values.size(); ++i) {
    if (values[i] == values[i + units - 1]) return true;
  }
  return false;
}

Rows AllRows(const AnonymousTable& table) {
  Rows rows(table.rows());
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

std::size_t DifferentUnits(const AnonymousTable& table, const Rows& rows) {
  std::vector<std::uint32_t> units;
  units.reserve(rows.size());
  for (const std::uint32_t row : rows) units.push_back(table.units[row]);
  std::sort(units.begin(), units.end());
  return static_cast<std::size_t>(std::unique(units.begin(), units.end()) - units.begin());
}

}  // namespace

ClassRule::ClassRule(const AnonymousTable& table, std::int64_t k) : table_(table), k_(k) {
  if (table.sensitive.empty()) return;
  const Rows all = AllRows(table);
  several_rows_ = DifferentUnits(table, all) < all.size();
  for (const SensitiveColumn& column : table.sensitive) {
    over_rows_.push_back(Spread(SharesOverRows(column, all), column.values));
    if (several_rows_)
      over_units_.push_back(Spread(SharesOverUnits(ShownBy(table, column, all)), column.values));
  }
}

bool ClassRule::IsDiverse(std::size_t index, const Rows& rows) const {
  const SensitiveColumn& column = table_.sensitive[index];
  const std::vector<ValueShare> values = SharesOverRows(column, rows);
  return static_cast<std::int64_t>(values.size()) >= column.distinct_l && HasEntropy(values, column.entropy_l) &&
         IsClose(column, values, over_rows_[index]);
}

bool ClassRule::IsDiverseOverUnits(std::size_t index, const Rows& rows) const {
  const SensitiveColumn& column = table_.sensitive[index];
  std::vector<Shown> shown = ShownBy(table_, column, rows);
  const std::vector<ValueShare> values = SharesOverUnits(shown);
  if (!HasEntropy(values, column.entropy_l) || !IsClose(column, values, over_units_[index])) return false;
  if (column.distinct_l < 2) return true;
  shown.erase(std::unique(shown.begin(), shown.end()), shown.end());
  return !SomeValueIsShownByAll(shown) && HaveRepresentatives(shown, column.distinct_l);
}

bool ClassRule::Holds(const Rows& rows) const {
  if (rows.empty() || static_cast<std::int64_t>(rows.size()) < k_) return false;
  if (static_cast<std::int64_t>(DifferentUnits(table_, rows)) < k_) return false;
  for (std::size_t i = 0; i < table_.sensitive.size(); ++i) {
    if (!IsDiverse(i, rows) || (several_rows_ && !IsDiverseOverUnits(i, rows))) return false;
  }
  return true;
}

}  // namespace cloister::privacy
