#pragma once

// A file of records, a block of whole ones at a time, so that one of any size is read in constant memory.

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cloister::cli {

enum class RecordFraming { kCsv, kLines };  // in CSV a line feed inside quotes ends nothing

// As long as the enclave accepts one record, and no longer.
inline constexpr std::size_t kRecordBytesMax = 8 << 20;

class RecordFile {
 public:
  // kNotFound when it cannot be opened.
  static Result<RecordFile> Open(const std::filesystem::path& path, RecordFraming framing);

  // The next block, empty at the end; valid until the next call. kInvalidArgument for a record longer than the bound.
  Result<std::string_view> Next();
  // Of the block that Next gave: the number of its first line, and the bytes of the file up to its end.
  std::int64_t first_line() const { return first_line_; }
  std::uint64_t done_bytes() const { return done_bytes_; }

 private:
  RecordFile(std::ifstream stream, RecordFraming framing) : stream_(std::move(stream)), framing_(framing) {}
  bool ReadMore();

  std::ifstream stream_;
  RecordFraming framing_;
  std::string buffer_;
  std::size_t taken_ = 0;  // of the buffer, by the block that was handed out
  std::int64_t first_line_ = 1;
  std::uint64_t done_bytes_ = 0;
};

// The number of the line in which byte `offset` of the block stands.
std::int64_t LineAt(std::string_view block, std::int64_t first_line, std::size_t offset);

// Some programs begin a UTF-8 file with U+FEFF; it belongs to no record.
std::string_view WithoutByteOrderMark(std::string_view block, bool first_of_file);

}  // namespace cloister::cli
