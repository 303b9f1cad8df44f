#pragma once

// Counting in large texts, eight bytes at a step: whole datasets pass through these.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace cloister::codec {

namespace internal {
inline constexpr std::uint64_t kLowBits = 0x0101010101010101;
inline constexpr std::uint64_t kHighBits = 0x8080808080808080;

inline std::uint64_t LoadWord(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}
}  // namespace internal

inline bool IsAscii(std::string_view text) {
  std::uint64_t seen = 0;
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) seen |= internal::LoadWord(text.data() + at);
  for (; at < text.size(); ++at) seen |= static_cast<unsigned char>(text[at]);
  return (seen & internal::kHighBits) == 0;
}

inline std::size_t CountByte(std::string_view text, char wanted) {
  const std::uint64_t pattern = internal::kLowBits * static_cast<unsigned char>(wanted);
  std::size_t count = 0;
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    // Bytes equal to `wanted` become zero. Adding 0x7f carries into the high bit of each that is not, never
    // further.
    const std::uint64_t difference = internal::LoadWord(text.data() + at) ^ pattern;
    const std::uint64_t not_equal = ((difference & ~internal::kHighBits) + ~internal::kHighBits) | difference;
    count += static_cast<std::size_t>(std::popcount(~not_equal & internal::kHighBits));
  }
  for (; at < text.size(); ++at) count += text[at] == wanted ? 1 : 0;
  return count;
}

}  // namespace cloister::codec
