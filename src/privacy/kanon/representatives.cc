#include "privacy/kanon/representatives.h"

#include <algorithm>

namespace cloister::privacy {
namespace {

constexpr std::size_t kNobody = static_cast<std::size_t>(-1);

class Matching {
 public:
  explicit Matching(std::span<const Shown> shown) : steps_left_(kMatchingStepsPerShown * shown.size()) {
    std::vector<ValueCode> values;
    for (const Shown& one : shown) values.push_back(one.value);
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    for (std::size_t i = 0; i < shown.size(); ++i) {
      if (i == 0 || shown[i].unit != shown[i - 1].unit) first_.push_back(i);
      const auto at = std::lower_bound(values.begin(), values.end(), shown[i].value);
      value_of_.push_back(static_cast<std::size_t>(at - values.begin()));
    }
    first_.push_back(shown.size());
    unit_of_.assign(values.size(), kNobody);
    reached_from_.assign(values.size(), kNobody);
    seen_.assign(values.size(), kNobody);
    value_shown_.assign(units(), kNobody);
  }

  std::size_t units() const { return first_.size() - 1; }
  std::size_t values() const { return unit_of_.size(); }

  // Makes `unit` show a value of its own, others changing theirs where they must. False where it cannot be, or where
  // the steps are used up.
  bool Add(std::size_t unit) {
    queue_.assign(1, unit);
    for (std::size_t next = 0; next < queue_.size(); ++next) {
      const std::size_t from = queue_[next];
      for (std::size_t i = first_[from]; i < first_[from + 1]; ++i) {
        if (steps_left_ == 0) return false;
        --steps_left_;
        const std::size_t value = value_of_[i];
        if (seen_[value] == unit) continue;
        seen_[value] = unit;
        reached_from_[value] = from;
        if (unit_of_[value] == kNobody) {
          Shift(value);
          return true;
        }
        queue_.push_back(unit_of_[value]);
      }
    }
    return false;
  }

 private:
  // Along the path back: each unit takes the value that it was reached to leave.
  void Shift(std::size_t value) {
    while (value != kNobody) {
      const std::size_t unit = reached_from_[value];
      const std::size_t left = value_shown_[unit];
      unit_of_[value] = unit;
      value_shown_[unit] = value;
      value = left;
    }
  }

  std::size_t steps_left_;
  std::vector<std::size_t> first_;     // of each unit: its first place in value_of_
  std::vector<std::size_t> value_of_;  // values are numbered from 0
  std::vector<std::size_t> unit_of_, reached_from_, seen_;  // by value
  std::vector<std::size_t> value_shown_;                    // by unit
  std::vector<std::size_t> queue_;
};

}  // namespace

bool HaveRepresentatives(std::span<const Shown> shown, std::int64_t number) {
  Matching matching(shown);
  const auto least = static_cast<std::int64_t>(std::min(matching.units(), matching.values()));
  if (least < number) return false;
  std::int64_t found = 0;
  for (std::size_t unit = 0; unit < matching.units() && found < number; ++unit) found += matching.Add(unit) ? 1 : 0;
  return found >= number;
}

}  // namespace cloister::privacy
