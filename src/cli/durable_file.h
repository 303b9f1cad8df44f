#pragma once

// Files that are either as they were or as they should be, also after a power cut. Blocking; safe to use from one
// process at a time, which FolderLock makes sure of.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/descriptor.h"
#include "base/result.h"

namespace cloister::cli {

enum class FileAccess { kOwnerOnly, kEveryone };  // 0600, or 0644 less the umask

// Writes beside the target, syncs, renames over it and syncs the folder: when this returns, the bytes are on disk.
Status WriteDurably(const std::filesystem::path& path, std::string_view bytes, FileAccess access);
// kNotFound if it is not there; kResourceExhausted beyond `bytes_max`.
Result<std::string> ReadFile(const std::filesystem::path& path, std::size_t bytes_max);
// The same for a key: kPermissionDenied if anybody but its owner may read or write it.
Result<std::string> ReadSecretFile(const std::filesystem::path& path, std::size_t bytes_max);
// With its parents; 0700 for what is made.
Status MakePrivateFolder(const std::filesystem::path& path);
// Durably; a file that is not there is fine.
Status RemoveDurably(const std::filesystem::path& path);

// Two processes that sign at once would use one link number twice. Held from construction to destruction; waits for the
// other process.
class FolderLock {
 public:
  // `name` tells apart what is locked in one folder.
  static Result<FolderLock> Take(const std::filesystem::path& folder, std::string_view name = "lock");

 private:
  explicit FolderLock(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;  // closing it unlocks
};

}  // namespace cloister::cli
