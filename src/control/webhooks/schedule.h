#pragma once

// When a webhook that was not taken is tried again: soon at first, then over three days, each wait drawn around its
// middle so that what failed together does not come back together. Pure functions.
//
//   NextAttempt(1, now, rng)   -> now + 4 s to 6 s
//   NextAttempt(9, now, rng)   -> nothing: nine attempts are all

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/rng.h"

namespace cloister::control {

inline constexpr std::int64_t kWebhookAttemptsMax = 9;
// A hook of which nothing has been taken for so long, whatever was tried, is switched off.
inline constexpr std::int64_t kWebhookFailingMsMax = 5LL * 24 * 3'600'000;

// After `attempts` that failed.
std::optional<Instant> NextAttempt(std::int64_t attempts, Instant now, Rng& rng);

}  // namespace cloister::control
