#include "privacy/differencing/differencing_guard.h"

#include <algorithm>
#include <tuple>

namespace cloister::privacy {
namespace {

std::uint64_t Unsigned(std::int64_t value) { return static_cast<std::uint64_t>(value); }

// By less than k either way, as sets do of which neither has k units that the other lacks.
bool DifferByLess(const UnitSet::Remainders& a, const UnitSet::Remainders& b, std::uint64_t k) {
  std::uint64_t more = 0;
  std::uint64_t fewer = 0;
  for (std::size_t i = 0; i < UnitSet::kRemainders; ++i) {
    more += a[i] > b[i] ? a[i] - b[i] : 0;
    fewer += b[i] > a[i] ? b[i] - a[i] : 0;
  }
  return more < k && fewer < k;
}

}  // namespace

DifferencingGuard::History::Outline DifferencingGuard::History::Outline::Of(const Single& single) {
  return {.all = single.all,
          .by_rows = single.by_rows,
          .remainders = single.units->CountRemainders(),
          .sketch = CellSketch::Of(*single.units, single.sums)};
}

bool DifferencingGuard::History::Holds(const Single& single) const {
  const CellSketch sketch = CellSketch::Of(*single.units, single.sums);
  const auto [begin, end] = by_size.equal_range(single.units->size());
  return std::any_of(begin, end, [&](const auto& known) {
    const CellSketch& other = known.second.sketch;
    return other.units == sketch.units && other.rows == sketch.rows && singles[known.second.place] == single;
  });
}

bool DifferencingGuard::History::Add(Single single) {
  if (Holds(single)) return false;
  k_max = std::max(k_max, single.k);
  totals.insert(single.all);
  Outline outline = Outline::Of(single);
  outline.place = singles.size();
  by_size.emplace(single.units->size(), outline);
  singles.push_back(std::move(single));
  return true;
}

bool DifferencingGuard::IsCloseToOne(const Single& single, const History& history) {
  const std::uint64_t k = Unsigned(std::max(history.k_max, single.k));
  const std::uint64_t size = single.units->size();
  const History::Outline own = History::Outline::Of(single);
  const auto may_be_close = [&](std::uint64_t other_size, const History::Outline& other) {
    const std::uint64_t sum = size + other_size;
    const std::uint64_t all = std::max(single.all, other.all);
    const bool may_be_complement = sum + k > all && sum < all + k;
    if (may_be_complement) return true;
    const bool same_units = own.sketch.units == other.sketch.units && !own.by_rows && !other.by_rows;
    if (same_units && own.sketch.TellsApart(other.sketch, k)) return false;
    return DifferByLess(own.remainders, other.remainders, k);
  };
  const auto close_to_any = [&](std::uint64_t about) {
    const auto begin = history.by_size.lower_bound(about > k ? about - k : 0);
    const auto end = history.by_size.upper_bound(about + k);
    return std::any_of(begin, end, [&](const auto& known) {
      if (!may_be_close(known.first, known.second)) return false;
      const Single& other = history.singles[known.second.place];
      return Related(single.measures, other.measures) && IsClose(single, other);
    });
  };
  std::set<std::uint64_t> sizes{size, single.all - size};
  for (const std::uint64_t total : history.totals) {  // other versions have other totals
    if (total > size) sizes.insert(total - size);
  }
  return std::any_of(sizes.begin(), sizes.end(), close_to_any);
}

Status DifferencingGuard::CheckCells(const std::vector<GuardCell>& cells) const {
  std::uint64_t bytes = bytes_;
  std::size_t count = this->cells();
  for (const GuardCell& cell : cells) {
    for (const std::string& measure : cell.measures) {
      if (measure.size() > kGuardNameBytesMax) return InvalidArgument("a measure's name is too long");
    }
    for (const GuardedSet& set : cell.sets) {
      if (set.k < 1 || set.k > kGuardGroupSizeMax) return InvalidArgument("a cell's group size is out of range");
      if (set.dataset.size() > kGuardNameBytesMax) return InvalidArgument("a dataset's name is too long");
      if (set.units.size() > set.all) return InvalidArgument("a cell has more units than its dataset");
      bytes += 3 * (set.units.MemoryBytes() + kEntryBytes);  // itself, in its family and in that one's sum
      for (const GuardedSums& sums : set.sums) {
        if (sums.of.size() != set.units.size()) return InvalidArgument("a cell has sums of other units than its own");
        if (sums.measure.size() > kGuardNameBytesMax) return InvalidArgument("a measure's name is too long");
        bytes += 3 * sums.of.size() * sizeof(RowSum);
      }
      ++count;
    }
  }
  if (bytes <= kGuardBytesMax && count <= kGuardCellsMax) return {};
  return ResourceExhausted(
      "the history of released groups is full: this environment answers no more such queries; make a new one");
}

std::uint32_t DifferencingGuard::Intern(const std::string& name) {
  return names_.emplace(name, static_cast<std::uint32_t>(names_.size())).first->second;
}

void DifferencingGuard::Shorten(Single& single, std::uint32_t dataset, bool learning) {
  History& history = histories_[dataset];
  for (CellSums& sums : single.sums) {
    std::shared_ptr<CommonSums>& common = history.common[sums.measure()];
    if (!common) common = std::make_shared<CommonSums>();
    if (learning) {
      const std::uint64_t before = common->MemoryBytes();
      common->Learn(*single.units, sums.Of(*single.units));
      bytes_ += common->MemoryBytes() - before;
    }
    sums.Shorten(*single.units, common);
  }
}

DifferencingGuard::Answer DifferencingGuard::Read(std::vector<GuardCell> cells) {
  Answer answer{.known = std::vector<bool>(cells.size()), .allowed = std::vector<bool>(cells.size(), true)};
  for (std::size_t i = 0; i < cells.size(); ++i) {
    MeasureNumbers measures;
    for (const std::string& measure : cells[i].measures) measures.push_back(Intern(measure));
    std::sort(measures.begin(), measures.end());
    measures.erase(std::unique(measures.begin(), measures.end()), measures.end());
    if (measures.empty()) continue;
    answer.known[i] = true;
    for (GuardedSet& set : cells[i].sets) {
      if (set.units.empty()) continue;
      const std::uint32_t dataset = Intern(set.dataset);
      Single single{.units = std::make_shared<const UnitSet>(std::move(set.units)),
                    .measures = measures,
                    .all = set.all,
                    .k = set.k};
      for (GuardedSums& sums : set.sums) single.sums.emplace_back(Intern(sums.measure), std::move(sums.of));
      Shorten(single, dataset, false);
      if (!histories_[dataset].Holds(single)) answer.known[i] = false;
      answer.candidates.push_back(
          {.cell = i, .dataset = dataset, .family = cells[i].family, .single = std::move(single)});
    }
  }
  std::stable_sort(answer.candidates.begin(), answer.candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.single.units->size() > b.single.units->size();
  });
  return answer;
}

bool DifferencingGuard::IsCloseToHistory(const Candidate& candidate) const {
  const auto found = histories_.find(candidate.dataset);
  if (found == histories_.end()) return false;
  const History& history = found->second;
  return IsCloseToOne(candidate.single, history) ||
         std::any_of(history.families.begin(), history.families.end(), [&](const Family& family) {
           return Related(candidate.single.measures, family.measures) && Tells(candidate.single, family);
         });
}

// Cells that do not lie beside each other: of two blocks of the query, or under two conditions. The larger ones are
// looked at first, so it is the smaller one of two that goes.
void DifferencingGuard::JudgeAmongThemselves(Answer& answer) {
  std::map<std::uint32_t, std::map<std::uint32_t, History>> seen;  // dataset, family
  for (const bool known : {true, false}) {                         // what was shown before is shown again
    for (const Candidate& one : answer.candidates) {
      if (!answer.allowed[one.cell] || answer.known[one.cell] != known) continue;
      auto& families = seen[one.dataset];
      for (const auto& [family, history] : families) {
        if (!known && family != one.family && IsCloseToOne(one.single, history)) answer.allowed[one.cell] = false;
      }
      if (answer.allowed[one.cell]) families[one.family].Add(one.single);
    }
  }
}

DifferencingGuard::Family DifferencingGuard::MakeFamily(const Members& members, const Answer& answer) {
  Family family{.measures = members.front()->single.measures};
  std::vector<UnitSet> sets;
  std::uint64_t size = 0;
  for (auto member = members.rbegin(); member != members.rend(); ++member) {
    size += (*member)->single.units->size();
    family.cells.push_back((*member)->single.units);
    family.sums.push_back((*member)->single.sums);
    family.k = std::max(family.k, (*member)->single.k);
    sets.push_back(*(*member)->single.units);
  }
  family.sum = UnitSet::UnionOf(std::move(sets));
  family.disjoint = family.sum.size() == size;
  family.hidden = HiddenBeside(*members.front(), answer);
  return family;
}

std::vector<DifferencingGuard::Members> DifferencingGuard::FamiliesOf(const Answer& answer) {
  std::map<std::tuple<std::uint32_t, std::uint32_t, MeasureNumbers>, Members> groups;
  for (const Candidate& one : answer.candidates) {
    if (answer.allowed[one.cell]) groups[{one.family, one.dataset, one.single.measures}].push_back(&one);
  }
  std::vector<Members> families;
  for (auto& [key, members] : groups) {
    const bool alone = members.size() == 1 && HiddenBeside(*members.front(), answer).empty();
    if (!alone) families.push_back(std::move(members));
  }
  return families;
}

// Cells that were suppressed because they are close to others, of the block and measures of `first`.
std::vector<std::shared_ptr<const UnitSet>> DifferencingGuard::HiddenBeside(const Candidate& first,
                                                                            const Answer& answer) {
  std::vector<std::shared_ptr<const UnitSet>> hidden;
  for (const Candidate& one : answer.candidates) {
    if (!answer.close[one.cell] || one.family != first.family || one.dataset != first.dataset) continue;
    if (one.single.measures == first.single.measures) hidden.push_back(one.single.units);
  }
  return hidden;
}

// Takes away the smallest new cell that takes part in a sum close to a set that is known otherwise. False: none does.
bool DifferencingGuard::DropOne(const Members& members, Answer& answer) const {
  if (std::all_of(members.begin(), members.end(), [&](const Candidate* one) { return answer.known[one->cell]; }))
    return false;
  const Family family = MakeFamily(members, answer);
  const auto drop = [&](const Single& known) {
    if (!Related(known.measures, family.measures) || !Tells(known, family)) return false;
    const Candidate* smallest = nullptr;
    for (const Candidate* member : members) {  // the largest first
      const UnitSet& units = *member->single.units;
      const bool takes_part = 2 * units.IntersectionSize(*known.units) >= units.size();
      if (!answer.known[member->cell] && takes_part) smallest = member;
    }
    if (smallest != nullptr) answer.allowed[smallest->cell] = false;
    return smallest != nullptr;
  };
  const Candidate& first = *members.front();
  if (const auto history = histories_.find(first.dataset); history != histories_.end()) {
    if (std::any_of(history->second.singles.begin(), history->second.singles.end(), drop)) return true;
  }
  return std::any_of(answer.candidates.begin(), answer.candidates.end(), [&](const Candidate& other) {
    return answer.allowed[other.cell] && other.dataset == first.dataset && other.family != first.family &&
           drop(other.single);
  });
}

void DifferencingGuard::JudgeSums(Answer& answer) const {
  for (bool changed = true; changed;) {  // each round takes one cell away
    changed = false;
    for (const Members& members : FamiliesOf(answer)) changed = changed || DropOne(members, answer);
  }
}

// The whole of a family as one cell. `like`: of its cells, which have the same measures.
DifferencingGuard::Single DifferencingGuard::SumOf(const Family& family, const Single& like) {
  Single sum = like;
  sum.units = std::make_shared<const UnitSet>(family.sum);
  sum.k = family.k;
  sum.is_sum = true;
  sum.by_rows = !family.disjoint;
  sum.sums.clear();
  for (std::size_t i = 0; i < like.sums.size(); ++i)
    sum.sums.emplace_back(like.sums[i].measure(), std::move(Together(RowsOf(family, i)).sums[0]));
  return sum;
}

void DifferencingGuard::Record(Answer& answer) {
  const auto cost = [](const Single& single) {
    std::uint64_t bytes = single.units->MemoryBytes() + kEntryBytes;
    for (const CellSums& sums : single.sums) bytes += sums.MemoryBytes();
    return bytes;
  };
  // What was released before stands in the history already.
  const auto is_new = [&](const Candidate& one) { return answer.allowed[one.cell] && !answer.known[one.cell]; };
  for (Candidate& one : answer.candidates) {
    if (is_new(one)) Shorten(one.single, one.dataset, true);
  }
  for (const Members& members : FamiliesOf(answer)) {
    const std::uint32_t dataset = members.front()->dataset;
    History& history = histories_[dataset];
    Family family = MakeFamily(members, answer);
    if (std::find(history.families.begin(), history.families.end(), family) != history.families.end()) continue;
    Single sum = SumOf(family, members.front()->single);
    Shorten(sum, dataset, false);
    const std::uint64_t bytes = cost(sum);
    if (history.Add(std::move(sum))) bytes_ += bytes;
    history.families.push_back(std::move(family));
    bytes_ += bytes + members.size() * sizeof(std::shared_ptr<const UnitSet>);
  }
  for (const Candidate& one : answer.candidates) {
    if (is_new(one) && histories_[one.dataset].Add(one.single)) bytes_ += cost(one.single);
  }
}

Result<std::vector<bool>> DifferencingGuard::Release(std::vector<GuardCell> cells) {
  CLOISTER_TRY(CheckCells(cells));
  Answer answer = Read(std::move(cells));
  for (const Candidate& one : answer.candidates) {
    if (!answer.allowed[one.cell] || answer.known[one.cell]) continue;
    if (IsCloseToHistory(one)) answer.allowed[one.cell] = false;
  }
  JudgeAmongThemselves(answer);
  for (const bool allowed : answer.allowed) answer.close.push_back(!allowed);
  JudgeSums(answer);
  Record(answer);
  return std::move(answer.allowed);
}

std::size_t DifferencingGuard::cells() const {
  std::size_t count = 0;
  for (const auto& [dataset, history] : histories_) count += history.singles.size();
  return count;
}

}  // namespace cloister::privacy
