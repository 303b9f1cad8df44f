#pragma once

// SipHash-2-4 over a list of values, one after the other: each value is hashed together with the number so far, so that
// two lists never share an encoding. For choice_function.cc and group_numbers.cc.

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "engine/choice_key.h"
#include "engine/duckdb_handles.h"

namespace cloister::engine {

inline std::uint64_t ReadWord(const std::uint8_t* bytes) {
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

struct Sip {
  explicit Sip(const ChoiceKey& key)
      : v0(key[0] ^ 0x736f6d6570736575),
        v1(key[1] ^ 0x646f72616e646f6d),
        v2(key[0] ^ 0x6c7967656e657261),
        v3(key[1] ^ 0x7465646279746573) {}

  void Round() {
    v0 += v1;
    v2 += v3;
    v1 = std::rotl(v1, 13) ^ v0;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 = std::rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = std::rotl(v1, 17) ^ v2;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 = std::rotl(v2, 32);
  }
  void Word(std::uint64_t word) {
    v3 ^= word;
    Round();
    Round();
    v0 ^= word;
  }
  std::uint64_t Finish() {
    v2 ^= 0xff;
    for (int i = 0; i < 4; ++i) Round();
    return v0 ^ v1 ^ v2 ^ v3;
  }

  std::uint64_t v0, v1, v2, v3;
};

// The last `size` bytes of a message of `message_bytes` after what `sip` has already read.
inline std::uint64_t FinishWith(Sip sip, const std::uint8_t* bytes, std::size_t size, std::size_t message_bytes) {
  std::size_t at = 0;
  for (; at + 8 <= size; at += 8) sip.Word(ReadWord(bytes + at));
  std::uint64_t last = static_cast<std::uint64_t>(message_bytes & 0xff) << 56;
  for (std::size_t i = 0; at + i < size; ++i) last |= static_cast<std::uint64_t>(bytes[at + i]) << (8 * i);
  sip.Word(last);
  return sip.Finish();
}

// `before`, then the bytes, as one message.
inline std::uint64_t Chain(const ChoiceKey& key, std::uint64_t before, const std::uint8_t* bytes, std::size_t size) {
  Sip sip(key);
  sip.Word(before);
  return FinishWith(sip, bytes, size, sizeof before + size);
}

// `before`, then a value that is not there.
inline std::uint64_t ChainNull(const ChoiceKey& key, std::uint64_t before) {
  constexpr std::uint64_t kOfNull = 0xff;
  return Chain(key, before ^ kOfNull, nullptr, 0);
}

inline constexpr std::size_t kFixedBytesMax = 16;

// Bytes of a value in its vector; 0 for texts, nothing for types that no plan gives.
std::optional<std::size_t> WidthOf(duckdb_logical_type type);

// Reads the vector's own layout: a call of the C API for each value would cost more than the hash.
inline std::string_view TextOf(const duckdb_string_t& text) {
  const std::uint32_t size = text.value.inlined.length;
  constexpr std::uint32_t kInlinedMax = sizeof text.value.inlined.inlined;
  return {size <= kInlinedMax ? text.value.inlined.inlined : text.value.pointer.ptr, size};
}

inline bool IsThere(const std::uint64_t* validity, idx_t row) {
  return validity == nullptr || (validity[row / 64] >> (row % 64) & 1) != 0;
}

}  // namespace cloister::engine
