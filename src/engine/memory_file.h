#pragma once

// A file that exists in memory only and can be opened by path where no other file can: a memfd, reached
// through /proc/self/fd. Its pages count as this process's memory and are given back by Clear().

#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace cloister::engine {

class MemoryFile {
 public:
  static Result<MemoryFile> Create();
  MemoryFile() = default;
  ~MemoryFile();
  MemoryFile(MemoryFile&& other) noexcept;
  MemoryFile& operator=(MemoryFile&& other) noexcept;

  Status Append(ByteView bytes);
  // The file is empty again, and its memory free.
  void Clear();

  int descriptor() const { return descriptor_; }
  std::int64_t size() const { return size_; }
  // The same for the whole life of the file: what DuckDB is allowed to open.
  std::string path() const;

 private:
  int descriptor_ = -1;
  std::int64_t size_ = 0;
};

}  // namespace cloister::engine
