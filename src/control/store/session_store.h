#pragma once

// Browsers that are logged in. A session is known by the SHA-256 of its cookie's value; the value is stored nowhere. It
// ends kSessionIdleMs after its last use, kSessionMs after it began, when its user logs out or is disabled, or when he
// has begun kSessionsMax newer ones. Thread-safe.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "control/store/db.h"
#include "control/store/user_store.h"

namespace cloister::control {

struct SessionTag {
  static constexpr std::string_view kPrefix = "ses";
};
using SessionId = Id<SessionTag>;

inline constexpr std::int64_t kSessionIdleMs = std::int64_t{12} * 3'600'000;
inline constexpr std::int64_t kSessionMs = std::int64_t{7} * 86'400'000;
inline constexpr std::size_t kSessionsMax = 20;  // of one user; the one that was not used for longest ends first

struct SessionRecord {
  SessionId id;
  Digest256 hash{};
  UserId user;
  Instant created_at;
  Instant last_used_at;  // to the minute
  Instant expires_at;    // whatever its use
};

class SessionStore {
 public:
  explicit SessionStore(Db& db) : db_(db) {}

  // Also ends the one of `before`, if there is: nobody goes on with a cookie that was there before he logged in.
  Status Add(const SessionRecord& session, const std::optional<Digest256>& before);

  struct Owner {
    UserRecord user;
    SessionRecord session;
  };
  enum class Use { kNoted, kLookedAt };
  // The owner, who is not disabled, of a session that goes on.
  Result<std::optional<Owner>> Find(const Digest256& hash, Instant now, Use use);
  // Those of a user that go on, oldest first.
  Result<std::vector<SessionRecord>> Of(const UserId& user, Instant now);
  Status End(const SessionId& id);
  // How many there were.
  Result<std::int64_t> EndAllOf(const UserId& user);

 private:
  Db& db_;
};

}  // namespace cloister::control
