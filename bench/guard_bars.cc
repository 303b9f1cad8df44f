// What the guard against differencing costs as its history grows: one more query over the same people, after 10, 100
// and 1000 released ones. Each query asks for the groups of another attribute among three quarters of the people. CPU
// time of this process.
#include <time.h>

#include <string>

#include "bar.h"
#include "privacy/differencing/differencing_guard.h"

namespace cloister::bench {
namespace {

constexpr privacy::UnitNumber kPeople = 50'000;
constexpr std::size_t kGroups = 20;
constexpr int kMeasured = 9;  // queries, the last ones before each length
constexpr std::uint64_t kLengths[] = {10, 100, 1000};
constexpr double kGrowthMax = 1.5;

// SplitMix64 (Steele, Lea, Flood 2014), finaliser.
std::uint64_t Mixed(std::uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

std::vector<privacy::GuardCell> CellsOf(std::uint64_t query) {
  std::vector<std::vector<privacy::UnitNumber>> units(kGroups);
  for (privacy::UnitNumber person = 0; person < kPeople; ++person) {
    const std::uint64_t attribute = Mixed(query << 32 | person);
    if (attribute % 4 != 0) units[attribute / 4 % kGroups].push_back(person);
  }
  std::vector<privacy::GuardCell> cells;
  for (std::vector<privacy::UnitNumber>& group : units) {
    privacy::GuardCell cell{.measures = {"#", "ds_visits.cost"}};
    privacy::GuardedSums rows{.measure = "#", .of = std::vector<privacy::RowSum>(group.size(), 1)};
    privacy::GuardedSums cost{.measure = "ds_visits.cost"};
    for (const privacy::UnitNumber person : group)
      cost.of.push_back(static_cast<privacy::RowSum>(Mixed(person + kPeople)));
    cell.sets.push_back({.dataset = "ds_visits",
                         .all = kPeople,
                         .k = 10,
                         .units = privacy::UnitSet::Of(std::move(group)),
                         .sums = {std::move(rows), std::move(cost)}});
    cells.push_back(std::move(cell));
  }
  return cells;
}

double CpuMilliseconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

Result<double> Milliseconds(privacy::DifferencingGuard& guard, std::uint64_t query) {
  const std::vector<privacy::GuardCell> cells = CellsOf(query);
  const double begin = CpuMilliseconds();
  CLOISTER_ASSIGN(const std::vector<bool> allowed, guard.Release(cells));
  const double end = CpuMilliseconds();
  for (const bool one : allowed) {
    if (!one) return Internal("the guard suppresses groups that have nothing to do with each other");
  }
  return end - begin;
}

// The median of the last queries of a history of each length.
Result<BarResult> Measure(const BenchOptions&) {
  privacy::DifferencingGuard guard;
  std::vector<double> medians;
  std::uint64_t query = 0;
  codec::JsonObject detail;
  for (const std::uint64_t length : kLengths) {
    std::vector<double> last;
    for (; query < length; ++query) {
      CLOISTER_ASSIGN(const double ms, Milliseconds(guard, query));
      if (query + kMeasured >= length) last.push_back(ms);
    }
    medians.push_back(Median(last));
    detail["ms_after_" + std::to_string(length)] = Rounded(medians.back());
  }
  detail["cells"] = guard.cells();
  detail["history_mib"] = Rounded(static_cast<double>(guard.bytes()) / (1 << 20));
  const double factor = static_cast<double>(kLengths[2]) / static_cast<double>(kLengths[1]);
  return BarResult{.ratio = medians[2] / medians[1] / factor,
                   .limit = kGrowthMax,
                   .bound = Bound::kAtMost,
                   .unit = "times the time a released query, for a history ten times as long",
                   .detail = std::move(detail)};
}

const BarRegistration kHistory{{"guard-history", "the guard against differencing as its history grows", Measure}};

}  // namespace
}  // namespace cloister::bench
