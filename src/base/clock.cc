#include "base/clock.h"

#include <time.h>

#include <array>
#include <cstdio>

namespace cloister {
namespace {

std::int64_t ReadMs(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

Instant SystemClock::Now() const { return {ReadMs(CLOCK_REALTIME)}; }
std::int64_t SystemClock::MonotonicMs() const { return ReadMs(CLOCK_MONOTONIC); }

std::string FormatRfc3339(Instant instant) {
  std::int64_t seconds = instant.unix_ms / 1000;
  if (instant.unix_ms % 1000 < 0) --seconds;  // times before 1970 round down too
  const auto time = static_cast<time_t>(seconds);
  tm utc{};
  gmtime_r(&time, &utc);
  std::array<char, 32> text{};
  strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

Result<Instant> ParseRfc3339(std::string_view text) {
  const Error malformed =
      InvalidArgument("a time must read like 2026-11-22T08:36:00Z (UTC, whole seconds)");
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:ddZ";
  if (text.size() != kShape.size()) return malformed;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) return malformed;
  }
  const auto number = [&](std::size_t at, std::size_t length) {
    int value = 0;
    for (std::size_t i = at; i < at + length; ++i) value = value * 10 + (text[i] - '0');
    return value;
  };
  tm utc{};
  utc.tm_year = number(0, 4) - 1900;
  utc.tm_mon = number(5, 2) - 1;
  utc.tm_mday = number(8, 2);
  utc.tm_hour = number(11, 2);
  utc.tm_min = number(14, 2);
  utc.tm_sec = number(17, 2);
  const Instant instant{static_cast<std::int64_t>(timegm(&utc)) * 1000};
  // timegm accepts the 31st of February and hour 24; only a real date comes back as it was written.
  if (FormatRfc3339(instant) != text) return malformed;
  return instant;
}

}  // namespace cloister
