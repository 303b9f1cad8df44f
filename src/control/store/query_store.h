#pragma once

// Queries, the jobs that run them, and their sealed results, as the server keeps them. What was asked,
// decided and released stands in the ledger; here are labels, attempts and the place of the result's bytes.
// Thread-safe.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "control/store/db.h"

namespace cloister::control {

struct ResultTag { static constexpr std::string_view kPrefix = "res"; };
using ResultId = Id<ResultTag>;

struct QueryLabel {
  QueryId id;
  EnvironmentId environment;
  std::string submitter;  // thumbprint
  std::string name;
  std::string description;
  Instant created_at;
  Instant updated_at;
};

enum class JobStatus { kRunning, kDone, kFailed };

struct JobRecord {
  QueryId query;
  JobStatus status = JobStatus::kRunning;
  std::int64_t attempts = 0;
  std::optional<std::string> code;  // of kFailed
  Instant created_at;
  Instant updated_at;
  bool cancel_asked = false;  // by its submitter: it is not run again, only ended
};

struct JobLease {
  std::string owner;  // of one process, made when it starts
  Instant until;
};

struct ResultRecord {
  ResultId id;
  QueryId query;
  std::string blob;  // name in the blob store
  std::uint64_t size_bytes = 0;
  Digest256 digest{};
  std::string format;
  std::string receipt;
  std::uint64_t release_entry = 0;
  Instant created_at;
};

class QueryStore {
 public:
  explicit QueryStore(Db& db) : db_(db) {}

  // Once more with the same id changes nothing: a resent link finds its query there.
  Status AddLabel(const QueryLabel& query);
  Result<std::optional<QueryLabel>> FindLabel(const QueryId& id);
  Result<std::vector<QueryLabel>> LabelsIn(const EnvironmentId& id);

  // When the n-th newest query of an environment was submitted, from 1.
  Result<std::optional<Instant>> NthNewest(const EnvironmentId& id, std::int64_t n);

  // Takes the job, and counts an attempt. False when its cancelling is asked for, or another owner's lease on it has
  // not ended: nobody works on one job twice at once. EndJob gives the lease back; after a crash it ends by itself, or
  // by ReleaseLeases.
  Result<bool> BeginJob(const QueryId& query, const JobLease& lease, Instant now);
  // The leases of every other owner end now: for the one process that can have the database open, when it starts.
  Status ReleaseLeases(std::string_view owner);
  // Nothing where no job has begun.
  Status SetCancelAsked(const QueryId& query, bool asked, Instant now);
  Status EndJob(const QueryId& query, JobStatus status, const std::optional<std::string>& code, Instant now);
  Result<std::optional<JobRecord>> FindJob(const QueryId& query);
  Result<std::vector<JobRecord>> RunningJobsIn(const EnvironmentId& id);

  // A query has one result. It is written by LedgerStore::Append alone, with the release entry that its receipt proves.
  static Status PutResult(Transaction& tx, const ResultRecord& result);
  Result<std::optional<ResultRecord>> FindResult(const ResultId& id);
  Result<std::optional<ResultRecord>> ResultOf(const QueryId& query);

 private:
  Db& db_;
};

}  // namespace cloister::control
