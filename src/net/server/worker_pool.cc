#include "net/server/worker_pool.h"

#include <limits>

namespace cloister::net {
namespace {

constexpr std::int64_t kWaitMs = 3'600'000;  // only a bound on one wait; the loop looks again

}  // namespace

WorkerPool::WorkerPool(const Options& options) : queued_max_(options.queued_max) {
  for (std::size_t i = 0; i < options.threads; ++i) threads_.emplace_back([this] { Work(); });
}

WorkerPool::~WorkerPool() { Stop(); }

bool WorkerPool::TrySubmit(std::function<void()> job) { return Push(std::move(job), queued_max_); }

bool WorkerPool::SubmitContinuation(std::function<void()> job) {
  return Push(std::move(job), std::numeric_limits<std::size_t>::max());
}

bool WorkerPool::Push(std::function<void()> job, std::size_t queued_max) {
  {
    MutexLock lock(mutex_);
    if (stopping_ || queue_.size() >= queued_max) return false;
    queue_.push_back(std::move(job));
  }
  changed_.NotifyOne();
  return true;
}

void WorkerPool::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void WorkerPool::Work() {
  for (;;) {
    std::function<void()> job;
    {
      MutexLock lock(mutex_);
      while (queue_.empty() && !stopping_) {
        changed_.WaitFor(mutex_, kWaitMs, [this]() CLOISTER_REQUIRES(mutex_) { return !queue_.empty() || stopping_; });
      }
      if (queue_.empty()) return;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    job();
  }
}

}  // namespace cloister::net
