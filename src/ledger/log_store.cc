#include "ledger/log_store.h"

#include <algorithm>

#include "base/check.h"

namespace cloister::ledger {

Status InMemoryLogStore::Append(const LogAppend& append) {
  MutexLock lock(mutex_);
  if (append.size_before != contents_.entries.size()) {
    return Conflict("the log has " + std::to_string(contents_.entries.size()) + " entries, not " +
                    std::to_string(append.size_before));
  }
  contents_.entries.insert(contents_.entries.end(), append.entries.begin(), append.entries.end());
  contents_.checkpoint = append.checkpoint;
  contents_.seal = append.seal;
  if (append.handover) contents_.handovers.push_back(*append.handover);
  return {};
}

Result<std::vector<std::string>> InMemoryLogStore::Read(std::uint64_t from, std::uint64_t count) {
  CLOISTER_CHECK(count <= kReadEntriesMax);
  MutexLock lock(mutex_);
  const std::uint64_t size = contents_.entries.size();
  const std::uint64_t begin = std::min(from, size);
  const auto first = contents_.entries.begin() + static_cast<std::ptrdiff_t>(begin);
  return std::vector<std::string>(first, first + static_cast<std::ptrdiff_t>(std::min(count, size - begin)));
}

InMemoryLogStore::Contents InMemoryLogStore::Snapshot() const {
  MutexLock lock(mutex_);
  return contents_;
}

}  // namespace cloister::ledger
