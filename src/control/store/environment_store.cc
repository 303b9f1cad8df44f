#include "control/store/environment_store.h"

#include <array>

#include "control/store/change_store.h"
#include "control/store/columns.h"

namespace cloister::control {
namespace {

constexpr std::array<std::string_view, 5> kLifecycles = {"creating", "running", "terminated", "failed",
                                                         "suspended"};

std::string_view LifecycleText(Lifecycle lifecycle) { return kLifecycles[static_cast<std::size_t>(lifecycle)]; }

Lifecycle ReadLifecycle(std::string_view text) {
  for (std::size_t i = 0; i < kLifecycles.size(); ++i) {
    if (kLifecycles[i] == text) return static_cast<Lifecycle>(i);
  }
  CLOISTER_CHECK(false);
}

#define CLOISTER_SELECT_ENVIRONMENT                                                                          \
  "SELECT id, name, description, creator, provider, gcp_project_id, gcp_zone, charter, lifecycle, error,"    \
  " recovery_blob, created_at, updated_at FROM environments "

EnvironmentRecord ReadEnvironment(const SqlRow& row) {
  return {.id = StoredId<EnvironmentId>(row, 0),
          .name = row.Text(1),
          .description = row.Text(2),
          .creator = StoredId<UserId>(row, 3),
          .provider = row.Text(4),
          .gcp_project_id = row.OptionalText(5),
          .gcp_zone = row.OptionalText(6),
          .charter = row.Text(7),
          .lifecycle = ReadLifecycle(row.Text(8)),
          .error = row.OptionalText(9),
          .recovery_blob = row.OptionalBlob(10),
          .created_at = StoredTime(row, 11),
          .updated_at = StoredTime(row, 12)};
}

}  // namespace

Status EnvironmentStore::Add(const EnvironmentRecord& environment, const std::vector<std::string>& invited_emails) {
  return db_.Transact([&](Transaction& tx) -> Status {
    CLOISTER_TRY(tx.Run(
        "INSERT INTO environments(id, name, description, creator, provider, gcp_project_id, gcp_zone, charter,"
        " lifecycle, error, recovery_blob, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {environment.id.str(), environment.name, environment.description, environment.creator.str(),
         environment.provider, environment.gcp_project_id, environment.gcp_zone, environment.charter,
         LifecycleText(environment.lifecycle), environment.error, environment.recovery_blob,
         StoredTime(environment.created_at), StoredTime(environment.updated_at)}));
    for (const std::string& email : invited_emails) {
      CLOISTER_TRY(tx.Run("INSERT OR IGNORE INTO invitations(environment_id, email, invited_by) VALUES (?, ?, ?)",
                          {environment.id.str(), email, environment.creator.str()}));
    }
    return {};
  });
}

Result<std::optional<EnvironmentRecord>> EnvironmentStore::Find(const EnvironmentId& id) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First(CLOISTER_SELECT_ENVIRONMENT "WHERE id = ?", {id.str()}, ReadEnvironment);
  });
}

Result<std::vector<EnvironmentRecord>> EnvironmentStore::All() {
  return db_.Transact([&](Transaction& tx) {
    return tx.All(CLOISTER_SELECT_ENVIRONMENT "ORDER BY id", {}, ReadEnvironment);
  });
}

Status EnvironmentStore::SetLifecycle(const EnvironmentId& id, Lifecycle lifecycle,
                                      const std::optional<std::string>& error, Instant now) {
  return db_.Transact([&](Transaction& tx) -> Status {
    CLOISTER_TRY(tx.Run("UPDATE environments SET lifecycle = ?, error = ?, updated_at = ? WHERE id = ?",
                        {LifecycleText(lifecycle), error, StoredTime(now), id.str()}));
    return NoteChange(tx, {.environment = id, .kind = "tee", .object = id.str()});
  });
}

Status EnvironmentStore::SetRecoveryBlob(const EnvironmentId& id, ByteView blob, Instant now) {
  return db_.Transact([&](Transaction& tx) {
    return tx.Run("UPDATE environments SET recovery_blob = ?, updated_at = ? WHERE id = ?",
                  {blob, StoredTime(now), id.str()});
  });
}

Status EnvironmentStore::ForgetRecoveryBlob(const EnvironmentId& id, Instant now) {
  return db_.Transact([&](Transaction& tx) {
    return tx.Run("UPDATE environments SET recovery_blob = NULL, updated_at = ? WHERE id = ?",
                  {StoredTime(now), id.str()});
  });
}

Status EnvironmentStore::Forget(const EnvironmentId& id) {
  return db_.Transact([&](Transaction& tx) -> Status {
    CLOISTER_ASSIGN(const auto used,
                    tx.First("SELECT 1 WHERE EXISTS (SELECT 1 FROM datasets WHERE environment_id = ?)"
                             " OR EXISTS (SELECT 1 FROM queries WHERE environment_id = ?)",
                             {id.str(), id.str()}, [](const SqlRow& row) { return row.Integer(0); }));
    if (used) return FailedPrecondition("the environment is in use already");
    for (const char* sql : {"DELETE FROM invitations WHERE environment_id = ?",
                            "DELETE FROM ledger_entries WHERE environment_id = ?",
                            "DELETE FROM ledger_heads WHERE environment_id = ?",
                            "DELETE FROM custody_links WHERE environment_id = ?",
                            "DELETE FROM custody_views WHERE environment_id = ?",
                            "DELETE FROM changes WHERE environment_id = ?", "DELETE FROM environments WHERE id = ?"}) {
      CLOISTER_TRY(tx.Run(sql, {id.str()}));
    }
    return {};
  });
}

Result<std::vector<std::string>> EnvironmentStore::Invited(const EnvironmentId& id) {
  return db_.Transact([&](Transaction& tx) {
    return tx.All("SELECT email FROM invitations WHERE environment_id = ? ORDER BY email", {id.str()},
                  [](const SqlRow& row) { return row.Text(0); });
  });
}

Status EnvironmentStore::AddInvitation(const EnvironmentId& id, std::string_view email, const UserId& inviter) {
  return db_.Transact([&](Transaction& tx) {
    return tx.Run("INSERT INTO invitations(environment_id, email, invited_by) VALUES (?, ?, ?)"
                  " ON CONFLICT (environment_id, email) DO UPDATE SET invited_by = excluded.invited_by",
                  {id.str(), email, inviter.str()});
  });
}

Result<std::optional<UserId>> EnvironmentStore::Inviter(const EnvironmentId& id, std::string_view email) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First("SELECT coalesce(i.invited_by, e.creator) FROM invitations i JOIN environments e"
                    " ON e.id = i.environment_id WHERE i.environment_id = ? AND i.email = ?",
                    {id.str(), email}, [](const SqlRow& row) { return StoredId<UserId>(row, 0); });
  });
}

Result<std::vector<EnvironmentId>> EnvironmentStore::InvitationsOf(std::string_view email) {
  return db_.Transact([&](Transaction& tx) {
    return tx.All("SELECT environment_id FROM invitations WHERE email = ? ORDER BY environment_id", {email},
                  [](const SqlRow& row) { return StoredId<EnvironmentId>(row, 0); });
  });
}

Result<std::optional<Instant>> EnvironmentStore::NthNewest(const UserId& creator, std::int64_t n) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First("SELECT created_at FROM environments WHERE creator = ? ORDER BY created_at DESC LIMIT 1 OFFSET ?",
                    {creator.str(), n - 1}, [](const SqlRow& row) { return StoredTime(row, 0); });
  });
}

Status EnvironmentStore::Touch(const EnvironmentId& id, Instant now) {
  return db_.Transact([&](Transaction& tx) {
    return tx.Run("UPDATE environments SET updated_at = ? WHERE id = ?", {StoredTime(now), id.str()});
  });
}

Status EnvironmentStore::RemoveInvitation(const EnvironmentId& id, std::string_view email) {
  return db_.Transact([&](Transaction& tx) {
    return tx.Run("DELETE FROM invitations WHERE environment_id = ? AND email = ?", {id.str(), email});
  });
}

}  // namespace cloister::control
