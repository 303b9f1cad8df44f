#pragma once

// The thread that starts enclaves. The kernel ties "kill me when my parent dies" (PR_SET_PDEATHSIG, which the
// enclave asks for) to the thread that forked it, not to the process: started from a worker, an enclave would
// be killed when that worker ends. Room-private.

#include <optional>
#include <thread>

#include "base/mutex.h"
#include "cloud/local/child_process.h"

namespace cloister::cloud {

class LaunchThread {
 public:
  LaunchThread();
  ~LaunchThread();  // children that still run are killed by the kernel
  LaunchThread(const LaunchThread&) = delete;
  LaunchThread& operator=(const LaunchThread&) = delete;

  // As ChildProcess::Start, from the thread. One at a time. Thread-safe.
  Result<ChildProcess> Start(const ChildOptions& options) CLOISTER_EXCLUDES(mutex_);

 private:
  void Loop();

  Mutex turn_;  // of callers; before mutex_
  Mutex mutex_;
  Condition changed_;
  const ChildOptions* wanted_ CLOISTER_GUARDED_BY(mutex_) = nullptr;
  std::optional<Result<ChildProcess>> started_ CLOISTER_GUARDED_BY(mutex_);
  bool stopping_ CLOISTER_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace cloister::cloud
