#include "privacy/kanon/mondrian.h"

#include <algorithm>
#include <numeric>

#include "privacy/kanon/class_rule.h"
#include "privacy/kanon/loss.h"

namespace cloister::privacy {
namespace {

using Rows = std::vector<std::uint32_t>;

class Cutter {
 public:
  Cutter(const AnonymousTable& table, std::int64_t k, Partitioning partitioning)
      : table_(table), rule_(table, k), partitioning_(partitioning) {}

  void Cut(Rows rows, int depth) {
    if (depth < kMondrianDepthMax) {
      for (const std::size_t column : Widest(rows)) {
        auto [low, high] = Halves(rows, column);
        if (!rule_.Holds(low) || !rule_.Holds(high)) continue;
        rows = {};
        Cut(std::move(low), depth + 1);
        Cut(std::move(high), depth + 1);
        return;
      }
    }
    std::sort(rows.begin(), rows.end());
    std::vector<std::size_t> levels;
    for (const QuasiIdentifier& column : table_.quasi_identifiers) levels.push_back(LevelOf(column, rows));
    classes_.push_back({.rows = std::move(rows), .levels = std::move(levels)});
  }

  bool Holds(const Rows& rows) const { return rule_.Holds(rows); }

  std::vector<EquivalenceClass> Take() {
    std::sort(classes_.begin(), classes_.end(),
              [](const EquivalenceClass& a, const EquivalenceClass& b) { return a.rows.front() < b.rows.front(); });
    return std::move(classes_);
  }

 private:
  // Columns with more than one value, the widest first: its range of codes over that of its domain.
  std::vector<std::size_t> Widest(const Rows& rows) const {
    std::vector<std::pair<double, std::size_t>> widths;
    for (std::size_t i = 0; i < table_.quasi_identifiers.size(); ++i) {
      const QuasiIdentifier& column = table_.quasi_identifiers[i];
      const auto by_code = [&](std::uint32_t a, std::uint32_t b) { return column.rows[a] < column.rows[b]; };
      const auto [low, high] = std::minmax_element(rows.begin(), rows.end(), by_code);
      const auto range = static_cast<double>(column.rows[*high] - column.rows[*low]);
      if (range > 0) widths.emplace_back(-range / static_cast<double>(column.leaves() - 1), i);
    }
    std::sort(widths.begin(), widths.end());
    std::vector<std::size_t> columns;
    for (const auto& [width, column] : widths) columns.push_back(column);
    return columns;
  }

  // Below and from the median on; where that leaves one side empty, up to and above it.
  std::pair<Rows, Rows> Halves(const Rows& rows, std::size_t index) const {
    const std::vector<ValueCode>& codes = table_.quasi_identifiers[index].rows;
    Rows sorted = rows;
    std::sort(sorted.begin(), sorted.end(),
              [&](std::uint32_t a, std::uint32_t b) { return codes[a] != codes[b] ? codes[a] < codes[b] : a < b; });
    auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    if (partitioning_ == Partitioning::kStrict) {
      const ValueCode median = codes[*middle];
      middle = std::partition_point(sorted.begin(), sorted.end(), [&](auto row) { return codes[row] < median; });
      if (middle == sorted.begin())
        middle = std::partition_point(sorted.begin(), sorted.end(), [&](auto row) { return codes[row] <= median; });
    }
    return {Rows(sorted.begin(), middle), Rows(middle, sorted.end())};
  }

  static std::size_t LevelOf(const QuasiIdentifier& column, const Rows& rows) {
    std::size_t level = 0;
    const auto agree = [&] {
      const auto& to = column.to[level];
      const ValueCode first = to[column.rows[rows.front()]];
      return std::all_of(rows.begin(), rows.end(), [&](auto row) { return to[column.rows[row]] == first; });
    };
    while (level + 1 < column.levels() && !agree()) ++level;
    return level;
  }

  const AnonymousTable& table_;
  ClassRule rule_;
  Partitioning partitioning_;
  std::vector<EquivalenceClass> classes_;
};

bool EndsInOneValue(const QuasiIdentifier& column) {
  const auto& top = column.to.back();
  return std::all_of(top.begin(), top.end(), [&](ValueCode code) { return code == top.front(); });
}

}  // namespace

Result<Anonymised> PartitionMondrian(const AnonymousTable& table, std::int64_t k, Partitioning partitioning) {
  CLOISTER_TRY(table.Check());
  if (k < 1) return InvalidArgument("k is at least 1");
  if (!std::all_of(table.quasi_identifiers.begin(), table.quasi_identifiers.end(), EndsInOneValue))
    return InvalidArgument("the highest level of each column must be one value for all");
  Rows all(table.rows());
  std::iota(all.begin(), all.end(), 0);
  Cutter cutter(table, k, partitioning);
  if (!cutter.Holds(all)) return Anonymised{.classes = {}, .loss = table.rows() == 0 ? 0.0 : 1.0};
  cutter.Cut(std::move(all), 0);
  Anonymised out{.classes = cutter.Take()};
  out.loss = NormalisedCertaintyPenalty(table, out.classes);
  return out;
}

}  // namespace cloister::privacy
