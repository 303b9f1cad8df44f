#include "net/client/server_address.h"

#include <charconv>

namespace cloister::net {
namespace {

constexpr std::string_view kMend = "; write it as https://HOST[:PORT], or http://127.0.0.1:PORT on one machine";

bool IsHostChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

bool IsHost(std::string_view host) {
  if (host.starts_with('[')) {  // an IPv6 literal
    return host.size() > 2 && host.ends_with(']') &&
           host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
  }
  if (host.empty() || host.size() > 253) return false;
  for (const char c : host) {
    if (!IsHostChar(c)) return false;
  }
  return true;
}

bool IsPort(std::string_view port) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return error == std::errc() && end == port.data() + port.size() && number >= 1 && number <= 65535;
}

// Names that the machine itself answers; "localhost" is bound to loopback by RFC 6761 section 6.3.
bool IsLoopback(std::string_view host) { return host == "localhost" || host == "127.0.0.1" || host == "[::1]"; }

}  // namespace

Result<ServerAddress> ServerAddress::Parse(std::string_view url) {
  const bool secure = url.starts_with("https://");
  if (!secure && !url.starts_with("http://")) {
    return InvalidArgument("the server's address must begin with https:// or http://" + std::string(kMend));
  }
  std::string_view authority = url.substr(secure ? 8 : 7);
  if (authority.ends_with('/')) authority.remove_suffix(1);
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view host = authority.substr(0, colon);
  if (!IsHost(host) || (colon != std::string_view::npos && !IsPort(authority.substr(colon + 1)))) {
    return InvalidArgument("the server's address must be a host and a port and nothing behind" + std::string(kMend));
  }
  const bool loopback = IsLoopback(host);
  if (!secure && !loopback) {
    return InvalidArgument("plain HTTP would send your API key readable through the network" + std::string(kMend));
  }
  return ServerAddress((secure ? "https://" : "http://") + std::string(authority), loopback);
}

}  // namespace cloister::net
