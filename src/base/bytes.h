#pragma once

// Byte strings and views on them. Text is std::string; anything that may hold a zero byte is Bytes.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cloister {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
template <std::size_t N>
using ByteArray = std::array<std::uint8_t, N>;
using Digest256 = ByteArray<32>;  // a SHA-256 value

// The bytes of a text, without a copy; valid as long as the text is.
inline ByteView AsBytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view AsText(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes ToBytes(ByteView view) { return {view.begin(), view.end()}; }
inline Bytes ToBytes(std::string_view text) { return ToBytes(AsBytes(text)); }
inline void Append(Bytes& to, ByteView more) { to.insert(to.end(), more.begin(), more.end()); }

// Big-endian integers, as every format of ours and of RATS, TLS and age has them.
inline void AppendBigEndian64(Bytes& to, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) to.push_back(static_cast<std::uint8_t>(value >> shift));
}
inline void AppendBigEndian32(Bytes& to, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) to.push_back(static_cast<std::uint8_t>(value >> shift));
}

// Copies a view of exactly N bytes; the caller has checked the size.
template <std::size_t N>
ByteArray<N> ToArray(ByteView view) {
  ByteArray<N> out{};
  std::memcpy(out.data(), view.data(), view.size() < N ? view.size() : N);
  return out;
}

}  // namespace cloister
