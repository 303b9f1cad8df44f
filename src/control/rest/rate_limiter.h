#pragma once

// How often a caller may ask: a bucket of tokens for each API key that fills evenly. Thread-safe.

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
  // `per_minute` requests at once, and as many again within a minute. 0: no limit.
  RateLimiter(const Clock& clock, std::int64_t per_minute) : clock_(clock), per_minute_(per_minute) {}

  struct Verdict {
    bool allowed = true;
    std::int64_t remaining = 0;
    std::int64_t reset_seconds = 0;  // until a token is there again, or until all are
  };
  Verdict Take(std::string_view caller) CLOISTER_EXCLUDES(mutex_);
  std::int64_t per_minute() const { return per_minute_; }

 private:
  struct Bucket {
    double tokens = 0;
    std::int64_t filled_ms = 0;  // monotonic
  };
  void Forget() CLOISTER_REQUIRES(mutex_);

  const Clock& clock_;
  const std::int64_t per_minute_;
  Mutex mutex_;
  std::map<std::string, Bucket, std::less<>> buckets_ CLOISTER_GUARDED_BY(mutex_);
};

}  // namespace cloister::control
