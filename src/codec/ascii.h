#pragma once

// Letters without regard to case, for names that ASCII defines (field names, media types, identifiers, e-mail
// addresses). Other bytes stay as they are, and no locale is asked: the same text is the same everywhere.

#include <string>
#include <string_view>

namespace cloister::codec {

inline constexpr char LowerCase(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

inline constexpr char UpperCase(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

inline std::string LowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = LowerCase(c);
  return out;
}

}  // namespace cloister::codec
