#pragma once

// Waiting as an argument: a released result leaves the enclave only at the end of its time bucket, so that the host
// learns the bucket and not the time. Tests wait on a FakePacer, which moves a FakeClock.

#include <cstdint>

#include "base/clock.h"

namespace cloister::enclave {

class Pacer {
 public:
  virtual ~Pacer() = default;
  // Returns when `clock.MonotonicMs()` of the pacer's clock is at least `monotonic_ms`.
  virtual void WaitUntil(std::int64_t monotonic_ms) = 0;
};

class SystemPacer final : public Pacer {
 public:
  explicit SystemPacer(const Clock& clock) : clock_(clock) {}
  void WaitUntil(std::int64_t monotonic_ms) override;

 private:
  const Clock& clock_;
};

class FakePacer final : public Pacer {
 public:
  explicit FakePacer(FakeClock& clock) : clock_(clock) {}
  void WaitUntil(std::int64_t monotonic_ms) override {
    if (monotonic_ms > clock_.MonotonicMs()) clock_.Advance(monotonic_ms - clock_.MonotonicMs());
  }

 private:
  FakeClock& clock_;
};

// The bucket that a duration falls into: powers of two from 250 ms. 0 -> 250, 250 -> 250, 251 -> 500.
std::int64_t TimeBucketMs(std::int64_t elapsed_ms);

}  // namespace cloister::enclave
