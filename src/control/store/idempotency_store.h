#pragma once

// Answers of requests that carried an Idempotency-Key, so that the same request again is answered the same and done
// once. A row stands from before the work to kIdempotencyHours after it. Thread-safe.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "control/store/db.h"

namespace cloister::control {

inline constexpr std::int64_t kIdempotencyHours = 24;

struct KeptAnswer {
  int status = 0;
  std::string content_type;
  std::string body;
};

struct IdempotencyRecord {
  UserId user;
  std::string key;
  Digest256 request_digest{};
  std::optional<KeptAnswer> answer;  // absent while it is worked on, or was when a process ended
  Instant created_at;                // of the first request
};

class IdempotencyStore {
 public:
  explicit IdempotencyStore(Db& db) : db_(db) {}

  // The record of an earlier request with this key, or absent and `record` stands from now on. Forgets old ones.
  Result<std::optional<IdempotencyRecord>> Begin(const IdempotencyRecord& record);
  Status Finish(const IdempotencyRecord& record);
  // Nothing was done: the key is free again.
  Status Forget(const UserId& user, std::string_view key);

 private:
  Db& db_;
};

}  // namespace cloister::control
