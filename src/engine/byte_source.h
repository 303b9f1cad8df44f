#pragma once

// Where the plaintext of a dataset comes from: an opened sealed object in the enclave, a buffer in a test.
// Each byte is read once, in order; the engine never asks for the whole.

#include <algorithm>
#include <cstring>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace cloister::engine {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills the front of `into` (never empty) and answers how many bytes; 0 is the end, and stays the end. An
  // error ends the load with that error, unchanged. Called by one thread at a time, but not always by the
  // same one.
  virtual Result<std::size_t> Read(std::span<std::uint8_t> into) = 0;
};

// Bytes that already lie in memory, which must outlive the source.
class MemoryByteSource final : public ByteSource {
 public:
  explicit MemoryByteSource(ByteView bytes) : rest_(bytes) {}
  Result<std::size_t> Read(std::span<std::uint8_t> into) override {
    const std::size_t count = std::min(rest_.size(), into.size());
    if (count != 0) std::memcpy(into.data(), rest_.data(), count);
    rest_ = rest_.subspan(count);
    return count;
  }

 private:
  ByteView rest_;
};

}  // namespace cloister::engine
