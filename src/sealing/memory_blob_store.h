#pragma once

// A BlobStore in memory, for tests and for what need not survive the process.

#include <map>
#include <memory>

#include "base/bytes.h"
#include "base/mutex.h"
#include "sealing/blob_store.h"

namespace cloister::sealing {

class MemoryBlobStore final : public BlobStore {
 public:
  // All blobs together; those in the making do not count before they are committed.
  explicit MemoryBlobStore(std::uint64_t bytes_max = 1 << 30) : bytes_max_(bytes_max) {}

  Result<std::unique_ptr<BlobWriter>> Create(const BlobName& name, std::uint64_t bytes_max) override;
  Result<std::unique_ptr<ByteSource>> Open(const BlobName& name, const BlobRange& range = {}) override;
  Result<std::uint64_t> Size(const BlobName& name) override;
  Status Delete(const BlobName& name) override;

  // For tests of what must not happen to a blob: overwrites one byte in place. False if there is no such byte.
  bool FlipByteForTest(const BlobName& name, std::uint64_t offset);

 private:
  class Writer;
  using Blob = std::shared_ptr<const Bytes>;  // shared with the sources that read it

  Result<Blob> Find(const BlobName& name) CLOISTER_EXCLUDES(mutex_);
  Status Put(const BlobName& name, Bytes bytes) CLOISTER_EXCLUDES(mutex_);

  const std::uint64_t bytes_max_;
  Mutex mutex_;
  std::map<BlobName, Blob> blobs_ CLOISTER_GUARDED_BY(mutex_);
  std::uint64_t bytes_ CLOISTER_GUARDED_BY(mutex_) = 0;
};

}  // namespace cloister::sealing
