#pragma once

// What an environment does by itself: one thread that keeps its enclave running, has datasets loaded once
// their manifests hold, and executes queries whose approvals are met, one after the other. It decides
// nothing: the ledger's fold says what is due, and the enclave refuses what is not.

#include <atomic>
#include <cstdint>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "control/workflow/environment_session.h"

namespace cloister::control {

// In a row, of an enclave that ended by itself, each twice as long after the one before: 12 seconds in all. Then the
// environment has failed, until it is resumed.
inline constexpr int kBootAttemptsMax = 8;
inline constexpr std::int64_t kBootPauseMs = 100;
inline constexpr std::string_view kEnvironmentEndedCode = "ENVIRONMENT_ENDED";  // of jobs that were cut off by it
inline constexpr std::int64_t kJobAttemptsMax = 3;
inline constexpr std::int64_t kJobPollMs = 1'000;  // how soon a deadline or a failed attempt is looked at again
// Beyond what the enclave grants the query itself: loading before it, sealing and the time bucket after it.
inline constexpr std::int64_t kExecuteGraceMs = 3'600'000;
inline constexpr std::int64_t kExecuteBoundMsMax = 30LL * 24 * 3'600'000;

// How long one call of the enclave's `execute` may take, and as long the lease on the job holds. An enclave that was
// started anew first runs the queries again that may have been answered before (docs/adr/0013-the-guard-is-rebuilt.md),
// each within what it is granted; a bound without them would give up a query in the middle of it.
//
//   ExecuteBoundMs(60'000, 0)   -> 3'660'000     an hour and a minute
//   ExecuteBoundMs(60'000, 99)  -> 9'600'000
std::int64_t ExecuteBoundMs(std::int64_t granted_ms, std::size_t queries_before);

// Whether an execution that ended so may be asked for again: nothing was said about the query. A late enclave may still
// be at it; it does one query at a time, and the ledger lets each release once.
bool MayBeAskedAgain(Code code);

class JobRunner {
 public:
  struct Parts {
    EnvironmentSession& session;
    const WorkflowServices& services;
    Rng& rng;
  };
  explicit JobRunner(Parts parts) : session_(parts.session), services_(parts.services), rng_(parts.rng) {}
  ~JobRunner();  // stops

  void Start();
  // Begins nothing more.
  void RequestStop();
  // The same, and waits for what runs now; whoever wants it quick shuts the session's enclave down between
  // the two.
  void Stop();

  // One round, for Start()'s thread and for tests. True when something was done and another round is due at
  // once.
  bool RunOnce();

 private:
  struct DueLoad {
    DatasetId dataset;
    Digest256 manifest{};
  };
  void Loop();
  bool KeepBooted();
  bool LoadDue(EnclaveClient& enclave);
  // What the enclave said of a file becomes the dataset's status; the store's error where it was not kept.
  Status Tell(const DueLoad& due, const Status& loaded);
  bool ExecuteDue(EnclaveClient& enclave);
  std::vector<QueryId> QueriesDue() const;  // the oldest first
  void SettleCutOffJobs();
  // No enclave comes any more: what was cut off is over.
  void SettleLeftJobs();
  // What its submitter took back while an enclave ran it that has ended since. False where it could not be done now.
  bool EndCancelled(EnclaveClient& enclave, const QueryId& query);
  // False when it could not even begin; the next round is due after a while.
  bool Execute(EnclaveClient& enclave, const QueryId& query);
  // The code of a job whose query is over, by what ledger and store hold: "OK" when its result is kept.
  std::optional<std::string> SettledCode(const QueryId& query);
  // Where it is not written, the job stands as running, and the next round settles it.
  Status EndJob(const QueryId& query, const std::string& code);

  EnvironmentSession& session_;
  const WorkflowServices& services_;
  Rng& rng_;
  std::thread thread_;
  std::atomic<bool> stopping_ = false;
  int boot_attempts_ = 0;
  std::int64_t boot_due_ms_ = 0;  // monotonic: not before
  bool left_settled_ = false;     // since it was over last
  // (boot entry, manifest digest) that this enclave has been asked to load.
  std::set<std::pair<std::uint64_t, Digest256>> load_asked_;
};

}  // namespace cloister::control
