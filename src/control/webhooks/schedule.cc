#include "control/webhooks/schedule.h"

#include <array>

#include "base/bytes.h"
#include "base/check.h"

namespace cloister::control {
namespace {

constexpr std::int64_t kSecondMs = 1'000, kMinuteMs = 60 * kSecondMs, kHourMs = 60 * kMinuteMs;
constexpr std::array<std::int64_t, kWebhookAttemptsMax - 1> kWaitsMs = {
    5 * kSecondMs, 5 * kMinuteMs, 30 * kMinuteMs, 2 * kHourMs, 5 * kHourMs, 10 * kHourMs, 24 * kHourMs, 30 * kHourMs};

}  // namespace

std::optional<Instant> NextAttempt(std::int64_t attempts, Instant now, Rng& rng) {
  CLOISTER_CHECK(attempts >= 1);
  if (attempts >= kWebhookAttemptsMax) return std::nullopt;
  const std::int64_t middle_ms = kWaitsMs[static_cast<std::size_t>(attempts - 1)];
  ByteArray<2> drawn{};
  rng.Fill(drawn);
  const std::int64_t part = drawn[0] * 256 + drawn[1];  // of 65,536: from four fifths of the wait to six fifths
  return Instant{now.unix_ms + middle_ms * 4 / 5 + middle_ms * 2 / 5 * part / 65'536};
}

}  // namespace cloister::control
