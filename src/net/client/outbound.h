#pragma once

// A POST to where a stranger said: a URL that is read strictly, and a client that connects to public addresses alone.
// What is checked is the very address that the socket is about to connect to, so a name that resolves to something else
// a moment later (DNS rebinding) wins nothing. No redirects, no proxy, no cookies; the answer's body is thrown away.
//
//   CLOISTER_ASSIGN(auto url, OutboundUrl::Parse("https://hooks.hospital.example/cloister", Reach::kPublic));
//   Result<int> status = client.Post({.url = url, .fields = ..., .body = ...});   // 204, 500, ...

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/client/http.h"

namespace cloister::net {

// kLoopback: also the own machine, in plain HTTP too. For servers that nobody beyond it can reach: who can ask such a
// server can reach everything beside it anyway.
enum class Reach { kPublic, kLoopback };

inline constexpr std::size_t kOutboundUrlBytesMax = 1024;
inline constexpr std::uint64_t kOutboundAnswerBytesMax = 16 << 10;  // read and thrown away; more ends the connection
inline constexpr std::int64_t kOutboundConnectMs = 5'000;
inline constexpr std::int64_t kOutboundTotalMs = 15'000;

class OutboundUrl {
 public:
  // "https://HOST[:PORT]/PATH[?QUERY]", with kLoopback also http:// with localhost, 127.0.0.1 or [::1].
  // kInvalidArgument for everything else: a user or password in it, a fragment, an address that is not public, other
  // characters than a URL has.
  static Result<OutboundUrl> Parse(std::string_view url, Reach reach);
  const std::string& str() const { return text_; }

 private:
  explicit OutboundUrl(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

struct OutboundPost {
  OutboundUrl url;
  std::vector<HttpField> fields;
  std::string body;
};

// Port; a test's own takes what would have been sent. Thread-safe.
class OutboundClient {
 public:
  virtual ~OutboundClient() = default;
  // The answer's status, whatever it is. kPermissionDenied: the host has no address that may be connected to;
  // kDeadlineExceeded; kUnavailable: no connection, or no HTTP.
  virtual Result<int> Post(const OutboundPost& post) = 0;
  virtual Reach reach() const = 0;
};

// libcurl, TLS 1.2 or newer with the system's certificate authorities.
class CurlOutboundClient final : public OutboundClient {
 public:
  explicit CurlOutboundClient(Reach reach) : reach_(reach) {}
  Result<int> Post(const OutboundPost& post) override;
  Reach reach() const override { return reach_; }

 private:
  const Reach reach_;
};

}  // namespace cloister::net
