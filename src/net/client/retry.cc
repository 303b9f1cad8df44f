#include "net/client/retry.h"

#include <algorithm>
#include <charconv>

namespace cloister::net {
namespace {

// Retry-After as seconds (RFC 9110 section 10.2.3). The date form asks for a clock that agrees with the server's, which
// a client cannot rely on; it counts as absent.
std::int64_t RetryAfterMs(const HttpAnswer& answer) {
  const std::string_view text = answer.Field("Retry-After");
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool number = error == std::errc() && end == text.data() + text.size() && seconds >= 0;
  return number ? std::min<std::int64_t>(seconds, 86'400) * 1000 : 0;
}

bool MayPass(const AttemptOutcome& outcome) {
  if (outcome.error) return *outcome.error == Code::kUnavailable;
  return outcome.status == 429 || outcome.status == 502 || outcome.status == 503 || outcome.status == 504;
}

AttemptOutcome OutcomeOf(int attempt, const Result<HttpAnswer>& result) {
  if (!result) return {.attempt = attempt, .error = result.error().code};
  return {.attempt = attempt, .status = result->status, .retry_after_ms = RetryAfterMs(*result)};
}

}  // namespace

std::optional<std::int64_t> DelayBeforeRetry(const RetryPolicy& policy, const AttemptOutcome& outcome) {
  if (outcome.attempt >= policy.attempts_max || !MayPass(outcome)) return std::nullopt;
  if (outcome.retry_after_ms > policy.delay_ms_max) return std::nullopt;  // longer than anybody waits at a prompt
  std::int64_t delay_ms = policy.first_delay_ms;
  for (int i = 1; i < outcome.attempt; ++i) delay_ms = std::min(delay_ms * 2, policy.delay_ms_max);
  return std::max(delay_ms, outcome.retry_after_ms);
}

bool IsRepeatable(const HttpRequest& request) {
  return !request.once && (request.method != HttpMethod::kPost || request.repeatable);
}

Result<HttpAnswer> RetryingTransport::Perform(const HttpRequest& request) {
  for (int attempt = 1;; ++attempt) {
    Result<HttpAnswer> result = inner_.Perform(request);
    if (!IsRepeatable(request)) return result;
    const auto delay_ms = DelayBeforeRetry(policy_, OutcomeOf(attempt, result));
    if (!delay_ms) return result;
    sleep_(*delay_ms);
  }
}

}  // namespace cloister::net
