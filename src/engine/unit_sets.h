#pragma once

// cloister_units(domain, unit, mark...): the units behind a group, and what marks of each one's rows add up to, for the
// guard against differencing (privacy/differencing/unit_rows.h).
//
// An aggregate over a unit's key (BIGINT or VARCHAR; NULL is nobody) and up to kMarksMax marks (UINTEGER; NULL is 0)
// that gives a handle, a BIGINT; the units themselves stay here, outside SQL, until they are taken. Units get dense
// numbers in the order in which they are first seen; a number is its unit's as long as this object lives, whichever
// dataset of the domain, and whichever version of it, it stands in.
//
//   SELECT ward, SUM(charge), cloister_units('person', CAST(patient_id AS BIGINT), cloister_mark(charge))
//   FROM visits GROUP BY ward
//
// cloister_mark(value) is a number of 32 bits for a value of any type, the same for equal values of one type and
// otherwise as good as random, by a key that this object draws and nobody learns. It is the same in every statement
// and for every version of a dataset: rows are told apart by what they hold, not by where they lie.
//
// cloister_units_size(handle) is how many units its set has: thresholds of the same statement read it.
//
// Bounded: kUnitsMax units of all domains together; beyond, the statement fails. Thread-safe.

#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "engine/choice_key.h"
#include "engine/duckdb_handles.h"
#include "privacy/differencing/unit_rows.h"

namespace cloister::engine {

inline constexpr std::size_t kUnitsMax = 200'000'000;
inline constexpr std::size_t kMarksMax = 8;  // of one call

class UnitSets {
 public:
  UnitSets();

  // Numbers of a chunk's units, added where new. False: there are too many units.
  bool NumbersOf(std::string_view domain, std::span<const std::int64_t> keys, std::span<privacy::UnitNumber> numbers);
  bool NumbersOf(std::string_view domain, std::span<const std::string_view> keys,
                 std::span<privacy::UnitNumber> numbers);

  const ChoiceKey& mark_key() const { return mark_key_; }

  std::int64_t Put(privacy::UnitRows rows);
  // Of a set that was not taken yet; -1: there is none.
  std::int64_t SizeOf(std::int64_t handle) const;
  // kInternal: no set has this handle, or it was taken.
  Result<privacy::UnitRows> Take(std::int64_t handle);
  // Sets that nobody took, such as those of groups that were too small.
  void Clear();

 private:
  // Keys from 0 to kSmallKeysMax are looked up by position and without a lock: an owner's ids are mostly such. The
  // table is given whole and empty; the system makes its pages when they are first touched.
  static constexpr std::int64_t kSmallKeysMax = 1 << 24;
  static constexpr privacy::UnitNumber kNone = ~privacy::UnitNumber{0};
  struct Free {
    void operator()(std::uint32_t* memory) const { std::free(memory); }
  };
  struct Domain {
    std::unique_ptr<std::uint32_t[], Free> small;  // number and one, or 0; read and written as atomics
    std::unordered_map<std::int64_t, privacy::UnitNumber> numbers;
    std::unordered_map<std::string, privacy::UnitNumber> texts;
    privacy::UnitNumber next = 0;
  };
  // Domains stay where they are.
  Domain& DomainOf(std::string_view name) CLOISTER_REQUIRES(mutex_);
  bool Add(Domain& domain, privacy::UnitNumber& number) CLOISTER_REQUIRES(mutex_);
  bool NumberOf(Domain& domain, std::int64_t key, privacy::UnitNumber& number);

  ChoiceKey mark_key_{};
  mutable Mutex mutex_;
  std::map<std::string, Domain, std::less<>> domains_ CLOISTER_GUARDED_BY(mutex_);
  std::size_t units_ CLOISTER_GUARDED_BY(mutex_) = 0;
  std::unordered_map<std::int64_t, privacy::UnitRows> sets_ CLOISTER_GUARDED_BY(mutex_);
  std::int64_t next_handle_ CLOISTER_GUARDED_BY(mutex_) = 1;
};

// Makes the functions known; once for a database. `sets` must outlive it.
Status RegisterUnitSets(duckdb_connection connection, UnitSets& sets);

}  // namespace cloister::engine
