#pragma once

// Which handler a request is for. Patterns are literal segments and {names}; a literal wins over a name.
//
//   Router router;
//   router.Add("GET", "/things/{id}", handler);
//   router.Find("GET", {"things", "7"})   // the route, params {"id": "7"}
//
// Filled before the server starts, read-only and thread-safe afterwards.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "net/server/http.h"

namespace cloister::net {

struct Route {
  std::string pattern;  // for logs: carries no identifier
  std::string method;
  Handler handler;             // one of the two
  UploadHandler upload;
  std::uint64_t body_bytes_max = 0;  // of `upload`
};

class Router {
 public:
  // Two equal patterns for one method, or a malformed one, are a broken invariant.
  void Add(std::string_view method, std::string_view pattern, Handler handler);
  void AddUpload(std::string_view method, std::string_view pattern, std::uint64_t body_bytes_max, UploadHandler upload);

  // Hands each route to `change`, which may put something before its handler. Before the server starts.
  void Transform(const std::function<void(Route&)>& change);
  std::vector<const Route*> routes() const;

  struct Match {
    const Route* route = nullptr;  // null: see `allowed`
    std::map<std::string, std::string> params;
    std::string allowed;  // "GET, POST" when the path exists for other methods only; empty: no such path
  };
  // HEAD finds the route of GET.
  Match Find(std::string_view method, const std::vector<std::string>& segments) const;

 private:
  struct Entry {
    std::vector<std::string> segments;
    Route route;
  };
  void Insert(Route route);
  std::vector<Entry> entries_;  // literals before names, so that the first that fits is the right one
};

}  // namespace cloister::net
