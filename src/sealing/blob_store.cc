#include "sealing/blob_store.h"

#include <algorithm>

namespace cloister::sealing {

Result<Bytes> InMemoryBlobStore::ReadFrom(const Blobs& blobs, std::string_view name, std::uint64_t offset,
                                          std::size_t length) {
  const auto found = blobs.find(name);
  if (found == blobs.end()) return NotFound("there is no such blob");
  const ByteView all(found->second);
  const std::size_t from = std::min<std::size_t>(offset, all.size());
  return ToBytes(all.subspan(from, std::min(length, all.size() - from)));
}

void InMemoryBlobStore::Put(std::string_view name, std::uint64_t offset, ByteView bytes) {
  Bytes& draft = drafts_[std::string(name)];
  draft.resize(std::max<std::size_t>(draft.size(), offset + bytes.size()));
  std::copy(bytes.begin(), bytes.end(), draft.begin() + static_cast<std::ptrdiff_t>(offset));
}

Status InMemoryBlobStore::WriteDraft(std::string_view name, std::uint64_t offset, ByteView bytes) {
  MutexLock lock(mutex_);
  if (offset != 0 && !drafts_.contains(name)) return NotFound("there is no such draft");
  Put(name, offset, bytes);
  return {};
}

Result<Bytes> InMemoryBlobStore::ReadDraft(std::string_view name, std::uint64_t offset, std::size_t length) {
  MutexLock lock(mutex_);
  return ReadFrom(drafts_, name, offset, length);
}

Status InMemoryBlobStore::Publish(std::string_view name, std::uint64_t size_bytes) {
  MutexLock lock(mutex_);
  const auto draft = drafts_.find(name);
  if (draft == drafts_.end()) return NotFound("there is no such draft");
  if (draft->second.size() != size_bytes) return FailedPrecondition("the draft has another size");
  blobs_[draft->first] = std::move(draft->second);
  drafts_.erase(draft);
  return {};
}

Status InMemoryBlobStore::Settle(std::string_view name, std::uint64_t size_bytes) {
  MutexLock lock(mutex_);
  const auto blob = blobs_.find(name);
  if (blob == blobs_.end()) return NotFound("there is no such blob");
  if (blob->second.size() != size_bytes) return FailedPrecondition("the blob has another size");
  return {};
}

Status InMemoryBlobStore::Remove(std::string_view name) {
  MutexLock lock(mutex_);
  if (const auto found = blobs_.find(name); found != blobs_.end()) blobs_.erase(found);
  return {};
}

Status InMemoryBlobStore::MoveDraft(const DraftMove& move) {
  MutexLock lock(mutex_);
  const auto from = drafts_.find(move.from);
  if (from == drafts_.end()) return NotFound("there is no such draft");
  const Bytes bytes = std::move(from->second);
  drafts_.erase(from);
  Put(move.into, move.offset, bytes);
  return {};
}

Status InMemoryBlobStore::DiscardDrafts(std::string_view prefix) {
  MutexLock lock(mutex_);
  std::erase_if(drafts_, [&](const auto& draft) { return draft.first.starts_with(prefix); });
  return {};
}

Status InMemoryBlobStore::DiscardDraft(std::string_view name) {
  MutexLock lock(mutex_);
  if (const auto draft = drafts_.find(name); draft != drafts_.end()) drafts_.erase(draft);
  return {};
}

Result<Bytes> InMemoryBlobStore::Read(std::string_view name, std::uint64_t offset, std::size_t length) {
  MutexLock lock(mutex_);
  return ReadFrom(blobs_, name, offset, length);
}

}  // namespace cloister::sealing
