#pragma once

// Symmetrical remote calls over one byte stream: both ends call, both ends answer (docs/formats/channel.md).
//
// A Channel owns its descriptor, one reader thread and a few workers that run the handler. It ends for good when the
// other side goes away, sends a broken frame, or Close() is called; calls in flight then fail with kUnavailable.
// Only `code` and `public_message` of a handler's Error cross; `detail` stays here.
//
//   Channel channel(fd, {.handler = Serve});
//   auto answer = channel.Call({.method = "evidence", .params = {{"nonce", nonce}}, .timeout_ms = 5000});
//
// Thread-safe. The handler runs on several threads at once and may itself Call().

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/json.h"

namespace cloister::net {

struct ChannelRequest {
  std::string method;
  codec::Json params;
  Bytes body;
  std::int64_t deadline_ms = 0;  // the caller's; one that waited longer in the queue is not handed to the handler
};

struct ChannelAnswer {
  codec::JsonObject head = {};
  Bytes body = {};
};

struct OutgoingCall {
  std::string method;
  codec::JsonObject params = {};
  Bytes body = {};
  std::int64_t timeout_ms = 30'000;
};

struct ChannelOptions {
  std::function<Result<ChannelAnswer>(const ChannelRequest&)> handler;
  int workers = 4;                       // threads that run the handler
  int requests_in_work_max = 64;         // waiting and running; one more is answered kResourceExhausted
  std::function<void()> on_closed = {};  // once, on the reader thread, when the channel has ended
};

class Channel {
 public:
  Channel(int fd, ChannelOptions options);
  ~Channel();  // Close() and wait for the threads; never from a handler
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Sends and waits. kDeadlineExceeded after timeout_ms: the other side may still do the work, its late answer is
  // dropped.
  Result<ChannelAnswer> Call(OutgoingCall call);
  void Close();
  // Blocks until the channel has ended.
  void WaitUntilClosed();
  bool closed() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cloister::net
