#include "agreement/fields.h"

#include <functional>

#include "codec/text.h"

namespace cloister::agreement {
namespace {

constexpr std::size_t kThumbprintChars = 43;

// Decodes the next code point of valid UTF-8 and moves `at` behind it.
std::uint32_t NextCodePoint(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint32_t lead = byte(at);
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  std::uint32_t point = length == 1 ? lead : lead & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) point = point << 6 | (byte(at + i) & 0x3f);
  at += length;
  return point;
}

bool IsBidirectionalControl(std::uint32_t point) {
  return point == 0x061c || point == 0x200e || point == 0x200f || (point >= 0x202a && point <= 0x202e) ||
         (point >= 0x2066 && point <= 0x2069);
}

}  // namespace

bool IsThumbprint(std::string_view text) {
  if (text.size() != kThumbprintChars) return false;
  const Result<Bytes> bytes = codec::Base64UrlDecode(text);
  return bytes.has_value() && bytes->size() == sizeof(Digest256);
}

bool IsShowable(std::string_view text, TextKind kind) {
  if (!codec::IsValidUtf8(text)) return false;
  for (std::size_t at = 0; at < text.size();) {
    const std::uint32_t point = NextCodePoint(text, at);
    const bool line_end_or_tab = point == '\n' || point == '\r' || point == '\t';
    if (line_end_or_tab && kind == TextKind::kLines) continue;
    if (point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029 ||
        IsBidirectionalControl(point)) {
      return false;
    }
  }
  return true;
}

std::string ReadText(codec::ObjectReader& in, std::string_view name, const TextRule& rule) {
  std::string text = in.String(name, rule.bytes_max);
  if (text.empty() && !rule.may_be_empty) in.Fail(name, "must not be empty");
  if (!IsShowable(text, rule.kind)) in.Fail(name, "must hold no control characters");
  return text;
}

Thumbprint ReadThumbprint(codec::ObjectReader& in, std::string_view name) {
  std::string text = in.String(name);
  if (!IsThumbprint(text)) in.Fail(name, "must be a key thumbprint (RFC 7638)");
  return text;
}

std::vector<Thumbprint> ReadThumbprints(codec::ObjectReader& in, std::string_view name, std::size_t count_max) {
  std::vector<std::string> texts = in.Strings(name, count_max);
  for (const std::string& text : texts) {
    if (!IsThumbprint(text)) in.Fail(name, "must hold key thumbprints (RFC 7638)");
  }
  if (!StrictlyAscending(texts, std::identity{})) in.Fail(name, "must be sorted, none twice");
  return texts;
}

std::vector<Digest256> ReadDigests(codec::ObjectReader& in, std::string_view name, std::size_t count_max) {
  std::vector<Digest256> digests;
  for (const std::string& text : in.Strings(name, count_max)) {
    const Result<Digest256> digest = codec::HexDecodeDigest(text);
    if (!digest) {
      in.Fail(name, "must hold SHA-256 digests as 64 lower-case hex digits");
      return {};
    }
    digests.push_back(*digest);
  }
  if (!StrictlyAscending(digests, std::identity{})) in.Fail(name, "must be sorted, none twice");
  return digests;
}

Instant ReadInstant(codec::ObjectReader& in, std::string_view name) {
  const Result<Instant> instant = ParseRfc3339(in.String(name));
  if (instant) return *instant;
  in.Fail(name, "must be a time like 2026-11-22T08:36:00Z");
  return {};
}

std::optional<Digest256> ReadNullableDigest(codec::ObjectReader& in, std::string_view name) {
  const codec::Json& member = in.Any(name);
  if (member.is_null()) return std::nullopt;
  if (member.is_string()) {
    const Result<Digest256> digest = codec::HexDecodeDigest(member.get_string());
    if (digest) return *digest;
  }
  in.Fail(name, "must be null or a SHA-256 digest as 64 lower-case hex digits");
  return std::nullopt;
}

codec::Json NullableDigest(const std::optional<Digest256>& digest) {
  if (!digest) return nullptr;
  return codec::Json(HexDigest(*digest));
}

std::string HexDigest(const Digest256& digest) { return codec::HexEncode(digest); }

codec::JsonArray TextArray(const std::vector<std::string>& texts) {
  codec::JsonArray array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

}  // namespace cloister::agreement
