// A connection after the handshake of RFC 6455. One coroutine speaks and listens in turn: it listens as long as an
// event stream would have paused.

#include <algorithm>

#include "net/server/connection.h"

namespace cloister::net {
namespace {

constexpr int kFramesAtOnceMax = 32;  // then it is our turn again, however much the client says

// A frame a line; an empty line is a ping.
std::string FramesOf(std::string_view lines) {
  std::string frames;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    frames += ServerFrame(line.empty() ? WebSocketOpcode::kPing : WebSocketOpcode::kText, line);
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return frames;
}

}  // namespace

boost::asio::awaitable<bool> Connection::Say(std::string frames) {
  Arm(limits().stall_ms, limits().stall_ms);
  co_return co_await WriteAll(AsBytes(frames));
}

boost::asio::awaitable<bool> Connection::Listen(ClientMessages& messages) {
  Arm(limits().event_poll_ms, limits().event_poll_ms);
  for (int frames = 0; frames < kFramesAtOnceMax;) {
    const auto step = ReadClientFrame(Unread());
    if (const auto* code = std::get_if<CloseCode>(&step)) {
      (void)co_await Say(CloseFrame(*code));
      co_return false;
    }
    if (const auto* frame = std::get_if<ClientFrame>(&step)) {
      ++frames;
      begin_ += frame->consumed;
      if (const auto broken = messages.Take(*frame)) {
        (void)co_await Say(CloseFrame(*broken));
        co_return false;
      }
      if (frame->opcode == WebSocketOpcode::kClose) {
        (void)co_await Say(ServerFrame(WebSocketOpcode::kClose, frame->payload.substr(0, 2)));
        co_return false;
      }
      if (frame->opcode != WebSocketOpcode::kPing) continue;
      const bool said = co_await Say(ServerFrame(WebSocketOpcode::kPong, frame->payload));
      if (!said) co_return false;
      Arm(limits().event_poll_ms, limits().event_poll_ms);
      continue;
    }
    const bool some = co_await ReadMore();
    if (!some) co_return expired_;  // only our own time is over
  }
  co_return true;
}

boost::asio::awaitable<bool> Connection::SpeakFrames(EventSource& source) {
  const std::int64_t until_ms = NowMs() + limits().stream_ms;
  ClientMessages messages;
  while (!context_.stopping && NowMs() < until_ms) {
    const std::optional<std::string> lines = co_await Poll(source);
    if (!lines) break;
    bool goes_on = true;
    if (!lines->empty()) goes_on = co_await Say(FramesOf(*lines));
    if (goes_on) goes_on = co_await Listen(messages);
    if (!goes_on) co_return false;
  }
  (void)co_await Say(CloseFrame(CloseCode::kGoingAway));
  co_return false;
}

}  // namespace cloister::net
