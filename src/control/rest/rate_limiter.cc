#include "control/rest/rate_limiter.h"

#include <algorithm>
#include <cmath>

namespace cloister::control {

RateLimiter::Verdict RateLimiter::Take(std::string_view caller, std::int64_t tokens) {
  if (tokens_ == 0) return {};
  const std::int64_t now_ms = clock_.MonotonicMs();
  const auto size = static_cast<double>(tokens_);
  const auto wanted = static_cast<double>(tokens);
  const auto window = static_cast<double>(window_ms_);
  MutexLock lock(mutex_);
  if (buckets_.size() >= kBucketsMax) Forget();
  auto found = buckets_.find(caller);
  if (found == buckets_.end()) {
    found = buckets_.emplace(std::string(caller), Bucket{.tokens = size, .filled_ms = now_ms}).first;
  }
  Bucket& bucket = found->second;
  bucket.tokens = std::min(size, bucket.tokens + static_cast<double>(now_ms - bucket.filled_ms) * size / window);
  bucket.filled_ms = now_ms;
  const bool allowed = bucket.tokens >= wanted;
  if (allowed) bucket.tokens -= wanted;
  const double missing = allowed ? size - bucket.tokens : wanted - bucket.tokens;
  return {.allowed = allowed,
          .remaining = static_cast<std::int64_t>(bucket.tokens),
          .reset_seconds = static_cast<std::int64_t>(std::ceil(missing * window / 1000 / size))};
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
