// libcurl against a server of a few lines on the loopback interface: what goes over the wire, and every bound.

#include "net/client/curl_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/client/one_shot_server_for_test.h"

namespace cloister::net {
namespace {

using testing::HasSubstr;
using testing::Not;

ServerAddress AddressOf(const OneShotServer& server) { return ServerAddress::Parse(server.origin()).value(); }

class TextUpload final : public UploadBody {
 public:
  explicit TextUpload(std::string text) : text_(std::move(text)) {}
  std::uint64_t size_bytes() const override { return text_.size(); }
  Status Rewind() override {
    at_ = 0;
    return {};
  }
  Result<std::size_t> Read(std::span<std::uint8_t> into) override {
    const std::size_t count = std::min(into.size(), text_.size() - at_);
    std::copy_n(text_.data() + at_, count, into.data());
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

class TextDownload final : public DownloadBody {
 public:
  Status Restart() override {
    text.clear();
    return {};
  }
  Status Write(ByteView piece) override {
    if (full) return ResourceExhausted("no space left in /tmp/x");
    text += AsText(piece);
    return {};
  }
  std::string text;
  bool full = false;
};

TEST(CurlTransport, ExchangesARequestForAnAnswer) {
  OneShotServer server({.answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nRequest-Id:  r7 \r\n\r\n{}"});
  CurlTransport transport(AddressOf(server));
  const auto answer = transport.Perform({.target = "/api/me?x=1", .fields = {{"Accept", "application/json"}}});
  ASSERT_TRUE(answer) << answer.error().public_message;
  EXPECT_EQ(answer->status, 404);
  EXPECT_EQ(answer->body, "{}");
  EXPECT_EQ(answer->Field("request-id"), "r7");
  EXPECT_THAT(server.Request(), testing::StartsWith("GET /api/me?x=1 HTTP/1.1\r\n"));
  EXPECT_THAT(server.Request(), HasSubstr("Accept: application/json\r\n"));
}

TEST(CurlTransport, SendsABodyWithItsLength) {
  OneShotServer server({.answer = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", .until = "{\"a\":1}"});
  CurlTransport transport(AddressOf(server));
  const auto answer = transport.Perform({.method = HttpMethod::kPost, .target = "/x", .body = "{\"a\":1}"});
  EXPECT_EQ(answer->status, 201);
  EXPECT_THAT(server.Request(), HasSubstr("POST /x HTTP/1.1"));
  EXPECT_THAT(server.Request(), HasSubstr("Content-Length: 7\r\n"));
}

// One that takes a signed document, as the removal of a dataset does.
TEST(CurlTransport, SendsTheBodyOfADelete) {
  OneShotServer server({.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .until = "{\"a\":1}"});
  CurlTransport transport(AddressOf(server));
  const auto answer = transport.Perform({.method = HttpMethod::kDelete, .target = "/x", .body = "{\"a\":1}"});
  ASSERT_TRUE(answer) << answer.error().public_message;
  EXPECT_THAT(server.Request(), HasSubstr("DELETE /x HTTP/1.1"));
  EXPECT_THAT(server.Request(), HasSubstr("Content-Length: 7\r\n"));
}

TEST(CurlTransport, StreamsAnUploadWithoutWaitingForContinue) {
  OneShotServer server({.answer = "HTTP/1.1 204 No Content\r\n\r\n", .until = "END"});
  CurlTransport transport(AddressOf(server));
  TextUpload upload(std::string(200'000, 'x') + "END");
  const auto answer = transport.Perform({.method = HttpMethod::kPut, .target = "/part", .upload = &upload});
  ASSERT_TRUE(answer) << answer.error().public_message;
  EXPECT_EQ(answer->status, 204);
  EXPECT_THAT(server.Request(), HasSubstr("Content-Length: 200003\r\n"));
  EXPECT_THAT(server.Request(), Not(HasSubstr("Expect:")));
}

TEST(CurlTransport, StreamsADownloadIfItSucceeded) {
  OneShotServer server({.answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"});
  CurlTransport transport(AddressOf(server));
  TextDownload download;
  EXPECT_EQ(transport.Perform({.target = "/r", .download = &download})->body, "");
  EXPECT_EQ(download.text, "hello");

  OneShotServer refusing({.answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!"});
  CurlTransport second(AddressOf(refusing));
  EXPECT_EQ(second.Perform({.target = "/r", .download = &download})->body, "no!");
  EXPECT_EQ(download.text, "");
}

TEST(CurlTransport, SaysWhyTheSinkStopped) {
  OneShotServer server({.answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"});
  CurlTransport transport(AddressOf(server));
  TextDownload download;
  download.full = true;
  EXPECT_EQ(transport.Perform({.target = "/r", .download = &download}).error().public_message,
            "no space left in /tmp/x");
}

TEST(CurlTransport, BoundsBodyAndFields) {
  OneShotServer server({.answer = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world"});
  CurlTransport transport(AddressOf(server));
  EXPECT_EQ(transport.Perform({.target = "/", .answer_bytes_max = 10}).error().code, Code::kResourceExhausted);

  std::string fields;
  for (int i = 0; i < 70; ++i) fields += "X-" + std::to_string(i) + ": " + std::string(1000, 'a') + "\r\n";
  OneShotServer chatty({.answer = "HTTP/1.1 200 OK\r\n" + fields + "\r\n"});
  CurlTransport second(AddressOf(chatty));
  EXPECT_EQ(second.Perform({.target = "/"}).error().code, Code::kResourceExhausted);
}

TEST(CurlTransport, FollowsNoRedirect) {
  OneShotServer server({.answer = "HTTP/1.1 307 T\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"});
  CurlTransport transport(AddressOf(server));
  EXPECT_EQ(transport.Perform({.target = "/"})->status, 307);
}

TEST(CurlTransport, EndsWhenTheTimeIsOver) {
  OneShotServer server({.answer = ""});
  CurlTransport transport(AddressOf(server));
  const auto answer = transport.Perform({.target = "/", .timeout_ms = 50});
  EXPECT_EQ(answer.error().code, Code::kDeadlineExceeded);
}

TEST(CurlTransport, TellsATruncatedAnswer) {
  OneShotServer server({.answer = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello"});
  CurlTransport transport(AddressOf(server));
  EXPECT_EQ(transport.Perform({.target = "/"}).error().code, Code::kUnavailable);
}

TEST(CurlTransport, TellsAServerThatIsNotThere) {
  CurlTransport transport(ServerAddress::Parse("http://127.0.0.1:1").value());
  const auto answer = transport.Perform({.target = "/"});
  EXPECT_EQ(answer.error().code, Code::kUnavailable);
  EXPECT_THAT(answer.error().public_message, HasSubstr("is the server running there?"));
}

TEST(CurlTransport, LetsNoFieldBeginAnother) {
  CurlTransport transport(ServerAddress::Parse("http://127.0.0.1:1").value());
  EXPECT_EQ(transport.Perform({.target = "/", .fields = {{"A", "b\r\nC: d"}}}).error().code, Code::kInvalidArgument);
  EXPECT_EQ(transport.Perform({.target = "/ HTTP/1.1\r\nX: y"}).error().code, Code::kInvalidArgument);
  EXPECT_EQ(transport.Perform({.target = "x"}).error().code, Code::kInvalidArgument);
}

}  // namespace
}  // namespace cloister::net
