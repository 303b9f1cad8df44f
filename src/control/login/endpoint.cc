#include "control/login/endpoint.h"

#include <algorithm>

namespace cloister::control {

Result<Endpoint> Endpoint::Parse(std::string_view url) {
  const bool clean = std::ranges::all_of(
      url, [](char c) { return c > 0x20 && c < 0x7f && c != '#' && c != '\\' && c != '"' && c != '<' && c != '>'; });
  if (!clean || url.size() > kEndpointCharsMax) return InvalidArgument("an address of the issuer is malformed");
  const std::size_t authority = url.find("://");
  if (authority == std::string_view::npos) return InvalidArgument("an address of the issuer has no scheme");
  const std::size_t end = std::min(url.find_first_of("/?", authority + 3), url.size());
  const auto server = net::ServerAddress::Parse(url.substr(0, end));
  if (!server) {
    return InvalidArgument("an address of the issuer must be https://HOST[:PORT]/..., or http:// on this machine");
  }
  std::string target(url.substr(end));
  if (target.starts_with('?')) target.insert(0, "/");
  return Endpoint{.server = *server, .target = std::move(target)};
}

}  // namespace cloister::control
