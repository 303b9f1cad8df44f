#include "control/store/migrations.h"

#include <span>

namespace cloister::control {
namespace {

// 1: people and their keys.
constexpr std::string_view kUsers[] = {
    R"(CREATE TABLE users(id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
         organisation TEXT NOT NULL, created_at TEXT NOT NULL) STRICT)",
    R"(CREATE TABLE api_keys(hash BLOB PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users(id),
         created_at TEXT NOT NULL, expires_at TEXT NOT NULL) STRICT)",
    // sealed_secrets: of custody `server` alone, an age file to the server's sealer.
    R"(CREATE TABLE participant_keys(thumbprint TEXT PRIMARY KEY, user_id TEXT NOT NULL UNIQUE REFERENCES users(id),
         public_key BLOB NOT NULL, recipient TEXT NOT NULL, custody TEXT NOT NULL, sealed_secrets BLOB,
         created_at TEXT NOT NULL) STRICT)",
};

// 2: environments and their ledgers.
constexpr std::string_view kEnvironments[] = {
    R"(CREATE TABLE environments(id TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL,
         creator TEXT NOT NULL REFERENCES users(id), provider TEXT NOT NULL, gcp_project_id TEXT, gcp_zone TEXT,
         charter TEXT NOT NULL, lifecycle TEXT NOT NULL, error TEXT, recovery_blob BLOB,
         created_at TEXT NOT NULL, updated_at TEXT NOT NULL) STRICT)",
    R"(CREATE TABLE invitations(environment_id TEXT NOT NULL REFERENCES environments(id), email TEXT NOT NULL,
         PRIMARY KEY(environment_id, email)) STRICT, WITHOUT ROWID)",
    R"(CREATE TABLE ledger_entries(environment_id TEXT NOT NULL REFERENCES environments(id), position INTEGER NOT NULL,
         entry TEXT NOT NULL, PRIMARY KEY(environment_id, position)) STRICT, WITHOUT ROWID)",
    R"(CREATE TABLE ledger_heads(environment_id TEXT PRIMARY KEY REFERENCES environments(id), size INTEGER NOT NULL,
         checkpoint TEXT NOT NULL, seal BLOB NOT NULL) STRICT)",
    // What the server did for participants whose keys it keeps: links before they are sent, the last state
    // verified.
    R"(CREATE TABLE custody_links(environment_id TEXT NOT NULL REFERENCES environments(id), thumbprint TEXT NOT NULL,
         seq INTEGER NOT NULL, digest BLOB NOT NULL, document TEXT NOT NULL,
         PRIMARY KEY(environment_id, thumbprint, seq)) STRICT)",
    R"(CREATE TABLE custody_views(environment_id TEXT NOT NULL REFERENCES environments(id), thumbprint TEXT NOT NULL,
         size INTEGER NOT NULL, root BLOB NOT NULL, PRIMARY KEY(environment_id, thumbprint)) STRICT, WITHOUT ROWID)",
};

// 3: datasets, queries, results.
constexpr std::string_view kWork[] = {
    R"(CREATE TABLE datasets(id TEXT PRIMARY KEY, environment_id TEXT NOT NULL REFERENCES environments(id),
         owner TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL, schema TEXT NOT NULL, policy TEXT NOT NULL,
         format TEXT NOT NULL, status TEXT NOT NULL, error TEXT,
         created_at TEXT NOT NULL, updated_at TEXT NOT NULL, UNIQUE(environment_id, name)) STRICT)",
    R"(CREATE TABLE uploads(id TEXT PRIMARY KEY, dataset_id TEXT NOT NULL REFERENCES datasets(id),
         size_bytes INTEGER NOT NULL, part_size_bytes INTEGER NOT NULL, status TEXT NOT NULL,
         header_digest BLOB, root BLOB, created_at TEXT NOT NULL) STRICT)",
    "CREATE INDEX objects_of_dataset ON uploads(dataset_id, header_digest)",
    R"(CREATE TABLE upload_parts(upload_id TEXT NOT NULL REFERENCES uploads(id), part INTEGER NOT NULL,
         size_bytes INTEGER NOT NULL, digest BLOB NOT NULL, PRIMARY KEY(upload_id, part)) STRICT, WITHOUT ROWID)",
    R"(CREATE TABLE queries(id TEXT PRIMARY KEY, environment_id TEXT NOT NULL REFERENCES environments(id),
         submitter TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL,
         created_at TEXT NOT NULL, updated_at TEXT NOT NULL) STRICT)",
    "CREATE INDEX queries_of_environment ON queries(environment_id, id)",
    R"(CREATE TABLE jobs(query_id TEXT PRIMARY KEY REFERENCES queries(id), status TEXT NOT NULL,
         attempts INTEGER NOT NULL, code TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL) STRICT)",
    R"(CREATE TABLE results(id TEXT PRIMARY KEY, query_id TEXT NOT NULL UNIQUE REFERENCES queries(id),
         blob TEXT NOT NULL, size_bytes INTEGER NOT NULL, digest BLOB NOT NULL, format TEXT NOT NULL,
         receipt TEXT NOT NULL, release_entry INTEGER NOT NULL, created_at TEXT NOT NULL) STRICT)",
};

// 4: keys that can be listed, named, narrowed and rolled; administrators; what changed when; answers kept for requests
// that come twice.
constexpr std::string_view kAccess[] = {
    "ALTER TABLE users ADD COLUMN administrator INTEGER NOT NULL DEFAULT 0",
    "UPDATE users SET administrator = 1 WHERE id = (SELECT min(id) FROM users)",
    // scopes: words with a space between them. prefix: the key's first characters, to be recognised by its owner.
    R"(CREATE TABLE access_keys(id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE,
         user_id TEXT NOT NULL REFERENCES users(id), name TEXT NOT NULL, scopes TEXT NOT NULL, prefix TEXT NOT NULL,
         created_at TEXT NOT NULL, updated_at TEXT NOT NULL, expires_at TEXT NOT NULL, last_used_at TEXT) STRICT)",
    "CREATE INDEX access_keys_of_user ON access_keys(user_id, id)",
    R"(INSERT INTO access_keys(id, hash, user_id, name, scopes, prefix, created_at, updated_at, expires_at)
         SELECT 'key_0' || substr(lower(hex(hash)), 1, 25), hash, user_id, 'first key',
           'read data query decide manage admin', 'clo_pat_', created_at, created_at, expires_at FROM api_keys)",
    "DROP TABLE api_keys",
    R"(CREATE TABLE admin_requests(id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users(id),
         reason TEXT NOT NULL, status TEXT NOT NULL, decided_by TEXT REFERENCES users(id),
         created_at TEXT NOT NULL, updated_at TEXT NOT NULL) STRICT)",
    // Never renumbered: seq is the id of the event that clients resume after.
    R"(CREATE TABLE changes(seq INTEGER PRIMARY KEY AUTOINCREMENT, environment_id TEXT NOT NULL, kind TEXT NOT NULL,
         object TEXT NOT NULL) STRICT)",
    // status: absent while the first request with this key is in work.
    R"(CREATE TABLE idempotency(user_id TEXT NOT NULL REFERENCES users(id), key TEXT NOT NULL,
         request_digest BLOB NOT NULL, status INTEGER, content_type TEXT, body TEXT, created_at TEXT NOT NULL,
         PRIMARY KEY(user_id, key)) STRICT, WITHOUT ROWID)",
    // title: the name as it was given, where that is no SQL name.
    "ALTER TABLE datasets ADD COLUMN title TEXT",
    "ALTER TABLE datasets ADD COLUMN bucket TEXT",
    "ALTER TABLE datasets ADD COLUMN bucket_path TEXT",
    "ALTER TABLE datasets ADD COLUMN removed_at TEXT",
    "ALTER TABLE uploads ADD COLUMN updated_at TEXT",
};

// 5: who works on a job, and until when nobody else may.
constexpr std::string_view kLeases[] = {
    "ALTER TABLE jobs ADD COLUMN lease_owner TEXT",
    "ALTER TABLE jobs ADD COLUMN lease_until TEXT",
};

// 6: which request a link was made for, so that the request makes it once.
constexpr std::string_view kNotes[] = {
    "ALTER TABLE custody_links ADD COLUMN note TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX custody_links_of_request ON custody_links(environment_id, thumbprint, note)",
};

// 7: people who log in at an issuer of identities, in browsers; accounts that are closed.
constexpr std::string_view kLogins[] = {
    // Of accounts that were there before nobody wrote down who answered for their address.
    "ALTER TABLE users ADD COLUMN origin TEXT NOT NULL DEFAULT 'development'",
    "ALTER TABLE users ADD COLUMN disabled_at TEXT",
    R"(CREATE TABLE identities(issuer TEXT NOT NULL, subject TEXT NOT NULL, user_id TEXT NOT NULL REFERENCES users(id),
         created_at TEXT NOT NULL, PRIMARY KEY(issuer, subject), UNIQUE(user_id, issuer)) STRICT, WITHOUT ROWID)",
    // state and browser: SHA-256 of what the browser knows.
    R"(CREATE TABLE login_attempts(state BLOB PRIMARY KEY, browser BLOB NOT NULL, nonce TEXT NOT NULL,
         verifier TEXT NOT NULL, return_to TEXT NOT NULL, created_at TEXT NOT NULL) STRICT)",
    "CREATE INDEX login_attempts_by_age ON login_attempts(created_at)",
    // hash: SHA-256 of the cookie's value.
    R"(CREATE TABLE sessions(id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, user_id TEXT NOT NULL REFERENCES users(id),
         created_at TEXT NOT NULL, last_used_at TEXT NOT NULL, expires_at TEXT NOT NULL) STRICT)",
    "CREATE INDEX sessions_of_user ON sessions(user_id, id)",
};

// 8: webhooks. Secrets are sealed by the vault.
constexpr std::string_view kWebhooks[] = {
    R"(CREATE TABLE webhooks(id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users(id), url TEXT NOT NULL,
         events TEXT NOT NULL, sealed_secret BLOB NOT NULL, sealed_old_secret BLOB, old_until TEXT,
         enabled INTEGER NOT NULL, disabled_reason TEXT, failing_since TEXT, after_seq INTEGER NOT NULL,
         version INTEGER NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL) STRICT)",
    "CREATE INDEX webhooks_of_user ON webhooks(user_id, id)",
    R"(CREATE TABLE webhook_deliveries(id TEXT PRIMARY KEY, webhook_id TEXT NOT NULL REFERENCES webhooks(id),
         environment_id TEXT, type TEXT NOT NULL, body TEXT NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL,
         outcome TEXT, attempted_at TEXT, next_at TEXT NOT NULL, lease_owner TEXT, lease_until TEXT,
         created_at TEXT NOT NULL, updated_at TEXT NOT NULL) STRICT)",
    "CREATE INDEX deliveries_of_webhook ON webhook_deliveries(webhook_id, status, id)",
    "CREATE INDEX deliveries_due ON webhook_deliveries(status, next_at)",
    "CREATE INDEX deliveries_in_work ON webhook_deliveries(lease_until) WHERE lease_until IS NOT NULL",
};

// 9: who invited: his word stands for the epoch of the newcomer. Absent, the creator did.
constexpr std::string_view kInviters[] = {"ALTER TABLE invitations ADD COLUMN invited_by TEXT REFERENCES users(id)"};

// 10: when an account was changed last, by whatever it shows.
constexpr std::string_view kUserTimes[] = {
    "ALTER TABLE users ADD COLUMN updated_at TEXT NOT NULL DEFAULT ''",
    "UPDATE users SET updated_at = ifnull(disabled_at, created_at)",
};

// 11: which file of a dataset was whole last. Times are whole seconds, and ids say which one began last.
constexpr std::string_view kCompletions[] = {"ALTER TABLE uploads ADD COLUMN completion INTEGER NOT NULL DEFAULT 0"};

// 12: approvals that were lost and given up (docs/adr/0019-a-rejection-goes-before-a-lost-approval.md).
constexpr std::string_view kGivenUp[] = {
    "CREATE TABLE custody_given_up(environment_id TEXT NOT NULL REFERENCES environments(id), thumbprint TEXT NOT NULL,"
    " note TEXT NOT NULL, digest BLOB NOT NULL, PRIMARY KEY(environment_id, thumbprint, note)) STRICT, WITHOUT ROWID"};

// 13: what a submitter was told is remembered over an enclave's end: his query is not run again.
// And when an upload got its last part.
constexpr std::string_view kCancels[] = {"ALTER TABLE jobs ADD COLUMN cancel_asked INTEGER NOT NULL DEFAULT 0",
                                         "UPDATE uploads SET updated_at = created_at WHERE updated_at IS NULL"};

constexpr std::span<const std::string_view> kSteps[] = {kUsers, kEnvironments, kWork,     kAccess,   kLeases,
                                                        kNotes, kLogins,       kWebhooks, kInviters, kUserTimes,
                                                        kCompletions, kGivenUp,      kCancels};

}  // namespace

Status Migrate(Db& db) {
  return db.Transact([](Transaction& tx) -> Status {
    CLOISTER_TRY(tx.Run("CREATE TABLE IF NOT EXISTS schema_version(version INTEGER NOT NULL) STRICT"));
    CLOISTER_ASSIGN(const auto stored, tx.First("SELECT version FROM schema_version", {},
                                                [](const SqlRow& row) { return row.Integer(0); }));
    const std::int64_t version = stored.value_or(0);
    const auto newest = static_cast<std::int64_t>(std::size(kSteps));
    if (version < 0 || version > newest) {
      return FailedPrecondition("the database was written by another version of cloisterd; use that one or newer");
    }
    for (std::int64_t step = version; step < newest; ++step) {
      for (const std::string_view sql : kSteps[step]) CLOISTER_TRY(tx.Run(sql));
    }
    if (!stored) return tx.Run("INSERT INTO schema_version(version) VALUES (?)", {newest});
    return tx.Run("UPDATE schema_version SET version = ?", {newest});
  });
}

}  // namespace cloister::control
