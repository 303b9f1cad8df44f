#include "agreement/synthetic_rows.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "codec/ascii.h"

namespace cloister::agreement {
namespace {

using Kind = ColumnType::Kind;

constexpr std::int64_t kPublicRows = 60;
constexpr std::uint64_t kPresentOfTen = 9;
constexpr std::uint64_t kRowsPerPersonMax = 3;
constexpr std::uint64_t kMissingOneIn = 50;
constexpr std::uint64_t kTextValues = 8;
constexpr int kDecimalsMax = 9;
constexpr std::uint64_t kDays = 2192;  // 2020-01-01 to 2025-12-31

// SplitMix64 (Steele, Lea and Flood 2014): one number for each question asked, in no order.
std::uint64_t Mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// FNV-1a, letters without regard to case.
std::uint64_t Hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(codec::LowerCase(c))) * 0x100000001b3;
  return hash;
}

// Where a value stands: what it is asked for, and by which row.
struct Cell {
  std::uint64_t stream = 0;  // of seed, dataset and column
  std::uint64_t row = 0;
  std::uint64_t Draw(std::uint64_t question) const { return Mix(Mix(stream + question) ^ row); }
  // In [0,1).
  double Share(std::uint64_t question) const { return static_cast<double>(Draw(question) >> 11) * 0x1p-53; }
};

enum Question : std::uint64_t { kMissing, kValue, kPresent, kRows };

std::string Fixed(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

int DecimalsOf(double step) {
  int decimals = 0;
  while (decimals < kDecimalsMax && std::fabs(step - std::round(step)) > 1e-9) {
    step *= 10;
    ++decimals;
  }
  return decimals;
}

bool IsGeneralisedByPrefix(const ColumnPolicy& policy) {
  return std::any_of(policy.generalise.begin(), policy.generalise.end(),
                     [](const GeneralisationStep& step) { return step.text.starts_with("left("); });
}

// A value of a few: the first half of all rows has the first, a quarter the second, and so on.
std::uint64_t Ranked(const Cell& cell) {
  std::uint64_t rank = 0;
  for (std::uint64_t bits = cell.Draw(kValue); (bits & 1) == 0 && rank + 1 < kTextValues; bits >>= 1) ++rank;
  return rank;
}

std::string TextValue(const SchemaColumn& column, const ColumnPolicy& policy, std::uint64_t rank) {
  if (!IsGeneralisedByPrefix(policy)) return codec::LowerCase(column.name) + "_" + static_cast<char>('a' + rank % 26);
  // Five digits, of which neighbours share the first ones.
  return Fixed(static_cast<double>(10000 + 1111 * (Hash(column.name) % 7) + rank * rank * 7), 0);
}

// One of those that the owner lists, so that queries which name them find something.
std::string ListedValue(const codec::JsonArray& values, std::uint64_t rank) {
  const codec::Json& value = values[rank % values.size()];
  if (!value.is_string()) return codec::CanonicalJson(value);
  std::string text = "\"";
  for (const char c : value.get_string()) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + "\"";
}

// How far a value of the type can reach, with room for its steps in a double.
double ReachOf(const ColumnType& type, double step) {
  constexpr double kReachMax = 1e12;
  if (type.kind == Kind::kInteger) return 2'147'483'647;
  if (type.kind != Kind::kDecimal) return kReachMax;
  return std::min(kReachMax, std::pow(10, type.precision - type.scale) - step);
}

// Whole numbers and steps inside of the bounds.
std::string NumberValue(const SchemaColumn& column, const ColumnPolicy& policy, double share) {
  const Bounds stated = policy.bounds.value_or(Bounds{0, 100});
  const bool whole = column.type.kind == Kind::kInteger || column.type.kind == Kind::kBigint;
  const int scale = column.type.kind == Kind::kDecimal ? column.type.scale : whole ? 0 : kDecimalsMax;
  double step = policy.granularity.value_or(whole ? 1 : 0.01);
  step = std::max(step, std::pow(10, -std::min(scale, kDecimalsMax)));
  if (whole) step = std::max(1.0, std::round(step));
  const double reach = ReachOf(column.type, step);
  const Bounds bounds{std::clamp(stated.min, -reach, reach), std::clamp(stated.max, -reach, reach)};
  const double low = std::ceil(bounds.min / step - 1e-9);
  const double high = std::max(low, std::floor(bounds.max / step + 1e-9));
  // The square makes small values frequent and large ones rare, as costs and counts are.
  const double steps = low + std::floor(share * share * (high - low + 1));
  return Fixed(std::min(high, steps) * step, std::min(scale, DecimalsOf(step)));
}

std::string DateValue(std::uint64_t draw, bool with_time) {
  constexpr std::int64_t kMsPerDay = 86'400'000;
  constexpr std::int64_t kFirstDay = 18262;  // 2020-01-01
  const std::int64_t day = kFirstDay + static_cast<std::int64_t>(draw % kDays);
  const std::int64_t second = with_time ? static_cast<std::int64_t>(draw / kDays % 86'400) : 0;
  const std::string text = FormatRfc3339(Instant{day * kMsPerDay + second * 1000});
  return with_time ? text.substr(0, 19) : text.substr(0, 10);
}

std::string PersonValue(const ColumnType& type, std::uint64_t person) {
  const std::string number = std::to_string(person);
  return type.kind == Kind::kVarchar ? "person-" + number
         : type.kind == Kind::kDate  ? DateValue(person, false)
         : type.kind == Kind::kTimestamp ? DateValue(person, true)
                                         : number;
}

class Maker {
 public:
  explicit Maker(const SyntheticTable& table) : table_(table) {
    population_ = static_cast<std::uint64_t>(std::clamp<std::int64_t>(table.people, 1, kSyntheticPeopleMax));
    stream_ = Mix(static_cast<std::uint64_t>(table.seed)) ^ Hash(table.name);
  }

  std::string Csv() {
    for (const SchemaColumn& column : table_.schema.columns) {
      text_ += (text_.empty() ? "" : ",") + column.name;
    }
    text_ += "\n";
    if (table_.policy.IsPublic()) {
      for (std::int64_t row = 0; row < kPublicRows; ++row) Row(static_cast<std::uint64_t>(row), 0);
      return std::move(text_);
    }
    std::uint64_t row = 0;
    for (std::uint64_t person = 1; person <= population_; ++person) {
      const Cell cell{stream_, person};
      if (cell.Draw(kPresent) % 10 >= kPresentOfTen) continue;
      const std::uint64_t rows = 1 + cell.Draw(kRows) % kRowsPerPersonMax;
      for (std::uint64_t i = 0; i < rows; ++i) Row(row++, person);
    }
    return std::move(text_);
  }

 private:
  void Row(std::uint64_t row, std::uint64_t person) {
    bool first = true;
    for (const SchemaColumn& column : table_.schema.columns) {
      if (!first) text_ += ',';
      first = false;
      text_ += Value(column, {stream_ ^ Mix(Hash(column.name)), row}, person);
    }
    text_ += '\n';
  }

  std::string Value(const SchemaColumn& column, const Cell& cell, std::uint64_t person) const {
    const ColumnPolicy& policy = table_.policy.Column(column.name);
    if (column.name == table_.policy.privacy_unit.value_or("")) return PersonValue(column.type, person);
    if (policy.Is(Role::kJoinKey)) return PersonValue(column.type, 1 + cell.Draw(kValue) % population_);
    // Public tables are joined by their values, so each has its row and none is missing.
    const bool listed = table_.policy.IsPublic();
    if (!listed && cell.Draw(kMissing) % kMissingOneIn == 0) return "";
    if (!policy.public_values.empty()) return ListedValue(policy.public_values, Ranked(cell));
    switch (column.type.kind) {
      case Kind::kVarchar: return TextValue(column, policy, listed ? cell.row % kTextValues : Ranked(cell));
      case Kind::kBoolean: return cell.Draw(kValue) % 3 == 0 ? "true" : "false";
      case Kind::kDate: return DateValue(cell.Draw(kValue), false);
      case Kind::kTimestamp: return DateValue(cell.Draw(kValue), true);
      default: return NumberValue(column, policy, cell.Share(kValue));
    }
  }

  const SyntheticTable& table_;
  std::uint64_t population_ = 0;
  std::uint64_t stream_ = 0;
  std::string text_;
};

}  // namespace

std::string SyntheticCsv(const SyntheticTable& table) { return Maker(table).Csv(); }

}  // namespace cloister::agreement
