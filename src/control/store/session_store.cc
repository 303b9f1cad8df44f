#include "control/store/session_store.h"

#include "control/store/user_columns.h"

namespace cloister::control {
namespace {

constexpr std::int64_t kUseNotedMs = 60'000;

#define CLOISTER_SESSION_COLUMNS                                                              \
  "sessions.id, sessions.hash, sessions.user_id, sessions.created_at, sessions.last_used_at," \
  " sessions.expires_at"
#define CLOISTER_SESSION_GOES_ON "sessions.expires_at > ? AND sessions.last_used_at > ?"

// `first`: the column that the session's own columns begin at.
SessionRecord ReadSession(const SqlRow& row, int first) {
  return {.id = StoredId<SessionId>(row, first),
          .hash = row.Digest(first + 1),
          .user = StoredId<UserId>(row, first + 2),
          .created_at = StoredTime(row, first + 3),
          .last_used_at = StoredTime(row, first + 4),
          .expires_at = StoredTime(row, first + 5)};
}

std::string IdleSince(Instant now) { return StoredTime({now.unix_ms - kSessionIdleMs}); }

Status MakeRoom(Transaction& tx, const SessionRecord& session) {
  const std::string now = StoredTime(session.created_at);
  CLOISTER_TRY(
      tx.Run("DELETE FROM sessions WHERE expires_at <= ? OR last_used_at <= ?", {now, IdleSince(session.created_at)}));
  return tx.Run(
      "DELETE FROM sessions WHERE user_id = ? AND id NOT IN"
      " (SELECT id FROM sessions WHERE user_id = ? ORDER BY last_used_at DESC, id DESC LIMIT ?)",
      {session.user.str(), session.user.str(), static_cast<std::int64_t>(kSessionsMax - 1)});
}

}  // namespace

Status SessionStore::Add(const SessionRecord& session, const std::optional<Digest256>& before) {
  return db_.Transact([&](Transaction& tx) -> Status {
    if (before) CLOISTER_TRY(tx.Run("DELETE FROM sessions WHERE hash = ?", {*before}));
    CLOISTER_TRY(MakeRoom(tx, session));
    return tx.Run(
        "INSERT INTO sessions(id, hash, user_id, created_at, last_used_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        {session.id.str(), session.hash, session.user.str(), StoredTime(session.created_at),
         StoredTime(session.last_used_at), StoredTime(session.expires_at)});
  });
}

Result<std::optional<SessionStore::Owner>> SessionStore::Find(const Digest256& hash, Instant now, Use use) {
  return db_.Transact([&](Transaction& tx) -> Result<std::optional<Owner>> {
    CLOISTER_ASSIGN(auto owner,
                    tx.First("SELECT " CLOISTER_USER_COLUMNS ", " CLOISTER_SESSION_COLUMNS
                             " FROM sessions JOIN users ON users.id = sessions.user_id"
                             " WHERE sessions.hash = ? AND " CLOISTER_SESSION_GOES_ON " AND users.disabled_at IS NULL",
                             {hash, StoredTime(now), IdleSince(now)}, [](const SqlRow& row) {
                               return Owner{.user = ReadUser(row), .session = ReadSession(row, kUserColumns)};
                             }));
    if (!owner || use == Use::kLookedAt || now.unix_ms - owner->session.last_used_at.unix_ms < kUseNotedMs) {
      return owner;
    }
    CLOISTER_TRY(
        tx.Run("UPDATE sessions SET last_used_at = ? WHERE id = ?", {StoredTime(now), owner->session.id.str()}));
    owner->session.last_used_at = now;
    return owner;
  });
}

Result<std::vector<SessionRecord>> SessionStore::Of(const UserId& user, Instant now) {
  return db_.Transact([&](Transaction& tx) {
    return tx.All("SELECT " CLOISTER_SESSION_COLUMNS " FROM sessions WHERE user_id = ? AND " CLOISTER_SESSION_GOES_ON
                  " ORDER BY id",
                  {user.str(), StoredTime(now), IdleSince(now)}, [](const SqlRow& row) { return ReadSession(row, 0); });
  });
}

Status SessionStore::End(const SessionId& id) {
  return db_.Transact([&](Transaction& tx) { return tx.Run("DELETE FROM sessions WHERE id = ?", {id.str()}); });
}

Result<std::int64_t> SessionStore::EndAllOf(const UserId& user) {
  return db_.Transact(
      [&](Transaction& tx) { return tx.Change("DELETE FROM sessions WHERE user_id = ?", {user.str()}); });
}

}  // namespace cloister::control
