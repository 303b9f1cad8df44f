// URLs of strangers in, an address that may be called or a refusal out; and what really goes over the wire.
#include "net/client/outbound.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

namespace cloister::net {
namespace {

using testing::HasSubstr;
using testing::Not;

bool Takes(std::string_view url, Reach reach = Reach::kPublic) { return OutboundUrl::Parse(url, reach).has_value(); }

TEST(OutboundUrl, TakesPublicHttps) {
  for (const char* url : {"https://hooks.hospital.example/cloister", "https://hooks.example:8443/a?b=c",
                          "https://93.184.216.34/x", "https://[2606:4700::1111]/x", "https://example.org"}) {
    EXPECT_TRUE(Takes(url)) << url;
  }
}

TEST(OutboundUrl, RefusesOtherSchemesAndShapes) {
  for (const char* url : {"", "hooks.example/x", "http://hooks.example/x", "ftp://hooks.example/x",
                          "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "https://", "https:///x",
                          "https://user@hooks.example/",
                          "https://user:pw@hooks.example/", "https://hooks.example/#x", "https://hooks.example/#",
                          "https://hooks.example/a b", "https://hooks.example/\r\nx: y", "https://hooks.example\\@x/",
                          "https://hooks.example:99999/",
                          "https://%33%33.example/", "https://a!b.example/", "https://h\xc3\xb6.example/"}) {
    EXPECT_FALSE(Takes(url)) << url;
    EXPECT_FALSE(Takes(url, Reach::kLoopback)) << url;
  }
  EXPECT_FALSE(Takes("https://hooks.example/" + std::string(kOutboundUrlBytesMax, 'x')));
}

// However the address is written.
TEST(OutboundUrl, RefusesAddressesThatAreNotPublic) {
  for (const char* url : {"https://10.0.0.1/", "https://192.168.1.1:8443/", "https://169.254.169.254/latest/meta-data/",
                          "https://[fe80::1]/", "https://[fd00:ec2::254]/", "https://[::ffff:10.0.0.1]/",
                          "https://0/", "https://0.0.0.0/", "https://0xa000001/", "https://167772161/",
                          "https://012.0.0.1/", "https://10.1/"}) {
    EXPECT_FALSE(Takes(url)) << url;
    EXPECT_FALSE(Takes(url, Reach::kLoopback)) << url;
  }
}

TEST(OutboundUrl, TheOwnMachineIsForServersThatListenThereAlone) {
  for (const char* url : {"http://127.0.0.1:9000/x", "http://localhost:9000/x", "http://[::1]:9000/",
                          "https://localhost/", "https://127.0.0.1/", "https://127.1/", "https://0x7f000001/"}) {
    EXPECT_FALSE(Takes(url)) << url;
    EXPECT_TRUE(Takes(url, Reach::kLoopback)) << url;
  }
}

// Takes one connection, reads a request, writes `answer`; counts who came.
class Receiver {
 public:
  explicit Receiver(std::string answer) : answer_(std::move(answer)), socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(socket_, 1), 0);
    socklen_t length = sizeof address;
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~Receiver() { Stop(); }
  std::string url(const std::string& host = "127.0.0.1") const {
    return "http://" + host + ":" + std::to_string(port_) + "/hook";
  }
  const std::string& Stop() {
    shutdown(socket_, SHUT_RDWR);
    if (thread_.joinable()) {
      thread_.join();
      close(socket_);
    }
    return request_;
  }

 private:
  void Serve() {
    const int peer = accept(socket_, nullptr, nullptr);
    if (peer < 0) return;
    char piece[4096];
    while (!request_.ends_with("{}")) {
      const ssize_t count = read(peer, piece, sizeof piece);
      if (count <= 0) break;
      request_.append(piece, static_cast<std::size_t>(count));
    }
    (void)send(peer, answer_.data(), answer_.size(), MSG_NOSIGNAL);
    close(peer);
  }
  const std::string answer_;
  const int socket_;
  std::uint16_t port_ = 0;
  std::string request_;
  std::thread thread_;
};

Result<int> Post(const std::string& url, Reach client = Reach::kLoopback) {
  CurlOutboundClient outbound(client);
  return outbound.Post({.url = OutboundUrl::Parse(url, Reach::kLoopback).value(),
                        .fields = {{"webhook-id", "msg_1"}},
                        .body = "{}"});
}

TEST(OutboundClient, SaysTheStatusAndSendsWhatItIsGiven) {
  Receiver receiver("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(Post(receiver.url()).value(), 204);
  const std::string& request = receiver.Stop();
  EXPECT_THAT(request, HasSubstr("POST /hook HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nwebhook-id: msg_1\r\n"));
  EXPECT_THAT(request, testing::EndsWith("\r\n\r\n{}"));
}

TEST(OutboundClient, FollowsNobody) {
  Receiver elsewhere("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  Receiver receiver("HTTP/1.1 307 Moved\r\nlocation: " + elsewhere.url() + "\r\ncontent-length: 0\r\n\r\n");
  EXPECT_EQ(Post(receiver.url()).value(), 307);
  EXPECT_EQ(elsewhere.Stop(), "");
}

TEST(OutboundClient, ThrowsAwayALongAnswer) {
  Receiver receiver("HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n" + std::string(1 << 20, 'x'));
  EXPECT_EQ(Post(receiver.url()).value(), 200);
}

TEST(OutboundClient, SaysThatNobodyAnswered) {
  Receiver receiver("not HTTP at all\r\n");
  EXPECT_EQ(Post(receiver.url()).error().code, Code::kUnavailable);
  receiver.Stop();
  EXPECT_EQ(Post(receiver.url()).error().code, Code::kUnavailable);  // nobody listens any more
}

// What a name that was public when the URL was checked leads to now is checked again, at the socket. The canary of the
// alarm is the first test of this client: the same call with the other reach goes through.
TEST(OutboundClient, ChecksTheAddressItConnectsTo) {
  Receiver receiver("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  std::string secure = receiver.url("localhost");
  secure.replace(0, 4, "https");
  EXPECT_EQ(Post(secure, Reach::kPublic).error().code, Code::kPermissionDenied);
  EXPECT_EQ(receiver.Stop(), "");
}

}  // namespace
}  // namespace cloister::net
