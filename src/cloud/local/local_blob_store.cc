#include "cloud/local/local_blob_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "cloud/local/child_process.h"

namespace cloister::cloud {
namespace {

constexpr std::string_view kDraft = ".draft";
constexpr std::size_t kCopyBytes = 256 << 10;

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

Status WriteAt(const Descriptor& file, std::uint64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t put = pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put <= 0) return Unavailable("a blob cannot be written; the disk may be full");
    offset += static_cast<std::uint64_t>(put);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

int OpenFolder(const std::string& path) { return open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }

bool HasSize(const Descriptor& file, std::uint64_t size_bytes) {
  struct stat info {};
  return fstat(file.get(), &info) == 0 && static_cast<std::uint64_t>(info.st_size) == size_bytes;
}

struct Destination {
  const Descriptor& file;
  std::uint64_t offset = 0;
};
Status CopyAll(const Descriptor& from, const Destination& to) {
  Bytes piece(kCopyBytes);
  for (std::uint64_t have = 0;;) {
    const ssize_t got = pread(from.get(), piece.data(), piece.size(), static_cast<off_t>(have));
    if (got < 0) return Unavailable("a draft cannot be read");
    if (got == 0) return {};
    CLOISTER_TRY(WriteAt(to.file, to.offset + have, ByteView(piece).first(static_cast<std::size_t>(got))));
    have += static_cast<std::uint64_t>(got);
  }
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
  const int begins = offset == 0 ? O_CREAT : 0;
  const Descriptor file(open(path.c_str(), O_WRONLY | begins | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid() && errno == ENOENT) return NotFound("there is no such draft");
  if (!file.valid()) return Unavailable("a blob cannot be written");
  return WriteAt(file, offset, bytes);
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
  if (!HasSize(file, size_bytes)) return FailedPrecondition("the draft has another size");
  // Before the rename: a blob whose folder cannot be made durable does not appear.
  const Descriptor folder(OpenFolder(folder_));
  if (!folder.valid() || fsync(file.get()) != 0 || rename(draft.c_str(), blob.c_str()) != 0 ||
      fsync(folder.get()) != 0) {
    return Unavailable("a blob cannot be made durable");
  }
  return {};
}

Status LocalBlobStore::Settle(std::string_view name, std::uint64_t size_bytes) {
  CLOISTER_ASSIGN(const std::string blob, PathOf(name, ""));
  const Descriptor file(open(blob.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid() && errno == ENOENT) return NotFound("there is no such blob");
  if (!file.valid()) return Unavailable("a blob cannot be read");
  if (!HasSize(file, size_bytes)) return FailedPrecondition("the blob has another size");
  const Descriptor folder(OpenFolder(folder_));
  if (!folder.valid() || fsync(file.get()) != 0 || fsync(folder.get()) != 0) {
    return Unavailable("a blob cannot be made durable");
  }
  return {};
}

Status LocalBlobStore::MoveDraft(const sealing::DraftMove& move) {
  CLOISTER_ASSIGN(const std::string from_path, PathOf(move.from, kDraft));
  CLOISTER_ASSIGN(const std::string into_path, PathOf(move.into, kDraft));
  const Descriptor from(open(from_path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!from.valid()) return NotFound("there is no such draft");
  const Descriptor into(open(into_path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  const Descriptor folder(OpenFolder(folder_));
  if (!into.valid() || !folder.valid()) return Unavailable("a blob cannot be written");
  CLOISTER_TRY(CopyAll(from, {.file = into, .offset = move.offset}));
  // The folder too: the first part of a draft makes its file.
  if (fsync(into.get()) != 0 || fsync(folder.get()) != 0) return Unavailable("a draft cannot be made durable");
  return DiscardDraft(move.from);
}

Status LocalBlobStore::DiscardDrafts(std::string_view prefix) {
  CLOISTER_TRY(PathOf(prefix, kDraft));
  std::vector<std::string> found;
  std::error_code failed;
  std::filesystem::directory_iterator each(folder_, failed);
  for (; !failed && each != std::filesystem::directory_iterator(); each.increment(failed)) {
    const std::string file = each->path().filename().string();
    if (!file.starts_with(prefix) || !file.ends_with(kDraft)) continue;
    found.push_back(file.substr(0, file.size() - kDraft.size()));
  }
  if (failed) return Unavailable("the blob folder cannot be read");
  for (const std::string& name : found) CLOISTER_TRY(DiscardDraft(name));
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
