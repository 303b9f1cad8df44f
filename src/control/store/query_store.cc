#include "control/store/query_store.h"

#include "control/store/change_store.h"
#include "control/store/columns.h"

namespace cloister::control {
namespace {

QueryLabel ReadLabel(const SqlRow& row) {
  return {.id = StoredId<QueryId>(row, 0),
          .environment = StoredId<EnvironmentId>(row, 1),
          .submitter = row.Text(2),
          .name = row.Text(3),
          .description = row.Text(4),
          .created_at = StoredTime(row, 5),
          .updated_at = StoredTime(row, 6)};
}

std::string_view JobStatusText(JobStatus status) {
  switch (status) {
    case JobStatus::kRunning: return "running";
    case JobStatus::kDone: return "done";
    case JobStatus::kFailed: return "failed";
  }
  CLOISTER_CHECK(false);
}

JobRecord ReadJob(const SqlRow& row) {
  const std::string status = row.Text(1);
  return {.query = StoredId<QueryId>(row, 0),
          .status = status == "running" ? JobStatus::kRunning
                    : status == "done"  ? JobStatus::kDone
                                        : JobStatus::kFailed,
          .attempts = row.Integer(2),
          .code = row.OptionalText(3),
          .created_at = StoredTime(row, 4),
          .updated_at = StoredTime(row, 5),
          .cancel_asked = row.Integer(6) != 0};
}

ResultRecord ReadResult(const SqlRow& row) {
  return {.id = StoredId<ResultId>(row, 0),
          .query = StoredId<QueryId>(row, 1),
          .blob = row.Text(2),
          .size_bytes = static_cast<std::uint64_t>(row.Integer(3)),
          .digest = row.Digest(4),
          .format = row.Text(5),
          .receipt = row.Text(6),
          .release_entry = static_cast<std::uint64_t>(row.Integer(7)),
          .created_at = StoredTime(row, 8)};
}

Status NoteQuery(Transaction& tx, const QueryId& query) {
  CLOISTER_ASSIGN(const auto environment,
                  tx.First("SELECT environment_id FROM queries WHERE id = ?", {query.str()},
                           [](const SqlRow& row) { return StoredId<EnvironmentId>(row, 0); }));
  if (!environment) return {};
  return NoteChange(tx, {.environment = *environment, .kind = "query", .object = query.str()});
}

}  // namespace

Status QueryStore::AddLabel(const QueryLabel& query) {
  return db_.Transact([&](Transaction& tx) {
    return tx.Run(
        "INSERT INTO queries(id, environment_id, submitter, name, description, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO NOTHING",
        {query.id.str(), query.environment.str(), query.submitter, query.name, query.description,
         StoredTime(query.created_at), StoredTime(query.updated_at)});
  });
}

Result<std::optional<QueryLabel>> QueryStore::FindLabel(const QueryId& id) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First(
        "SELECT id, environment_id, submitter, name, description, created_at, updated_at FROM queries WHERE id = ?",
        {id.str()}, ReadLabel);
  });
}

Result<std::optional<Instant>> QueryStore::NthNewest(const EnvironmentId& id, std::int64_t n) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First("SELECT created_at FROM queries WHERE environment_id = ? ORDER BY created_at DESC LIMIT 1 OFFSET ?",
                    {id.str(), n - 1}, [](const SqlRow& row) { return StoredTime(row, 0); });
  });
}

Result<std::optional<ResultRecord>> QueryStore::FindResult(const ResultId& id) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First(
        "SELECT id, query_id, blob, size_bytes, digest, format, receipt, release_entry, created_at FROM results"
        " WHERE id = ?",
        {id.str()}, ReadResult);
  });
}

Result<std::vector<QueryLabel>> QueryStore::LabelsIn(const EnvironmentId& id) {
  return db_.Transact([&](Transaction& tx) {
    return tx.All(
        "SELECT id, environment_id, submitter, name, description, created_at, updated_at FROM queries"
        " WHERE environment_id = ? ORDER BY id",
        {id.str()}, ReadLabel);
  });
}

Result<bool> QueryStore::BeginJob(const QueryId& query, const JobLease& lease, Instant now) {
  return db_.Transact([&](Transaction& tx) -> Result<bool> {
    CLOISTER_ASSIGN(const std::int64_t taken,
                    tx.Change("INSERT INTO jobs(query_id, status, attempts, lease_owner, lease_until, created_at,"
                              " updated_at) VALUES (?, 'running', 1, ?, ?, ?, ?)"
                              " ON CONFLICT(query_id) DO UPDATE SET status = 'running', attempts = attempts + 1,"
                              " code = NULL, lease_owner = excluded.lease_owner, lease_until = excluded.lease_until,"
                              " updated_at = excluded.updated_at"
                              " WHERE cancel_asked = 0 AND (lease_owner IS NULL"
                              " OR lease_owner = excluded.lease_owner OR lease_until <= excluded.updated_at)",
                              {query.str(), lease.owner, StoredTime(lease.until), StoredTime(now), StoredTime(now)}));
    if (taken > 0) CLOISTER_TRY(NoteQuery(tx, query));
    return taken > 0;
  });
}

Status QueryStore::ReleaseLeases(std::string_view owner) {
  return db_.Transact([&](Transaction& tx) {
    return tx.Run("UPDATE jobs SET lease_owner = NULL, lease_until = NULL WHERE lease_owner <> ?", {owner});
  });
}

Status QueryStore::SetCancelAsked(const QueryId& query, bool asked, Instant now) {
  return db_.Transact([&](Transaction& tx) {
    return tx.Run("UPDATE jobs SET cancel_asked = ?, updated_at = ? WHERE query_id = ?",
                  {asked ? 1 : 0, StoredTime(now), query.str()});
  });
}

Status QueryStore::EndJob(const QueryId& query, JobStatus status, const std::optional<std::string>& code,
                          Instant now) {
  return db_.Transact([&](Transaction& tx) -> Status {
    CLOISTER_TRY(tx.Run("UPDATE jobs SET status = ?, code = ?, lease_owner = NULL, lease_until = NULL, updated_at = ?"
                        " WHERE query_id = ?",
                        {JobStatusText(status), code, StoredTime(now), query.str()}));
    return NoteQuery(tx, query);
  });
}

Result<std::optional<JobRecord>> QueryStore::FindJob(const QueryId& query) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First(
        "SELECT query_id, status, attempts, code, created_at, updated_at, cancel_asked FROM jobs WHERE query_id = ?",
        {query.str()}, ReadJob);
  });
}

Result<std::vector<JobRecord>> QueryStore::RunningJobsIn(const EnvironmentId& id) {
  return db_.Transact([&](Transaction& tx) {
    return tx.All(
        "SELECT jobs.query_id, jobs.status, jobs.attempts, jobs.code, jobs.created_at, jobs.updated_at,"
        " jobs.cancel_asked FROM jobs JOIN queries ON queries.id = jobs.query_id"
        " WHERE queries.environment_id = ? AND jobs.status = 'running'",
        {id.str()}, ReadJob);
  });
}

Status QueryStore::PutResult(Transaction& tx, const ResultRecord& result) {
  return tx.Run(
      "INSERT INTO results(id, query_id, blob, size_bytes, digest, format, receipt, release_entry, created_at)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {result.id.str(), result.query.str(), result.blob, result.size_bytes, result.digest, result.format,
       result.receipt, result.release_entry, StoredTime(result.created_at)});
}

Result<std::optional<ResultRecord>> QueryStore::ResultOf(const QueryId& query) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First(
        "SELECT id, query_id, blob, size_bytes, digest, format, receipt, release_entry, created_at FROM results"
        " WHERE query_id = ?",
        {query.str()}, ReadResult);
  });
}

}  // namespace cloister::control
