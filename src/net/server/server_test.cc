// A server on loopback, clients that send bytes as they like.
#include "net/server/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <set>
#include <thread>

#include "codec/json.h"
#include "net/server/line_for_test.h"

namespace cloister::net {
namespace {

// Counts what it is given; says at the end how much, and whether it was undone.
struct Uploads {
  std::atomic<std::uint64_t> bytes = 0;
  std::atomic<int> finished = 0;
  std::atomic<int> undone = 0;
};
class CountingSink final : public BodySink {
 public:
  explicit CountingSink(Uploads& uploads) : uploads_(uploads) {}
  ~CountingSink() override {
    if (!finished_) ++uploads_.undone;
  }
  Status Write(ByteView piece) override {
    uploads_.bytes += piece.size();
    return {};
  }
  Result<Response> Finish() override {
    finished_ = true;
    ++uploads_.finished;
    return Response{.body = std::to_string(uploads_.bytes)};
  }

 private:
  Uploads& uploads_;
  bool finished_ = false;
};

class RepeatingSource final : public BodySource {
 public:
  explicit RepeatingSource(std::uint64_t size) : size_(size) {}
  std::uint64_t size() const override { return size_; }
  Result<std::size_t> Read(std::span<std::uint8_t> out) override {
    std::fill(out.begin(), out.end(), 'r');
    return out.size();
  }

 private:
  std::uint64_t size_;
};

class ServerTest : public testing::Test {
 protected:
  void Start(ServerOptions options = {}) {
    Router router;
    router.Add("GET", "/hello/{name}", [](const Request& request) -> Result<Response> {
      return Response{.headers = {{"content-type", "text/plain"}}, .body = "hello " + request.Param("name")};
    });
    router.Add("POST", "/echo",
               [](const Request& request) -> Result<Response> { return Response{.body = request.body}; });
    router.Add("GET", "/fails", [](const Request&) -> Result<Response> { return NotFound("no such thing"); });
    router.Add("GET", "/throws", [](const Request&) -> Result<Response> { throw std::runtime_error("secret"); });
    router.Add("GET", "/waits", [this](const Request&) -> Result<Response> {
      entered_.release();
      release_.acquire();
      return Response{.body = "waited"};
    });
    router.Add("GET", "/large", [](const Request&) -> Result<Response> {
      return Response{.source = std::make_unique<RepeatingSource>(5'000'000)};
    });
    router.AddUpload("PUT", "/upload", 8 << 20, [this](const Request& request) -> Result<std::unique_ptr<BodySink>> {
      if (request.Header("x-api-key") == nullptr) return Error{Code::kUnauthenticated, "no key"};
      return std::unique_ptr<BodySink>(std::make_unique<CountingSink>(uploads_));
    });
    auto render = [](const Error& error) { return RenderForTest(error); };
    auto server = Server::Start(options, {clock_, rng_, log_, render}, std::move(router));
    ASSERT_TRUE(server.has_value());
    server_ = *std::move(server);
  }
  static Response RenderForTest(const Error& error) {
    return {.status = error.code == Code::kNotFound ? 404 : error.code == Code::kUnauthenticated ? 401 : 500,
            .body = error.public_message};
  }
  std::string Ask(std::string_view text) {
    Line client(server_->port());
    client.Send(text);
    return client.ReadAnswer();
  }

  SystemClock clock_;
  SystemRng rng_;
  NullLogSink log_;
  Uploads uploads_;
  std::counting_semaphore<64> entered_{0};
  std::counting_semaphore<64> release_{0};
  std::unique_ptr<Server> server_;
};

HttpLimits Hasty() {
  return {.idle_ms = 100,
          .head_ms = 100,
          .body_ms = 100,
          .stall_ms = 100,
          .linger_ms = 100,
          .drain_ms = 100,
          .sweep_ms = 10};
}

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
  Start();
  Line client(server_->port());
  client.Send("GET /hello/you HTTP/1.1\r\nHost: h\r\n\r\nGET /hello/me%20too HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string first = client.ReadAnswer();
  EXPECT_EQ(StatusOf(first), "200");
  EXPECT_EQ(BodyOf(first), "hello you");
  EXPECT_NE(first.find("request-id: req_"), std::string::npos);
  EXPECT_NE(first.find("cache-control: no-store"), std::string::npos);
  EXPECT_EQ(BodyOf(client.ReadAnswer()), "hello me too");
  client.Send("POST /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc");
  const std::string last = client.ReadAll();
  EXPECT_EQ(BodyOf(last), "abc");
  EXPECT_NE(last.find("connection: close"), std::string::npos);
}

TEST_F(ServerTest, SaysWhatIsNotThere) {
  Start();
  EXPECT_EQ(StatusOf(Ask("GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n")), "404");
  const std::string wrong_method = Ask("DELETE /hello/x HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(StatusOf(wrong_method), "405");
  EXPECT_NE(wrong_method.find("allow: GET"), std::string::npos);
  EXPECT_EQ(StatusOf(Ask("GET /hello/../etc HTTP/1.1\r\nHost: h\r\n\r\n")), "400");
  EXPECT_EQ(StatusOf(Ask("GET /fails HTTP/1.1\r\nHost: h\r\n\r\n")), "404");
  const std::string thrown = Ask("GET /throws HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(StatusOf(thrown), "500");
  EXPECT_EQ(thrown.find("secret"), std::string::npos);
  EXPECT_EQ(BodyOf(Ask("HEAD /hello/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")), "");
}

TEST_F(ServerTest, ClosesAfterARefusedHead) {
  Start({.limits = Hasty()});
  Line client(server_->port());
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
      "GET /hello/smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string all = client.ReadAll();
  EXPECT_EQ(StatusOf(all), "400");
  EXPECT_EQ(all.find("smuggled"), std::string::npos);
}

TEST_F(ServerTest, RefusesHostsThatAreNotItsOwn) {
  Start({.hosts = {"127.0.0.1", "localhost", "[::1]"}});
  EXPECT_EQ(StatusOf(Ask("GET /hello/x HTTP/1.1\r\nHost: evil.example:80\r\n\r\n")), "421");
  EXPECT_EQ(StatusOf(Ask("GET /hello/x HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n")), "200");
  EXPECT_EQ(StatusOf(Ask("GET /hello/x HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n")), "200");
  EXPECT_EQ(StatusOf(Ask("GET /hello/x HTTP/1.1\r\nHost: localhost\r\n\r\n")), "200");
}

TEST_F(ServerTest, BoundsHeadsAndBodies) {
  Start({.limits = {.head_bytes_max = 512, .body_bytes_max = 8, .linger_ms = 100, .sweep_ms = 10}});
  EXPECT_EQ(StatusOf(Ask("GET /" + std::string(5000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n")), "431");
  EXPECT_EQ(StatusOf(Ask("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n123456789")), "413");
  EXPECT_EQ(
      StatusOf(Ask("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n0\r\n\r\n")),
      "413");
}

TEST_F(ServerTest, EndsSlowClients) {
  Start({.limits = Hasty()});
  EXPECT_EQ(Line(server_->port()).ReadAll(), "");  // silent
  Line slow_head(server_->port());
  slow_head.Send("GET /hello/x HTTP/1.1\r\nHost:");
  EXPECT_EQ(StatusOf(slow_head.ReadAll()), "408");
  Line slow_body(server_->port());
  slow_body.Send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc");
  EXPECT_EQ(StatusOf(slow_body.ReadAll()), "408");
  Line slow_upload(server_->port());
  slow_upload.Send("PUT /upload HTTP/1.1\r\nHost: h\r\nX-API-Key: k\r\nContent-Length: 5\r\n\r\nabc");
  EXPECT_EQ(StatusOf(slow_upload.ReadAll()), "408");
  EXPECT_EQ(uploads_.undone, 1);
}

// A byte now and then moves no deadline of a head. How long the client waits for an answer is what paces it.
TEST_F(ServerTest, EndsAClientThatDrips) {
  Start({.limits = Hasty()});
  Line client(server_->port());
  bool answered = false;
  for (int i = 0; i < 1000 && !answered; ++i) {
    client.Send("G");
    answered = client.HasNews(10);
  }
  ASSERT_TRUE(answered);
  EXPECT_EQ(StatusOf(client.ReadAll()), "408");
}

TEST_F(ServerTest, StreamsUploadsAndDownloads) {
  Start();
  Line client(server_->port());
  client.Send("PUT /upload HTTP/1.1\r\nHost: h\r\nX-API-Key: k\r\nContent-Length: 3000000\r\n\r\n");
  for (int i = 0; i < 300; ++i) client.Send(std::string(10'000, 'u'));
  EXPECT_EQ(BodyOf(client.ReadAnswer()), "3000000");
  client.Send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(BodyOf(client.ReadAnswer()).size(), 5'000'000u);
  client.Send("GET /hello/again HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(BodyOf(client.ReadAnswer()), "hello again");
}

TEST_F(ServerTest, TakesChunkedUploads) {
  Start();
  EXPECT_EQ(BodyOf(Ask("PUT /upload HTTP/1.1\r\nHost: h\r\nX-API-Key: k\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")), "5");
}

TEST_F(ServerTest, DecidesUploadsByTheHead) {
  Start({.limits = Hasty()});
  Line client(server_->port());
  client.Send("PUT /upload HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  const std::string refused = client.ReadAll();
  EXPECT_EQ(StatusOf(refused), "401");
  EXPECT_EQ(refused.find("100 Continue"), std::string::npos);
  Line second(server_->port());
  second.Send("PUT /upload HTTP/1.1\r\nHost: h\r\nX-API-Key: k\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(StatusOf(second.ReadAnswer()), "100");
  second.Send("hello");
  EXPECT_EQ(BodyOf(second.ReadAnswer()), "5");
  EXPECT_EQ(StatusOf(Ask("PUT /upload HTTP/1.1\r\nHost: h\r\nX-API-Key: k\r\nContent-Length: 9000000\r\n\r\n")), "413");
}

TEST_F(ServerTest, UndoesAnUploadThatBreaksOff) {
  Start();
  {
    Line client(server_->port());
    client.Send("PUT /upload HTTP/1.1\r\nHost: h\r\nX-API-Key: k\r\nContent-Length: 500000\r\n\r\nabc");
  }
  server_->Stop();
  EXPECT_EQ(uploads_.finished, 0);
}

TEST_F(ServerTest, WhatARequestAsksInVainIsNoFaultOfOurs) {
  Start();
  for (const char* request : {"GET / HTTP/2.0\r\nHost: h\r\n\r\n",
                              "POST /upload HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n"}) {
    Line client(server_->port());
    client.Send(request);
    EXPECT_NE(client.ReadAll().find(R"("error":"INVALID_ARGUMENT")"), std::string::npos) << request;
  }
}

TEST_F(ServerTest, TurnsAwayConnectionsAtTheBound) {
  Start({.limits = {.connections_max = 2}});
  Line first(server_->port());
  Line second(server_->port());
  for (Line* client : {&first, &second}) {
    client->Send("GET /hello/x HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(StatusOf(client->ReadAnswer()), "200");
  }
  const std::string turned_away = Line(server_->port()).ReadAll();
  EXPECT_EQ(StatusOf(turned_away), "503");
  const std::string body = turned_away.substr(turned_away.find("\r\n\r\n") + 4);
  EXPECT_NE(turned_away.find("content-length: " + std::to_string(body.size()) + "\r\n"), std::string::npos);
  EXPECT_EQ(codec::ParseJson(body, {}).value().at("error").as_string(), "UNAVAILABLE");
}

TEST_F(ServerTest, TurnsAwayWhenEveryWorkerIsBusy) {
  Start({.limits = {.queued_requests_max = 1}, .worker_threads = 1});
  Line first(server_->port());
  first.Send("GET /waits HTTP/1.1\r\nHost: h\r\n\r\n");
  entered_.acquire();
  Line second(server_->port());
  Line third(server_->port());
  const std::string hello = "GET /hello/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  second.Send(hello);
  third.Send(hello);
  Line fourth(server_->port());
  fourth.Send(hello);
  release_.release();
  std::multiset<std::string> statuses;
  for (Line* client : {&second, &third, &fourth}) statuses.insert(StatusOf(client->ReadAll()));
  EXPECT_GE(statuses.count("200"), 1u);
  EXPECT_EQ(statuses.count("200") + statuses.count("503"), 3u);
  EXPECT_EQ(BodyOf(first.ReadAnswer()), "waited");
}

TEST_F(ServerTest, BoundsBodiesInMemory) {
  Start({.limits = {.buffered_bytes_max = 4}});
  EXPECT_EQ(StatusOf(Ask("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello")), "503");
  EXPECT_EQ(StatusOf(Ask("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nhell")), "200");
}

TEST_F(ServerTest, StopLetsARequestInWorkFinish) {
  Start();
  Line idle(server_->port());
  Line busy(server_->port());
  busy.Send("GET /waits HTTP/1.1\r\nHost: h\r\n\r\n");
  entered_.acquire();
  std::thread stopper([this] { server_->Stop(); });
  EXPECT_EQ(idle.ReadAll(), "");
  release_.release();
  const std::string answer = busy.ReadAll();
  EXPECT_EQ(BodyOf(answer), "waited");
  EXPECT_NE(answer.find("connection: close"), std::string::npos);
  stopper.join();
  EXPECT_FALSE(IsListening(server_->port()));
}

TEST_F(ServerTest, StopCutsOffWhoDoesNotFinish) {
  Start({.limits = {.drain_ms = 50, .sweep_ms = 10}});
  Line client(server_->port());
  client.Send("PUT /upload HTTP/1.1\r\nHost: h\r\nX-API-Key: k\r\nContent-Length: 500\r\n\r\nabc");
  while (uploads_.bytes + uploads_.undone == 0 && Ask("GET /hello/x HTTP/1.1\r\nHost: h\r\n\r\n").empty()) {
  }
  server_->Stop();
  EXPECT_EQ(uploads_.finished, 0);
}

TEST(Server, ReportsAnAddressInUse) {
  SystemClock clock;
  SystemRng rng;
  NullLogSink log;
  const ServerServices services{clock, rng, log, [](const Error&) { return Response{}; }};
  EXPECT_EQ(Server::Start({.address = "not an address"}, services, {}).error().code, Code::kInvalidArgument);
  EXPECT_EQ(Server::Start({.address = "192.0.2.1"}, services, {}).error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace cloister::net
