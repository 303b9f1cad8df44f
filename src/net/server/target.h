#pragma once

// The request target (RFC 9112 section 3.2.1, origin-form only) taken apart, so strictly that a path has one
// reading: no dot segments, no empty segments, no encoded slash, backslash or control character, no `+` for a
// space. A query member without `=` has an empty value.
//
//   ParseTarget("/a/b%20c?from=1&to=2") == {path "/a/b%20c", segments {"a","b c"}, query
//   {{"from","1"},{"to","2"}}}

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cloister::net {

inline constexpr std::size_t kPathSegmentsMax = 16;
inline constexpr std::size_t kQueryMembersMax = 32;

struct Target {
  std::string path;
  std::vector<std::string> segments;  // of "/": none
  std::map<std::string, std::string> query;
};

// kInvalidArgument for anything but one absolute path with an optional query. The message quotes nothing.
Result<Target> ParseTarget(std::string_view target);

}  // namespace cloister::net
