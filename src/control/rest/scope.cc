#include "control/rest/scope.h"

#include <algorithm>

namespace cloister::control {
namespace {

bool EndsIn(std::string_view pattern, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(), [&](std::string_view each) { return pattern.ends_with(each); });
}

}  // namespace

std::string_view ScopeOf(std::string_view method, std::string_view pattern) {
  if (pattern.starts_with("/api/admin/") && !EndsIn(pattern, {"/requests"})) return "admin";
  if (method == "GET") return "read";
  if (pattern.starts_with("/api/tee/datasets/") || pattern.ends_with("/datasets")) {
    return EndsIn(pattern, {"/policy/test"}) ? "read" : "data";
  }
  if (EndsIn(pattern, {"/approve", "/reject", "/acceptances"})) return "decide";
  if (EndsIn(pattern, {"/queries/check", "/attestation"})) return "read";
  if (EndsIn(pattern, {"/queries", "/cancel"})) return "query";
  return "manage";
}

bool HasScope(std::string_view scopes, std::string_view scope) {
  const auto held = SplitScopes(scopes);
  return std::ranges::find(held, scope) != held.end();
}

std::vector<std::string> SplitScopes(std::string_view scopes) {
  std::vector<std::string> words;
  while (!scopes.empty()) {
    const std::size_t end = std::min(scopes.find(' '), scopes.size());
    if (end > 0) words.emplace_back(scopes.substr(0, end));
    scopes.remove_prefix(std::min(end + 1, scopes.size()));
  }
  return words;
}

Result<std::string> JoinScopes(const std::vector<std::string>& scopes) {
  for (const std::string& each : scopes) {
    if (!HasScope(kAllScopes, each)) {
      return InvalidArgument("'scopes': " + each + " is none of " + std::string(kAllScopes));
    }
  }
  std::string joined;
  for (const std::string& each : SplitScopes(kAllScopes)) {
    if (std::ranges::find(scopes, each) != scopes.end()) joined += (joined.empty() ? "" : " ") + each;
  }
  if (joined.empty()) return InvalidArgument("'scopes' must name at least one");
  return joined;
}

}  // namespace cloister::control
