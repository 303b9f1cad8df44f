#pragma once

// cloister_choice(unit, key, ...): the number by which a plan's stage decides which of a person's groups count.
//
// A UBIGINT that is SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012) of the arguments' values
// and types under the key of the execution. It is a keyed function, not the engine's hash(): without the key nobody can
// make a person's groups win or lose, and the same release always chooses the same. Each argument is hashed together
// with the number so far, so that two lists of arguments never share an encoding.
//
// The key belongs to one connection for as long as a ChoiceKeyScope lives; a statement of a connection without one
// cannot use the function.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/mutex.h"
#include "base/result.h"
#include "engine/choice_key.h"
#include "engine/duckdb_handles.h"
#include "engine/group_numbers.h"

namespace cloister::engine {

// SipHash-2-4, 64 bit.
std::uint64_t SipHash24(const ChoiceKey& key, ByteView message);

// What one connection chooses by, and the groups that it has numbered.
struct Choosing {
  ChoiceKey key{};
  std::shared_ptr<GroupNumbers> groups;
};

// Keys by connection. Thread-safe.
class ChoiceKeys {
 public:
  void Set(idx_t connection, const ChoiceKey& key);
  void Forget(idx_t connection);
  std::optional<Choosing> Find(idx_t connection) const;

 private:
  mutable Mutex mutex_;
  std::map<idx_t, Choosing> choosing_ CLOISTER_GUARDED_BY(mutex_);
};

// The bind of a scalar function whose extra info is ChoiceKeys: its bind data is the connection's Choosing.
void BindChoosing(duckdb_bind_info info);

class ChoiceKeyScope {
 public:
  ChoiceKeyScope(ChoiceKeys& keys, duckdb_connection connection, const ChoiceKey& key);
  ~ChoiceKeyScope();
  ChoiceKeyScope(const ChoiceKeyScope&) = delete;
  ChoiceKeyScope& operator=(const ChoiceKeyScope&) = delete;

 private:
  ChoiceKeys& keys_;
  idx_t connection_;
};

// Makes cloister_choice() known; once for a database. `keys` must outlive it.
Status RegisterChoice(duckdb_connection connection, ChoiceKeys& keys);

}  // namespace cloister::engine
