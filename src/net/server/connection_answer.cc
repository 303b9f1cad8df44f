// What goes out: the head of an answer and its body, whole or piece by piece. connection_events.cc has what goes on.

#include <algorithm>
#include <ctime>

#include "net/server/connection.h"
#include "net/server/guarded.h"
#include "net/server/on_pool.h"
#include "net/server/trace_context.h"

namespace cloister::net {
namespace {

constexpr std::size_t kPieceBytes = 256 << 10;  // taken from a source at once
constexpr std::size_t kGatherBytes = 16 << 10;  // an answer up to this goes out in one write
// RFC 6797: a browser that was here once asks for https by itself for a year.
constexpr std::string_view kStrictTransport = "strict-transport-security: max-age=31536000\r\n";
constexpr int kSwitchingProtocols = 101;  // with `events`: from here on a WebSocket

// "Sun, 22 Nov 2026 08:36:00 GMT" (RFC 9110 section 5.6.7).
std::string HttpDate(Instant now) {
  const std::time_t seconds = now.unix_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  const std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

// One event stream's place among all of the server, for as long as it lives.
class EventShare {
 public:
  EventShare(std::atomic<std::size_t>& streams, bool counts) : streams_(streams), counts_(counts) {
    if (counts_) count_ = streams_.fetch_add(1) + 1;
  }
  ~EventShare() {
    if (counts_) streams_.fetch_sub(1);
  }
  EventShare(const EventShare&) = delete;
  EventShare& operator=(const EventShare&) = delete;
  std::size_t count() const { return count_; }

 private:
  std::atomic<std::size_t>& streams_;
  const bool counts_;
  std::size_t count_ = 0;
};

}  // namespace

std::string Connection::HeadOfAnswer(const Request& request, const Response& response) const {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += ReasonPhrase(response.status);
  head += "\r\nrequest-id: " + request.id + "\r\ndate: " + HttpDate(context_.services.clock.Now()) + "\r\n";
  const std::uint64_t length = response.source ? response.source->size() : response.body.size();
  const bool switches = response.status == kSwitchingProtocols;
  if (!switches && response.events) head += "transfer-encoding: chunked\r\n";
  if (!switches && !response.events) head += "content-length: " + std::to_string(length) + "\r\n";
  head += "x-content-type-options: nosniff\r\n";
  if (context_.services.tls && context_.options.strict_transport) head += kStrictTransport;
  if (const std::string* trace = request.Header("traceparent"); trace != nullptr && IsTraceParent(*trace)) {
    head += "traceparent: " + *trace + "\r\n";
  }
  if (FindHeader(response.headers, "cache-control") == nullptr) head += "cache-control: no-store\r\n";
  for (const auto& [name, value] : response.headers) {
    CLOISTER_CHECK(value.find_first_of("\r\n") == std::string::npos);
    head += name + ": " + value + "\r\n";
  }
  if (!switches && (close_after_ || body_pending_)) head += "connection: close\r\n";
  return head += "\r\n";
}

boost::asio::awaitable<bool> Connection::Answer(const Request& request, Response response) {
  if (context_.stopping) close_after_ = true;
  const bool without_body = request.method == "HEAD";
  const EventShare share(context_.event_streams, response.events != nullptr);
  if (share.count() > limits().event_streams_max) response = RefusalResponse(503, "too many event streams at once");
  std::string out = HeadOfAnswer(request, response);
  Log(request, response.status);
  Arm(limits().stall_ms, limits().stream_ms);
  const bool gather = !without_body && response.body.size() <= kGatherBytes;
  if (gather) out += response.body;
  bool sent = co_await WriteAll(AsBytes(out));
  if (!sent || without_body) co_return sent;
  if (response.source) co_return co_await SendSource(*response.source);
  if (response.status == kSwitchingProtocols) co_return co_await SpeakFrames(*response.events);
  if (response.events) co_return co_await SendEvents(*response.events);
  if (!gather) sent = co_await WriteAll(AsBytes(response.body));
  co_return sent;
}

boost::asio::awaitable<bool> Connection::SendSource(BodySource& source) {
  Bytes piece(kPieceBytes);
  for (std::uint64_t left = source.size(); left > 0;) {
    const std::size_t want = std::min<std::uint64_t>(left, piece.size());
    std::function<Result<std::size_t>()> read = [&] {
      return Guarded<std::size_t>([&] { return source.Read(std::span(piece).first(want)); });
    };
    Hold();
    const auto got = co_await OnPool(context_.pool, PoolDoor::kContinuation, std::move(read));
    Touch();
    if (!got || !*got || **got == 0 || **got > want) co_return false;
    left -= **got;
    const bool sent = co_await WriteAll(ByteView(piece).first(**got));
    if (!sent) co_return false;
  }
  co_return true;
}

}  // namespace cloister::net
