#include "net/client/http.h"

#include <algorithm>

#include "codec/ascii.h"

namespace cloister::net {
namespace {

bool EqualInAnyCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return codec::LowerCase(x) == codec::LowerCase(y); });
}

}  // namespace

std::string_view HttpMethodName(HttpMethod method) {
  switch (method) {
    case HttpMethod::kGet: return "GET";
    case HttpMethod::kPost: return "POST";
    case HttpMethod::kPut: return "PUT";
    case HttpMethod::kDelete: return "DELETE";
  }
  internal::CheckFailed(__FILE__, __LINE__, "an HttpMethod outside its enumeration");
}

std::string_view HttpAnswer::Field(std::string_view name) const {
  for (const HttpField& field : fields) {
    if (EqualInAnyCase(field.name, name)) return field.value;
  }
  return {};
}

std::string EncodeSegment(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                            c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

}  // namespace cloister::net
