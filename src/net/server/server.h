#pragma once

// The HTTP/1.1 server: one event loop per core behind SO_REUSEPORT, handlers on a bounded pool of workers. It
// knows routes and limits and no word of what they are about. TLS 1.3 where ServerServices::tls is given, else plain
// HTTP: whoever listens beyond loopback without it puts something in front that ends TLS.
//
//   Router router;
//   router.Add("GET", "/livez", [](const Request&) -> Result<Response> { return Response{}; });
//   auto server = Server::Start({.port = 0}, services, std::move(router));
//   (*server)->port();   // the one the kernel chose
//
// Every answer carries Request-Id, Date, X-Content-Type-Options: nosniff and, unless the handler says
// otherwise, Cache-Control: no-store.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base/rng.h"
#include "crypto/tls_identity.h"
#include "net/server/http.h"
#include "net/server/limits.h"
#include "net/server/router.h"

namespace cloister::net {

struct ServerOptions {
  HttpLimits limits = {};
  std::string address = "127.0.0.1";  // an IP address, no name
  std::uint16_t port = 0;             // 0: the kernel chooses
  std::size_t io_threads = 2;
  std::size_t worker_threads = 8;
  // Host names that requests may be for, without port. Empty: any. On loopback a list keeps web pages of the
  // user's browser out that point a name of theirs at 127.0.0.1 (DNS rebinding): they are answered 421.
  std::vector<std::string> hosts = {};
  // Over TLS: every answer carries Strict-Transport-Security (RFC 6797). Not for loopback, where it would hold for
  // every other server of that machine, since browsers remember the host and not the port.
  bool strict_transport = false;
};

// All must outlive the server and be thread-safe.
// One answered request, without a word that a client chose.
struct RequestMeasure {
  std::string_view method;   // of the route; empty when there was none
  std::string_view pattern;
  int status = 0;
  std::int64_t duration_ms = 0;
};

struct ServerServices {
  const Clock& clock;
  Rng& rng;  // request ids
  LogSink& log;
  std::function<Response(const Error&)> render_error;  // what a handler's Error looks like on the wire
  std::function<void(const RequestMeasure&)> measure = {};  // called for each answer, from any thread; may be empty
  // Asked for each new connection, from any thread, so that a new certificate needs no restart; empty: plain HTTP.
  std::function<std::shared_ptr<const crypto::TlsIdentity>()> tls = {};
};

class Server {
 public:
  // Listening when it returns. kUnavailable when the address cannot be bound.
  static Result<std::unique_ptr<Server>> Start(const ServerOptions& options, const ServerServices& services,
                                               Router router);
  ~Server();  // stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;

  // Accepts nothing more, closes idle connections, grants requests in work `drain_ms`, then closes theirs
  // too. Waits for handlers that run; whoever stops the server first cancels what they wait for. Idempotent.
  void Stop();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cloister::net
