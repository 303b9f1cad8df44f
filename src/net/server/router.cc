#include "net/server/router.h"

#include <algorithm>

#include "base/check.h"

namespace cloister::net {
namespace {

bool IsName(std::string_view segment) { return segment.front() == '{'; }

std::vector<std::string> SplitPattern(std::string_view pattern) {
  CLOISTER_CHECK(!pattern.empty() && pattern.front() == '/');
  std::vector<std::string> segments;
  while (!pattern.empty()) {
    pattern.remove_prefix(1);
    const std::size_t end = std::min(pattern.find('/'), pattern.size());
    const std::string_view segment = pattern.substr(0, end);
    CLOISTER_CHECK(!segment.empty() && (!IsName(segment) || segment.back() == '}'));
    segments.emplace_back(segment);
    pattern.remove_prefix(end);
  }
  return segments;
}

bool Fits(const std::vector<std::string>& pattern, const std::vector<std::string>& segments) {
  return std::equal(pattern.begin(), pattern.end(), segments.begin(), segments.end(),
                    [](const std::string& p, const std::string& s) { return IsName(p) || p == s; });
}

// "/a/{x}" sorts behind "/a/b": at the first difference a literal comes first.
bool IsMoreLiteral(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](const std::string& x, const std::string& y) {
                                        return IsName(x) != IsName(y) ? !IsName(x) : x < y;
                                      });
}

}  // namespace

void Router::Add(std::string_view method, std::string_view pattern, Handler handler) {
  Insert({.pattern = std::string(pattern), .method = std::string(method), .handler = std::move(handler), .upload = {}});
}

void Router::AddUpload(std::string_view method, std::string_view pattern, std::uint64_t body_bytes_max,
                       UploadHandler upload) {
  Insert({.pattern = std::string(pattern),
          .method = std::string(method),
          .handler = {},
          .upload = std::move(upload),
          .body_bytes_max = body_bytes_max});
}

void Router::Insert(Route route) {
  Entry entry{.segments = SplitPattern(route.pattern), .route = std::move(route)};
  for (const Entry& other : entries_) {
    CLOISTER_CHECK(other.route.method != entry.route.method || other.segments != entry.segments);
  }
  const auto place = std::upper_bound(entries_.begin(), entries_.end(), entry, [](const Entry& a, const Entry& b) {
    return IsMoreLiteral(a.segments, b.segments);
  });
  entries_.insert(place, std::move(entry));
}

void Router::Transform(const std::function<void(Route&)>& change) {
  for (Entry& entry : entries_) change(entry.route);
}

std::vector<const Route*> Router::routes() const {
  std::vector<const Route*> all;
  for (const Entry& entry : entries_) all.push_back(&entry.route);
  return all;
}

Router::Match Router::Find(std::string_view method, const std::vector<std::string>& segments) const {
  Match match;
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  for (const Entry& entry : entries_) {
    if (!Fits(entry.segments, segments)) continue;
    if (entry.route.method != wanted) {
      match.allowed += (match.allowed.empty() ? "" : ", ") + entry.route.method;
      continue;
    }
    match.route = &entry.route;
    match.allowed.clear();
    for (std::size_t i = 0; i < segments.size(); ++i) {
      const std::string& name = entry.segments[i];
      if (IsName(name)) match.params.emplace(name.substr(1, name.size() - 2), segments[i]);
    }
    return match;
  }
  return match;
}

}  // namespace cloister::net
