#pragma once

// HTTP/1.1 requests out of bytes (RFC 9112). Beast's parser does the work; in front of it stand the rules
// that it does not have and without which a proxy before us could see other message borders than we do
// (request smuggling):
//
//   refused here: no Host or two on 1.1; Transfer-Encoding other than exactly `chunked`, or on 1.0, or
//   together with Content-Length; two Content-Length fields, even equal ones; obs-fold; bare CR or LF; any
//   second field that decides about framing or identity; targets that are no clean path (target.h).
//
// One object per request. Not thread-safe. Memory: the fields of one head, nothing of the body.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "base/bytes.h"
#include "net/server/http.h"
#include "net/server/limits.h"
#include "net/server/target.h"

namespace cloister::net {

// What the server answers instead of going on. The connection closes after it: its message borders are in
// doubt.
struct Refusal {
  int status = 400;
  std::string message;
};

struct RequestHead {
  std::string method;
  Target target;
  Headers headers;
  bool keep_alive = true;
  bool expects_continue = false;
  bool has_body = false;
  std::optional<std::uint64_t> content_length;  // absent: chunked, if has_body
};

class RequestParser {
 public:
  explicit RequestParser(const HttpLimits& limits);
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;

  // Looks at all bytes that came since the last request and were not consumed. Absent: the head is not
  // complete, call again with more behind the same bytes.
  struct Head {
    RequestHead head;
    std::size_t consumed = 0;
  };
  std::variant<std::monostate, Head, Refusal> PutHead(ByteView bytes);

  // After the head. Moves body bytes from `bytes` (what was not consumed yet) to `out`. Nothing consumed,
  // nothing produced and not done: call again with more behind the same bytes. A body longer than the bound
  // is refused.
  void LimitBody(std::uint64_t body_bytes_max);
  struct Piece {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    bool done = false;
  };
  std::variant<Piece, Refusal> PutBody(ByteView bytes, std::span<std::uint8_t> out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cloister::net
