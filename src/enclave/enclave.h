#pragma once

// The trusted job: one enclave for one environment. It takes signed links in, writes the ledger, compiles queries,
// opens what owners sealed to it, runs what they approved, and hands out nothing but reports, receipts and sealed
// results.
//
//   not launched --Launch--> launched --(links)--> charter in force --(manifests, queries, approvals)--> Execute
//
// Every right comes from a signature that is in the ledger; the host that calls these methods has none. What the host
// may do is delay, stop, and show an older state, and the protocol says how each is seen (docs/formats/ledger.md).
//
// Thread-safe: `mutex_` guards the ledger and the keys' users; `job_mutex_` lets one load or execution run at a time.
// Lock order: job_mutex_ before mutex_. Host calls that carry bulk data are made without mutex_.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "attestation/enclave_appraisal.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/rng.h"
#include "enclave/boot_identity.h"
#include "enclave/compilation.h"
#include "enclave/host.h"
#include "enclave/journal.h"
#include "enclave/pacer.h"
#include "enclave/protected_run.h"
#include "engine/database.h"
#include "engine/execute.h"
#include "sql/statement_parser.h"
#include "tee/attester.h"

namespace cloister::enclave {

inline constexpr std::size_t kResultBytesMax = 256 << 20;  // of a result before sealing

struct LaunchRequest {
  EnvironmentId environment;
  std::optional<agreement::Charter> charter;   // epoch 1, for genesis; absent when entries exist
  std::uint64_t entries = 0;                   // that the host has stored
  std::optional<Digest256> seal;               // of the state after them
  std::optional<sealing::AgeIdentity> sealer;  // the provider's, of a charter whose recovery is `operator`
  Bytes recovery_blob;                         // empty at genesis
  int threads = 1;                             // the host's choice; what a run may take stands in the charter
};

struct LaunchAnswer {
  attestation::Origin origin = attestation::Origin::kGenerated;
  std::uint64_t boot_entry = 0;
  attestation::BootKeys keys;
  std::string checkpoint;
  Bytes recovery_blob;  // empty with recovery `none`
};

struct LinkAnswer {
  std::uint64_t entry = 0;
  std::string checkpoint;
  std::optional<ledger::RefusalEntry> refused;  // recorded without effect
};

struct ExecutionAnswer {
  ledger::Outcome outcome = ledger::Outcome::kFailed;
  std::string code;                 // "OK", or why not
  std::string receipt;              // of a release
  std::uint64_t release_entry = 0;  // of a release
  std::string checkpoint;
};

// What an enclave is built from. Everything is borrowed and outlives it, but the database.
struct EnclaveParts {
  engine::UnconfinedDatabase database;
  sql::StatementParser& parser;
  const tee::Attester& attester;
  Host& host;
  const Clock& clock;
  Pacer& pacer;
  Rng& rng;
};

class Enclave {
 public:
  explicit Enclave(EnclaveParts parts);
  ~Enclave();

  // Once. After an error the process has nothing left to do.
  Result<LaunchAnswer> Launch(LaunchRequest request);

  // Fresh evidence for a verifier's nonce, about the newest charter or the one named.
  Result<attestation::EnclaveAnswer> Evidence(const attestation::Nonce& nonce, const std::optional<Digest256>& charter);
  Result<Written> Propose(const agreement::Charter& charter);
  // Any signed link. An error means that nothing was written; a link without effect is an answer. After a revocation
  // the tables that it ended are gone when it returns, or when the query ends that runs now.
  Result<LinkAnswer> SubmitLink(std::string_view document);

  // Opens a dataset's sealed object under its newest manifest and makes it a table.
  Status Load(const DatasetId& dataset);
  bool IsLoaded(const DatasetId& dataset);
  // Runs an approved query to its end. kRefused, with every obstacle, when it may not run (yet).
  Result<ExecutionAnswer> Execute(const QueryId& query);
  // Stops an execution that runs, or that an enclave before this one began; what was reserved for it stays spent. Once
  // this is answered the query releases nothing. kFailedPrecondition where it has not begun, or has been executed.
  Status Cancel(const QueryId& query);
  // After a write that the host did not confirm: whatever is asked now fails, and only a new boot helps.
  bool is_broken() const;

 private:
  struct Job;
  struct PastRun;
  struct Loaded {
    Digest256 manifest{};
  };
  Result<LinkAnswer> Record(const agreement::SignedLink& link) CLOISTER_REQUIRES(mutex_);

  Result<LaunchAnswer> Begin(const LaunchRequest& request) CLOISTER_REQUIRES(mutex_);
  Result<LaunchAnswer> Resume(const LaunchRequest& request) CLOISTER_REQUIRES(mutex_);
  Result<LaunchAnswer> FinishLaunch(const LaunchRequest& request, const agreement::Charter& charter)
      CLOISTER_REQUIRES(mutex_);
  // Before anything is written under that charter.
  Status OpenDatabase(const agreement::Charter& charter) CLOISTER_REQUIRES(mutex_);
  Result<ledger::BootEntry> MakeBootEntry(const agreement::Charter& charter, std::int64_t boot)
      CLOISTER_REQUIRES(mutex_);
  Result<const ledger::CharterRecord*> CharterFor(const std::optional<Digest256>& digest) const
      CLOISTER_REQUIRES(mutex_);
  Result<ledger::ReportEntry> ReportOn(const agreement::SignedLink& query, Instant now) CLOISTER_REQUIRES(mutex_);
  Status Launched() const CLOISTER_REQUIRES(mutex_);

  // The object of the manifest in force. `meant` is the manifest that a query was compiled and approved for: while it
  // ran the owner may have recorded a newer one, whose data and policy nobody approved this plan for. Absent: whichever
  // is in force.
  Status LoadLocked(const DatasetId& dataset, const std::optional<Digest256>& meant) CLOISTER_REQUIRES(job_mutex_);
  // The object of that manifest, whether it is in force or not.
  Status LoadObject(const DatasetId& dataset, const ledger::ManifestRecord& manifest) CLOISTER_REQUIRES(job_mutex_);
  // Lets go of every table whose manifest is not in force any more: revoked, replaced, of another epoch, or the
  // environment is terminated.
  void DropVoidTables() CLOISTER_REQUIRES(job_mutex_);
  Result<sql::CompiledQuery> ApprovedPlan(const ledger::QueryRecord& query) CLOISTER_REQUIRES(mutex_);
  Result<Job> StartJob(const QueryId& query) CLOISTER_REQUIRES(job_mutex_);
  Result<ExecutionAnswer> RunJob(Job& job) CLOISTER_REQUIRES(job_mutex_);
  // guard_history.cc: what may have been released before the job's query becomes history, once each, or nothing runs.
  Result<std::vector<PastRun>> RunsToCount(const ledger::QueryRecord& query) CLOISTER_REQUIRES(job_mutex_)
      CLOISTER_REQUIRES(mutex_);
  Status CountPastRuns(Job& job) CLOISTER_REQUIRES(job_mutex_);
  Status LoadPast(const PastRun& past) CLOISTER_REQUIRES(job_mutex_);
  Result<Bytes> ComputeSealedResult(Job& job) CLOISTER_REQUIRES(job_mutex_);
  Status HandOut(const Job& job, ByteView sealed);
  Result<ExecutionAnswer> Release(const Job& job, ByteView sealed);
  Result<ExecutionAnswer> RecordFailure(const Job& job, const Error& error);
  // That it ended without a release: `code` is "CANCELLED" or kFailedCode.
  Result<ExecutionAnswer> RecordOutcome(const Digest256& query, std::string_view code) CLOISTER_REQUIRES(mutex_);

  engine::UnconfinedDatabase unconfined_;
  sql::StatementParser& parser_;
  const tee::Attester& attester_;
  Host& host_;
  const Clock& clock_;
  Pacer& pacer_;
  Rng& rng_;

  Mutex job_mutex_;
  std::map<DatasetId, Loaded> loaded_ CLOISTER_GUARDED_BY(job_mutex_);
  ReleaseHistory history_ CLOISTER_GUARDED_BY(job_mutex_);
  std::set<Digest256> counted_ CLOISTER_GUARDED_BY(job_mutex_);  // queries in it

  mutable Mutex mutex_;
  int threads_ CLOISTER_GUARDED_BY(mutex_) = 1;
  std::unique_ptr<engine::Database> database_ CLOISTER_GUARDED_BY(mutex_);  // made at launch, then never replaced
  std::optional<BootIdentity> identity_ CLOISTER_GUARDED_BY(mutex_);
  std::optional<Journal> journal_ CLOISTER_GUARDED_BY(mutex_);
  std::uint64_t boot_entry_ CLOISTER_GUARDED_BY(mutex_) = 0;
  Digest256 evidence_digest_ CLOISTER_GUARDED_BY(mutex_){};
  std::optional<QueryId> running_ CLOISTER_GUARDED_BY(mutex_);
  std::shared_ptr<engine::Cancellation> cancellation_ CLOISTER_GUARDED_BY(mutex_);
};

}  // namespace cloister::enclave
