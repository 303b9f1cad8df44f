// Answers that go on, the caller's trace id, and the observer of answers.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>

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

class EndlessEvents final : public EventSource {
 public:
  Result<std::string> Poll() override { return std::string(); }
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
    router.Add("GET", "/endless", [](const Request&) -> Result<Response> {
      Response response;
      response.events = std::make_unique<EndlessEvents>();
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
  int Open(const std::string& path, const std::string& fields = "") {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server_->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const std::string text = "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + fields + "\r\n";
    EXPECT_EQ(send(fd, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return fd;
  }
  static std::string ReadAll(int fd) {
    std::string all;
    char piece[4096];
    while (const ssize_t got = recv(fd, piece, sizeof piece, 0)) {
      if (got < 0) break;
      all.append(piece, static_cast<std::size_t>(got));
    }
    close(fd);
    return all;
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
  std::unique_ptr<Server> server_;
};

TEST_F(EventStreamTest, SendsWhatComesAndEndsWhole) {
  Start();
  const std::string answer = ReadAll(Open("/events"));
  EXPECT_NE(answer.find("transfer-encoding: chunked\r\n"), std::string::npos);
  EXPECT_EQ(answer.find("content-length"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("b\r\ndata: one\n\n\r\nb\r\ndata: two\n\n\r\n0\r\n\r\n")) << answer;
  EXPECT_EQ(measured(), "GET /events 200");
}

TEST_F(EventStreamTest, TurnsAwayStreamsAtTheBound) {
  Start({.event_poll_ms = 5, .event_streams_max = 0});
  EXPECT_TRUE(ReadAll(Open("/events")).starts_with("HTTP/1.1 503"));
}

TEST_F(EventStreamTest, EndsWithTheServer) {
  Start();
  const int fd = Open("/endless");
  char first = 0;
  EXPECT_EQ(recv(fd, &first, 1, 0), 1);
  server_->Stop();
  EXPECT_TRUE(ReadAll(fd).ends_with("0\r\n\r\n"));
}

TEST_F(EventStreamTest, PassesTheTraceOn) {
  Start();
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  EXPECT_NE(ReadAll(Open("/events", "traceparent: " + trace + "\r\n")).find("traceparent: " + trace),
            std::string::npos);
  EXPECT_EQ(ReadAll(Open("/events", "traceparent: whatever\r\n")).find("traceparent"), std::string::npos);
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
