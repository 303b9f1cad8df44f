#pragma once

// The ledgers' bytes. The enclave writes them; here is only kept what it handed over, in one transaction with
// the checkpoint and the seal of the state after. Thread-safe.

#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "control/store/db.h"
#include "control/store/query_store.h"
#include "ledger/log_store.h"

namespace cloister::control {

struct LedgerHead {
  std::uint64_t size = 0;
  std::string checkpoint;
  Digest256 seal{};
};

class LedgerStore {
 public:
  explicit LedgerStore(Db& db) : db_(db) {}

  // As ledger::LogStore::Append: kConflict when another size is stored, and then nothing was written. `result` is what
  // the append's handover came with: it is stored if the entries are.
  Status Append(const EnvironmentId& id, const ledger::LogAppend& append,
                const std::optional<ResultRecord>& result = std::nullopt);
  Result<std::vector<std::string>> Read(const EnvironmentId& id, std::uint64_t from, std::uint64_t count);
  // Absent before the first append.
  Result<std::optional<LedgerHead>> Head(const EnvironmentId& id);

 private:
  Db& db_;
};

}  // namespace cloister::control
