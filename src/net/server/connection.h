#pragma once

// One client's connection: reads requests, has them handled, writes answers, one after the other. Lives on
// one event loop; only handlers run elsewhere. Room-private.

#include <algorithm>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <limits>
#include <memory>
#include <optional>

#include "base/id.h"
#include "net/server/problem.h"
#include "net/server/request_parser.h"
#include "net/server/server.h"
#include "net/server/stream.h"
#include "net/server/web_socket.h"
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
  std::atomic<std::size_t> event_streams = 0;
  std::atomic<bool> stopping = false;
};

// A share of `buffered_bytes_max`, taken as bytes come and given back on destruction: who announces much and sends
// little holds little.
class BufferShare {
 public:
  explicit BufferShare(ServerContext& context) : context_(context) {}
  ~BufferShare() { context_.buffered_bytes.fetch_sub(bytes_); }
  BufferShare(const BufferShare&) = delete;
  BufferShare& operator=(const BufferShare&) = delete;
  // False at the bound; nothing more is taken then.
  bool Grow(std::size_t bytes);

 private:
  ServerContext& context_;
  std::size_t bytes_ = 0;
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
  // Where a whole body goes, and what it weighs.
  struct WholeBody {
    std::string& text;
    BufferShare& share;
  };
  Awaitable<std::optional<Refusal>> ReadWhole(RequestParser& parser, const RequestHead& head, WholeBody body);
  Awaitable<Response> PumpInto(RequestParser& parser, std::unique_ptr<BodySink> sink);
  Awaitable<bool> PutContinue(const RequestHead& head);
  Awaitable<bool> Answer(const Request& request, Response response);
  Awaitable<bool> SendSource(BodySource& source);
  Awaitable<bool> SendEvents(EventSource& source);
  // What the source has to say now, asked on the pool; nothing when the stream is over. connection_events.cc
  Awaitable<std::optional<std::string>> Poll(EventSource& source);
  // After 101: a frame for each line that the source says, until either side closes (web_socket.h). False: no request
  // comes after it.
  Awaitable<bool> SpeakFrames(EventSource& source);
  // Until the source is asked again. False when the client has closed its sending side, which half-closing is too: an
  // end of the stream that says nothing cannot be told from one that still listens (RFC 9112 section 9.6 lets a server
  // close). Likewise for one who has said more ahead than the buffer holds: his end could not be seen any more.
  Awaitable<bool> Pause();
  Awaitable<bool> Say(std::string frames);
  // A while; false when the connection is over.
  Awaitable<bool> Listen(ClientMessages& messages);
  Awaitable<bool> ReadMore();
  Awaitable<bool> WriteAll(ByteView bytes);
  Awaitable<void> Linger();

  Response Rendered(Result<Response> response) const;
  Response RenderError(const Error& error) const;
  std::optional<Refusal> CheckHost(const Request& request) const;
  std::string HeadOfAnswer(const Request& request, const Response& response) const;
  void Log(const Request& request, int status) const;
  // Deadlines of the phase that begins. Hold: of none, while the time is the handler's and not the client's.
  void Arm(std::int64_t stall_ms, std::int64_t total_ms);
  void Touch() { due_ms_ = std::min(NowMs() + stall_ms_, total_due_ms_); }
  void Hold() { due_ms_ = std::numeric_limits<std::int64_t>::max(); }
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
