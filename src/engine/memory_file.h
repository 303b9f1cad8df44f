#pragma once

// A file that exists in memory only and can be opened by path where no other file can: a memfd, reached
// through /proc/self/fd. Its pages count as this process's memory and are given back by Clear().

#include <string>
#include <thread>

#include "base/bytes.h"
#include "base/result.h"

namespace cloister::engine {

class MemoryFile {
 public:
  // Makes the file; once.
  Status Create();
  MemoryFile() = default;
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  // Waits for a Clear() in work.
  Status Append(ByteView bytes);
  // The file counts as empty at once. Giving back the pages of a large one takes a tenth of a second a
  // gigabyte, so a thread does it while its owner goes on.
  void Clear();

  int descriptor() const { return descriptor_; }
  std::int64_t size() const { return size_; }
  // The same for the whole life of the file: what DuckDB is allowed to open.
  std::string path() const;

 private:
  static constexpr std::int64_t kClearedAtOnceBytesMax = 16 << 20;

  void GiveBackPages() const;
  void WaitForClear();

  int descriptor_ = -1;
  std::int64_t size_ = 0;
  std::thread clearing_;
};

}  // namespace cloister::engine
