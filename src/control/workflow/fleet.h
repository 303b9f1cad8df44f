#pragma once

// All environments of this server: their sessions and the threads that serve them. Thread-safe.

#include <map>
#include <memory>
#include <vector>

#include "base/id.h"
#include "base/mutex.h"
#include "base/result.h"
#include "control/workflow/environment_session.h"
#include "control/workflow/job_runner.h"

namespace cloister::control {

inline constexpr std::size_t kEnvironmentsMax = 1024;

class Fleet {
 public:
  Fleet(const WorkflowServices& services, Rng& rng) : services_(services), rng_(rng) {}
  ~Fleet();  // stops

  const EnclaveLimits& limits() const { return services_.limits; }

  // Opens every stored environment. None boots before Begin(): dozens of enclaves that start at once would keep a
  // server of few cores from answering for half a minute, even to say that it lives.
  Status Restore();
  // From here on environments are served: those whose charters allow it get their enclaves back in the background.
  void Begin() CLOISTER_EXCLUDES(mutex_);
  // A new environment: stored, booted, and served from then on. When its enclave does not start, it stays as
  // failed.
  Result<std::shared_ptr<EnvironmentSession>> Create(const EnvironmentRecord& record,
                                                     const std::vector<std::string>& invited_emails);
  // As if it had never been: for a failed one whose creation nobody was told of (store/environment_store.h).
  Status Forget(const EnvironmentId& id) CLOISTER_EXCLUDES(mutex_);
  // Null when there is none.
  std::shared_ptr<EnvironmentSession> Find(const EnvironmentId& id) const CLOISTER_EXCLUDES(mutex_);
  std::vector<std::shared_ptr<EnvironmentSession>> All() const CLOISTER_EXCLUDES(mutex_);

  // No environment begins anything by itself any more; requests are still served.
  void RequestStop() CLOISTER_EXCLUDES(mutex_);
  // Tells every enclave to end, then waits for the threads.
  void Stop() CLOISTER_EXCLUDES(mutex_);

 private:
  struct Member {
    std::shared_ptr<EnvironmentSession> session;
    std::unique_ptr<JobRunner> runner;
  };
  Status Adopt(std::unique_ptr<EnvironmentSession> session) CLOISTER_EXCLUDES(mutex_);

  const WorkflowServices& services_;
  Rng& rng_;
  mutable Mutex mutex_;
  std::map<EnvironmentId, Member> members_ CLOISTER_GUARDED_BY(mutex_);
  bool begun_ CLOISTER_GUARDED_BY(mutex_) = false;
  bool stopped_ CLOISTER_GUARDED_BY(mutex_) = false;
};

}  // namespace cloister::control
