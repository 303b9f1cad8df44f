#include "cloud/local/local_blob_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cloud/local/child_process.h"

namespace cloister::cloud {
namespace {

constexpr std::string_view kDraft = ".draft";

Result<Bytes> ReadAt(const std::string& path, std::uint64_t offset, std::size_t length) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid()) return NotFound("there is no such blob");
  Bytes bytes(length);
  std::size_t have = 0;
  while (have < length) {
    const ssize_t got = pread(file.get(), bytes.data() + have, length - have, static_cast<off_t>(offset + have));
    if (got < 0) return Unavailable("a blob cannot be read");
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace

Result<std::unique_ptr<LocalBlobStore>> LocalBlobStore::Open(const std::string& folder) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return Unavailable("the blob folder cannot be made");
  return std::unique_ptr<LocalBlobStore>(new LocalBlobStore(folder));
}

Result<std::string> LocalBlobStore::PathOf(std::string_view name, std::string_view ending) const {
  const bool plain = std::all_of(name.begin(), name.end(),
                                 [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
  if (name.empty() || name.size() > sealing::kBlobNameBytesMax || !plain)
    return InvalidArgument("a blob has no such name");
  return folder_ + "/" + std::string(name) + std::string(ending);
}

Status LocalBlobStore::WriteDraft(std::string_view name, std::uint64_t offset, ByteView bytes) {
  CLOISTER_ASSIGN(const std::string path, PathOf(name, kDraft));
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid()) return Unavailable("a blob cannot be written");
  while (!bytes.empty()) {
    const ssize_t put = pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put <= 0) return Unavailable("a blob cannot be written; the disk may be full");
    offset += static_cast<std::uint64_t>(put);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

Result<Bytes> LocalBlobStore::ReadDraft(std::string_view name, std::uint64_t offset, std::size_t length) {
  CLOISTER_ASSIGN(const std::string path, PathOf(name, kDraft));
  return ReadAt(path, offset, length);
}

Status LocalBlobStore::Publish(std::string_view name, std::uint64_t size_bytes) {
  CLOISTER_ASSIGN(const std::string draft, PathOf(name, kDraft));
  CLOISTER_ASSIGN(const std::string blob, PathOf(name, ""));
  const Descriptor file(open(draft.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid()) return NotFound("there is no such draft");
  struct stat info {};
  if (fstat(file.get(), &info) != 0 || static_cast<std::uint64_t>(info.st_size) != size_bytes) {
    return FailedPrecondition("the draft has another size");
  }
  const Descriptor folder(open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fsync(file.get()) != 0 || rename(draft.c_str(), blob.c_str()) != 0 || !folder.valid() ||
      fsync(folder.get()) != 0) {
    return Unavailable("a blob cannot be made durable");
  }
  return {};
}

Status LocalBlobStore::DiscardDraft(std::string_view name) {
  CLOISTER_ASSIGN(const std::string path, PathOf(name, kDraft));
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return Unavailable("a draft cannot be removed");
  return {};
}

Status LocalBlobStore::Remove(std::string_view name) {
  CLOISTER_ASSIGN(const std::string path, PathOf(name, ""));
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return Unavailable("a blob cannot be removed");
  return {};
}

Result<Bytes> LocalBlobStore::Read(std::string_view name, std::uint64_t offset, std::size_t length) {
  CLOISTER_ASSIGN(const std::string path, PathOf(name, ""));
  return ReadAt(path, offset, length);
}

}  // namespace cloister::cloud
