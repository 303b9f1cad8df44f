#pragma once

// What changed when, in one sequence for the whole server: a row is written in the same transaction as the change that
// it tells of, so that none is lost by a crash and none told of what did not happen. Rows say where to look, not what
// is there. Thread-safe.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "control/store/db.h"

namespace cloister::control {

struct ChangeRecord {
  std::int64_t seq = 0;  // from 1, growing; numbers may be missing
  EnvironmentId environment;
  std::string kind;    // "ledger", "dataset", "query", "tee"
  std::string object;  // an id; of "ledger" the positions "from-to" that came, `to` not included
};

// Inside a transaction that changes something.
Status NoteChange(Transaction& tx, const ChangeRecord& change);

class ChangeStore {
 public:
  explicit ChangeStore(Db& db) : db_(db) {}

  // Those after `seq`, oldest first, at most `count`.
  Result<std::vector<ChangeRecord>> After(std::int64_t seq, std::int64_t count);
  // 0 before the first.
  Result<std::int64_t> Newest();

 private:
  Db& db_;
};

}  // namespace cloister::control
