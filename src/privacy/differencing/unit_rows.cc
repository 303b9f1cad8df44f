#include "privacy/differencing/unit_rows.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace cloister::privacy {

void UnitRowsBuilder::Resize(std::size_t slots) {
  std::vector<RowSum> old(slots * (parts_ + 1));
  old.swap(table_);
  mask_ = slots - 1;
  shift_ = 32 - std::countr_zero(slots / 8);
  for (std::size_t at = 0; at < old.size(); at += parts_ + 1) {
    if (old[at] != 0) std::copy_n(&old[at], parts_ + 1, Find(old[at] - 1));
  }
}

void UnitRowsBuilder::AddAll(const UnitRowsBuilder& other) {
  if (parts_ == 0) *this = UnitRowsBuilder(other.parts_);
  CLOISTER_CHECK(parts_ == other.parts_);
  // The other's units come in the order of their places: in a smaller table they would crowd at its beginning.
  if (slots() < other.slots()) Resize(other.slots());
  for (std::size_t at = 0; at < other.table_.size(); at += parts_ + 1) {
    if (other.table_[at] == 0) continue;
    RowSum* sums = SumsOf(other.table_[at] - 1);
    for (std::size_t part = 0; part < parts_; ++part) sums[part] += other.table_[at + 1 + part];
  }
}

UnitRows UnitRowsBuilder::Finish() && {
  UnitSetBuilder units;
  for (std::size_t at = 0; at < table_.size(); at += parts_ + 1) {
    if (table_[at] != 0) units.Add(table_[at] - 1);
  }
  UnitRows rows{.units = std::move(units).Finish(), .sums = {}};
  rows.sums.resize(parts_);
  for (auto& part : rows.sums) part.reserve(units_);
  for (const UnitNumber number : rows.units.Numbers()) {
    const RowSum* sums = Find(number) + 1;
    for (std::size_t part = 0; part < parts_; ++part) rows.sums[part].push_back(sums[part]);
  }
  return rows;
}

}  // namespace cloister::privacy
