#include "codec/text.h"

#include <array>

namespace cloister::codec {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> Reverse(std::string_view alphabet) {
  std::array<std::int8_t, 256> table{};
  for (auto& entry : table) entry = -1;
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return table;
}
constexpr auto kStandardReverse = Reverse(kStandard);
constexpr auto kUrlReverse = Reverse(kUrl);

std::string Encode(ByteView bytes, std::string_view alphabet, bool padded) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  unsigned accumulator = 0;
  int bits = 0;
  for (std::uint8_t byte : bytes) {
    accumulator = accumulator << 8 | byte;
    for (bits += 8; bits >= 6;) text += alphabet[accumulator >> (bits -= 6) & 63];
  }
  if (bits > 0) text += alphabet[accumulator << (6 - bits) & 63];
  while (padded && text.size() % 4 != 0) text += '=';
  return text;
}

Result<Bytes> Decode(std::string_view text, const std::array<std::int8_t, 256>& reverse) {
  Bytes bytes;
  bytes.reserve(text.size() * 3 / 4);
  unsigned accumulator = 0;
  int bits = 0;
  for (char c : text) {
    const int value = reverse[static_cast<std::uint8_t>(c)];
    if (value < 0) return InvalidArgument("a character outside the base64 alphabet");
    accumulator = (accumulator << 6 | static_cast<unsigned>(value)) & 0xffffff;
    if ((bits += 6) >= 8) bytes.push_back(static_cast<std::uint8_t>(accumulator >> (bits -= 8)));
  }
  if (bits >= 6 || (accumulator & ((1u << bits) - 1)) != 0) {
    return InvalidArgument("base64 text that does not end on a byte, or with bits set after it");
  }
  return bytes;
}

}  // namespace

std::string Base64UrlEncode(ByteView bytes) { return Encode(bytes, kUrl, false); }
Result<Bytes> Base64UrlDecode(std::string_view text) { return Decode(text, kUrlReverse); }
std::string Base64Encode(ByteView bytes) { return Encode(bytes, kStandard, true); }
std::string Base64EncodeUnpadded(ByteView bytes) { return Encode(bytes, kStandard, false); }
Result<Bytes> Base64DecodeUnpadded(std::string_view text) { return Decode(text, kStandardReverse); }

Result<Bytes> Base64Decode(std::string_view text) {
  if (text.size() % 4 != 0) return InvalidArgument("padded base64 text whose length is no multiple of four");
  int padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  return Decode(text, kStandardReverse);
}

std::string HexEncode(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Result<Bytes> HexDecode(std::string_view text) {
  if (text.size() % 2 != 0) return InvalidArgument("hex text of odd length");
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  int high = -1;
  for (char c : text) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return InvalidArgument("a character that is no lower-case hex digit");
    if (high < 0) {
      high = digit;
    } else {
      bytes.push_back(static_cast<std::uint8_t>(high << 4 | digit));
      high = -1;
    }
  }
  return bytes;
}

Result<Digest256> HexDecodeDigest(std::string_view text) {
  CLOISTER_ASSIGN(Bytes bytes, HexDecode(text));
  if (bytes.size() != 32) return InvalidArgument("a SHA-256 digest must be 64 hex digits");
  return ToArray<32>(bytes);
}

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool IsValidUtf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<std::uint8_t>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
    if (length == 0 || i + length > text.size()) return false;
    std::uint32_t point = length == 1 ? lead : lead & (0x7fu >> length);
    for (std::size_t j = 1; j < length; ++j) {
      const auto next = static_cast<std::uint8_t>(text[i + j]);
      if (next >> 6 != 2) return false;
      point = point << 6 | (next & 0x3f);
    }
    constexpr std::array<std::uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kSmallest[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    i += length;
  }
  return true;
}

}  // namespace cloister::codec
