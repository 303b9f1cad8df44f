#include "net/server/request_parser.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "base/check.h"
#include "codec/ascii.h"

namespace cloister::net {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;

// Chunk sizes and extensions may cost more bytes than the data: this much of them per byte of body bound, and
// no more.
constexpr std::uint64_t kChunkOverheadFactor = 8;
constexpr std::uint64_t kChunkOverheadBytes = 64 << 10;

// What is left of a chunked body that has not ended: "0" and two ends of lines at least. Beast 1.81 stops the process
// (an assertion) when it is shown the last chunk twice with fewer, as a client does that sends it byte by byte.
constexpr std::size_t kChunkedRestBytesMin = 5;

// A second one of these would give the request two meanings.
constexpr std::array<std::string_view, 16> kSingletons = {
    "host",           "content-length", "content-type", "transfer-encoding", "authorization",
    "expect",         "content-digest", "x-api-key",    "idempotency-key",   "cookie",
    "sec-fetch-site", "origin",         "x-csrf-token", "sec-websocket-key", "sec-websocket-version",
    "last-event-id"};

bool IsDigits(std::string_view text) {
  return !text.empty() && text.size() <= 18 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The lines as bytes, before anybody interprets them. Beast lets these through or joins them.
std::optional<Refusal> CheckLines(std::string_view head) {
  bool first = true;
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    const bool clean = std::all_of(line.begin(), line.end(), [](char c) {
      return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    });
    if (!clean) return Refusal{400, "the request head has a control character"};
    if (first && line.empty()) return Refusal{400, "the request starts with an empty line"};
    if (!first && !line.empty() && (line[0] == ' ' || line[0] == '\t')) {
      return Refusal{400, "the request head has a folded field"};
    }
    first = false;
  }
  return std::nullopt;
}

std::optional<Refusal> CheckSingletons(const Headers& headers) {
  for (const std::string_view name : kSingletons) {
    const auto count = std::count_if(headers.begin(), headers.end(), [&](const auto& h) { return h.first == name; });
    if (count > 1) return Refusal{400, "the request has two " + std::string(name) + " fields"};
  }
  return std::nullopt;
}

// Whether the message has a body and how its end is found (RFC 9112 section 6.3), in the one reading we
// accept.
std::optional<Refusal> CheckFraming(const Headers& headers, bool is_http_1_1) {
  const std::string* encoding = FindHeader(headers, "transfer-encoding");
  const std::string* length = FindHeader(headers, "content-length");
  if (encoding != nullptr && length != nullptr) return Refusal{400, "the request has two body lengths"};
  if (encoding != nullptr && !is_http_1_1) return Refusal{400, "HTTP/1.0 has no transfer-encoding"};
  if (encoding != nullptr && codec::LowerCase(*encoding) != "chunked") {
    return Refusal{501, "the only transfer-encoding known here is chunked"};
  }
  if (length != nullptr && !IsDigits(*length)) return Refusal{400, "the request's content-length is not a number"};
  if (FindHeader(headers, "content-encoding") != nullptr) return Refusal{415, "no content-encoding is known here"};
  return std::nullopt;
}

std::optional<Refusal> CheckFields(const Headers& headers, bool is_http_1_1) {
  if (auto refusal = CheckSingletons(headers)) return refusal;
  const std::string* host = FindHeader(headers, "host");
  if (is_http_1_1 && (host == nullptr || host->empty())) return Refusal{400, "the request has no host field"};
  if (auto refusal = CheckFraming(headers, is_http_1_1)) return refusal;
  const std::string* expect = FindHeader(headers, "expect");
  if (expect != nullptr && codec::LowerCase(*expect) != "100-continue")
    return Refusal{417, "only 100-continue can be expected"};
  return std::nullopt;
}

Refusal ExplainParserError(error_code error) {
  if (error == http::error::header_limit) return {431, "the request head is too large"};
  if (error == http::error::body_limit) return {413, "the request body is too large"};
  if (error == http::error::bad_version) return {505, "only HTTP/1.1 and HTTP/1.0 are known here"};
  return {400, "the request is not well-formed HTTP/1.1"};
}

}  // namespace

struct RequestParser::State {
  explicit State(const HttpLimits& the_limits) : limits(the_limits) {
    parser.header_limit(static_cast<std::uint32_t>(limits.head_bytes_max));
    parser.body_limit(boost::none);
    parser.eager(false);
  }
  HttpLimits limits;
  http::request_parser<http::buffer_body> parser;
  std::uint64_t body_bytes_max = 0;
  std::uint64_t wire_bytes_left = 0;  // of the body as encoded
  bool head_done = false;
};

RequestParser::RequestParser(const HttpLimits& limits) : state_(std::make_unique<State>(limits)) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;

std::variant<std::monostate, RequestParser::Head, Refusal> RequestParser::PutHead(ByteView bytes) {
  CLOISTER_CHECK(!state_->head_done);
  const std::string_view text = AsText(bytes.first(std::min(bytes.size(), state_->limits.head_bytes_max)));
  // A first line that is no HTTP (TLS, an old protocol) is told at once, not when the deadline is over. Of a whole head
  // the same is said, so that the answer does not depend on how its bytes came in.
  if (!text.empty() && (text[0] < 'A' || text[0] > 'Z')) {
    return Refusal{400, "the request is not well-formed HTTP/1.1: a method is in capital letters"};
  }
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() >= state_->limits.head_bytes_max) return Refusal{431, "the request head is too large"};
    return std::monostate{};
  }
  const std::string_view lines = text.substr(0, end + 4);
  if (auto refusal = CheckLines(lines)) return *refusal;

  error_code error;
  auto& parser = state_->parser;
  const std::size_t consumed = parser.put(boost::asio::buffer(lines.data(), lines.size()), error);
  if (error) return ExplainParserError(error);
  if (!parser.is_header_done() || consumed != lines.size())
    return Refusal{400, "the request is not well-formed HTTP/1.1"};

  Head result;
  result.consumed = consumed;
  const auto& message = parser.get();
  for (const auto& field : message) {
    if (result.head.headers.size() == state_->limits.header_count_max) return Refusal{431, "too many fields"};
    result.head.headers.emplace_back(codec::LowerCase({field.name_string().data(), field.name_string().size()}),
                                     std::string(field.value().data(), field.value().size()));
  }
  const bool is_http_1_1 = message.version() == 11;
  if (auto refusal = CheckFields(result.head.headers, is_http_1_1)) return *refusal;
  // RFC 9110 section 7.8: an Upgrade in a request of HTTP/1.0 is not there.
  if (!is_http_1_1) std::erase_if(result.head.headers, [](const auto& field) { return field.first == "upgrade"; });
  auto target = ParseTarget({message.target().data(), message.target().size()});
  if (!target) return Refusal{400, target.error().public_message};
  result.head.target = *std::move(target);
  result.head.method.assign(message.method_string().data(), message.method_string().size());
  result.head.keep_alive = message.keep_alive();
  result.head.expects_continue = is_http_1_1 && FindHeader(result.head.headers, "expect") != nullptr;
  if (parser.content_length()) result.head.content_length = *parser.content_length();
  result.head.has_body = parser.chunked() || result.head.content_length.value_or(0) > 0;
  state_->head_done = true;
  parser.eager(true);
  LimitBody(state_->limits.body_bytes_max);
  return result;
}

void RequestParser::LimitBody(std::uint64_t body_bytes_max) {
  state_->body_bytes_max = body_bytes_max;
  state_->wire_bytes_left = body_bytes_max * kChunkOverheadFactor + kChunkOverheadBytes;
}

std::variant<RequestParser::Piece, Refusal> RequestParser::PutBody(ByteView bytes, std::span<std::uint8_t> out) {
  CLOISTER_CHECK(state_->head_done);
  auto& parser = state_->parser;
  if (parser.is_done()) return Piece{.done = true};
  if (parser.content_length() && *parser.content_length() > state_->body_bytes_max) {
    return ExplainParserError(http::error::body_limit);
  }
  if (parser.chunked() && bytes.size() < kChunkedRestBytesMin) return Piece{};
  auto& body = parser.get().body();
  body.data = out.data();
  body.size = out.size();
  body.more = true;
  error_code error;
  const std::size_t consumed = parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  if (error && error != http::error::need_more && error != http::error::need_buffer) return ExplainParserError(error);
  const Piece piece{.consumed = consumed, .produced = out.size() - body.size, .done = parser.is_done()};
  if (piece.produced > state_->body_bytes_max || consumed > state_->wire_bytes_left) {
    return ExplainParserError(http::error::body_limit);
  }
  if (!parser.content_length()) state_->body_bytes_max -= piece.produced;
  state_->wire_bytes_left -= consumed;
  return piece;
}

}  // namespace cloister::net
