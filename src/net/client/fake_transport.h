#pragma once

// The port's in-memory fake: answers from a function and notes every request, for tests of whoever speaks HTTP.

#include <functional>
#include <vector>

#include "net/client/http.h"

namespace cloister::net {

class FakeTransport final : public HttpTransport {
 public:
  using Handler = std::function<Result<HttpAnswer>(const HttpRequest&)>;
  explicit FakeTransport(Handler handler) : handler_(std::move(handler)) {}

  // An upload's bytes are read to the end and stand in the noted request's `body`; the handler sees them there too.
  Result<HttpAnswer> Perform(const HttpRequest& request) override;
  const std::vector<HttpRequest>& requests() const { return requests_; }

 private:
  Handler handler_;
  std::vector<HttpRequest> requests_;
};

// A JSON answer in one line of a test.
HttpAnswer FakeJson(int status, std::string body);

}  // namespace cloister::net
