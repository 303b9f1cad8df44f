#pragma once

// The differencing guard: what one answer may show beside every answer before it.
//
// Two sums over nearly the same people, subtracted, are a sum over the few in whom they differ. The guard keeps the
// unit set behind every released cell of an environment, and lets a new cell through only if no released cell on a
// related measure is *close* to it. With k the larger group size of the two, and U the units of the dataset:
//
//   difference    A and B differ, and neither has k units that the other lacks
//                 {all 6000} and {all but Ms 4242}: 1 and 0 units, k = 10
//   complement    the same of A and U \ B: their overlap and what both leave out of U are below k, and not both 0
//                 A + B - total = the overlap
//   sum           the same of A and any union of disjoint cells of one answered query ("partition"), so also of A and
//                 the complement of a cell within it
//                 {all 6000} and the sum of six hospitals that were shown beside one that was too small
//   rows          A and B have the same units, and of some of them, but fewer than k, other rows of a measure
//                 {all visits} and {all visits but those of Ms 4242 to ward X}: 1 unit
//   sum of rows   the same of A and cells of one answered query together, whose units need not be disjoint
//                 {all visits} and the sum of the wards that were shown beside one that was too small
//
// and the other way round: cells of one new answer whose sum is close to a released cell lose one of them, the smallest
// that the sum needs. A cell that is suppressed because it is close may still be found as a known total less the cells
// beside it; then the smallest of those goes as well. What is not close is what a difference of k or more people on one
// side hides; a cell whose sets and measures were all released before is the same answer again. Measures are related
// when they share a name; counts share one. Sets are compared within a dataset, across all its versions: a unit keeps
// its number as long as the environment lives.
//
// The verdict depends on data, so nobody may see it as a verdict: a cell that is not let through is suppressed as an
// empty one is (rule R22). It is a function of the history and of the answer; of two new cells of one size that cannot
// both be shown, the later one goes.
//
// Bounded: kGuardCellsMax cells and kGuardBytesMax bytes of sets and sums, beyond which no answer is let through at all
// (kResourceExhausted). Cost of a cell: a glance at the cells whose size lies within k of it (or of its complement), a
// count of the few that may be close, and one count a partition, of whose cells the first ones that are neither in nor
// out end it. So it is linear in the history with a small factor (bench: guard-history). Thread-compatible.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "privacy/differencing/closeness.h"

namespace cloister::privacy {

inline constexpr std::size_t kGuardCellsMax = 1 << 20;
inline constexpr std::uint64_t kGuardBytesMax = 512ULL << 20;
inline constexpr std::int64_t kGuardGroupSizeMax = 1'000'000;
inline constexpr std::size_t kGuardNameBytesMax = 512;

// What each unit's rows add up to in one measure (unit_rows.h), in the order of the units' numbers.
struct GuardedSums {
  std::string measure;
  std::vector<RowSum> of;
};

// The units of one table reference behind a cell.
struct GuardedSet {
  std::string dataset;    // of the reference; complements are taken within its units
  std::uint64_t all = 0;  // how many units the dataset has now
  std::int64_t k = 1;
  UnitSet units;
  std::vector<GuardedSums> sums;  // of the cell's measures, as far as they add up
};

// One value, or several over the same rows.
struct GuardCell {
  std::vector<std::string> measures;  // what its values are sums of: "ds_1.cost"; none shows nothing but the group
  // Cells of one family lie beside each other in one answer: groups of one block. Cells that overlap are judged one by
  // one all the same.
  std::uint32_t family = 0;
  std::vector<GuardedSet> sets;
};

class DifferencingGuard {
 public:
  // One verdict a cell: may it be released? Those that may are part of the history from here on.
  // kInvalidArgument: k, names, numbers or lengths out of range. kResourceExhausted: the history is full. Nothing is
  // recorded then.
  Result<std::vector<bool>> Release(std::vector<GuardCell> cells);

  std::size_t cells() const;
  std::uint64_t bytes() const { return bytes_; }

 private:
  using Single = ReleasedCell;
  using Family = ReleasedFamily;
  static constexpr std::uint64_t kEntryBytes = 256;  // of a single or a family beside its sets

  // What was released of one dataset.
  struct History {
    std::vector<Single> singles;
    // By number of units: what tells most of them apart from a candidate, and the place in singles. The cells of a
    // size grow with the history, so only the few that may be close are looked at.
    struct Outline {
      std::size_t place = 0;
      std::uint64_t all = 0;
      bool by_rows = false;
      UnitSet::Remainders remainders;
      CellSketch sketch;
      static Outline Of(const Single& single);
    };
    std::multimap<std::uint64_t, Outline> by_size;
    std::vector<Family> families;
    std::map<std::uint32_t, std::shared_ptr<CommonSums>> common;  // by measure
    std::set<std::uint64_t> totals;  // how many units the dataset had
    std::int64_t k_max = 1;

    bool Holds(const Single& single) const;
    bool Add(Single single);  // false when it is there
  };
  // A cell of the answer in work, one of its sets.
  struct Candidate {
    std::size_t cell = 0;
    std::uint32_t dataset = 0;
    std::uint32_t family = 0;
    Single single;
  };
  struct Answer {
    std::vector<Candidate> candidates;  // the largest first
    std::vector<bool> known;            // by cell: all of it was released before
    std::vector<bool> allowed;          // by cell
    std::vector<bool> close;            // by cell: suppressed for what another one is, not for a sum
  };
  using Members = std::vector<const Candidate*>;

  static bool IsCloseToOne(const Single& single, const History& history);
  static Single SumOf(const Family& family, const Single& like);
  static Family MakeFamily(const Members& members, const Answer& answer);

  Status CheckCells(const std::vector<GuardCell>& cells) const;
  Answer Read(std::vector<GuardCell> cells);
  // As shortly as the history allows; `learning`: which takes the sums of units that are new.
  void Shorten(Single& single, std::uint32_t dataset, bool learning);
  std::uint32_t Intern(const std::string& name);
  bool IsCloseToHistory(const Candidate& candidate) const;
  static void JudgeAmongThemselves(Answer& answer);
  void JudgeSums(Answer& answer) const;
  bool DropOne(const Members& members, Answer& answer) const;
  static std::vector<std::shared_ptr<const UnitSet>> HiddenBeside(const Candidate& first, const Answer& answer);
  // The candidates of each family and dataset that are still allowed.
  static std::vector<Members> FamiliesOf(const Answer& answer);
  void Record(Answer& answer);

  std::map<std::string, std::uint32_t> names_;  // datasets and measures
  std::map<std::uint32_t, History> histories_;  // by dataset
  std::uint64_t bytes_ = 0;
};

}  // namespace cloister::privacy
