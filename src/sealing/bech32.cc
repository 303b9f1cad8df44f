#include "sealing/bech32.h"

#include <array>

#include "base/secret_bytes.h"
#include "codec/ascii.h"

namespace cloister::sealing {
namespace {

constexpr std::string_view kAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::size_t kChecksumChars = 6;

// The BCH code of BIP 173 over five-bit groups, in the shape of a running remainder.
class Checksum {
 public:
  void Add(unsigned group) {
    constexpr std::array<std::uint32_t, 5> kGenerator = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                                         0x2a1462b3};
    const std::uint32_t top = remainder_ >> 25;
    remainder_ = (remainder_ & 0x1ffffff) << 5 ^ group;
    for (std::size_t bit = 0; bit < kGenerator.size(); ++bit) {
      if ((top >> bit & 1) != 0) remainder_ ^= kGenerator[bit];
    }
  }
  // High bits of each character, a separator, then the low bits: the prefix is covered without its case.
  void AddPrefix(std::string_view prefix) {
    for (char c : prefix) Add(static_cast<unsigned>(c) >> 5);
    Add(0);
    for (char c : prefix) Add(static_cast<unsigned>(c) & 31);
  }
  std::uint32_t remainder() const { return remainder_; }

 private:
  std::uint32_t remainder_ = 1;
};

// The text in lower case, or nothing if it mixes cases.
bool ToOneCase(std::string_view text, std::string& lower) {
  bool has_upper = false;
  bool has_lower = false;
  for (char c : text) {
    has_upper = has_upper || (c >= 'A' && c <= 'Z');
    has_lower = has_lower || (c >= 'a' && c <= 'z');
    lower += codec::LowerCase(c);
  }
  return !(has_upper && has_lower);
}

// Five-bit groups back to bytes; spare bits must be zero and fewer than five.
Result<Bytes> Regroup(std::string_view characters) {
  Bytes bytes;
  bytes.reserve(characters.size() * 5 / 8);
  unsigned accumulator = 0;
  int bits = 0;
  for (char c : characters) {
    accumulator = (accumulator << 5 | static_cast<unsigned>(kAlphabet.find(c))) & 0xfff;
    if ((bits += 5) >= 8) bytes.push_back(static_cast<std::uint8_t>(accumulator >> (bits -= 8)));
  }
  const bool canonical = bits < 5 && (accumulator & ((1u << bits) - 1)) == 0;
  if (canonical) return bytes;
  Wipe(bytes);
  return InvalidArgument("a Bech32 text with padding that no encoder writes");
}

Result<Bytes> DecodeLower(std::string_view prefix, std::string_view text) {
  if (!text.starts_with(prefix) || text.size() < prefix.size() + 1 + kChecksumChars ||
      text[prefix.size()] != '1') {
    return InvalidArgument("a text that does not begin with '" + std::string(prefix) + "1' or is too short");
  }
  text.remove_prefix(prefix.size() + 1);
  Checksum checksum;
  checksum.AddPrefix(prefix);
  for (char c : text) {
    const std::size_t group = kAlphabet.find(c);
    if (group == std::string_view::npos) return InvalidArgument("a character outside the Bech32 alphabet");
    checksum.Add(static_cast<unsigned>(group));
  }
  if (checksum.remainder() != 1) {
    return InvalidArgument("a Bech32 checksum that does not fit: a typing error?");
  }
  return Regroup(text.substr(0, text.size() - kChecksumChars));
}

}  // namespace

std::string Bech32Encode(std::string_view prefix, ByteView data) {
  std::string text(prefix);
  text.reserve(prefix.size() + 1 + (data.size() * 8 + 4) / 5 + kChecksumChars);
  text += '1';
  Checksum checksum;
  checksum.AddPrefix(prefix);
  const auto add = [&](unsigned group) {
    text += kAlphabet[group];
    checksum.Add(group);
  };
  unsigned accumulator = 0;
  int bits = 0;
  for (std::uint8_t byte : data) {
    accumulator = (accumulator << 8 | byte) & 0xfff;
    for (bits += 8; bits >= 5;) add(accumulator >> (bits -= 5) & 31);
  }
  if (bits > 0) add(accumulator << (5 - bits) & 31);
  for (std::size_t i = 0; i < kChecksumChars; ++i) checksum.Add(0);
  const std::uint32_t tail = checksum.remainder() ^ 1;
  for (int shift = 25; shift >= 0; shift -= 5) text += kAlphabet[tail >> shift & 31];
  return text;
}

Result<Bytes> Bech32Decode(std::string_view prefix, std::string_view text) {
  std::string lower;
  lower.reserve(text.size());
  const bool one_case = ToOneCase(text, lower);
  auto decoded = one_case ? DecodeLower(prefix, lower) : InvalidArgument("a Bech32 text in mixed case");
  Wipe(lower);  // it may have been an identity
  return decoded;
}

}  // namespace cloister::sealing
