#pragma once

// Port: where the entries are kept. The enclave writes through it and trusts nothing it reads back before
// replay and seal agree; the control plane implements it over its database.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/id.h"
#include "base/mutex.h"
#include "base/result.h"

namespace cloister::ledger {

inline constexpr std::uint64_t kReadEntriesMax = 256;

// What makes a release entry worth something to its recipients: without the receipt nobody may open the result whose
// bytes the host was given before. It is kept by the same step that keeps the entry, so that no crash lies between.
struct Handover {
  QueryId query;
  std::string receipt = {};  // the JWS that the release entry names by its digest
  std::string format = {};   // of the result: "json"
  bool operator==(const Handover&) const = default;
};

// All or nothing, durable when it returns.
struct LogAppend {
  std::uint64_t size_before = 0;
  std::vector<std::string> entries = {};  // canonical texts, at least one
  std::string checkpoint = {};            // of the state after them
  Digest256 seal{};                       // of the state after them (seal.h)
  std::optional<Handover> handover = {};  // with a release entry, and with no other
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
    std::vector<Handover> handovers = {};
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
