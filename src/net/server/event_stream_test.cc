// Answers that go on, the caller's trace id, and the observer of answers.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <semaphore>

#include "net/server/line_for_test.h"
#include "net/server/server.h"
#include "net/server/trace_context.h"

namespace cloister::net {
namespace {

// "one", nothing, "two", nothing, and the end.
class CountedEvents final : public EventSource {
 public:
  Result<std::string> Poll() override {
    switch (polls_++) {
      case 0: return std::string("data: one\n\n");
      case 2: return std::string("data: two\n\n");
      case 4: return Unavailable("that is all");
      default: return std::string();
    }
  }

 private:
  int polls_ = 0;
};

// Tells its end.
class EndlessEvents final : public EventSource {
 public:
  EndlessEvents(std::counting_semaphore<>& ended, std::atomic<int>& polls) : ended_(ended), polls_(polls) {}
  ~EndlessEvents() override { ended_.release(); }
  Result<std::string> Poll() override {
    ++polls_;
    polls_.notify_all();
    return std::string();
  }

 private:
  std::counting_semaphore<>& ended_;
  std::atomic<int>& polls_;
};

class EventStreamTest : public testing::Test {
 protected:
  void Start(HttpLimits limits = {.event_poll_ms = 5}) {
    Router router;
    router.Add("GET", "/events", [](const Request&) -> Result<Response> {
      Response response{.headers = {{"content-type", "text/event-stream"}}};
      response.events = std::make_unique<CountedEvents>();
      return response;
    });
    router.Add("GET", "/endless", [this](const Request&) -> Result<Response> {
      Response response;
      response.events = std::make_unique<EndlessEvents>(ended_, polls_);
      return response;
    });
    const auto render = [](const Error&) { return Response{.status = 500}; };
    const auto measure = [this](const RequestMeasure& request) {
      std::scoped_lock lock(mutex_);
      measured_ = std::string(request.method) + " " + std::string(request.pattern) + " " +
                  std::to_string(request.status);
    };
    server_ = *Server::Start({.limits = limits}, {clock_, rng_, log_, render, measure}, std::move(router));
  }
  Line Open(const std::string& path, const std::string& fields = "") {
    Line line(server_->port());
    EXPECT_TRUE(line.Send("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + fields + "\r\n"));
    return line;
  }
  // So many more.
  void AwaitPolls(int more) {
    const int until = polls_ + more;
    for (int polls = polls_; polls < until; polls = polls_) polls_.wait(polls);
  }
  std::string measured() {
    std::scoped_lock lock(mutex_);
    return measured_;
  }

  SystemClock clock_;
  SystemRng rng_;
  NullLogSink log_;
  std::mutex mutex_;
  std::string measured_;
  std::counting_semaphore<> ended_{0};
  std::atomic<int> polls_ = 0;
  std::unique_ptr<Server> server_;
};

TEST_F(EventStreamTest, SendsWhatComesAndEndsWhole) {
  Start();
  const std::string answer = Open("/events").ReadAll();
  EXPECT_NE(answer.find("transfer-encoding: chunked\r\n"), std::string::npos);
  EXPECT_EQ(answer.find("content-length"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("b\r\ndata: one\n\n\r\nb\r\ndata: two\n\n\r\n0\r\n\r\n")) << answer;
  EXPECT_EQ(measured(), "GET /events 200");
}

TEST_F(EventStreamTest, TurnsAwayStreamsAtTheBound) {
  Start({.event_poll_ms = 5, .event_streams_max = 0});
  EXPECT_TRUE(Open("/events").ReadAll().starts_with("HTTP/1.1 503"));
}

TEST_F(EventStreamTest, EndsWithTheServer) {
  Start();
  Line line = Open("/endless");
  EXPECT_TRUE(line.Receive().has_value());
  server_->Stop();
  EXPECT_TRUE(line.ReadAll().ends_with("0\r\n\r\n"));
}

// Nothing is said to it that would show that nobody listens; it ends all the same.
TEST_F(EventStreamTest, EndsWithItsClient) {
  Start();
  {
    Line line = Open("/endless");
    EXPECT_TRUE(line.Receive().has_value());
  }
  ended_.acquire();
}

// Nor does a request that it sends ahead hide that it has gone.
TEST_F(EventStreamTest, EndsWithAClientThatSentMoreAhead) {
  Start();
  {
    Line line = Open("/endless");
    EXPECT_TRUE(line.Receive().has_value());
    EXPECT_TRUE(line.Send("G"));
    AwaitPolls(3);
  }
  EXPECT_TRUE(ended_.try_acquire_for(std::chrono::seconds(20)));
}

TEST_F(EventStreamTest, EndsForWhomSendsMoreAheadThanIsKept) {
  Start();
  Line line = Open("/endless");
  EXPECT_TRUE(line.Receive().has_value());
  line.Send(std::string(1 << 20, 'G'));
  EXPECT_TRUE(ended_.try_acquire_for(std::chrono::seconds(20)));
}

TEST_F(EventStreamTest, PassesTheTraceOn) {
  Start();
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  EXPECT_NE(Open("/events", "traceparent: " + trace + "\r\n").ReadAll().find("traceparent: " + trace),
            std::string::npos);
  EXPECT_EQ(Open("/events", "traceparent: whatever\r\n").ReadAll().find("traceparent"), std::string::npos);
}

TEST(TraceContextTest, HasOneShape) {
  EXPECT_TRUE(IsTraceParent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
  for (const char* wrong : {"", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}) {
    EXPECT_FALSE(IsTraceParent(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace cloister::net
