#pragma once

// One environment on this server: its ledger as folded so far, and its enclave while one runs. The ledger's
// fold is the same object that the enclave and clients use, so what the API says is what the ledger says.
//
//   not booted --Boot--> running --(channel ends)--> stopped --Boot--> running --(termination)--> terminated
//
// Thread-safe. Nothing here is held while the enclave is called.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/result.h"
#include "cloud/tee_provider.h"
#include "control/store/store.h"
#include "control/workflow/enclave_client.h"
#include "control/workflow/host_desk.h"
#include "ledger/replay.h"
#include "sealing/blob_store.h"

namespace cloister::control {

// What every environment of a server shares. All outlive the sessions and are thread-safe.
struct WorkflowServices {
  Store& store;
  cloud::TeeProvider& provider;
  sealing::BlobStore& blobs;
  const Clock& clock;
  LogSink& log;
  EnclaveLimits limits;
  std::string owner = "one";  // of leases on jobs: another one for each process
  std::int64_t enclave_wait_ms = 10'000;  // how long a request waits for an enclave that is on its way
};

// Requests to one environment that wait for its enclave at a time: one whose enclave never comes keeps no more of the
// server's workers than these.
inline constexpr int kEnclaveWaitersMax = 4;

class EnvironmentSession {
 public:
  // Folds the stored ledger. kDataLoss when it does not follow its own rules.
  static Result<std::unique_ptr<EnvironmentSession>> Open(const WorkflowServices& services,
                                                          const EnvironmentRecord& record);
  ~EnvironmentSession();  // shuts down

  const EnvironmentId& id() const { return id_; }
  HostDesk& desk() { return desk_; }
  // One participant's links are made one after the other (custody/custodian.h).
  Mutex& signing_mutex() { return signing_mutex_; }
  // Changes of a charter or of a dataset's terms are looked at and made one after the other: what an If-Match was
  // compared to still stands when the change is signed. Taken before signing_mutex(), after AwaitEnclave().
  Mutex& terms_mutex() { return terms_mutex_; }

  // Starts an enclave: genesis when the ledger is empty, else recovery. kFailedPrecondition when it runs
  // already, has ended, or its charter lets nobody recover it.
  Status Boot() CLOISTER_EXCLUDES(mutex_);
  // Tells the enclave to end and waits for it. Calls in work are granted `grace_ms`; new ones find no
  // enclave.
  void Shutdown(std::int64_t grace_ms = 0) CLOISTER_EXCLUDES(mutex_);

  // The running enclave; kUnavailable when there is none now, kFailedPrecondition when there will be none.
  // Whoever holds the pointer keeps it from being destroyed.
  Result<std::shared_ptr<EnclaveClient>> Enclave() CLOISTER_EXCLUDES(mutex_);
  // The same, after a wait for one that is started now or will be: for those who are asked by people. Never for the
  // thread that starts it.
  Result<std::shared_ptr<EnclaveClient>> AwaitEnclave() CLOISTER_EXCLUDES(mutex_);

  // Reads the ledger's state under the lock: no calls out of it.
  template <typename Read>
  auto Look(Read read) const CLOISTER_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return read(std::as_const(ledger_));
  }
  // The newest checkpoint note with the point it is of; absent before the first append.
  std::optional<std::string> Checkpoint() const CLOISTER_EXCLUDES(mutex_);
  // Both of one moment.
  template <typename Read>
  auto LookWithCheckpoint(Read read) const CLOISTER_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return read(std::as_const(ledger_), std::as_const(checkpoint_));
  }

  struct Health {
    Lifecycle lifecycle = Lifecycle::kCreating;
    bool enclave_runs = false;
    bool recoverable = false;  // another enclave can take up its key: what failed may be resumed
    std::optional<std::string> error;
    codec::Json sandbox;  // as the enclave reported at its boot
    std::uint64_t boot_entry = 0;
    // No enclave will run any more, so that nothing that waits ever happens.
    bool over() const {
      return lifecycle == Lifecycle::kTerminated || (lifecycle == Lifecycle::kFailed && !recoverable);
    }
  };
  Health health() const CLOISTER_EXCLUDES(mutex_);
  // The environment is over for this server; written to the store.
  void Fail(std::string_view error) CLOISTER_EXCLUDES(mutex_);
  // Likewise for one whose creation nobody was told of: another may have been made in its place, so no restart of the
  // server tries it again.
  void Abandon(std::string_view error) CLOISTER_EXCLUDES(mutex_);

  // Ends an environment that never began: kFailedPrecondition once a charter is in force, since then its participants
  // end it, in the ledger.
  Status Discard() CLOISTER_EXCLUDES(mutex_);

  // Stops the enclave until Resume(), through restarts of the server too. kFailedPrecondition when it does not run, or
  // when stopping it would end the environment (recovery 'none').
  Status Suspend() CLOISTER_EXCLUDES(mutex_);
  // The environment's thread starts the enclave again; returns when it runs, or is not awaited any longer. So too where
  // it has failed and can be recovered. kFailedPrecondition when it is neither.
  Status Resume() CLOISTER_EXCLUDES(mutex_);

  // A counter that moves with every append, boot and end of a channel. Waits until it is not `seen`, at most
  // so long.
  std::uint64_t WaitForNews(std::uint64_t seen, std::int64_t timeout_ms) CLOISTER_EXCLUDES(mutex_);
  // No enclave will be started any more: nobody waits for one.
  void EndWaits() CLOISTER_EXCLUDES(mutex_);

 private:
  struct Running;  // instance, channel and client, ended in the right order
  EnvironmentSession(const WorkflowServices& services, const EnvironmentRecord& record);

  Status Replay();
  Status FollowLedger() CLOISTER_EXCLUDES(mutex_);
  Result<std::shared_ptr<Running>> Launch(const EnvironmentRecord& record, std::uint64_t boot);
  Result<LaunchCall> MakeLaunchCall(const EnvironmentRecord& record, const agreement::Charter& charter,
                                    const SecretBytes& sealer);
  // Shutdown() for who keeps Boot() from beginning.
  void EndEnclave(std::int64_t grace_ms) CLOISTER_REQUIRES(boot_mutex_) CLOISTER_EXCLUDES(mutex_);
  Status SetLifecycle(Lifecycle from, Lifecycle to) CLOISTER_EXCLUDES(mutex_);
  void OnAppended(const ledger::LogAppend& append) CLOISTER_EXCLUDES(mutex_);
  void OnClosed(std::uint64_t boot) CLOISTER_EXCLUDES(mutex_);
  bool EnclaveRuns() const CLOISTER_REQUIRES(mutex_);

  const WorkflowServices services_;
  const EnvironmentId id_;
  HostDesk desk_;
  Mutex signing_mutex_;
  Mutex terms_mutex_;
  Mutex boot_mutex_;  // before mutex_

  mutable Mutex mutex_;
  Condition news_changed_;
  std::uint64_t news_ CLOISTER_GUARDED_BY(mutex_) = 0;
  ledger::LedgerState ledger_ CLOISTER_GUARDED_BY(mutex_);
  std::optional<std::string> checkpoint_ CLOISTER_GUARDED_BY(mutex_);
  Health health_ CLOISTER_GUARDED_BY(mutex_);
  int waiters_ CLOISTER_GUARDED_BY(mutex_) = 0;
  bool waits_ended_ CLOISTER_GUARDED_BY(mutex_) = false;
  std::shared_ptr<Running> running_ CLOISTER_GUARDED_BY(mutex_);
  // In this process: tells the late end of an old channel from that of ours.
  std::uint64_t boots_ CLOISTER_GUARDED_BY(mutex_) = 0;
};

}  // namespace cloister::control
