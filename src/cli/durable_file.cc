#include "cli/durable_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace cloister::cli {
namespace {

// What the caller sees is about his own files, so naming them is fine.
Error SystemError(std::string_view doing, const std::filesystem::path& path) {
  const int number = errno;
  const Code code = number == ENOENT                       ? Code::kNotFound
                    : number == EACCES || number == EPERM  ? Code::kPermissionDenied
                    : number == ENOSPC || number == EDQUOT ? Code::kResourceExhausted
                                                           : Code::kFailedPrecondition;
  return {code, "cannot " + std::string(doing) + " " + path.string() + ": " + strerror(number)};
}

Status SyncFolderOf(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const Descriptor descriptor(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.valid() || fsync(descriptor.get()) != 0) return SystemError("sync", folder);
  return {};
}

bool WriteAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

Result<std::string> ReadAll(const Descriptor& file, const std::filesystem::path& path, std::size_t bytes_max) {
  std::string bytes;
  char piece[16384];
  for (;;) {
    const ssize_t count = read(file.get(), piece, sizeof piece);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("read", path);
    if (count == 0) return bytes;
    if (bytes.size() + static_cast<std::size_t>(count) > bytes_max) {
      return ResourceExhausted(path.string() + " is larger than " + std::to_string(bytes_max) + " bytes");
    }
    bytes.append(piece, static_cast<std::size_t>(count));
  }
}

}  // namespace

Status WriteDurably(const std::filesystem::path& path, std::string_view bytes, FileAccess access) {
  const std::filesystem::path beside = path.string() + ".new";
  const mode_t mode = access == FileAccess::kOwnerOnly ? 0600 : 0644;
  // A leftover of a crash may have other permissions, so it is not reused.
  if (unlink(beside.c_str()) != 0 && errno != ENOENT) return SystemError("replace", beside);
  Descriptor file(open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file.valid()) return SystemError("create", beside);
  const bool stored = WriteAll(file.get(), bytes) && fsync(file.get()) == 0 && file.Close() &&
                      rename(beside.c_str(), path.c_str()) == 0;
  if (!stored) {
    const Error error = SystemError("write", path);
    unlink(beside.c_str());
    return error;
  }
  return SyncFolderOf(path);
}

Result<std::string> ReadFile(const std::filesystem::path& path, std::size_t bytes_max) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return SystemError("open", path);
  return ReadAll(file, path, bytes_max);
}

Result<std::string> ReadSecretFile(const std::filesystem::path& path, std::size_t bytes_max) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return SystemError("open", path);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return SystemError("look at", path);
  if ((status.st_mode & 077) != 0) {
    return Error{Code::kPermissionDenied,
                 path.string() + " is a key, and others may read or write it; run: chmod 600 " + path.string()};
  }
  return ReadAll(file, path, bytes_max);
}

Status MakePrivateFolder(const std::filesystem::path& path) {
  std::error_code error;
  if (path.has_parent_path() && !std::filesystem::exists(path.parent_path(), error)) {
    CLOISTER_TRY(MakePrivateFolder(path.parent_path()));
  }
  if (mkdir(path.c_str(), 0700) == 0) return SyncFolderOf(path);
  if (errno != EEXIST) return SystemError("create the folder", path);
  if (!std::filesystem::is_directory(path, error)) {
    return FailedPrecondition(path.string() + " is there, but is no folder");
  }
  return {};
}

Status RemoveDurably(const std::filesystem::path& path) {
  if (unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return {};
    return SystemError("remove", path);
  }
  return SyncFolderOf(path);
}

Result<FolderLock> FolderLock::Take(const std::filesystem::path& folder, std::string_view name) {
  const std::filesystem::path path = folder / name;
  Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.valid()) return SystemError("open", path);
  while (flock(file.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return SystemError("lock", path);
  }
  return FolderLock(std::move(file));
}

}  // namespace cloister::cli
