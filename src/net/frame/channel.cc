#include "net/frame/channel.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <map>
#include <new>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "net/frame/frame.h"

namespace cloister::net {
namespace {

constexpr std::int64_t kIdleWaitMs = 3'600'000;

// sendmsg and recvmsg, because the enclave's sandbox allows no other way to use a socket.
bool ReadExactly(int fd, std::span<std::uint8_t> out) {
  while (!out.empty()) {
    iovec piece{out.data(), out.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    const ssize_t got = recvmsg(fd, &message, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

bool WriteExactly(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    iovec piece{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    const ssize_t put = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return true;
}

std::optional<Frame> ReadFrame(int fd) {
  ByteArray<kFrameLengthBytes> prefix{};
  if (!ReadExactly(fd, prefix)) return std::nullopt;
  auto length = DecodeFrameLength(prefix);
  if (!length) return std::nullopt;
  Bytes payload(*length);
  if (!ReadExactly(fd, payload)) return std::nullopt;
  auto frame = DecodeFrame(payload);
  if (!frame) return std::nullopt;
  return std::move(frame).value();
}

Code CodeFromName(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(Code::kInternal); ++i) {
    if (CodeName(static_cast<Code>(i)) == name) return static_cast<Code>(i);
  }
  return Code::kInternal;
}

// A failure frame's Error. A peer that sends nonsense gets the code it deserves least trust with: kInternal.
Error DecodeFailure(const codec::JsonObject& head) {
  const auto* code = head.if_contains("code");
  const auto* message = head.if_contains("message");
  Error error{Code::kInternal, "the other side failed without a reason"};
  if (code != nullptr && code->is_string()) error.code = CodeFromName(code->get_string());
  if (message != nullptr && message->is_string()) error.public_message = std::string(message->get_string());
  return error;
}

Result<ChannelRequest> DecodeRequest(Frame frame) {
  const codec::Json head(std::move(frame.head));
  codec::ObjectReader in(head, "request");
  ChannelRequest request{.method = in.String("method", 64), .params = in.Any("params"), .body = std::move(frame.body)};
  request.deadline_ms = in.Integer("deadline_ms", 0, kIdleWaitMs * 24);
  CLOISTER_TRY(in.Finish());
  return request;
}

Error Ended() { return Unavailable("the channel to the other side has ended"); }

}  // namespace

class Channel::Impl {
 public:
  Impl(int fd, ChannelOptions options) : fd_(fd), options_(std::move(options)) {
    reader_ = std::thread([this] { ReadLoop(); });
    for (int i = 0; i < options_.workers; ++i) workers_.emplace_back([this] { WorkLoop(); });
  }

  ~Impl() {
    Close();
    reader_.join();
    for (auto& worker : workers_) worker.join();
    close(fd_);
  }

  Result<ChannelAnswer> Call(OutgoingCall call) {
    Frame frame{.kind = FrameKind::kRequest, .id = 0, .head = {}, .body = std::move(call.body)};
    frame.head["method"] = call.method;
    frame.head["deadline_ms"] = call.timeout_ms;
    frame.head["params"] = std::move(call.params);
    Waiting waiting;
    {
      MutexLock lock(mutex_);
      if (closed_) return Ended();
      frame.id = ++last_id_;
      waiting_.emplace(frame.id, &waiting);
    }
    const Status sent = Send(frame);
    MutexLock lock(mutex_);
    if (sent) {
      answered_.WaitFor(mutex_, call.timeout_ms,
                        [&]() CLOISTER_REQUIRES(mutex_) { return waiting.answer.has_value() || closed_; });
    }
    waiting_.erase(frame.id);
    if (waiting.answer) return std::move(*waiting.answer);
    if (!sent) return sent.error();
    if (closed_) return Ended();
    return Error{Code::kDeadlineExceeded, "no answer to '" + call.method + "' in time"};
  }

  void Close() {
    shutdown(fd_, SHUT_RDWR);  // wakes the reader, which does the rest
    MutexLock lock(mutex_);
    closed_ = true;
    answered_.NotifyAll();
    work_.NotifyAll();
  }

  void WaitUntilClosed() {
    MutexLock lock(mutex_);
    while (!closed_) answered_.WaitFor(mutex_, kIdleWaitMs, [&]() CLOISTER_REQUIRES(mutex_) { return closed_; });
  }

  bool closed() const {
    MutexLock lock(mutex_);
    return closed_;
  }

 private:
  struct Received {
    Frame frame;
    std::int64_t at_ms = 0;
  };
  struct Waiting {
    std::optional<Result<ChannelAnswer>> answer;
  };

  Status Send(const Frame& frame) {
    CLOISTER_ASSIGN(const Bytes bytes, EncodeFrame(frame));
    MutexLock lock(write_mutex_);
    if (!WriteExactly(fd_, bytes)) return Ended();
    return {};
  }

  void ReadLoop() {
    while (auto frame = ReadFrame(fd_)) {
      if (frame->kind == FrameKind::kRequest) {
        Enqueue(std::move(*frame));
      } else {
        Deliver(std::move(*frame));
      }
    }
    Close();
    if (options_.on_closed) options_.on_closed();
  }

  void Deliver(Frame frame) {
    MutexLock lock(mutex_);
    const auto it = waiting_.find(frame.id);
    if (it == waiting_.end()) return;  // the caller's time was over
    if (frame.kind == FrameKind::kFailure) {
      it->second->answer.emplace(DecodeFailure(frame.head));
    } else {
      it->second->answer.emplace(ChannelAnswer{std::move(frame.head), std::move(frame.body)});
    }
    answered_.NotifyAll();
  }

  void Enqueue(Frame frame) {
    {
      MutexLock lock(mutex_);
      if (in_work_ < options_.requests_in_work_max) {
        ++in_work_;
        queue_.push_back({std::move(frame), clock_.MonotonicMs()});
        work_.NotifyOne();
        return;
      }
    }
    SendFailure(frame.id, ResourceExhausted("too many requests in work on this channel; retry later"));
  }

  void WorkLoop() {
    while (auto received = NextRequest()) {
      Answer(std::move(*received));
      MutexLock lock(mutex_);
      --in_work_;
    }
  }

  std::optional<Received> NextRequest() {
    MutexLock lock(mutex_);
    while (queue_.empty() && !closed_) {
      work_.WaitFor(mutex_, kIdleWaitMs, [&]() CLOISTER_REQUIRES(mutex_) { return !queue_.empty() || closed_; });
    }
    if (closed_) return std::nullopt;
    Received received = std::move(queue_.front());
    queue_.pop_front();
    return received;
  }

  void Answer(Received received) {
    const std::uint64_t id = received.frame.id;
    const std::int64_t waited_ms = clock_.MonotonicMs() - received.at_ms;
    auto request = DecodeRequest(std::move(received.frame));
    // The caller has given up: the work would be done for nobody.
    if (request && waited_ms > request->deadline_ms) {
      SendFailure(id, Error{Code::kDeadlineExceeded, "the request waited longer than its deadline"});
      return;
    }
    Result<ChannelAnswer> answer = request ? Handled(*request) : Result<ChannelAnswer>(request.error());
    if (!answer) {
      SendFailure(id, answer.error());
      return;
    }
    const Status sent =
        Send({.kind = FrameKind::kAnswer, .id = id, .head = std::move(answer->head), .body = std::move(answer->body)});
    if (!sent && sent.error().code == Code::kInvalidArgument) SendFailure(id, sent.error());
  }

  // A request that needs more memory than there is fails by itself; the channel and the others go on.
  Result<ChannelAnswer> Handled(const ChannelRequest& request) {
    try {
      return options_.handler(request);
    } catch (const std::bad_alloc&) {
      return ResourceExhausted("not enough memory for this request");
    }
  }

  void SendFailure(std::uint64_t id, const Error& error) {
    Frame frame{.kind = FrameKind::kFailure, .id = id, .head = {}, .body = {}};
    frame.head["code"] = CodeName(error.code);
    frame.head["message"] = error.public_message;
    (void)Send(frame);  // a channel that has ended needs no failure
  }

  const int fd_;
  const ChannelOptions options_;
  const SystemClock clock_;
  std::thread reader_;
  std::vector<std::thread> workers_;

  Mutex write_mutex_;
  mutable Mutex mutex_;
  Condition answered_;
  Condition work_;
  bool closed_ CLOISTER_GUARDED_BY(mutex_) = false;
  int in_work_ CLOISTER_GUARDED_BY(mutex_) = 0;
  std::uint64_t last_id_ CLOISTER_GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, Waiting*> waiting_ CLOISTER_GUARDED_BY(mutex_);
  std::deque<Received> queue_ CLOISTER_GUARDED_BY(mutex_);
};

Channel::Channel(int fd, ChannelOptions options) : impl_(std::make_unique<Impl>(fd, std::move(options))) {}
Channel::~Channel() = default;
Result<ChannelAnswer> Channel::Call(OutgoingCall call) { return impl_->Call(std::move(call)); }
void Channel::Close() { impl_->Close(); }
void Channel::WaitUntilClosed() { impl_->WaitUntilClosed(); }
bool Channel::closed() const { return impl_->closed(); }

}  // namespace cloister::net
