#include "control/webhooks/schedule.h"

#include <gtest/gtest.h>

#include <set>

namespace cloister::control {
namespace {

constexpr Instant kNow{1'764'000'000'000};

TEST(WebhookSchedule, WaitsLongerEachTimeAndEndsAfterDays) {
  InsecureRngForTest rng(7);
  Instant at = kNow;
  std::int64_t before_ms = 0;
  for (std::int64_t attempts = 1; attempts < kWebhookAttemptsMax; ++attempts) {
    const auto next = NextAttempt(attempts, at, rng);
    ASSERT_TRUE(next.has_value());
    EXPECT_GT(next->unix_ms - at.unix_ms, before_ms);
    before_ms = attempts < 7 ? next->unix_ms - at.unix_ms : 0;  // the last two may overlap
    at = *next;
  }
  EXPECT_GT(at.unix_ms - kNow.unix_ms, 2LL * 24 * 3'600'000);
  EXPECT_LT(at.unix_ms - kNow.unix_ms, 4LL * 24 * 3'600'000);
  EXPECT_EQ(NextAttempt(kWebhookAttemptsMax, at, rng), std::nullopt);
}

TEST(WebhookSchedule, SpreadsWhatFailedTogether) {
  InsecureRngForTest rng(7);
  std::set<std::int64_t> waits;
  for (int i = 0; i < 100; ++i) {
    const std::int64_t wait_ms = NextAttempt(2, kNow, rng)->unix_ms - kNow.unix_ms;
    EXPECT_GE(wait_ms, 240'000);
    EXPECT_LE(wait_ms, 360'000);
    waits.insert(wait_ms);
  }
  EXPECT_GT(waits.size(), 90u);
}

}  // namespace
}  // namespace cloister::control
