#pragma once

// Where a server is: scheme, host and port, nothing else. Reading is strict, because the key that authenticates us goes
// wherever this points: plain HTTP is accepted for the loopback interface only.

#include <string>
#include <string_view>

#include "base/result.h"

namespace cloister::net {

class ServerAddress {
 public:
  // "https://cleanroom.example", "http://127.0.0.1:8080" (a trailing slash is dropped).
  static Result<ServerAddress> Parse(std::string_view url);

  const std::string& origin() const { return origin_; }  // without a trailing slash
  bool loopback() const { return loopback_; }

 private:
  ServerAddress(std::string origin, bool loopback) : origin_(std::move(origin)), loopback_(loopback) {}
  std::string origin_;
  bool loopback_ = false;
};

}  // namespace cloister::net
