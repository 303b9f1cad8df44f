#include "net/server/server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <netinet/tcp.h>
#include <list>
#include <thread>

#include "net/server/connection.h"
#include "net/server/tls_stream.h"

namespace cloister::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::int64_t kAcceptPauseMs = 50;  // after a failed accept (no descriptors left), so that it does not spin

// What ProblemResponse would write, made before anybody came.
constexpr std::string_view kTurnedAway =
    "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\ncontent-length: 152\r\n"
    "retry-after: 1\r\nconnection: close\r\n\r\n"
    R"({"type":"about:blank","title":"Service Unavailable","status":503,"error":"UNAVAILABLE",)"
    R"("detail":"too many connections","message":"too many connections"})";

class TcpStream final : public Stream {
 public:
  explicit TcpStream(tcp::socket socket) : socket_(std::move(socket)) {}

  asio::awaitable<Status> Open() override { co_return Status(); }
  asio::awaitable<std::optional<std::size_t>> ReadSome(std::span<std::uint8_t> into) override {
    const auto [error, size] = co_await socket_.async_read_some(asio::buffer(into.data(), into.size()), kAsTuple);
    if (error || size == 0) co_return std::nullopt;
    co_return size;
  }
  asio::awaitable<std::optional<std::size_t>> WriteSome(ByteView bytes) override {
    const auto [error, size] = co_await socket_.async_write_some(asio::buffer(bytes.data(), bytes.size()), kAsTuple);
    if (error || size == 0) co_return std::nullopt;
    co_return size;
  }
  void Cancel() override {
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  }
  asio::awaitable<void> ShutdownSend() override {
    boost::system::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    co_return;
  }
  void Close() override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  tcp::socket socket_;
};

// One event loop with its own listening socket; the kernel spreads connections over them.
class Reactor {
 public:
  explicit Reactor(ServerContext& context) : context_(context), acceptor_(io_), sweep_(io_) {}

  Result<std::uint16_t> Listen(const asio::ip::address& address, std::uint16_t port) {
    boost::system::error_code error;
    const tcp::endpoint endpoint(address, port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
    if (!error) acceptor_.set_option(ReusePort(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {  // said to the operator alone, who starts it
      return Unavailable(address.to_string() + " port " + std::to_string(port) + " cannot be listened on (" +
                         error.message() + "); choose another, or end what has it");
    }
    return acceptor_.local_endpoint().port();
  }

  void Start() {
    asio::co_spawn(io_, Accept(), asio::detached);
    asio::co_spawn(io_, Sweep(), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
  }

  // From any thread; the loop ends when its last connection has.
  void RequestStop() {
    asio::post(io_, [this] {
      boost::system::error_code ignored;
      acceptor_.close(ignored);
      drain_due_ms_ = NowMs() + context_.options.limits.drain_ms;
      stopping_ = true;
      for (Connection* connection : connections_) connection->EndWhenIdle();
      sweep_.cancel();
    });
  }
  void Join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  asio::awaitable<void> Accept() {
    while (!stopping_) {
      auto [error, socket] = co_await acceptor_.async_accept(kAsTuple);
      if (stopping_) co_return;
      if (error) {
        asio::steady_timer pause(io_, std::chrono::milliseconds(kAcceptPauseMs));
        co_await pause.async_wait(kAsTuple);
        continue;
      }
      boost::system::error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      // Whoever went without a word is found by what he never acknowledges, the ping of an event stream too.
      using UserTimeout = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;  // RFC 5482
      socket.set_option(UserTimeout(context_.options.limits.unacknowledged_ms), ignored);
      if (context_.connections.fetch_add(1) >= context_.options.limits.connections_max) {
        asio::co_spawn(io_, TurnAway(std::move(socket)), asio::detached);
      } else {
        asio::co_spawn(io_, Serve(std::move(socket)), asio::detached);
      }
    }
  }

  asio::awaitable<void> Serve(tcp::socket socket) {
    Connection connection(context_, Wrap(std::make_unique<TcpStream>(std::move(socket))));
    const auto place = connections_.insert(connections_.end(), &connection);
    co_await connection.Serve();
    connections_.erase(place);
    context_.connections.fetch_sub(1);
    if (stopping_) sweep_.cancel();
  }

  // Under the certificate of this moment: what is open goes on under the one that it began with.
  std::unique_ptr<Stream> Wrap(std::unique_ptr<Stream> plain) const {
    if (!context_.services.tls) return plain;
    return std::make_unique<TlsStream>(std::move(plain), context_.services.tls());
  }

  // A fixed answer without reading a byte: whoever floods gets no memory, and over TLS no handshake either.
  asio::awaitable<void> TurnAway(tcp::socket socket) {
    TcpStream stream(std::move(socket));
    if (!context_.services.tls) co_await stream.WriteSome(AsBytes(kTurnedAway));
    stream.Close();
    context_.connections.fetch_sub(1);
  }

  asio::awaitable<void> Sweep() {
    while (!stopping_ || !connections_.empty()) {
      sweep_.expires_after(std::chrono::milliseconds(context_.options.limits.sweep_ms));
      co_await sweep_.async_wait(kAsTuple);
      const std::int64_t now_ms = NowMs();
      for (Connection* connection : connections_) {
        connection->CheckDeadline(now_ms);
        if (stopping_ && now_ms >= drain_due_ms_) connection->Abort();
      }
    }
  }

  std::int64_t NowMs() const { return context_.services.clock.MonotonicMs(); }

  ServerContext& context_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer sweep_;
  std::list<Connection*> connections_;
  bool stopping_ = false;
  std::int64_t drain_due_ms_ = 0;
  std::thread thread_;
};

}  // namespace

struct Server::State {
  State(const ServerOptions& options, const ServerServices& services, Router router)
      : context{.options = options,
                .services = services,
                .router = std::move(router),
                .pool = WorkerPool(
                    {.threads = options.worker_threads, .queued_max = options.limits.queued_requests_max})} {}
  ServerContext context;
  std::vector<std::unique_ptr<Reactor>> reactors;
  std::uint16_t port = 0;
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() { Stop(); }
std::uint16_t Server::port() const { return state_->port; }

Result<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, const ServerServices& services,
                                              Router router) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) return InvalidArgument("the listen address must be an IP address");
  auto state = std::make_unique<State>(options, services, std::move(router));
  state->port = options.port;
  for (std::size_t i = 0; i < options.io_threads; ++i) {
    auto reactor = std::make_unique<Reactor>(state->context);
    CLOISTER_ASSIGN(state->port, reactor->Listen(address, state->port));
    state->reactors.push_back(std::move(reactor));
  }
  for (const auto& reactor : state->reactors) reactor->Start();
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

void Server::Stop() {
  state_->context.stopping = true;
  for (const auto& reactor : state_->reactors) reactor->RequestStop();
  for (const auto& reactor : state_->reactors) reactor->Join();
  state_->context.pool.Stop();
}

}  // namespace cloister::net
