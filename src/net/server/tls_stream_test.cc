// A server that speaks TLS on loopback, and clients that do, do it badly, or do not.
#include <gtest/gtest.h>

#include "base/mutex.h"
#include "crypto/tls_peer_for_test.h"
#include "net/server/line_for_test.h"
#include "net/server/server.h"

namespace cloister::net {
namespace {

class Client final : public AnswerReader {
 public:
  Client(std::uint16_t port, const crypto::AuthorityForTest& authority,
         const crypto::TlsClientForTest::Options& options = {})
      : line_(port), tls_(authority, options) {
    bool done = false;
    do {
      done = tls_.Handshake();
      line_.Send(tls_.TakeOutput());
    } while (!done && Feed());
    shaken_ = done;
  }
  bool shaken() const { return shaken_; }
  void Send(std::string_view text) {
    tls_.Write(text);
    line_.Send(tls_.TakeOutput());
  }
  void SendRaw(ByteView bytes) { line_.Send(bytes); }
  bool said_goodbye() { return (SSL_get_shutdown(tls_.raw()) & SSL_RECEIVED_SHUTDOWN) != 0; }
  Digest256 Fingerprint() {
    const crypto::openssl::Certificate certificate(SSL_get1_peer_certificate(tls_.raw()));
    Digest256 digest{};
    unsigned size = 0;
    X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size);
    return digest;
  }

 private:
  bool Feed() {
    const auto piece = line_.Receive();
    if (piece) tls_.Feed(*piece);
    return piece.has_value();
  }
  bool Fetch(std::string& received) override {
    const auto text = tls_.Read();
    if (!text) return false;
    received += *text;
    return !text->empty() || Feed();
  }
  Line line_;
  crypto::TlsClientForTest tls_;
  bool shaken_ = false;
};

class SumSink final : public BodySink {
 public:
  Status Write(ByteView piece) override {
    size_ += piece.size();
    return {};
  }
  Result<Response> Finish() override { return Response{.body = std::to_string(size_)}; }

 private:
  std::uint64_t size_ = 0;
};

class LargeSource final : public BodySource {
 public:
  std::uint64_t size() const override { return 3'000'000; }
  Result<std::size_t> Read(std::span<std::uint8_t> out) override {
    std::fill(out.begin(), out.end(), 'r');
    return out.size();
  }
};

class ThreeEvents final : public EventSource {
 public:
  Result<std::string> Poll() override {
    if (++polls_ > 3) return Error{Code::kCancelled, "over"};
    return "data: " + std::to_string(polls_) + "\n\n";
  }

 private:
  int polls_ = 0;
};

class TlsStreamTest : public testing::Test {
 protected:
  void SetUp() override { Start(); }
  void Start(ServerOptions options = {}) {
    Router router;
    router.Add("GET", "/hello", [](const Request&) -> Result<Response> { return Response{.body = "hello"}; });
    router.Add("GET", "/large",
               [](const Request&) -> Result<Response> { return Response{.source = std::make_unique<LargeSource>()}; });
    router.Add("GET", "/events",
               [](const Request&) -> Result<Response> { return Response{.events = std::make_unique<ThreeEvents>()}; });
    router.AddUpload("PUT", "/upload", 8 << 20, [](const Request&) -> Result<std::unique_ptr<BodySink>> {
      return std::unique_ptr<BodySink>(std::make_unique<SumSink>());
    });
    const auto render = [](const Error& error) { return Response{.status = 500, .body = error.public_message}; };
    ServerServices services{clock_, rng_, log_, render};
    services.tls = [this] {
      const MutexLock lock(mutex_);
      return identity_;
    };
    server_ = Server::Start(options, services, std::move(router)).value();
  }
  void Change(std::shared_ptr<const crypto::TlsIdentity> identity) {
    const MutexLock lock(mutex_);
    identity_ = std::move(identity);
  }
  Client Connect(const crypto::TlsClientForTest::Options& options = {}) {
    return Client(server_->port(), authority_, options);
  }

  crypto::AuthorityForTest authority_;
  Mutex mutex_;
  std::shared_ptr<const crypto::TlsIdentity> identity_ = crypto::IdentityForTest(authority_);
  SystemClock clock_;
  SystemRng rng_;
  NullLogSink log_;
  std::unique_ptr<Server> server_;
};

TEST_F(TlsStreamTest, AnswersAndKeepsTheConnection) {
  Client client = Connect();
  ASSERT_TRUE(client.shaken());
  client.Send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\nGET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(BodyOf(client.ReadAnswer()), "hello");
  EXPECT_EQ(BodyOf(client.ReadAnswer()), "hello");
  client.Send("GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(BodyOf(client.ReadAll()), "hello");
  EXPECT_TRUE(client.said_goodbye());
}

TEST_F(TlsStreamTest, StreamsBothWays) {
  Client client = Connect();
  client.Send("PUT /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n");
  for (int i = 0; i < 300; ++i) client.Send(std::string(10'000, 'u'));
  EXPECT_EQ(BodyOf(client.ReadAnswer()), "3000000");
  client.Send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(BodyOf(client.ReadAnswer()).size(), 3'000'000u);
  client.Send("GET /events HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string events = client.ReadAll();
  EXPECT_NE(events.find("data: 3"), std::string::npos);
  EXPECT_TRUE(events.ends_with("0\r\n\r\n"));
}

TEST_F(TlsStreamTest, TellsBrowsersToComeBackThisWayWhereAsked) {
  Client client = Connect();
  client.Send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.ReadAnswer().find("strict-transport-security"), std::string::npos);
  Start({.strict_transport = true});
  Client strict = Connect();
  strict.Send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\nGET /nothing HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(strict.ReadAnswer().find("strict-transport-security: max-age=31536000\r\n"), std::string::npos);
  EXPECT_NE(strict.ReadAnswer().find("strict-transport-security"), std::string::npos);
}

TEST_F(TlsStreamTest, ShowsNewConnectionsTheNewCertificate) {
  const Digest256 before = identity_->fingerprint();
  Client open = Connect();
  Change(crypto::IdentityForTest(authority_));
  Client later = Connect();
  EXPECT_EQ(open.Fingerprint(), before);
  EXPECT_NE(later.Fingerprint(), before);
  open.Send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(BodyOf(open.ReadAnswer()), "hello");
}

TEST_F(TlsStreamTest, TellsWhoSpeaksPlainHttp) {
  Line line(server_->port());
  line.Send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string answer = line.ReadAll();
  EXPECT_EQ(StatusOf(answer), "400");
  EXPECT_NE(answer.find("application/problem+json"), std::string::npos);
  EXPECT_NE(BodyOf(answer).find("https://"), std::string::npos);
}

TEST_F(TlsStreamTest, RefusesWhatIsNotTls13) {
  EXPECT_FALSE(Connect({.version = TLS1_2_VERSION}).shaken());
  EXPECT_FALSE(Connect({.protocol = "h2"}).shaken());
  Line line(server_->port());
  line.Send(Bytes(5000, 0xff));
  EXPECT_FALSE(line.ReadAll().starts_with("HTTP"));
  Client broken = Connect();
  broken.SendRaw(Bytes(100, 0x17));
  EXPECT_EQ(broken.ReadAll(), "");
  EXPECT_TRUE(Connect().shaken());
}

TEST_F(TlsStreamTest, EndsSlowHandshakesAndSlowRequests) {
  Start({.limits = {.handshake_ms = 100, .idle_ms = 100, .head_ms = 100, .stall_ms = 100, .linger_ms = 100,
                    .sweep_ms = 10}});
  EXPECT_EQ(Line(server_->port()).ReadAll(), "");
  Line half(server_->port());
  half.Send(Bytes{0x16, 0x03, 0x01, 0x02, 0x00, 0x01});
  EXPECT_EQ(half.ReadAll(), "");
  Client idle = Connect();
  EXPECT_EQ(idle.ReadAll(), "");
  EXPECT_TRUE(idle.said_goodbye());
  Client slow = Connect();
  slow.Send("GET /hello HTTP/1.1\r\nHost:");
  EXPECT_EQ(StatusOf(slow.ReadAll()), "408");
}

TEST_F(TlsStreamTest, TurnsAwayAtTheBoundWithoutAHandshake) {
  Start({.limits = {.connections_max = 1}});
  Client first = Connect();
  EXPECT_EQ(Line(server_->port()).ReadAll(), "");
  first.Send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(StatusOf(first.ReadAnswer()), "200");
}

TEST_F(TlsStreamTest, StopsWithHandshakesUnderWay) {
  Line half(server_->port());
  half.Send(Bytes{0x16, 0x03, 0x01});
  Client idle = Connect();
  server_->Stop();
  EXPECT_EQ(half.ReadAll(), "");
  EXPECT_EQ(idle.ReadAll(), "");
}

}  // namespace
}  // namespace cloister::net
