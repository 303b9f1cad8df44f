#include "sealing/memory_blob_store.h"

#include <algorithm>

#include "base/check.h"

namespace cloister::sealing {
namespace {

class BlobSource final : public ByteSource {
 public:
  BlobSource(std::shared_ptr<const Bytes> blob, ByteView part) : blob_(std::move(blob)), part_(part) {}
  Result<std::size_t> Read(std::span<std::uint8_t> into) override { return part_.Read(into); }

 private:
  std::shared_ptr<const Bytes> blob_;  // keeps alive what `part_` looks at
  MemorySource part_;
};

Error NoSuchBlob(const BlobName& name) { return NotFound("there is no blob '" + name.text() + "'"); }

}  // namespace

class MemoryBlobStore::Writer final : public BlobWriter {
 public:
  Writer(MemoryBlobStore& store, BlobName name, std::uint64_t bytes_max)
      : store_(store), name_(std::move(name)), bytes_(bytes_max) {}
  Status Write(ByteView piece) override { return bytes_.Write(piece); }
  Status Commit() override {
    CLOISTER_CHECK(!committed_);
    committed_ = true;
    return store_.Put(name_, bytes_.Take());
  }

 private:
  MemoryBlobStore& store_;
  BlobName name_;
  MemorySink bytes_;
  bool committed_ = false;
};

Result<std::unique_ptr<BlobWriter>> MemoryBlobStore::Create(const BlobName& name, std::uint64_t bytes_max) {
  return std::unique_ptr<BlobWriter>(std::make_unique<Writer>(*this, name, std::min(bytes_max, bytes_max_)));
}

Result<std::unique_ptr<ByteSource>> MemoryBlobStore::Open(const BlobName& name, const BlobRange& range) {
  CLOISTER_ASSIGN(Blob blob, Find(name));
  if (range.offset_bytes > blob->size()) return InvalidArgument("the range begins behind the blob's end");
  const std::uint64_t length = std::min<std::uint64_t>(range.length_bytes, blob->size() - range.offset_bytes);
  const ByteView part = ByteView(*blob).subspan(range.offset_bytes, length);
  return std::unique_ptr<ByteSource>(std::make_unique<BlobSource>(std::move(blob), part));
}

Result<std::uint64_t> MemoryBlobStore::Size(const BlobName& name) {
  CLOISTER_ASSIGN(const Blob blob, Find(name));
  return blob->size();
}

Status MemoryBlobStore::Delete(const BlobName& name) {
  MutexLock lock(mutex_);
  const auto found = blobs_.find(name);
  if (found == blobs_.end()) return NoSuchBlob(name);
  bytes_ -= found->second->size();
  blobs_.erase(found);
  return {};
}

bool MemoryBlobStore::FlipByteForTest(const BlobName& name, std::uint64_t offset) {
  MutexLock lock(mutex_);
  const auto found = blobs_.find(name);
  if (found == blobs_.end() || offset >= found->second->size()) return false;
  Bytes changed = *found->second;
  changed[offset] ^= 0xff;
  found->second = std::make_shared<const Bytes>(std::move(changed));
  return true;
}

Result<MemoryBlobStore::Blob> MemoryBlobStore::Find(const BlobName& name) {
  MutexLock lock(mutex_);
  const auto found = blobs_.find(name);
  if (found == blobs_.end()) return NoSuchBlob(name);
  return found->second;
}

Status MemoryBlobStore::Put(const BlobName& name, Bytes bytes) {
  MutexLock lock(mutex_);
  const auto found = blobs_.find(name);
  const std::uint64_t freed = found == blobs_.end() ? 0 : found->second->size();
  if (bytes.size() > bytes_max_ - (bytes_ - freed)) return ResourceExhausted("the blob store is full");
  bytes_ = bytes_ - freed + bytes.size();
  blobs_[name] = std::make_shared<const Bytes>(std::move(bytes));
  return {};
}

}  // namespace cloister::sealing
