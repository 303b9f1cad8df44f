#include "sealing/chunk_crew.h"

#include "base/check.h"

namespace cloister::sealing {
namespace {

constexpr std::int64_t kRecheckMs = 1000;  // every change is signalled; this only bounds a single sleep

}  // namespace

ChunkCrew::ChunkCrew(int threads, Work work) : work_(std::move(work)) {
  CLOISTER_CHECK(threads >= 1 && threads <= kThreadsMax);
  if (threads > 1) helper_ = std::thread([this] { HelperMain(); });
}

ChunkCrew::~ChunkCrew() {
  if (!helper_.joinable()) return;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  helper_.join();
}

void ChunkCrew::Submit(std::uint64_t end) {
  {
    MutexLock lock(mutex_);
    CLOISTER_CHECK(end >= ready_end_);
    ready_end_ = end;
    changed_.NotifyAll();
  }
  if (helper_.joinable()) return;
  while (DoOne(0)) {
  }
}

void ChunkCrew::FinishUpTo(std::uint64_t end) {
  // While the helper is at its last task below `end`, one behind is worth more than sleep.
  while (!IsDone(end)) {
    if (!DoOne(0)) AwaitHelper(end);
  }
}

// Tasks are taken in order, so the helper's own is the only one below `taken_end_` that can be unfinished
// here.
bool ChunkCrew::IsDone(std::uint64_t end) {
  MutexLock lock(mutex_);
  CLOISTER_CHECK(ready_end_ >= end);
  return taken_end_ >= end && helper_task_ >= end;
}

void ChunkCrew::AwaitHelper(std::uint64_t end) {
  MutexLock lock(mutex_);
  const auto done = [&]() CLOISTER_REQUIRES(mutex_) { return helper_task_ >= end; };
  while (!changed_.WaitFor(mutex_, kRecheckMs, done)) {
  }
}

// Takes the next ready task and does it; false if there is none.
bool ChunkCrew::DoOne(int worker) {
  std::uint64_t task = 0;
  {
    MutexLock lock(mutex_);
    if (taken_end_ >= ready_end_) return false;
    task = taken_end_++;
    if (worker != 0) helper_task_ = task;
  }
  work_(worker, task);
  if (worker != 0) {
    MutexLock lock(mutex_);
    helper_task_ = kNone;
    changed_.NotifyAll();
  }
  return true;
}

void ChunkCrew::HelperMain() {
  while (true) {
    {
      MutexLock lock(mutex_);
      const auto wanted = [&]() CLOISTER_REQUIRES(mutex_) { return stopping_ || taken_end_ < ready_end_; };
      while (!changed_.WaitFor(mutex_, kRecheckMs, wanted)) {
      }
      if (stopping_) return;
    }
    DoOne(1);
  }
}

}  // namespace cloister::sealing
