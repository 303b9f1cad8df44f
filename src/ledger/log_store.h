#pragma once

// Port: where the entries are kept. The enclave writes through it and trusts nothing it reads back before
// replay and seal agree; the control plane implements it over its database.

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/mutex.h"
#include "base/result.h"

namespace cloister::ledger {

inline constexpr std::uint64_t kReadEntriesMax = 256;

// All or nothing, durable when it returns.
struct LogAppend {
  std::uint64_t size_before = 0;
  std::vector<std::string> entries = {};  // canonical texts, at least one
  std::string checkpoint = {};            // of the state after them
  Digest256 seal{};                       // of the state after them (seal.h)
};

class LogStore {
 public:
  virtual ~LogStore() = default;
  // kConflict when the log does not have `size_before` entries: somebody else wrote; the caller must stop.
  virtual Status Append(const LogAppend& append) = 0;
  // Entries from `from` on, at most `count` (<= kReadEntriesMax); fewer only at the end of the log.
  virtual Result<std::vector<std::string>> Read(std::uint64_t from, std::uint64_t count) = 0;
};

// The fake: a log in memory, with doors for tests that play a dishonest host. Thread-safe.
class InMemoryLogStore final : public LogStore {
 public:
  struct Contents {
    std::vector<std::string> entries = {};
    std::string checkpoint = {};
    Digest256 seal{};
  };

  InMemoryLogStore() = default;
  explicit InMemoryLogStore(Contents contents) : contents_(std::move(contents)) {}
  Status Append(const LogAppend& append) override;
  Result<std::vector<std::string>> Read(std::uint64_t from, std::uint64_t count) override;
  Contents Snapshot() const;

 private:
  mutable Mutex mutex_;
  Contents contents_ CLOISTER_GUARDED_BY(mutex_);
};

}  // namespace cloister::ledger
