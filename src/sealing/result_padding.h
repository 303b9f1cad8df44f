#pragma once

// Size bands: how large a sealed result may look from outside. A sealed file's length tells its plaintext's
// length, so a result is padded to the next band before it is sealed, in a way that leaves a valid file
// behind for `age -d`.
//
// Bands are the powers of two from 4 KiB:  1 B -> 4096, 4096 -> 4096, 4097 -> 8192, 1,000,000 -> 1,048,576.

#include <cstdint>
#include <string>

namespace cloister::sealing {

inline constexpr std::uint64_t kSmallestBandBytes = 4096;

// The band of `bytes`, at most 2^62.
std::uint64_t SizeBand(std::uint64_t bytes);

// `json` with spaces behind it (RFC 8259 allows white space there) up to its band, or to `band_bytes` if that
// is larger.
std::string PadJson(std::string json, std::uint64_t band_bytes = kSmallestBandBytes);

}  // namespace cloister::sealing
