// Bytes in, head or refusal out.
#include "net/server/request_parser.h"

#include <gtest/gtest.h>

namespace cloister::net {
namespace {

// "GET /a body=..." or "400", "need more".
std::string Parse(std::string_view text, const HttpLimits& limits = {}) {
  RequestParser parser(limits);
  auto step = parser.PutHead(AsBytes(text));
  if (std::holds_alternative<std::monostate>(step)) return "need more";
  if (const auto* refusal = std::get_if<Refusal>(&step)) return std::to_string(refusal->status);
  auto& head = std::get<RequestParser::Head>(step);
  std::string out = head.head.method + " " + head.head.target.path;
  ByteView rest = AsBytes(text).subspan(head.consumed);
  Bytes piece(5);
  std::string body;
  for (;;) {
    auto moved = parser.PutBody(rest, piece);
    if (const auto* refusal = std::get_if<Refusal>(&moved)) return std::to_string(refusal->status);
    const auto& part = std::get<RequestParser::Piece>(moved);
    body += AsText(ByteView(piece).first(part.produced));
    rest = rest.subspan(part.consumed);
    if (part.done) break;
    if (part.consumed == 0 && part.produced == 0) return "body needs more";
  }
  if (!body.empty()) out += " body=" + body;
  if (!rest.empty()) out += " left=" + std::string(AsText(rest));
  return out;
}

TEST(RequestParser, ReadsOneRequestAndLeavesTheNext) {
  EXPECT_EQ(Parse("GET /a/b?x=1 HTTP/1.1\r\nHost: h\r\n\r\nGET /"), "GET /a/b left=GET /");
  EXPECT_EQ(Parse("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello worldX"),
            "POST /a body=hello world left=X");
  EXPECT_EQ(Parse("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n "
                  "world\r\n0\r\n\r\n"),
            "POST /a body=hello world");
  EXPECT_EQ(Parse("GET / HTTP/1.0\r\n\r\n"), "GET /");
  EXPECT_EQ(Parse("GET / HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Key: a\r\nSec-WebSocket-Key: b\r\n\r\n"), "400");
  EXPECT_EQ(Parse("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"), "POST /");
}

TEST(RequestParser, AsksForMore) {
  EXPECT_EQ(Parse(""), "need more");
  EXPECT_EQ(Parse("GET / HTTP/1.1\r\nHost: h\r\n"), "need more");
  EXPECT_EQ(Parse("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello"), "body needs more");
  EXPECT_EQ(Parse("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"), "body needs more");
}

// What a proxy in front of us could read as other message borders than we do.
TEST(RequestParser, RefusesSmuggling) {
  const auto post = [](std::string_view fields, std::string_view body = "0\r\n\r\n") {
    return Parse("POST / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n" + std::string(body));
  };
  EXPECT_EQ(post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), "400");
  EXPECT_EQ(post("Content-Length: 5\r\nContent-Length: 5\r\n"), "400");
  EXPECT_EQ(post("Content-Length: 5\r\nContent-Length: 6\r\n"), "400");
  EXPECT_EQ(post("Content-Length: +5\r\n"), "400");
  EXPECT_EQ(post("Content-Length: 5, 5\r\n"), "400");
  EXPECT_EQ(post("Content-Length: 0x5\r\n"), "400");
  EXPECT_EQ(post("Content-Length:\r\n"), "400");
  EXPECT_EQ(post("Content-Length: 99999999999999999999\r\n"), "400");
  EXPECT_EQ(post("Transfer-Encoding: xchunked\r\n"), "501");
  EXPECT_EQ(post("Transfer-Encoding: gzip, chunked\r\n"), "501");
  EXPECT_EQ(post("Transfer-Encoding: identity\r\n"), "501");
  EXPECT_EQ(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "400");
  EXPECT_EQ(post("Transfer-Encoding : chunked\r\n"), "400");
  EXPECT_EQ(post("Transfer-Encoding:\r\n chunked\r\n"), "400");
  EXPECT_EQ(post("X: a\r\n folded\r\n"), "400");
  EXPECT_EQ(post("X: a\nContent-Length: 5\r\n"), "400");
  EXPECT_EQ(post("X: a\rY: b\r\n"), "400");
  EXPECT_EQ(post(std::string_view("X: a\0b\r\n", 8)), "400");
  EXPECT_EQ(post("Transfer-Encoding: chunked\r\n", "5\nhello\n0\n\n"), "body needs more");  // a line ends with CRLF
  EXPECT_EQ(post("Transfer-Encoding: chunked\r\n", "-5\r\nhello\r\n0\r\n\r\n"), "400");
  EXPECT_EQ(post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nhello\r\n0\r\n\r\n"), "400");
  EXPECT_EQ(Parse("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "400");
}

TEST(RequestParser, RefusesUnclearIdentity) {
  EXPECT_EQ(Parse("GET / HTTP/1.1\r\n\r\n"), "400");
  EXPECT_EQ(Parse("GET / HTTP/1.1\r\nHost:\r\n\r\n"), "400");
  EXPECT_EQ(Parse("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), "400");
  EXPECT_EQ(Parse("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\nAuthorization: y\r\n\r\n"), "400");
  EXPECT_EQ(Parse("GET / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\n\r\n"), "415");
  EXPECT_EQ(Parse("GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n"), "417");
}

TEST(RequestParser, RefusesWhatIsNoHttp) {
  for (const char* bad : {"\x16\x03\x01", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
                          "G@T / HTTP/1.1\r\nHost: h\r\n\r\n", "GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n",
                          "GET * HTTP/1.1\r\nHost: h\r\n\r\n"}) {
    EXPECT_EQ(Parse(bad), "400") << bad;
  }
  EXPECT_EQ(Parse("GET / HTTP/1.1 \r\nHost: h\r\n\r\n"), "505");
  EXPECT_EQ(Parse("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), "505");
}

TEST(RequestParser, HoldsItsBounds) {
  const HttpLimits small{.head_bytes_max = 128, .header_count_max = 3, .body_bytes_max = 4};
  EXPECT_EQ(Parse("GET /" + std::string(200, 'a'), small), "431");
  EXPECT_EQ(Parse("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(200, 'a') + "\r\n\r\n", small), "431");
  EXPECT_EQ(Parse("GET / HTTP/1.1\r\nHost: h\r\na: 1\r\nb: 1\r\nc: 1\r\n\r\n", small), "431");
  EXPECT_EQ(Parse("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", small), "413");
  EXPECT_EQ(Parse("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", small),
            "413");
}

// One byte of data in a chunk of a kilobyte of extension must not be a way to send without end.
TEST(RequestParser, CountsChunkOverhead) {
  std::string text = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 200; ++i) text += "1;e=" + std::string(1000, 'e') + "\r\nx\r\n";
  EXPECT_EQ(Parse(text + "0\r\n\r\n", {.body_bytes_max = 1000}), "413");
}

// As it comes in from a client that sends byte by byte.
TEST(RequestParser, ReadsChunksThatComeInByteByByte) {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string encoded : {"0\r\n\r\n", "000\r\n\r\n", "0\r\nTrailer: x\r\n\r\n", "2\r\nhi\r\n0\r\n\r\n",
                                    "1;e\r\nh\r\n1\r\ni\r\n0;e=\"x\"\r\n\r\n"}) {
    RequestParser parser(HttpLimits{});
    ASSERT_TRUE(std::holds_alternative<RequestParser::Head>(parser.PutHead(AsBytes(head))));
    std::string body;
    Bytes piece(8);
    bool done = false;
    std::size_t at = 0;
    for (std::size_t have = 0; have <= encoded.size() && !done; ++have) {
      const auto put = parser.PutBody(AsBytes(encoded).subspan(at, have - at), piece);
      const auto* moved = std::get_if<RequestParser::Piece>(&put);
      ASSERT_NE(moved, nullptr) << encoded;
      at += moved->consumed;
      body += AsText(ByteView(piece).first(moved->produced));
      done = moved->done;
      if (moved->consumed > 0 && !done) --have;
    }
    EXPECT_TRUE(done) << encoded;
    EXPECT_EQ(body, encoded.find('h') == std::string::npos ? "" : "hi") << encoded;
  }
}

std::string Path(std::string_view target) {
  auto parsed = ParseTarget(target);
  if (!parsed) return "refused";
  std::string out;
  for (const auto& segment : parsed->segments) out += "[" + segment + "]";
  for (const auto& [name, value] : parsed->query) out += " " + name + "=" + value;
  return out;
}

TEST(ParseTarget, HasOneReading) {
  EXPECT_EQ(Path("/"), "");
  EXPECT_EQ(Path("/a/b%20c"), "[a][b c]");
  EXPECT_EQ(Path("/a?x=1&y=a%26b&z="), "[a] x=1 y=a&b z=");
  EXPECT_EQ(Path("/a?x"), "[a] x=");  // as "?verbose" is written
  for (const char* bad : {"",       "a",      "//",    "/a//b", "/a/",        "/.",   "/a/..",    "/a/%2e%2e/b", "/%2E",
                          "/a%2fb", "/a%5cb", "/a\\b", "/%",    "/%4",        "/%zz", "/%00",     "/%0a",        "/%ff",
                          "/a#b",   "/a b",   "/a?x&x",  "/a?=1", "/a?x=1&x=2", "/a?&", "/\xc3\xa9"}) {
    EXPECT_EQ(Path(bad), "refused") << bad;
  }
  EXPECT_EQ(Path("/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"), "refused");
}

}  // namespace
}  // namespace cloister::net
