#include "control/store/user_store.h"

#include "control/store/columns.h"

namespace cloister::control {
namespace {

#define CLOISTER_USER_COLUMNS "users.id, users.email, users.name, users.organisation, users.created_at"

UserRecord ReadUser(const SqlRow& row) {
  return {.id = StoredId<UserId>(row, 0),
          .email = row.Text(1),
          .name = row.Text(2),
          .organisation = row.Text(3),
          .created_at = StoredTime(row, 4)};
}

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

}  // namespace

Status UserStore::AddUser(const UserRecord& user) {
  return db_.Transact([&](Transaction& tx) {
    return tx.Run("INSERT INTO users(id, email, name, organisation, created_at) VALUES (?, ?, ?, ?, ?)",
                  {user.id.str(), user.email, user.name, user.organisation, StoredTime(user.created_at)});
  });
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

Status UserStore::AddApiKey(const Digest256& hash, const UserId& user, Instant now, Instant expires_at) {
  return db_.Transact([&](Transaction& tx) {
    return tx.Run("INSERT INTO api_keys(hash, user_id, created_at, expires_at) VALUES (?, ?, ?, ?)",
                  {hash, user.str(), StoredTime(now), StoredTime(expires_at)});
  });
}

Result<std::optional<UserRecord>> UserStore::FindUserByApiKey(const Digest256& hash, Instant now) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First("SELECT " CLOISTER_USER_COLUMNS
                    " FROM api_keys JOIN users ON users.id = api_keys.user_id"
                    " WHERE api_keys.hash = ? AND api_keys.expires_at > ?",
                    {hash, StoredTime(now)}, ReadUser);
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
