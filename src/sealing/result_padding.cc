#include "sealing/result_padding.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace cloister::sealing {

std::uint64_t SizeBand(std::uint64_t bytes) {
  CLOISTER_CHECK(bytes <= std::uint64_t{1} << 62);
  return std::max(kSmallestBandBytes, std::bit_ceil(bytes));
}

std::string PadJson(std::string json, std::uint64_t band_bytes) {
  json.resize(std::max(SizeBand(json.size()), band_bytes), ' ');
  return json;
}

}  // namespace cloister::sealing
