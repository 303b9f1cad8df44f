#include "net/frame/channel.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <new>
#include <thread>

#include "base/clock.h"
#include "net/frame/frame.h"

namespace cloister::net {
namespace {

std::pair<int, int> SocketPair() {
  int fds[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  return {fds[0], fds[1]};
}

Result<ChannelAnswer> Echo(const ChannelRequest& request) {
  if (request.method != "echo") return Error{Code::kNotFound, "no such method", "secret row 42"};
  return ChannelAnswer{{{"said", request.params}}, request.body};
}

TEST(Channel, BothSidesCall) {
  const auto [a, b] = SocketPair();
  Channel left(a, {.handler = Echo});
  Channel right(b, {.handler = Echo});
  for (Channel* side : {&left, &right}) {
    auto answer = side->Call({.method = "echo", .params = {{"n", 7}}, .body = ToBytes("bytes")});
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->head.at("said").at("n").as_int64(), 7);
    EXPECT_EQ(AsText(answer->body), "bytes");
  }
}

TEST(Channel, AHandlerMayCallBack) {
  const auto [a, b] = SocketPair();
  Channel enclave(a, {.handler = [&](const ChannelRequest&) {
                    return enclave.Call({.method = "echo", .params = {{"x", 1}}});
                  }});
  Channel host(b, {.handler = Echo});
  EXPECT_TRUE(host.Call({.method = "run"}).has_value());
}

TEST(Channel, CarriesCodeAndMessageButNeverDetail) {
  const auto [a, b] = SocketPair();
  Channel left(a, {.handler = Echo});
  Channel right(b, {.handler = Echo});
  auto answer = left.Call({.method = "nothing"});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Code::kNotFound);
  EXPECT_EQ(answer.error().public_message, "no such method");
  EXPECT_TRUE(answer.error().detail.empty());
}

TEST(Channel, EndsWhenTheOtherSideGoes) {
  const auto [a, b] = SocketPair();
  Channel left(a, {.handler = Echo});
  close(b);
  left.WaitUntilClosed();
  EXPECT_EQ(left.Call({.method = "echo"}).error().code, Code::kUnavailable);
}

TEST(Channel, EndsOnABrokenFrame) {
  const auto [a, b] = SocketPair();
  Channel left(a, {.handler = Echo});
  const ByteArray<8> huge = {0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4};
  ASSERT_EQ(write(b, huge.data(), huge.size()), 8);
  left.WaitUntilClosed();
  EXPECT_TRUE(left.closed());
  close(b);
}

TEST(Channel, GivesUpAtItsDeadline) {
  const auto [a, b] = SocketPair();
  Channel left(a, {.handler = Echo});
  EXPECT_EQ(left.Call({.method = "echo", .timeout_ms = 1}).error().code, Code::kDeadlineExceeded);
  close(b);
}

TEST(Channel, RefusesTheRequestAboveItsBound) {
  const auto [a, b] = SocketPair();
  std::promise<void> release;
  auto released = release.get_future().share();
  Channel slow(a, {.handler = [&](const ChannelRequest&) -> Result<ChannelAnswer> {
                     released.wait();
                     return ChannelAnswer{};
                   },
                   .workers = 1,
                   .requests_in_work_max = 1});
  Channel caller(b, {.handler = Echo});
  auto first = std::async(std::launch::async, [&] { return caller.Call({.method = "wait"}); });
  auto second = std::async(std::launch::async, [&] { return caller.Call({.method = "wait"}); });
  // One of the two is in work and stays there; the other is refused at once.
  const auto either = [&] {
    return first.wait_for(std::chrono::seconds(0)) == std::future_status::ready ||
           second.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  };
  while (!either()) std::this_thread::yield();
  release.set_value();
  const auto one = first.get();
  const auto two = second.get();
  EXPECT_NE(one.has_value(), two.has_value());
  EXPECT_EQ((one ? two : one).error().code, Code::kResourceExhausted);
}

TEST(Frame, ReadsBackWhatItWrote) {
  const Frame frame{.kind = FrameKind::kFailure, .id = 1u << 20, .head = {{"a", 1}}, .body = ToBytes("xyz")};
  const Bytes bytes = EncodeFrame(frame).value();
  ASSERT_EQ(DecodeFrameLength(ByteView(bytes).first(4)).value(), bytes.size() - 4);
  const Frame again = DecodeFrame(ByteView(bytes).subspan(4)).value();
  EXPECT_EQ(again.kind, frame.kind);
  EXPECT_EQ(again.id, frame.id);
  EXPECT_EQ(again.head, frame.head);
  EXPECT_EQ(again.body, frame.body);
}

TEST(Frame, RefusesWhatDoesNotFit) {
  EXPECT_FALSE(EncodeFrame({.body = Bytes(kFrameBodyBytesMax + 1)}).has_value());
  EXPECT_FALSE(DecodeFrame(Bytes(5)).has_value());
  Bytes unknown_kind(15);
  unknown_kind[0] = 9;
  EXPECT_FALSE(DecodeFrame(unknown_kind).has_value());
  Bytes json_behind_end(15);
  json_behind_end[0] = 1;
  json_behind_end[12] = 200;
  EXPECT_FALSE(DecodeFrame(json_behind_end).has_value());
}

TEST(Channel, ARequestThatNeedsTooMuchMemoryFailsAlone) {
  const auto [a, b] = SocketPair();
  Channel left(a, {.handler = Echo});
  Channel right(b, {.handler = [](const ChannelRequest& request) -> Result<ChannelAnswer> {
                  if (request.method == "grow") throw std::bad_alloc();
                  return Echo(request);
                }});
  EXPECT_EQ(left.Call({.method = "grow"}).error().code, Code::kResourceExhausted);
  EXPECT_TRUE(left.Call({.method = "echo"}).has_value());
}

// One worker is kept busy; what waits behind it is not begun once its caller has given up.
TEST(Channel, DoesNotBeginWhatNobodyWaitsForAnyMore) {
  const auto [a, b] = SocketPair();
  std::promise<void> release;
  std::atomic<int> begun = 0;
  auto released = release.get_future().share();
  Channel left(a, {.handler = Echo});
  Channel right(b, {.handler =
                        [&, released](const ChannelRequest& request) {
                          ++begun;
                          if (request.method == "echo" && request.deadline_ms > 1) released.wait();
                          return Echo(request);
                        },
                    .workers = 1});
  auto busy = std::async(std::launch::async, [&] { return left.Call({.method = "echo", .timeout_ms = 60'000}); });
  while (begun == 0) std::this_thread::yield();
  EXPECT_EQ(left.Call({.method = "echo", .timeout_ms = 1}).error().code, Code::kDeadlineExceeded);
  std::this_thread::yield();
  SystemClock clock;
  for (const auto begin = clock.MonotonicMs(); clock.MonotonicMs() < begin + 3;) std::this_thread::yield();
  release.set_value();
  EXPECT_TRUE(busy.get().has_value());
  EXPECT_TRUE(left.Call({.method = "echo", .timeout_ms = 60'001}).has_value());
  EXPECT_EQ(begun, 2);
}

}  // namespace
}  // namespace cloister::net
