#include "privacy/differencing/row_sums.h"

#include <algorithm>
#include <optional>

namespace cloister::privacy {
namespace {

constexpr std::size_t kAsked = 128;     // units of the rows, and of the cells
constexpr std::size_t kCellsOfUnit = 6;  // a unit in more of them is not asked

// Which of the cells that a unit stands in its rows are made of: by cell, in or out. Nothing: several choices would do.
struct Testimony {
  std::vector<std::pair<std::size_t, bool>> cells;
  bool none_fits = false;  // its rows are those of no choice
};

std::optional<Testimony> Ask(UnitNumber unit, const MeasuredRows& rows, std::span<const MeasuredRows> cells) {
  std::vector<std::pair<std::size_t, RowSum>> present;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (const auto place = cells[i].units->PlaceOf(unit)) present.emplace_back(i, cells[i].sums->At(*place, unit));
    if (present.size() > kCellsOfUnit) return std::nullopt;
  }
  const auto place = rows.units->PlaceOf(unit);
  const RowSum goal = place ? rows.sums->At(*place, unit) : 0;
  std::optional<std::size_t> fits;
  for (std::size_t chosen = 0; chosen < std::size_t{1} << present.size(); ++chosen) {
    RowSum sum = 0;
    for (std::size_t i = 0; i < present.size(); ++i) sum += (chosen >> i & 1) != 0 ? present[i].second : 0;
    if (sum != goal) continue;
    if (fits) return std::nullopt;
    fits = chosen;
  }
  Testimony testimony{.cells = {}, .none_fits = !fits};
  for (std::size_t i = 0; fits && i < present.size(); ++i)
    testimony.cells.emplace_back(present[i].first, (*fits >> i & 1) != 0);
  return testimony;
}

std::vector<UnitNumber> EvenlyFrom(const UnitSet& units) {
  const std::vector<UnitNumber> all = units.Numbers();
  std::vector<UnitNumber> some;
  const std::size_t step = std::max<std::size_t>(1, all.size() / kAsked);
  for (std::size_t i = 0; i < all.size(); i += step) some.push_back(all[i]);
  return some;
}

}  // namespace

bool CommonSums::Hold(const UnitSet& units, std::span<const RowSum> sums) const {
  std::size_t i = 0;
  for (const UnitNumber number : units.Numbers()) {
    if (number >= sums_.size() || !seen_[number] || sums_[number] != sums[i++]) return false;
  }
  return true;
}

void CommonSums::Learn(const UnitSet& units, std::span<const RowSum> sums) {
  const std::vector<UnitNumber> numbers = units.Numbers();
  if (!numbers.empty() && numbers.back() >= sums_.size()) {
    sums_.resize(numbers.back() + std::size_t{1});
    seen_.resize(sums_.size());
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (seen_[numbers[i]]) continue;
    seen_[numbers[i]] = true;
    sums_[numbers[i]] = sums[i];
  }
}

std::vector<RowSum> CommonSums::Of(const UnitSet& units) const {
  std::vector<RowSum> out;
  out.reserve(units.size());
  for (const UnitNumber number : units.Numbers()) out.push_back(sums_[number]);
  return out;
}

void CellSums::Shorten(const UnitSet& units, const std::shared_ptr<const CommonSums>& common) {
  if (!own_ || !common->Hold(units, *own_)) return;
  own_ = nullptr;
  common_ = common;
}

std::uint64_t CellSums::CountDiffering(const CellSums& other, const UnitSet& units, std::uint64_t limit) const {
  if (!own_ && !other.own_) return 0;
  const auto count = [limit](std::span<const RowSum> a, std::span<const RowSum> b) {
    std::uint64_t differing = 0;
    for (std::size_t i = 0; i < a.size() && differing < limit; ++i) differing += a[i] != b[i] ? 1 : 0;
    return differing;
  };
  if (own_ && other.own_) return count(*own_, *other.own_);
  return count(Of(units), other.Of(units));
}

bool CellSums::operator==(const CellSums& other) const {
  if (measure_ != other.measure_ || !own_ != !other.own_) return false;
  return !own_ || own_ == other.own_ || *own_ == *other.own_;
}

CellSketch CellSketch::Of(const UnitSet& units, std::span<const CellSums> sums) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
  const auto stir = [](std::uint64_t& digest, std::uint64_t word) {
    digest = (digest ^ word) * kOdd;
    digest ^= digest >> 29;
  };
  CellSketch sketch{.units = units.size(), .measures = sums.size()};
  const std::vector<UnitNumber> numbers = units.Numbers();
  for (const UnitNumber number : numbers) stir(sketch.units, number);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const std::vector<RowSum> of_units = sums[i].Of(units);
    stir(sketch.rows, sums[i].measure());
    for (const RowSum sum : of_units) stir(sketch.rows, sum);
    if (i >= kMeasuresMax) continue;
    sketch.of[i].measure = sums[i].measure();
    for (std::size_t unit = 0; unit < numbers.size(); ++unit) {
      std::uint16_t& bucket = sketch.of[i].buckets[numbers[unit] % UnitSet::kRemainders];
      bucket = static_cast<std::uint16_t>(bucket + of_units[unit]);
    }
  }
  return sketch;
}

bool CellSketch::TellsApart(const CellSketch& other, std::uint64_t k) const {
  if (measures > kMeasuresMax || other.measures > kMeasuresMax) return false;
  for (std::size_t i = 0; i < measures; ++i) {
    for (std::size_t j = 0; j < other.measures; ++j) {
      if (of[i].measure != other.of[j].measure) continue;
      std::uint64_t differing = 0;
      for (std::size_t bucket = 0; bucket < UnitSet::kRemainders; ++bucket)
        differing += of[i].buckets[bucket] != other.of[j].buckets[bucket] ? 1 : 0;
      if (differing < k) return false;
    }
  }
  return true;
}

bool AreNear(const MeasuredRows& a, const MeasuredRows& b, std::uint64_t k) {
  const std::vector<UnitNumber> of_a = a.units->Numbers();
  const std::vector<UnitNumber> of_b = b.units->Numbers();
  std::uint64_t only_a = 0;
  std::uint64_t only_b = 0;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < of_a.size() || j < of_b.size()) {
    const bool takes_a = j == of_b.size() || (i < of_a.size() && of_a[i] <= of_b[j]);
    const bool takes_b = i == of_a.size() || (j < of_b.size() && of_b[j] <= of_a[i]);
    if (!takes_a || !takes_b || a.sums->At(i, of_a[i]) != b.sums->At(j, of_b[j])) {
      only_a += takes_a ? 1 : 0;
      only_b += takes_b ? 1 : 0;
    }
    if (only_a >= k || only_b >= k) return false;
    i += takes_a ? 1 : 0;
    j += takes_b ? 1 : 0;
  }
  return only_a + only_b != 0;
}

UnitRows Together(std::span<const MeasuredRows> cells) {
  UnitRowsBuilder builder(1);
  for (const MeasuredRows& cell : cells) {
    std::size_t i = 0;
    for (const UnitNumber number : cell.units->Numbers()) builder.SumsOf(number)[0] += cell.sums->At(i++, number);
  }
  return std::move(builder).Finish();
}

bool IsNearSomeOf(const MeasuredRows& rows, std::span<const MeasuredRows> cells, const UnitSet& all, std::uint64_t k) {
  std::vector<std::int64_t> votes(cells.size());
  std::vector<bool> heard(cells.size());
  std::vector<UnitNumber> asked = EvenlyFrom(*rows.units);
  const std::vector<UnitNumber> more = EvenlyFrom(all);
  asked.insert(asked.end(), more.begin(), more.end());
  std::sort(asked.begin(), asked.end());
  asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
  std::uint64_t misfits = 0;
  for (const UnitNumber unit : asked) {
    const auto testimony = Ask(unit, rows, cells);
    if (!testimony) continue;
    misfits += testimony->none_fits ? 1 : 0;
    if (misfits >= k) return false;  // whichever cells are chosen
    for (const auto& [cell, in] : testimony->cells) {
      votes[cell] += in ? 1 : -1;
      heard[cell] = true;
    }
  }
  std::vector<MeasuredRows> chosen;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool in = heard[i] ? votes[i] > 0 : cells[i].units->LackedBy(*rows.units, k) < k;
    if (in) chosen.push_back(cells[i]);
  }
  if (chosen.empty()) return false;
  UnitRows together = Together(chosen);
  const CellSums sums(rows.sums->measure(), std::move(together.sums[0]));
  return AreNear(rows, {.units = &together.units, .sums = &sums}, k);
}

}  // namespace cloister::privacy
