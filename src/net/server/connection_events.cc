// Answers that go on until somebody ends them. Apart from connection.cc, since only they wait for a clock.

#include <cstdio>

#include "net/server/connection.h"
#include "net/server/on_pool.h"

namespace cloister::net {
namespace {

// A part of a body whose length nobody knows (RFC 9112 section 7.1).
std::string Chunk(std::string_view text) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return size + std::string(text) + "\r\n";
}

}  // namespace

boost::asio::awaitable<std::optional<std::string>> Connection::Poll(EventSource& source) {
  std::function<Result<std::string>()> poll = [&source]() -> Result<std::string> {
    try {
      return source.Poll();
    } catch (const std::exception& e) {
      return Error{Code::kInternal, "the stream cannot go on", e.what()};
    }
  };
  Hold();
  const auto text = co_await OnPool(context_.pool, PoolDoor::kContinuation, std::move(poll));
  if (!text || !*text) co_return std::nullopt;
  co_return **text;
}

boost::asio::awaitable<bool> Connection::Pause() {
  Arm(limits().event_poll_ms, limits().event_poll_ms);
  // The next request may come already, and waits: it neither makes us ask more often nor hides the client's end, which
  // is seen by reading alone.
  bool some = true;
  while (some) some = co_await ReadMore();
  co_return expired_;  // only our own time is over
}

boost::asio::awaitable<bool> Connection::SendEvents(EventSource& source) {
  const std::int64_t until_ms = NowMs() + limits().stream_ms;
  while (!context_.stopping && NowMs() < until_ms) {
    const std::optional<std::string> text = co_await Poll(source);
    if (!text) break;
    if (text->empty()) {
      const bool there = co_await Pause();
      if (!there) co_return false;
      continue;
    }
    Arm(limits().stall_ms, limits().stall_ms);
    const bool sent = co_await WriteAll(AsBytes(Chunk(*text)));
    if (!sent) co_return false;
  }
  Arm(limits().stall_ms, limits().stall_ms);
  co_return co_await WriteAll(AsBytes(std::string_view("0\r\n\r\n")));
}

}  // namespace cloister::net
