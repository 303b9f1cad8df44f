#pragma once

// Groups by number, so that a stage that bounds contributions carries eight bytes a row instead of texts and dates.
//
//   cloister_group(key, ...)           the group's number, UBIGINT: cloister_choice(key, ...)
//   cloister_group_key(g, i, NULL::T)  the i-th key of the group with that number, of type T; NULL where it was NULL
//
//   SELECT cloister_group_key(g, 0, NULL::VARCHAR) AS ward, n
//   FROM (SELECT cloister_group(ward) AS g, COUNT(*) AS n FROM visits GROUP BY g)
//
// A number is that of a group as long as its connection chooses (ChoiceKeyScope): another scope knows none. Two groups
// that share a number, once in 2^64, are one under the keys that are less as bytes. T is BOOLEAN, INTEGER, BIGINT,
// HUGEINT, DOUBLE, DATE, TIMESTAMP or VARCHAR, the type that the key had; keys of other types come as texts.
//
// Most rows are of a group that was seen shortly before: a thread finds its number by comparing bytes in a small table
// of its own and hashes only what is not there. Bounded: kGroupBytesMax bytes of keys; beyond, the statement fails.
// GroupNumbers is thread-safe.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "engine/choice_key.h"
#include "engine/duckdb_handles.h"

namespace cloister::engine {

class ChoiceKeys;  // choice_function.h

inline constexpr std::size_t kGroupBytesMax = 512UL << 20;

class GroupNumbers {
 public:
  using Keys = std::vector<std::optional<std::string>>;  // bytes as in the engine's vectors
  class Recent;

  explicit GroupNumbers(const ChoiceKey& key);
  ~GroupNumbers();

  // Numbers of a chunk's groups; remembered where new.
  enum class Outcome { kDone, kTypeUnknown, kTooMany };
  Outcome NumbersOf(duckdb_data_chunk input, std::uint64_t* numbers);
  // Null: no group has this number. Stays where it is.
  const Keys* Find(std::uint64_t number) const;

 private:
  friend class Recent;
  bool Remember(std::uint64_t number, Keys keys);
  std::unique_ptr<Recent> Borrow(const std::vector<std::size_t>& widths);
  void GiveBack(std::unique_ptr<Recent> recent);

  const ChoiceKey key_;
  mutable Mutex mutex_;
  std::unordered_map<std::uint64_t, Keys> groups_ CLOISTER_GUARDED_BY(mutex_);
  std::size_t bytes_ CLOISTER_GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<Recent>> idle_ CLOISTER_GUARDED_BY(mutex_);  // one for each thread that numbered
};

// Makes both functions known; once for a database. `keys` must outlive it.
Status RegisterGroupNumbers(duckdb_connection connection, ChoiceKeys& keys);

}  // namespace cloister::engine
