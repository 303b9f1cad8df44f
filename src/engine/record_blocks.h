#pragma once

// A stream cut into blocks of whole records, so that several threads can parse it at once. Whoever asks gets
// the next block; reading (and with it decrypting) happens under the lock, parsing outside of it.

#include <cstdint>

#include "base/byte_stream.h"
#include "base/bytes.h"
#include "base/mutex.h"
#include "base/result.h"

namespace cloister::engine {

struct RecordBlock {
  Bytes storage;  // reused from block to block; only the first `size` bytes count
  std::size_t size = 0;
  std::int64_t index = -1;      // 0, 1, 2, ... in file order
  std::int64_t first_line = 1;  // the number of the line that it begins with

  std::string_view text() const { return AsText({storage.data(), size}); }
  // The number of the line in which byte `offset` stands.
  std::int64_t LineAt(std::size_t offset) const;
};

// Records end at a line feed; in CSV not at one inside quotes.
enum class RecordFraming { kCsv, kLines };

class RecordBlocks {
 public:
  static constexpr std::size_t kBlockBytes = 1 << 20;

  // The source must outlive this. It may give at most `bytes_max`.
  RecordBlocks(ByteSource& source, RecordFraming framing, std::int64_t bytes_max)
      : source_(source), framing_(framing), bytes_max_(bytes_max) {}

  // True and a block, or false at the end, and after an error. An error is given once, with `block.index`
  // saying before which block it stands. Thread-safe.
  Result<bool> Next(RecordBlock& block) CLOISTER_EXCLUDES(mutex_);

 private:
  Status Read(RecordBlock& block, std::size_t wanted) CLOISTER_REQUIRES(mutex_);
  std::size_t WholeRecords(const RecordBlock& block) const CLOISTER_REQUIRES(mutex_);

  ByteSource& source_;
  const RecordFraming framing_;
  const std::int64_t bytes_max_;
  Mutex mutex_;
  Bytes carry_ CLOISTER_GUARDED_BY(mutex_);  // the beginning of a record whose end was not read yet
  bool at_end_ CLOISTER_GUARDED_BY(mutex_) = false;
  bool failed_ CLOISTER_GUARDED_BY(mutex_) = false;
  std::int64_t bytes_read_ CLOISTER_GUARDED_BY(mutex_) = 0;
  std::int64_t next_index_ CLOISTER_GUARDED_BY(mutex_) = 0;
  std::int64_t next_line_ CLOISTER_GUARDED_BY(mutex_) = 1;
};

}  // namespace cloister::engine
