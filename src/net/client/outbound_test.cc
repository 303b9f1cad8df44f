// URLs of strangers in, an address that may be called or a refusal out; and what really goes over the wire.
#include "net/client/outbound.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/client/one_shot_server_for_test.h"

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
                          "https://hooks.example:99999/", "https://hooks.example:/", "https://hooks.example:0/x",
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

// Takes one call and answers it.
class Receiver {
 public:
  explicit Receiver(std::string answer) : server_({.answer = std::move(answer), .until = "{}"}) {}
  std::string url(const std::string& host = "127.0.0.1") const { return server_.origin(host) + "/hook"; }
  // The request; nobody is answered any more.
  const std::string& Stop() { return server_.Request(); }

 private:
  OneShotServer server_;
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
