#pragma once

// One client's connection: reads requests, has them handled, writes answers, one after the other. Lives on one event
// loop; only handlers run elsewhere. Room-private.

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>

#include "base/id.h"
#include "net/server/problem.h"
#include "net/server/request_parser.h"
#include "net/server/server.h"
#include "net/server/stream.h"
#include "net/server/worker_pool.h"

namespace cloister::net {

// What all connections of a server share. Read-only or atomic.
struct ServerContext {
  ServerOptions options;
  ServerServices services;
  Router router;
  WorkerPool pool;
  std::atomic<std::size_t> connections = 0;
  std::atomic<std::size_t> buffered_bytes = 0;
  std::atomic<bool> stopping = false;
};

// A share of `buffered_bytes_max`, given back on destruction.
class BufferShare {
 public:
  // Absent at the bound.
  static std::optional<BufferShare> Take(ServerContext& context, std::size_t bytes);
  BufferShare(BufferShare&& other) noexcept : context_(std::exchange(other.context_, nullptr)), bytes_(other.bytes_) {}
  BufferShare& operator=(BufferShare&&) = delete;
  ~BufferShare();

 private:
  BufferShare(ServerContext& context, std::size_t bytes) : context_(&context), bytes_(bytes) {}
  ServerContext* context_;
  std::size_t bytes_;
};

class Connection {
 public:
  Connection(ServerContext& context, std::unique_ptr<Stream> stream);

  // Until either side ends it.
  boost::asio::awaitable<void> Serve();

  // From the event loop's sweep: ends what is over its time.
  void CheckDeadline(std::int64_t now_ms);
  // The server stops: an idle connection ends now, another after its answer.
  void EndWhenIdle();
  void Abort() { stream_->Close(); }

 private:
  template <typename T>
  using Awaitable = boost::asio::awaitable<T>;

  Awaitable<bool> ServeOne();
  Awaitable<std::optional<RequestHead>> ReadHead(RequestParser& parser);
  Awaitable<Response> Handle(RequestParser& parser, const RequestHead& head, Request& request);
  Awaitable<Response> HandleWhole(RequestParser& parser, const RequestHead& head, Request& request);
  Awaitable<Response> HandleUpload(RequestParser& parser, const RequestHead& head, Request& request);
  Awaitable<std::optional<Refusal>> ReadWhole(RequestParser& parser, const RequestHead& head, std::string& body);
  Awaitable<Response> PumpInto(RequestParser& parser, std::unique_ptr<BodySink> sink);
  Awaitable<bool> PutContinue(const RequestHead& head);
  Awaitable<bool> Answer(const Request& request, Response response);
  Awaitable<bool> SendSource(BodySource& source);
  Awaitable<bool> ReadMore();
  Awaitable<bool> WriteAll(ByteView bytes);
  Awaitable<void> Linger();

  Response Rendered(Result<Response> response) const;
  Response RenderError(const Error& error) const;
  std::optional<Refusal> CheckHost(const Request& request) const;
  std::string HeadOfAnswer(const Request& request, const Response& response) const;
  void Log(const Request& request, int status) const;
  void Arm(std::int64_t stall_ms, std::int64_t total_ms);
  std::int64_t NowMs() const { return context_.services.clock.MonotonicMs(); }
  const HttpLimits& limits() const { return context_.options.limits; }
  ByteView Unread() const { return ByteView(input_).subspan(begin_, end_ - begin_); }

  ServerContext& context_;
  std::unique_ptr<Stream> stream_;
  Bytes input_;  // bytes [begin_, end_) came and are not consumed yet
  std::size_t begin_ = 0;
  std::size_t end_ = 0;

  const Route* route_ = nullptr;  // of the request in work
  std::int64_t started_ms_ = 0;
  bool idle_ = true;
  bool close_after_ = false;   // the answer in work is the last
  bool body_pending_ = false;  // the client may still be sending a body that nobody reads
  bool expired_ = false;       // a deadline ended a wait
  std::int64_t stall_ms_ = 0;  // of the phase in work
  std::int64_t due_ms_ = 0;    // the next of both deadlines
  std::int64_t total_due_ms_ = 0;
};

}  // namespace cloister::net
