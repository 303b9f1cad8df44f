#pragma once

// std::mutex with the annotations that clang's thread-safety analysis reads (preset clang). A class with shared
// state has one Mutex; each member it guards says CLOISTER_GUARDED_BY(mutex_).

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#if defined(__clang__)
#define CLOISTER_ATTRIBUTE_(x) __attribute__((x))
#else
#define CLOISTER_ATTRIBUTE_(x)
#endif

#define CLOISTER_GUARDED_BY(mutex) CLOISTER_ATTRIBUTE_(guarded_by(mutex))
#define CLOISTER_REQUIRES(mutex) CLOISTER_ATTRIBUTE_(requires_capability(mutex))
#define CLOISTER_EXCLUDES(mutex) CLOISTER_ATTRIBUTE_(locks_excluded(mutex))

namespace cloister {

class CLOISTER_ATTRIBUTE_(capability("mutex")) Mutex {
 public:
  void Lock() CLOISTER_ATTRIBUTE_(acquire_capability()) { mutex_.lock(); }
  void Unlock() CLOISTER_ATTRIBUTE_(release_capability()) { mutex_.unlock(); }

 private:
  friend class Condition;
  std::mutex mutex_;
};

class CLOISTER_ATTRIBUTE_(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) CLOISTER_ATTRIBUTE_(acquire_capability(mutex)) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() CLOISTER_ATTRIBUTE_(release_capability()) { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// A condition variable over a Mutex that the caller holds.
class Condition {
 public:
  // Waits until `done()` or the time is over; returns whether it is done. `done` runs under the lock.
  template <typename Predicate>
  bool WaitFor(Mutex& mutex, std::int64_t timeout_ms, Predicate done) CLOISTER_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool met = condition_.wait_for(lock, std::chrono::milliseconds(timeout_ms), done);
    lock.release();
    return met;
  }
  void NotifyAll() { condition_.notify_all(); }
  void NotifyOne() { condition_.notify_one(); }

 private:
  std::condition_variable condition_;
};

}  // namespace cloister
