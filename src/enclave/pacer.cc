#include "enclave/pacer.h"

#include <chrono>
#include <thread>

namespace cloister::enclave {

void SystemPacer::WaitUntil(std::int64_t monotonic_ms) {
  for (std::int64_t left = monotonic_ms - clock_.MonotonicMs(); left > 0; left = monotonic_ms - clock_.MonotonicMs()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(left));
  }
}

std::int64_t TimeBucketMs(std::int64_t elapsed_ms) {
  std::int64_t bucket = 250;
  while (bucket < elapsed_ms) bucket *= 2;
  return bucket;
}

}  // namespace cloister::enclave
