#pragma once

// File descriptors (files, memfds, pipes, sockets) as the two ends of a stream. The descriptor stays the
// caller's.

#include "base/byte_stream.h"
#include "base/bytes.h"
#include "base/result.h"

namespace cloister::sealing {

// Reads from the descriptor's own position. kUnavailable with the system's word for it if reading fails.
class FdSource final : public ByteSource {
 public:
  explicit FdSource(int fd) : fd_(fd) {}
  Result<std::size_t> Read(std::span<std::uint8_t> into) override;

 private:
  int fd_;
};

// Writes at the descriptor's own position. kResourceExhausted when the disk or the quota is full, else
// kUnavailable.
class FdSink final : public ByteSink {
 public:
  explicit FdSink(int fd) : fd_(fd) {}
  Status Write(ByteView piece) override;

 private:
  int fd_;
};

}  // namespace cloister::sealing
