#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "base/check.h"
#include "codec/json.h"

namespace cloister::codec {
namespace {

void WriteString(std::string_view text, std::string& out) {
  out += '"';
  for (char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          constexpr std::string_view kDigits = "0123456789abcdef";
          out += "\\u00";
          out += kDigits[static_cast<unsigned char>(c) >> 4];
          out += kDigits[static_cast<unsigned char>(c) & 15];
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

// ECMAScript Number::toString (ECMA-262 6.1.6.1.20): shortest digits that read back as the same double, laid out
// plainly between 1e-7 and 1e21 and with an exponent outside.
void WriteDouble(double number, std::string& out) {
  CLOISTER_CHECK(std::isfinite(number));
  if (number == 0) {
    out += '0';
    return;
  }
  if (number < 0) {
    out += '-';
    number = -number;
  }
  std::array<char, 32> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::scientific).ptr;
  const std::string_view scientific(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t e = scientific.find('e');
  std::string digits(1, scientific[0]);
  if (e > 2) digits += scientific.substr(2, e - 2);
  int exponent = 0;
  std::string_view exponent_text = scientific.substr(e + 1);
  if (exponent_text.starts_with('+')) exponent_text.remove_prefix(1);
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);

  const int n = exponent + 1;  // the decimal point stands after n digits
  const int k = static_cast<int>(digits.size());
  if (k <= n && n <= 21) {
    out += digits + std::string(static_cast<std::size_t>(n - k), '0');
  } else if (0 < n && n <= 21) {
    out += digits.substr(0, static_cast<std::size_t>(n)) + "." + digits.substr(static_cast<std::size_t>(n));
  } else if (-6 < n && n <= 0) {
    out += "0." + std::string(static_cast<std::size_t>(-n), '0') + digits;
  } else {
    out += digits.substr(0, 1);
    if (k > 1) out += "." + digits.substr(1);
    out += n - 1 < 0 ? "e-" : "e+";
    out += std::to_string(std::abs(n - 1));
  }
}

// UTF-16 order differs from UTF-8 byte order only where a character outside the basic plane (lead byte f0 and up)
// meets one in U+E000..U+FFFF (lead bytes ee, ef): as surrogates the former sorts first.
bool Utf16Less(std::string_view a, std::string_view b) {
  const auto [at_a, at_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (at_a == a.end() || at_b == b.end()) return a.size() < b.size();
  const auto rank = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0xf0 ? 0xed * 2 + 1 : byte * 2;
  };
  const int rank_a = rank(*at_a);
  const int rank_b = rank(*at_b);
  return rank_a != rank_b ? rank_a < rank_b : static_cast<unsigned char>(*at_a) < static_cast<unsigned char>(*at_b);
}

void WriteCanonical(const Json& value, std::string& out) {
  switch (value.kind()) {
    case boost::json::kind::null: out += "null"; return;
    case boost::json::kind::bool_: out += value.get_bool() ? "true" : "false"; return;
    case boost::json::kind::int64: out += std::to_string(value.get_int64()); return;
    case boost::json::kind::uint64: out += std::to_string(value.get_uint64()); return;
    case boost::json::kind::double_: WriteDouble(value.get_double(), out); return;
    case boost::json::kind::string: WriteString(value.get_string(), out); return;
    case boost::json::kind::array: {
      out += '[';
      bool first = true;
      for (const Json& item : value.get_array()) {
        if (!first) out += ',';
        first = false;
        WriteCanonical(item, out);
      }
      out += ']';
      return;
    }
    case boost::json::kind::object: {
      std::vector<const boost::json::key_value_pair*> members;
      for (const auto& member : value.get_object()) members.push_back(&member);
      std::sort(members.begin(), members.end(),
                [](const auto* a, const auto* b) { return Utf16Less(a->key(), b->key()); });
      out += '{';
      bool first = true;
      for (const auto* member : members) {
        if (!first) out += ',';
        first = false;
        WriteString(member->key(), out);
        out += ':';
        WriteCanonical(member->value(), out);
      }
      out += '}';
      return;
    }
  }
}

void WritePretty(const Json& value, std::size_t indent, std::string& out) {
  const auto line = [&](std::size_t depth) { out += '\n' + std::string(depth * 2, ' '); };
  bool first = true;
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    out += '{';
    for (const auto& [name, member] : *object) {
      if (!std::exchange(first, false)) out += ',';
      line(indent + 1);
      WriteString(name, out);
      out += ": ";
      WritePretty(member, indent + 1, out);
    }
    line(indent);
    out += '}';
  } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    out += '[';
    for (const Json& item : *array) {
      if (!std::exchange(first, false)) out += ',';
      line(indent + 1);
      WritePretty(item, indent + 1, out);
    }
    line(indent);
    out += ']';
  } else {
    WriteCanonical(value, out);
  }
}

}  // namespace

std::string WriteJson(const Json& value) { return boost::json::serialize(value); }

std::string WritePrettyJson(const Json& value) {
  std::string out;
  WritePretty(value, 0, out);
  return out;
}

std::string CanonicalJson(const Json& value) {
  std::string out;
  WriteCanonical(value, out);
  return out;
}

}  // namespace cloister::codec
