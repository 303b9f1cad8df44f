#pragma once

// Numbered tasks, done in no particular order by the thread that submits them and by one helper, if there is
// one.
//
// The submitter says up to where tasks are ready and waits, working itself, until a front part of them is
// done:
//
//   ChunkCrew crew(ChunkCrew::kThreadsMax, [&](int worker, std::uint64_t task) { ... });
//   crew.Submit(8);            // tasks 0..7 may be taken; the helper wakes
//   ...                        // meanwhile the submitter reads what task 8 will need
//   crew.FinishUpTo(4);        // 0..3 are done, and what they wrote is visible here
//
// At most kThreadsMax - 1 threads, no allocation per task. All calls come from one thread, the submitter.

#include <array>
#include <cstdint>
#include <functional>
#include <thread>

#include "base/mutex.h"

namespace cloister::sealing {

class ChunkCrew {
 public:
  static constexpr int kThreadsMax = 2;
  // `worker` is 0 on the submitter's thread and 1 on the helper's; no two tasks run under one number at a
  // time.
  using Work = std::function<void(int worker, std::uint64_t task)>;

  // `threads` is 1 or 2. With 1 every task is done within Submit, while what it needs is still in the cache.
  ChunkCrew(int threads, Work work);
  // Lets the task in hand end; those that nobody took stay undone.
  ~ChunkCrew();
  ChunkCrew(const ChunkCrew&) = delete;
  ChunkCrew& operator=(const ChunkCrew&) = delete;

  // Tasks below `end` are ready; `end` never falls.
  void Submit(std::uint64_t end);
  // Returns when all tasks below `end`, which were submitted, are done.
  void FinishUpTo(std::uint64_t end);

 private:
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};

  void HelperMain();
  bool DoOne(int worker) CLOISTER_EXCLUDES(mutex_);
  bool IsDone(std::uint64_t end) CLOISTER_EXCLUDES(mutex_);
  void AwaitHelper(std::uint64_t end) CLOISTER_EXCLUDES(mutex_);

  const Work work_;
  Mutex mutex_;
  Condition changed_;
  std::uint64_t ready_end_ CLOISTER_GUARDED_BY(mutex_) = 0;   // tasks below may be taken
  std::uint64_t taken_end_ CLOISTER_GUARDED_BY(mutex_) = 0;   // tasks below were taken
  std::uint64_t helper_task_ CLOISTER_GUARDED_BY(mutex_) = kNone;
  bool stopping_ CLOISTER_GUARDED_BY(mutex_) = false;
  std::thread helper_;
};

}  // namespace cloister::sealing
