#include "net/server/connection.h"

#include <algorithm>

#include "codec/ascii.h"
#include "net/server/guarded.h"
#include "net/server/on_pool.h"
#include "net/server/trace_context.h"

namespace cloister::net {
namespace {

constexpr std::size_t kInputBytes = 64 << 10;   // read from the socket at once
constexpr std::size_t kPieceBytes = 256 << 10;  // handed to a sink at once
constexpr std::size_t kWholeBytes = 16 << 10;   // of a whole body, taken at once

struct RequestTag { static constexpr std::string_view kPrefix = "req"; };

}  // namespace

bool BufferShare::Grow(std::size_t bytes) {
  if (context_.buffered_bytes.fetch_add(bytes) + bytes > context_.options.limits.buffered_bytes_max) {
    context_.buffered_bytes.fetch_sub(bytes);
    return false;
  }
  bytes_ += bytes;
  return true;
}

Connection::Connection(ServerContext& context, std::unique_ptr<Stream> stream)
    : context_(context),
      stream_(std::move(stream)),
      input_(std::max(kInputBytes, context.options.limits.head_bytes_max)) {}

void Connection::Arm(std::int64_t stall_ms, std::int64_t total_ms) {
  stall_ms_ = stall_ms;
  total_due_ms_ = NowMs() + total_ms;
  expired_ = false;
  Touch();
}

void Connection::CheckDeadline(std::int64_t now_ms) {
  if (now_ms < due_ms_) return;
  expired_ = true;
  stream_->Cancel();
}

void Connection::EndWhenIdle() {
  close_after_ = true;
  if (idle_) stream_->Cancel();
}

boost::asio::awaitable<void> Connection::Serve() {
  Arm(limits().handshake_ms, limits().handshake_ms);
  const Status opened = co_await stream_->Open();
  if (!opened) {
    context_.services.log.Write(LogLevel::kInfo, "net/server", "a TLS handshake failed: " + opened.error().detail);
  }
  bool more = opened.has_value();
  while (more) more = co_await ServeOne();
  Arm(limits().linger_ms, limits().linger_ms);
  co_await stream_->ShutdownSend();
  stream_->Close();
}

boost::asio::awaitable<bool> Connection::ReadMore() {
  if (begin_ > 0) {
    std::copy(input_.begin() + static_cast<std::ptrdiff_t>(begin_), input_.begin() + static_cast<std::ptrdiff_t>(end_),
              input_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == input_.size() || expired_) co_return false;
  const std::optional<std::size_t> got = co_await stream_->ReadSome(std::span(input_).subspan(end_));
  if (!got) co_return false;
  end_ += *got;
  Touch();
  co_return true;
}

boost::asio::awaitable<bool> Connection::WriteAll(ByteView bytes) {
  while (!bytes.empty()) {
    if (expired_) co_return false;
    const std::optional<std::size_t> put = co_await stream_->WriteSome(bytes);
    if (!put) co_return false;
    bytes = bytes.subspan(*put);
    Touch();
  }
  co_return true;
}

boost::asio::awaitable<bool> Connection::ServeOne() {
  RequestParser parser(limits());
  route_ = nullptr;
  body_pending_ = false;
  std::optional<RequestHead> head = co_await ReadHead(parser);
  if (!head) co_return false;
  started_ms_ = NowMs();
  Request request;
  request.id = Id<RequestTag>::New(context_.services.clock, context_.services.rng).str();
  request.method = head->method;
  request.path = head->target.path;
  request.segments = std::move(head->target.segments);
  request.query = std::move(head->target.query);
  request.headers = std::move(head->headers);
  request.body_bytes = head->content_length.value_or(0);
  body_pending_ = head->has_body;
  if (!head->keep_alive) close_after_ = true;
  Response response = co_await Handle(parser, *head, request);
  const bool sent = co_await Answer(request, std::move(response));
  if (sent && body_pending_) co_await Linger();
  co_return sent && !close_after_ && !body_pending_;
}

boost::asio::awaitable<std::optional<RequestHead>> Connection::ReadHead(RequestParser& parser) {
  idle_ = begin_ == end_;
  if (idle_) {
    if (close_after_ || context_.stopping) co_return std::nullopt;
    Arm(limits().idle_ms, limits().idle_ms);
    const bool some = co_await ReadMore();
    idle_ = false;
    if (!some) co_return std::nullopt;
  }
  Arm(limits().head_ms, limits().head_ms);
  for (;;) {
    auto step = parser.PutHead(Unread());
    if (auto* head = std::get_if<RequestParser::Head>(&step)) {
      begin_ += head->consumed;
      co_return std::move(head->head);
    }
    Refusal refusal{408, "the request did not come in time"};
    if (const auto* refused = std::get_if<Refusal>(&step)) {
      refusal = *refused;
    } else {
      const bool some = co_await ReadMore();
      if (some) continue;
      if (!expired_) co_return std::nullopt;
    }
    body_pending_ = true;  // whatever it was, it may not be over
    Request nameless;
    nameless.id = Id<RequestTag>::New(context_.services.clock, context_.services.rng).str();
    started_ms_ = NowMs();
    const bool sent = co_await Answer(nameless, RefusalResponse(refusal.status, refusal.message));
    if (sent) co_await Linger();
    co_return std::nullopt;
  }
}

std::optional<Refusal> Connection::CheckHost(const Request& request) const {
  const auto& hosts = context_.options.hosts;
  if (hosts.empty()) return std::nullopt;
  const std::string* host = request.Header("host");
  if (host != nullptr) {
    const std::size_t colon = host->rfind(':');
    const bool has_port = colon != std::string::npos && host->find(']', colon) == std::string::npos;
    const std::string name = codec::LowerCase(has_port ? host->substr(0, colon) : *host);
    // Names of hosts have no case (RFC 9110, 4.2.3).
    const auto is_it = [&](const std::string& ours) { return codec::LowerCase(ours) == name; };
    if (std::ranges::any_of(hosts, is_it)) return std::nullopt;
  }
  return Refusal{421, "this server does not answer for that host"};
}

boost::asio::awaitable<Response> Connection::Handle(RequestParser& parser, const RequestHead& head, Request& request) {
  if (const auto refusal = CheckHost(request)) co_return RefusalResponse(refusal->status, refusal->message);
  Router::Match match = context_.router.Find(request.method, request.segments);
  if (match.route == nullptr) {
    if (match.allowed.empty()) co_return RefusalResponse(404, "there is nothing at this path");
    Response response = RefusalResponse(405, "this path does not know that method");
    response.headers.emplace_back("allow", match.allowed);
    co_return response;
  }
  route_ = match.route;
  request.params = std::move(match.params);
  if (route_->upload) co_return co_await HandleUpload(parser, head, request);
  co_return co_await HandleWhole(parser, head, request);
}

boost::asio::awaitable<bool> Connection::PutContinue(const RequestHead& head) {
  if (!head.expects_continue || begin_ != end_) co_return true;
  co_return co_await WriteAll(AsBytes("HTTP/1.1 100 Continue\r\n\r\n"));
}

boost::asio::awaitable<std::optional<Refusal>> Connection::ReadWhole(RequestParser& parser, const RequestHead& head,
                                                                     WholeBody body) {
  const bool asked = co_await PutContinue(head);
  if (!asked) co_return Refusal{408, "the request body did not come in time"};
  Bytes piece(kWholeBytes);
  for (;;) {
    const auto step = parser.PutBody(Unread(), piece);
    if (const auto* refused = std::get_if<Refusal>(&step)) co_return *refused;
    const auto& moved = std::get<RequestParser::Piece>(step);
    begin_ += moved.consumed;
    if (!body.share.Grow(moved.produced)) co_return Refusal{503, "too many request bodies at once; try again"};
    body.text.append(AsText(ByteView(piece).first(moved.produced)));
    if (moved.done) co_return std::nullopt;
    if (moved.consumed > 0 || moved.produced > 0) continue;
    const bool some = co_await ReadMore();
    if (!some) co_return Refusal{408, "the request body did not come in time, or not whole"};
  }
}

boost::asio::awaitable<Response> Connection::HandleWhole(RequestParser& parser, const RequestHead& head,
                                                         Request& request) {
  if (head.content_length.value_or(0) > limits().body_bytes_max) {
    co_return RefusalResponse(413, "the request body is too large");
  }
  BufferShare share(context_);
  if (head.has_body) {
    Arm(limits().body_ms, limits().body_ms);
    const std::optional<Refusal> refusal = co_await ReadWhole(parser, head, {request.body, share});
    if (refusal) co_return RefusalResponse(refusal->status, refusal->message);
    body_pending_ = false;
  }
  Hold();
  std::function<Result<Response>()> run = [this, &request] {
    return Guarded<Response>([&] { return route_->handler(request); });
  };
  std::optional<Result<Response>> response = co_await OnPool(context_.pool, PoolDoor::kNew, std::move(run));
  if (!response) co_return RefusalResponse(503, "too many requests at once; try again");
  co_return Rendered(*std::move(response));
}

boost::asio::awaitable<Response> Connection::HandleUpload(RequestParser& parser, const RequestHead& head,
                                                          Request& request) {
  parser.LimitBody(route_->body_bytes_max);
  if (head.content_length.value_or(0) > route_->body_bytes_max) {
    co_return RefusalResponse(413, "the request body is too large");
  }
  BufferShare share(context_);
  if (!share.Grow(kPieceBytes)) co_return RefusalResponse(503, "too many request bodies at once; try again");
  Hold();
  using Sink = std::unique_ptr<BodySink>;
  std::function<Result<Sink>()> open = [this, &request] {
    return Guarded<Sink>([&] { return route_->upload(request); });
  };
  std::optional<Result<Sink>> opened = co_await OnPool(context_.pool, PoolDoor::kNew, std::move(open));
  if (!opened) co_return RefusalResponse(503, "too many requests at once; try again");
  if (!*opened) co_return RenderError(opened->error());
  Arm(limits().stall_ms, limits().stream_ms);
  const bool asked = co_await PutContinue(head);
  if (!asked) co_return RefusalResponse(408, "the request body did not come in time");
  co_return co_await PumpInto(parser, **std::move(opened));
}

boost::asio::awaitable<Response> Connection::PumpInto(RequestParser& parser, std::unique_ptr<BodySink> sink) {
  Bytes piece(kPieceBytes);
  std::size_t filled = 0;
  for (bool done = false; !done;) {
    const auto step = parser.PutBody(Unread(), std::span(piece).subspan(filled));
    if (const auto* refused = std::get_if<Refusal>(&step)) co_return RefusalResponse(refused->status, refused->message);
    const auto& moved = std::get<RequestParser::Piece>(step);
    begin_ += moved.consumed;
    filled += moved.produced;
    done = moved.done;
    if (filled == piece.size() || (done && filled > 0)) {
      std::function<Status()> write = [&] {
        return Guarded<void>([&] { return sink->Write(ByteView(piece).first(filled)); });
      };
      Hold();
      const std::optional<Status> written = co_await OnPool(context_.pool, PoolDoor::kContinuation, std::move(write));
      Touch();
      if (!written) co_return RefusalResponse(503, "the server stops");
      if (!*written) {
        Response response = RenderError(written->error());
        for (auto& field : sink->ErrorFields()) response.headers.push_back(std::move(field));
        co_return response;
      }
      filled = 0;
    } else if (!done && moved.consumed == 0 && moved.produced == 0) {
      const bool some = co_await ReadMore();
      if (!some) co_return RefusalResponse(408, "the request body did not come in time, or not whole");
    }
  }
  body_pending_ = false;
  Hold();
  std::function<Result<Response>()> finish = [&sink] { return Guarded<Response>([&] { return sink->Finish(); }); };
  std::optional<Result<Response>> finished =
      co_await OnPool(context_.pool, PoolDoor::kContinuation, std::move(finish));
  if (!finished) co_return RefusalResponse(503, "the server stops");
  co_return Rendered(*std::move(finished));
}

Response Connection::Rendered(Result<Response> response) const {
  return response ? *std::move(response) : RenderError(response.error());
}

Response Connection::RenderError(const Error& error) const { return context_.services.render_error(error); }

void Connection::Log(const Request& request, int status) const {
  const std::string where = route_ != nullptr ? route_->method + " " + route_->pattern : "(no route)";
  const std::string* trace = request.Header("traceparent");
  const std::string trace_id = trace != nullptr && IsTraceParent(*trace) ? " trace " + trace->substr(3, 32) : "";
  if (context_.services.measure) {
    context_.services.measure({.method = route_ != nullptr ? std::string_view(route_->method) : "",
                               .pattern = route_ != nullptr ? std::string_view(route_->pattern) : "",
                               .status = status,
                               .duration_ms = NowMs() - started_ms_});
  }
  context_.services.log.Write(status >= 500 ? LogLevel::kWarning : LogLevel::kInfo, "net/server",
                              request.id + " " + where + " " + std::to_string(status) + " " +
                                  std::to_string(NowMs() - started_ms_) + " ms" + trace_id);
}

boost::asio::awaitable<void> Connection::Linger() {
  Arm(limits().linger_ms, limits().linger_ms);
  co_await stream_->ShutdownSend();
  for (bool more = true; more;) {
    begin_ = end_ = 0;
    more = co_await ReadMore();
  }
}

}  // namespace cloister::net
