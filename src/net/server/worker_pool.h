#pragma once

// The threads that run handlers. Two doors: new requests wait in a bounded queue and are turned away at the
// bound; the next piece of a request already begun is always taken, since there is at most one per
// connection.

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace cloister::net {

class WorkerPool {
 public:
  struct Options {
    std::size_t threads = 4;
    std::size_t queued_max = 256;
  };
  explicit WorkerPool(const Options& options);
  ~WorkerPool();  // stops
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False at the bound and after Stop(). Thread-safe, as are all of these.
  bool TrySubmit(std::function<void()> job) CLOISTER_EXCLUDES(mutex_);
  bool SubmitContinuation(std::function<void()> job) CLOISTER_EXCLUDES(mutex_);
  // Runs what was taken to its end, takes nothing more, and joins.
  void Stop() CLOISTER_EXCLUDES(mutex_);

 private:
  bool Push(std::function<void()> job, std::size_t queued_max) CLOISTER_EXCLUDES(mutex_);
  void Work();

  const std::size_t queued_max_;
  Mutex mutex_;
  Condition changed_;
  std::deque<std::function<void()>> queue_ CLOISTER_GUARDED_BY(mutex_);
  bool stopping_ CLOISTER_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace cloister::net
