#pragma once

// The transport that is really used: libcurl, HTTP/1.1, TLS 1.2 or newer with the system's certificate authorities (or
// one file of your own). Redirects are never followed: the key would go along to wherever a redirect points.

#include <cstdint>
#include <memory>
#include <string>

#include "net/client/http.h"
#include "net/client/server_address.h"

namespace cloister::net {

struct CurlOptions {
  std::string ca_file = {};  // PEM; empty means the system's
  std::string user_agent = "cloister";
  std::int64_t connect_timeout_ms = 10'000;
  std::int64_t idle_timeout_ms = 30'000;  // no byte either way for so long ends the exchange
};

// Keeps its connection between exchanges. Not thread-safe; movable.
class CurlTransport final : public HttpTransport {
 public:
  CurlTransport(ServerAddress server, CurlOptions options = {});
  ~CurlTransport() override;
  CurlTransport(CurlTransport&&) noexcept;
  CurlTransport& operator=(CurlTransport&&) noexcept;

  Result<HttpAnswer> Perform(const HttpRequest& request) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cloister::net
