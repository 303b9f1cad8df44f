#pragma once

#include <optional>

#include "base/bytes.h"

namespace cloister::vectors {

struct InflateOptions {
  bool raw = false;  // DEFLATE (RFC 1951) itself, not in the zlib frame (RFC 1950)
  std::size_t bytes_max = 0;
};
// Absent if the bytes are not that, or more come out than allowed.
std::optional<Bytes> Inflate(ByteView compressed, const InflateOptions& options);

}  // namespace cloister::vectors
