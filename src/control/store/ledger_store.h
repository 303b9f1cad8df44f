#pragma once

// The ledgers' bytes. The enclave writes them; here is only kept what it handed over, in one transaction with
// the checkpoint and the seal of the state after. Thread-safe.

#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "control/store/db.h"
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

  // As ledger::LogStore::Append: kConflict when another size is stored, and then nothing was written.
  Status Append(const EnvironmentId& id, const ledger::LogAppend& append);
  Result<std::vector<std::string>> Read(const EnvironmentId& id, std::uint64_t from, std::uint64_t count);
  // Absent before the first append.
  Result<std::optional<LedgerHead>> Head(const EnvironmentId& id);

 private:
  Db& db_;
};

// The port of one environment over the store.
class EnvironmentLog final : public ledger::LogStore {
 public:
  EnvironmentLog(LedgerStore& store, EnvironmentId id) : store_(store), id_(std::move(id)) {}
  Status Append(const ledger::LogAppend& append) override { return store_.Append(id_, append); }
  Result<std::vector<std::string>> Read(std::uint64_t from, std::uint64_t count) override {
    return store_.Read(id_, from, count);
  }

 private:
  LedgerStore& store_;
  EnvironmentId id_;
};

}  // namespace cloister::control
