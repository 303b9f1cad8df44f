#include "control/api_key.h"

#include <algorithm>

#include "crypto/digest.h"

namespace cloister::control {
namespace {

constexpr std::string_view kPrefix = "clo_pat_";
constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kRandomChars = 30;
constexpr std::size_t kChecksumChars = 6;

// CRC-32 of IEEE 802.3, bit by bit: 38 bytes a login need no table.
std::uint32_t Crc32(std::string_view text) {
  std::uint32_t crc = 0xffffffff;
  for (const char c : text) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xedb88320 & (0 - (crc & 1)));
  }
  return ~crc;
}

std::string Checksum(std::string_view body) {
  std::uint32_t crc = Crc32(body);
  std::string text(kChecksumChars, kAlphabet[0]);
  for (std::size_t i = kChecksumChars; i-- > 0; crc /= 62) text[i] = kAlphabet[crc % 62];
  return text;
}

}  // namespace

std::string NewApiKey(Rng& rng) {
  std::string key(kPrefix);
  while (key.size() < kPrefix.size() + kRandomChars) {
    ByteArray<1> byte{};
    rng.Fill(byte);
    // 248 = 4 * 62: the rest would make some characters likelier than others.
    if (byte[0] < 248) key.push_back(kAlphabet[byte[0] % 62]);
  }
  return key + Checksum(key);
}

Result<Digest256> HashApiKey(std::string_view key) {
  const std::size_t body = kPrefix.size() + kRandomChars;
  const bool shaped = key.size() == body + kChecksumChars && key.starts_with(kPrefix) &&
                      key.find_first_not_of(kAlphabet, kPrefix.size()) == std::string_view::npos &&
                      Checksum(key.substr(0, body)) == key.substr(body);
  if (!shaped) return Error{Code::kUnauthenticated, "this is no API key of Cloister"};
  return crypto::Sha256(AsBytes(key));
}

}  // namespace cloister::control
