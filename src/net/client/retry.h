#pragma once

// Doing an exchange again when the first try may not have reached the server, and only if doing it twice is doing it
// once (RFC 9110 section 9.2.2).

#include <cstdint>
#include <functional>
#include <optional>

#include "net/client/http.h"

namespace cloister::net {

// A value, so that tests can read it and callers can say "never" ({.attempts_max = 1}).
struct RetryPolicy {
  int attempts_max = 4;
  std::int64_t first_delay_ms = 200;  // doubles from try to try ...
  std::int64_t delay_ms_max = 5'000;  // ... up to this, which also bounds what a server's Retry-After may ask for
};

// What one try ended with.
struct AttemptOutcome {
  int attempt = 1;                  // the first is 1
  std::optional<Code> error = {};   // no answer came
  int status = 0;                   // one came
  std::int64_t retry_after_ms = 0;  // what it asked for; 0 if nothing
};

// How long to wait before the next try; nothing if this outcome is final. With the defaults: 200, 400, 800 ms after
// kUnavailable, 502, 503 or 504; 429 waits at least what Retry-After says.
std::optional<std::int64_t> DelayBeforeRetry(const RetryPolicy& policy, const AttemptOutcome& outcome);

bool IsRepeatable(const HttpRequest& request);

// Wraps a transport. `sleep` waits that many milliseconds; tests hand in one that only notes them.
class RetryingTransport final : public HttpTransport {
 public:
  RetryingTransport(HttpTransport& inner, RetryPolicy policy, std::function<void(std::int64_t)> sleep)
      : inner_(inner), policy_(policy), sleep_(std::move(sleep)) {}
  Result<HttpAnswer> Perform(const HttpRequest& request) override;

 private:
  HttpTransport& inner_;
  RetryPolicy policy_;
  std::function<void(std::int64_t)> sleep_;
};

}  // namespace cloister::net
