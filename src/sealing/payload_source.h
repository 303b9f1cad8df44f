#pragma once

// The file behind its header: a source that can take back what was read too far, and that counts.

#include <array>
#include <cstdint>
#include <span>

#include "base/byte_stream.h"
#include "base/bytes.h"
#include "base/result.h"

namespace cloister::sealing {

class PayloadSource {
 public:
  explicit PayloadSource(ByteSource& source) : source_(source) {}

  // Reads until `header` holds an age header completely, and keeps what came with it. kInvalidArgument for
  // what is no age file, or one whose header is longer than kAgeHeaderBytesMax.
  Result<Bytes> ReadHeader();

  // Fills all of `into` unless the file ends before; answers how many bytes.
  Result<std::size_t> Fill(std::span<std::uint8_t> into);
  // Whether the file has no more bytes. Waits for one of them or for the end.
  Result<bool> AtEnd();

  // Bytes of the file read so far, the header's included, those taken back not.
  std::uint64_t position_bytes() const { return read_bytes_ - (kept_end_ - kept_begin_); }

 private:
  static constexpr std::size_t kStepBytes = 4096;  // most headers fit in one step

  Result<std::size_t> ReadSome(std::span<std::uint8_t> into);

  ByteSource& source_;
  std::array<std::uint8_t, kStepBytes> kept_{};
  std::size_t kept_begin_ = 0;
  std::size_t kept_end_ = 0;
  std::uint64_t read_bytes_ = 0;
};

}  // namespace cloister::sealing
