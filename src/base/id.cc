#include "base/id.h"

namespace cloister::internal {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";  // Crockford, no i l o u
constexpr std::size_t kBodyChars = 26;

}  // namespace

std::string NewIdText(std::string_view prefix, const Clock& clock, Rng& rng) {
  ByteArray<16> raw{};
  rng.Fill(raw);
  auto millis = static_cast<std::uint64_t>(clock.Now().unix_ms);
  for (int i = 5; i >= 0; --i, millis >>= 8) raw[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(millis);

  std::string text(prefix);
  text += '_';
  // 130 bit of alphabet for 128 bit of id: the two spare bits are the leading zeroes.
  unsigned accumulator = 0;
  int bits = 2;
  for (std::uint8_t byte : raw) {
    accumulator = accumulator << 8 | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += kAlphabet[accumulator >> bits & 31];
    }
  }
  return text;
}

Status CheckIdText(std::string_view prefix, std::string_view text) {
  const bool shaped = text.size() == prefix.size() + 1 + kBodyChars && text.starts_with(prefix) &&
                      text[prefix.size()] == '_' &&
                      text.find_first_not_of(kAlphabet, prefix.size() + 1) == std::string_view::npos;
  if (!shaped) {
    return InvalidArgument("an identifier must be '" + std::string(prefix) +
                           "_' followed by 26 characters of 0-9 a-z without i l o u");
  }
  return {};
}

}  // namespace cloister::internal
