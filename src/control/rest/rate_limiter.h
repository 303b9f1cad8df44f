#pragma once

// How often a caller may ask, or how much he may move: a bucket of tokens for each that fills evenly. Thread-safe.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/mutex.h"

namespace cloister::control {

inline constexpr std::size_t kBucketsMax = 10'000;  // keys remembered at once; full buckets are forgotten first

class RateLimiter {
 public:
  // `tokens` at once, and as many again within `window_ms`. 0: no limit.
  RateLimiter(const Clock& clock, std::int64_t tokens, std::int64_t window_ms = 60'000)
      : clock_(clock), tokens_(tokens), window_ms_(window_ms) {}

  struct Verdict {
    bool allowed = true;
    std::int64_t remaining = 0;
    // Allowed: until all are there again. Else: until as many are as are wanted, or all, of which there never are more.
    std::int64_t reset_seconds = 0;
  };
  // All of `tokens` or none. More than there ever are is never allowed.
  Verdict Take(std::string_view caller, std::int64_t tokens = 1) CLOISTER_EXCLUDES(mutex_);
  // In how many seconds so many are there, if nobody takes any; of more than there ever are, all.
  std::int64_t SecondsUntil(std::string_view caller, std::int64_t tokens) CLOISTER_EXCLUDES(mutex_);
  std::int64_t tokens() const { return tokens_; }

 private:
  struct Bucket {
    double tokens = 0;
    std::int64_t filled_ms = 0;  // monotonic
  };
  Bucket& Filled(std::string_view caller) CLOISTER_REQUIRES(mutex_);
  std::int64_t SecondsFor(double tokens) const;
  void Forget() CLOISTER_REQUIRES(mutex_);

  const Clock& clock_;
  const std::int64_t tokens_;
  const std::int64_t window_ms_;
  Mutex mutex_;
  std::map<std::string, Bucket, std::less<>> buckets_ CLOISTER_GUARDED_BY(mutex_);
};

}  // namespace cloister::control
