#include "control/rest/rate_limiter.h"

#include <algorithm>
#include <cmath>

namespace cloister::control {

RateLimiter::Bucket& RateLimiter::Filled(std::string_view caller) {
  const std::int64_t now_ms = clock_.MonotonicMs();
  const auto size = static_cast<double>(tokens_);
  if (buckets_.size() >= kBucketsMax) Forget();
  auto found = buckets_.find(caller);
  if (found == buckets_.end()) {
    found = buckets_.emplace(std::string(caller), Bucket{.tokens = size, .filled_ms = now_ms}).first;
  }
  Bucket& bucket = found->second;
  const auto passed_ms = static_cast<double>(now_ms - bucket.filled_ms);
  bucket.tokens = std::min(size, bucket.tokens + passed_ms * size / static_cast<double>(window_ms_));
  bucket.filled_ms = now_ms;
  return bucket;
}

std::int64_t RateLimiter::SecondsFor(double tokens) const {
  const double window_s = static_cast<double>(window_ms_) / 1000;
  return static_cast<std::int64_t>(std::ceil(tokens * window_s / static_cast<double>(tokens_)));
}

RateLimiter::Verdict RateLimiter::Take(std::string_view caller, std::int64_t tokens) {
  if (tokens_ == 0) return {};
  const auto wanted = static_cast<double>(tokens);
  MutexLock lock(mutex_);
  Bucket& bucket = Filled(caller);
  const bool allowed = bucket.tokens >= wanted;
  if (allowed) bucket.tokens -= wanted;
  const auto size = static_cast<double>(tokens_);
  return {.allowed = allowed,
          .remaining = static_cast<std::int64_t>(bucket.tokens),
          .reset_seconds = SecondsFor((allowed ? size : std::min(wanted, size)) - bucket.tokens)};
}

std::int64_t RateLimiter::SecondsUntil(std::string_view caller, std::int64_t tokens) {
  if (tokens_ == 0) return 0;
  MutexLock lock(mutex_);
  return SecondsFor(std::max(0.0, static_cast<double>(std::min(tokens, tokens_)) - Filled(caller).tokens));
}

// Whoever has not asked for a whole window has all his tokens again, and is as good as new.
void RateLimiter::Forget() {
  const std::int64_t now_ms = clock_.MonotonicMs();
  std::erase_if(buckets_, [&](const auto& each) {
    return static_cast<double>(now_ms - each.second.filled_ms) >= static_cast<double>(window_ms_);
  });
  if (buckets_.size() >= kBucketsMax) buckets_.clear();
}

}  // namespace cloister::control
