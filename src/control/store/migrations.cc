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

constexpr std::span<const std::string_view> kSteps[] = {kUsers, kEnvironments, kWork};

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
