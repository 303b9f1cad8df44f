#include "net/server/target.h"

#include <algorithm>

#include "codec/text.h"

namespace cloister::net {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> PercentDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? HexValue(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexValue(text[i + 2]) : -1;
    if (high < 0 || low < 0) return InvalidArgument("the request target has a broken percent-encoding");
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  const bool control = std::any_of(out.begin(), out.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (control || !codec::IsValidUtf8(out)) {
    return InvalidArgument("the request target encodes a control character or broken UTF-8");
  }
  return out;
}

Result<std::vector<std::string>> ParsePath(std::string_view path) {
  std::vector<std::string> segments;
  if (path == "/") return segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t end = std::min(path.find('/'), path.size());
    CLOISTER_ASSIGN(std::string segment, PercentDecode(path.substr(0, end)));
    if (segment.empty() || segment == "." || segment == "..") {
      return InvalidArgument("the request path has an empty or a dot segment");
    }
    if (segment.find_first_of("/\\") != std::string::npos) {
      return InvalidArgument("the request path encodes a slash");
    }
    if (segments.size() == kPathSegmentsMax) return InvalidArgument("the request path has too many segments");
    segments.push_back(std::move(segment));
    path.remove_prefix(end);
  }
  return segments;
}

Result<std::map<std::string, std::string>> ParseQuery(std::string_view text) {
  std::map<std::string, std::string> query;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view member = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    // A name alone, as in "?verbose", has an empty value.
    const std::size_t equals = std::min(member.find('='), member.size());
    if (equals == 0) return InvalidArgument("the request query must be name=value members");
    CLOISTER_ASSIGN(std::string name, PercentDecode(member.substr(0, equals)));
    CLOISTER_ASSIGN(std::string value, PercentDecode(member.substr(std::min(equals + 1, member.size()))));
    if (query.size() == kQueryMembersMax) return InvalidArgument("the request query has too many members");
    if (!query.emplace(std::move(name), std::move(value)).second) {
      return InvalidArgument("the request query names a member twice");
    }
  }
  return query;
}

}  // namespace

Result<Target> ParseTarget(std::string_view target) {
  const bool clean = std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
  if (target.empty() || target[0] != '/' || !clean) {
    return InvalidArgument("the request target must be a path that starts with a slash");
  }
  const std::size_t question = std::min(target.find('?'), target.size());
  Target parsed{.path = std::string(target.substr(0, question)), .segments = {}, .query = {}};
  CLOISTER_ASSIGN(parsed.segments, ParsePath(parsed.path));
  if (question < target.size()) {
    CLOISTER_ASSIGN(parsed.query, ParseQuery(target.substr(question + 1)));
  }
  return parsed;
}

}  // namespace cloister::net
