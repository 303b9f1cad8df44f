#pragma once

// Time as an argument. Only clock.cc reads the machine's clocks; everything else is handed a Clock, so tests
// are deterministic and the enclave can say whose time it believes.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cloister {

// A point of civil time, milliseconds since 1970-01-01T00:00:00Z without leap seconds.
struct Instant {
  std::int64_t unix_ms = 0;
  auto operator<=>(const Instant&) const = default;
};

// "2026-11-22T08:36:00Z": RFC 3339, UTC, whole seconds, the only form that our documents know.
std::string FormatRfc3339(Instant instant);
Result<Instant> ParseRfc3339(std::string_view text);

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant Now() const = 0;
  // Never goes back; for durations and deadlines.
  virtual std::int64_t MonotonicMs() const = 0;
};

// The machine's clocks. Thread-safe.
class SystemClock final : public Clock {
 public:
  Instant Now() const override;
  std::int64_t MonotonicMs() const override;
};

// For tests: stands still until told otherwise. Not thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(Instant now = {1'764'000'000'000}) : now_(now) {}
  Instant Now() const override { return now_; }
  std::int64_t MonotonicMs() const override { return now_.unix_ms; }
  void Advance(std::int64_t by_ms) { now_.unix_ms += by_ms; }

 private:
  Instant now_;
};

}  // namespace cloister
