#pragma once

// HTTP as a client of one server sees it: a request, an answer, and the port between them. The words are those of RFC
// 9110. Bodies are bounded in memory or stream through the caller's own source and sink.
//
//   CLOISTER_ASSIGN(HttpAnswer answer, transport.Perform({.target = "/livez"}));
//   if (answer.status == 200) ...          // 404 is an answer too: an Error means that none came

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace cloister::net {

// What an answer that is kept in memory may weigh, unless the request says otherwise.
inline constexpr std::uint64_t kAnswerBytesMax = 4 << 20;
// All field lines of an answer together.
inline constexpr std::size_t kAnswerFieldBytesMax = 64 << 10;

enum class HttpMethod { kGet, kPost, kPut, kDelete };
std::string_view HttpMethodName(HttpMethod method);

struct HttpField {
  std::string name;
  std::string value;
};

// The body of a request that is not held in memory.
class UploadBody {
 public:
  virtual ~UploadBody() = default;
  virtual std::uint64_t size_bytes() const = 0;
  // Back to the first byte. Called before each attempt.
  virtual Status Rewind() = 0;
  // Fills the front of `into`; 0 is the end, which comes after exactly size_bytes().
  virtual Result<std::size_t> Read(std::span<std::uint8_t> into) = 0;
};

// Where the body of a successful answer goes.
class DownloadBody {
 public:
  virtual ~DownloadBody() = default;
  // Forgets what was written. Called before each attempt.
  virtual Status Restart() = 0;
  virtual Status Write(ByteView piece) = 0;
};

struct HttpRequest {
  HttpMethod method = HttpMethod::kGet;
  std::string target;  // path and query, already percent-encoded, such as "/api/me"
  std::vector<HttpField> fields = {};
  std::string body = {};
  UploadBody* upload = nullptr;      // instead of `body`; must outlive the call
  DownloadBody* download = nullptr;  // takes the body of a 2xx answer; must outlive the call
  std::uint64_t answer_bytes_max = kAnswerBytesMax;
  std::int64_t timeout_ms = 60'000;  // for the whole exchange
  // A POST that does the same when it comes twice (the same signed bytes); other methods are so by definition.
  bool repeatable = false;
  // Sent once whatever comes of it: whoever follows a stream begins anew himself, where it was.
  bool once = false;
};

struct HttpAnswer {
  int status = 0;
  std::vector<HttpField> fields = {};
  std::string body = {};  // empty if the request had a download and the status is 2xx

  bool ok() const { return status >= 200 && status < 300; }
  // The first field of that name in any case, or empty.
  std::string_view Field(std::string_view name) const;
};

// Port: one exchange with the server that the object was made for. Blocking; not thread-safe.
// Errors: kUnavailable (no connection, a broken one, an answer that is no HTTP), kDeadlineExceeded,
// kResourceExhausted (the answer is longer than the bound), or what the caller's source or sink said.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  virtual Result<HttpAnswer> Perform(const HttpRequest& request) = 0;
};

// Percent-encodes what is not unreserved (RFC 3986 section 2.3), for one path segment or one query value.
std::string EncodeSegment(std::string_view text);

}  // namespace cloister::net
