#pragma once

// Bytes that come and go in pieces: the two ends of every streaming operation. Neither end is
// told the whole size beforehand, and nothing on the way holds more than a bounded number of pieces.

#include <cstring>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace cloister {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills the front of `into` (never empty) and answers how many bytes; 0 is the end, and stays the end.
  // Fewer bytes than asked for say nothing about the end. An error goes up unchanged. Called by one thread at a time,
  // but not always by the same one.
  virtual Result<std::size_t> Read(std::span<std::uint8_t> into) = 0;
};

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  // Takes all of `piece` or fails; after a failure nothing more is written.
  virtual Status Write(ByteView piece) = 0;
};

// Bytes that already lie in memory, which must outlive the source.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(ByteView bytes) : rest_(bytes) {}
  Result<std::size_t> Read(std::span<std::uint8_t> into) override {
    const std::size_t count = rest_.size() < into.size() ? rest_.size() : into.size();
    if (count != 0) std::memcpy(into.data(), rest_.data(), count);
    rest_ = rest_.subspan(count);
    return count;
  }

 private:
  ByteView rest_;
};

// Collects into memory. kResourceExhausted instead of more than `bytes_max`.
class MemorySink final : public ByteSink {
 public:
  explicit MemorySink(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  // Room beforehand, so that what is written is never moved and leaves no copies behind.
  void Reserve(std::size_t bytes) { bytes_.reserve(bytes); }
  Status Write(ByteView piece) override {
    if (piece.size() > bytes_max_ - bytes_.size()) {
      return ResourceExhausted("the object is larger than the buffer made for it");
    }
    Append(bytes_, piece);
    return {};
  }
  const Bytes& bytes() const { return bytes_; }
  Bytes Take() { return std::move(bytes_); }

 private:
  std::size_t bytes_max_;
  Bytes bytes_;
};

}  // namespace cloister
