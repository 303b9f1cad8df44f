#include "cli/printable.h"

#include <cstdint>
#include <cstdio>

#include "codec/text.h"

namespace cloister::cli {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 1;
  bool valid = true;
};

CodePoint Next(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  if (length == 1 || length > text.size() || !codec::IsValidUtf8(text.substr(0, length))) return {first, 1, false};
  std::uint32_t value = first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
  return {value, length};
}

bool In(std::uint32_t value, std::uint32_t from, std::uint32_t to) { return value >= from && value <= to; }

// What a terminal obeys, or does not show although it is there.
bool IsHiddenOrObeyed(std::uint32_t c) {
  return c < 0x20 || In(c, 0x7F, 0x9F) || c == 0xAD || c == 0x61C || In(c, 0x200B, 0x200F) || In(c, 0x2028, 0x202E) ||
         In(c, 0x2060, 0x206F) || c == 0xFEFF || In(c, 0xFFF9, 0xFFFB) || In(c, 0xE0000, 0xE007F);
}

bool IsCombining(std::uint32_t c) {
  return In(c, 0x300, 0x36F) || In(c, 0x1AB0, 0x1AFF) || In(c, 0x20D0, 0x20FF) || In(c, 0xFE00, 0xFE0F);
}

bool IsWide(std::uint32_t c) {
  return In(c, 0x1100, 0x115F) || In(c, 0x2E80, 0xA4CF) || In(c, 0xAC00, 0xD7A3) || In(c, 0xF900, 0xFAFF) ||
         In(c, 0xFE30, 0xFE6F) || In(c, 0xFF00, 0xFF60) || In(c, 0x1F300, 0x1FAFF) || In(c, 0x20000, 0x3FFFD);
}

std::string Escaped(const CodePoint& point) {
  if (point.valid && point.value == '\n') return "\\n";
  if (point.valid && point.value == '\t') return "\\t";
  char text[16];
  const bool byte = !point.valid || point.value < 0x100;
  std::snprintf(text, sizeof text, byte ? "\\x%02x" : "\\u%04x", static_cast<unsigned>(point.value));
  return text;
}

std::string Print(std::string_view text, bool lines) {
  std::string out;
  while (!text.empty()) {
    const CodePoint point = Next(text);
    if (lines && point.value == '\n') {
      out += '\n';
    } else if (lines && point.value == '\t') {
      out += "    ";
    } else if (!point.valid || IsHiddenOrObeyed(point.value)) {
      out += Escaped(point);
    } else {
      out += text.substr(0, point.bytes);
    }
    text.remove_prefix(point.bytes);
  }
  return out;
}

}  // namespace

std::string Printable(std::string_view text) { return Print(text, false); }
std::string PrintableLines(std::string_view text) { return Print(text, true); }

std::string PrintableJson(std::string_view json) {
  std::string out;
  const auto unit = [&out](std::uint32_t value) {
    char text[16];
    std::snprintf(text, sizeof text, "\\u%04x", static_cast<unsigned>(value));
    out += text;
  };
  while (!json.empty()) {
    const CodePoint point = Next(json);
    if (point.value == '\n' || !IsHiddenOrObeyed(point.value)) {
      out += json.substr(0, point.bytes);
    } else if (point.value < 0x10000) {
      unit(point.value);
    } else {
      unit(0xD800 + ((point.value - 0x10000) >> 10));
      unit(0xDC00 + ((point.value - 0x10000) & 0x3FF));
    }
    json.remove_prefix(point.bytes);
  }
  return out;
}

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const CodePoint point = Next(text);
    if (!IsCombining(point.value)) width += IsWide(point.value) ? 2 : 1;
    text.remove_prefix(point.bytes);
  }
  return width;
}

}  // namespace cloister::cli
