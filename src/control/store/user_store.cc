#include "control/store/user_store.h"

#include <algorithm>
#include <array>

#include "control/store/user_columns.h"

namespace cloister::control {
namespace {

constexpr std::array<std::string_view, 3> kOrigins = {"development", "administrator", "issuer"};

constexpr std::string_view kSelectKey =
    "SELECT thumbprint, user_id, public_key, recipient, custody, sealed_secrets, created_at FROM participant_keys ";

ParticipantKeyRecord ReadKey(const SqlRow& row) {
  auto public_key = crypto::Ed25519PublicKey::FromRaw(row.Blob(2));
  CLOISTER_CHECK(public_key.has_value());
  return {.thumbprint = row.Text(0),
          .user = StoredId<UserId>(row, 1),
          .public_key = *public_key,
          .recipient = row.Text(3),
          .custody = row.Text(4) == "server" ? KeyCustody::kServer : KeyCustody::kSelf,
          .sealed_secrets = row.OptionalBlob(5),
          .created_at = StoredTime(row, 6)};
}

#define CLOISTER_KEY_COLUMNS                                                                                  \
  "access_keys.id, access_keys.hash, access_keys.user_id, access_keys.name, access_keys.scopes,"             \
  " access_keys.prefix, access_keys.created_at, access_keys.updated_at, access_keys.expires_at,"             \
  " access_keys.last_used_at"

// `first`: the column that the key's own columns begin at.
ApiKeyRecord ReadApiKey(const SqlRow& row, int first) {
  ApiKeyRecord key{.id = StoredId<ApiKeyId>(row, first),
                   .hash = row.Digest(first + 1),
                   .user = StoredId<UserId>(row, first + 2),
                   .name = row.Text(first + 3),
                   .scopes = row.Text(first + 4),
                   .prefix = row.Text(first + 5),
                   .created_at = StoredTime(row, first + 6),
                   .updated_at = StoredTime(row, first + 7),
                   .expires_at = StoredTime(row, first + 8),
                   .last_used_at = std::nullopt};
  if (!row.IsNull(first + 9)) key.last_used_at = StoredTime(row, first + 9);
  return key;
}

constexpr std::int64_t kUseNotedMs = 60'000;  // a write for each request would cost more than it tells

Status InsertKey(Transaction& tx, const ApiKeyRecord& key) {
  return tx.Run(
      "INSERT INTO access_keys(id, hash, user_id, name, scopes, prefix, created_at, updated_at, expires_at)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {key.id.str(), key.hash, key.user.str(), key.name, key.scopes, key.prefix, StoredTime(key.created_at),
       StoredTime(key.updated_at), StoredTime(key.expires_at)});
}

constexpr std::array<std::string_view, 3> kRequestStatuses = {"pending", "approved", "rejected"};

AdminRequestRecord ReadAdminRequest(const SqlRow& row) {
  const std::string status = row.Text(3);
  const auto found = std::ranges::find(kRequestStatuses, status);
  CLOISTER_CHECK(found != kRequestStatuses.end());
  return {.id = StoredId<AdminRequestId>(row, 0),
          .user = StoredId<UserId>(row, 1),
          .reason = row.Text(2),
          .status = static_cast<AdminRequestStatus>(found - kRequestStatuses.begin()),
          .decided_by = row.OptionalText(4),
          .created_at = StoredTime(row, 5),
          .updated_at = StoredTime(row, 6)};
}

#define CLOISTER_SELECT_ADMIN_REQUEST \
  "SELECT id, user_id, reason, status, decided_by, created_at, updated_at FROM admin_requests "

// Somebody has to be left who can let people in.
Status CheckOthersAdminister(Transaction& tx, const UserId& id) {
  CLOISTER_ASSIGN(const auto last,
                  tx.First("SELECT 1 FROM users WHERE id = ? AND administrator = 1 AND disabled_at IS NULL"
                           " AND NOT EXISTS"
                           " (SELECT 1 FROM users WHERE id != ? AND administrator = 1 AND disabled_at IS NULL)",
                           {id.str(), id.str()}, [](const SqlRow& row) { return row.Integer(0); }));
  return last ? FailedPrecondition("this is the last administrator; make another one first") : Status();
}

Status EndAccess(Transaction& tx, const UserId& id, Instant now) {
  CLOISTER_TRY(tx.Run("UPDATE access_keys SET expires_at = ?, updated_at = ? WHERE user_id = ? AND expires_at > ?",
                      {StoredTime(now), StoredTime(now), id.str(), StoredTime(now)}));
  return tx.Run("DELETE FROM sessions WHERE user_id = ?", {id.str()});
}

}  // namespace

UserRecord ReadUser(const SqlRow& row) {
  const std::string origin = row.Text(6);
  const auto found = std::ranges::find(kOrigins, origin);
  CLOISTER_CHECK(found != kOrigins.end());
  UserRecord user{.id = StoredId<UserId>(row, 0),
                  .email = row.Text(1),
                  .name = row.Text(2),
                  .organisation = row.Text(3),
                  .created_at = StoredTime(row, 4),
                  .administrator = row.Integer(5) != 0,
                  .origin = static_cast<UserOrigin>(found - kOrigins.begin())};
  if (!row.IsNull(7)) user.disabled_at = StoredTime(row, 7);
  user.updated_at = StoredTime(row, 8);
  return user;
}

Status InsertUser(Transaction& tx, const UserRecord& user) {
  return tx.Run(
      "INSERT INTO users(id, email, name, organisation, administrator, origin, created_at, updated_at)"
      " VALUES (?, ?, ?, ?, NOT EXISTS (SELECT 1 FROM users), ?, ?, ?)",
      {user.id.str(), user.email, user.name, user.organisation, kOrigins[static_cast<std::size_t>(user.origin)],
       StoredTime(user.created_at), StoredTime(user.created_at)});
}

std::string_view AdminRequestStatusName(AdminRequestStatus status) {
  return kRequestStatuses[static_cast<std::size_t>(status)];
}

Status UserStore::AddUser(const UserRecord& user) {
  return db_.Transact([&](Transaction& tx) { return InsertUser(tx, user); });
}

Result<bool> UserStore::Disable(const UserId& id, Instant now) {
  return db_.Transact([&](Transaction& tx) -> Result<bool> {
    CLOISTER_TRY(CheckOthersAdminister(tx, id));
    CLOISTER_ASSIGN(const std::int64_t found,
                    tx.Change("UPDATE users SET updated_at = iif(disabled_at IS NULL, ?, updated_at),"
                              " disabled_at = ifnull(disabled_at, ?) WHERE id = ?",
                              {StoredTime(now), StoredTime(now), id.str()}));
    CLOISTER_TRY(EndAccess(tx, id, now));
    return found > 0;
  });
}

Result<bool> UserStore::Enable(const UserId& id, Instant now) {
  return db_.Transact([&](Transaction& tx) -> Result<bool> {
    // Also what a request made that was on its way when he was disabled.
    CLOISTER_TRY(EndAccess(tx, id, now));
    CLOISTER_ASSIGN(const std::int64_t found,
                    tx.Change("UPDATE users SET updated_at = iif(disabled_at IS NULL, updated_at, ?),"
                              " disabled_at = NULL WHERE id = ?",
                              {StoredTime(now), id.str()}));
    return found > 0;
  });
}

Result<bool> UserStore::TakeAdministrator(const UserId& id, Instant now) {
  return db_.Transact([&](Transaction& tx) -> Result<bool> {
    CLOISTER_TRY(CheckOthersAdminister(tx, id));
    CLOISTER_ASSIGN(const std::int64_t found,
                    tx.Change("UPDATE users SET updated_at = iif(administrator, ?, updated_at), administrator = 0"
                              " WHERE id = ?",
                              {StoredTime(now), id.str()}));
    return found > 0;
  });
}

Result<std::vector<UserRecord>> UserStore::AllUsers() {
  return db_.Transact(
      [&](Transaction& tx) { return tx.All("SELECT " CLOISTER_USER_COLUMNS " FROM users ORDER BY id", {}, ReadUser); });
}

Result<std::optional<UserRecord>> UserStore::FindUser(const UserId& id) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First("SELECT " CLOISTER_USER_COLUMNS " FROM users WHERE id = ?", {id.str()}, ReadUser);
  });
}

Result<std::optional<UserRecord>> UserStore::FindUserByEmail(std::string_view email) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First("SELECT " CLOISTER_USER_COLUMNS " FROM users WHERE email = ?", {email}, ReadUser);
  });
}

Status UserStore::AddApiKey(const ApiKeyRecord& key) {
  return db_.Transact([&](Transaction& tx) { return InsertKey(tx, key); });
}

Result<std::optional<UserStore::KeyOwner>> UserStore::FindUserByApiKey(const Digest256& hash, Instant now) {
  return db_.Transact([&](Transaction& tx) -> Result<std::optional<KeyOwner>> {
    CLOISTER_ASSIGN(auto owner, tx.First("SELECT " CLOISTER_USER_COLUMNS ", " CLOISTER_KEY_COLUMNS
                                         " FROM access_keys JOIN users ON users.id = access_keys.user_id"
                                         " WHERE access_keys.hash = ? AND access_keys.expires_at > ?"
                                         " AND users.disabled_at IS NULL",
                                         {hash, StoredTime(now)}, [](const SqlRow& row) {
                                           return KeyOwner{.user = ReadUser(row), .key = ReadApiKey(row, kUserColumns)};
                                         }));
    if (!owner) return owner;
    const auto& last = owner->key.last_used_at;
    if (last && now.unix_ms - last->unix_ms < kUseNotedMs) return owner;
    CLOISTER_TRY(tx.Run("UPDATE access_keys SET last_used_at = ? WHERE id = ?",
                        {StoredTime(now), owner->key.id.str()}));
    return owner;
  });
}

Result<std::vector<ApiKeyRecord>> UserStore::ApiKeysOf(const UserId& user) {
  return db_.Transact([&](Transaction& tx) {
    return tx.All("SELECT " CLOISTER_KEY_COLUMNS " FROM access_keys WHERE user_id = ? ORDER BY id", {user.str()},
                  [](const SqlRow& row) { return ReadApiKey(row, 0); });
  });
}

Result<bool> UserStore::RemoveApiKey(const UserId& user, const ApiKeyId& id) {
  return db_.Transact([&](Transaction& tx) -> Result<bool> {
    CLOISTER_ASSIGN(const std::int64_t removed,
                    tx.Change("DELETE FROM access_keys WHERE id = ? AND user_id = ?", {id.str(), user.str()}));
    return removed > 0;
  });
}

Status UserStore::RollApiKey(const ApiKeyId& old_key, Instant old_expires_at, const ApiKeyRecord& new_key) {
  return db_.Transact([&](Transaction& tx) -> Status {
    CLOISTER_TRY(tx.Run("UPDATE access_keys SET expires_at = min(expires_at, ?), updated_at = ? WHERE id = ?",
                        {StoredTime(old_expires_at), StoredTime(new_key.created_at), old_key.str()}));
    return InsertKey(tx, new_key);
  });
}

Status UserStore::AddAdminRequest(const AdminRequestRecord& request) {
  return db_.Transact([&](Transaction& tx) -> Status {
    CLOISTER_ASSIGN(const auto waiting,
                    tx.First("SELECT 1 FROM admin_requests WHERE user_id = ? AND status = 'pending'",
                             {request.user.str()}, [](const SqlRow& row) { return row.Integer(0); }));
    if (waiting) return Conflict("you have asked already, and nobody has decided yet");
    return tx.Run(
        "INSERT INTO admin_requests(id, user_id, reason, status, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
        {request.id.str(), request.user.str(), request.reason, AdminRequestStatusName(request.status),
         StoredTime(request.created_at), StoredTime(request.updated_at)});
  });
}

Result<std::vector<AdminRequestRecord>> UserStore::AdminRequests() {
  return db_.Transact([&](Transaction& tx) {
    return tx.All(CLOISTER_SELECT_ADMIN_REQUEST "ORDER BY id", {}, ReadAdminRequest);
  });
}

Result<std::optional<AdminRequestRecord>> UserStore::FindAdminRequest(const AdminRequestId& id) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First(CLOISTER_SELECT_ADMIN_REQUEST "WHERE id = ?", {id.str()}, ReadAdminRequest);
  });
}

Status UserStore::DecideAdminRequest(const AdminRequestRecord& decided) {
  return db_.Transact([&](Transaction& tx) -> Status {
    CLOISTER_ASSIGN(const std::int64_t changed,
                    tx.Change("UPDATE admin_requests SET status = ?, decided_by = ?, updated_at = ?"
                              " WHERE id = ? AND status = 'pending'",
                              {AdminRequestStatusName(decided.status), decided.decided_by,
                               StoredTime(decided.updated_at), decided.id.str()}));
    if (changed == 0) return Conflict("the request was decided before");
    if (decided.status != AdminRequestStatus::kApproved) return {};
    return tx.Run("UPDATE users SET administrator = 1, updated_at = ? WHERE id = ?",
                  {StoredTime(decided.updated_at), decided.user.str()});
  });
}

Status UserStore::AddParticipantKey(const ParticipantKeyRecord& key) {
  return db_.Transact([&](Transaction& tx) {
    return tx.Run(
        "INSERT INTO participant_keys(thumbprint, user_id, public_key, recipient, custody, sealed_secrets, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        {key.thumbprint, key.user.str(), ByteView(key.public_key.raw()), key.recipient,
         key.custody == KeyCustody::kServer ? "server" : "self", key.sealed_secrets, StoredTime(key.created_at)});
  });
}

Result<std::optional<ParticipantKeyRecord>> UserStore::FindParticipantKey(const UserId& user) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First(std::string(kSelectKey) + "WHERE user_id = ?", {user.str()}, ReadKey);
  });
}

Result<std::optional<ParticipantKeyRecord>> UserStore::FindParticipantKey(std::string_view thumbprint) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First(std::string(kSelectKey) + "WHERE thumbprint = ?", {thumbprint}, ReadKey);
  });
}

}  // namespace cloister::control
