#pragma once

// An address of an identity provider: where to connect, and what to ask for there. https alone, except that a provider
// on this machine may speak plain HTTP (net/client/server_address.h).

#include <string>
#include <string_view>

#include "base/result.h"
#include "net/client/server_address.h"

namespace cloister::control {

inline constexpr std::size_t kEndpointCharsMax = 512;

struct Endpoint {
  net::ServerAddress server;
  std::string target;  // path and query, such as "/token"; "" where the address ends with its host

  // "https://oauth2.googleapis.com/token". kInvalidArgument for user names, fragments and characters beyond visible
  // ASCII.
  static Result<Endpoint> Parse(std::string_view url);

  std::string url() const { return server.origin() + target; }
  bool secure() const { return server.origin().starts_with("https://"); }
};

}  // namespace cloister::control
