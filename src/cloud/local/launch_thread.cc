#include "cloud/local/launch_thread.h"

namespace cloister::cloud {
namespace {

constexpr std::int64_t kWaitMs = 3'600'000;  // only a bound on one wait; the loops look again

}  // namespace

LaunchThread::LaunchThread() : thread_([this] { Loop(); }) {}

LaunchThread::~LaunchThread() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

Result<ChildProcess> LaunchThread::Start(const ChildOptions& options) {
  MutexLock turn(turn_);
  MutexLock lock(mutex_);
  wanted_ = &options;
  changed_.NotifyAll();
  while (!started_) {
    changed_.WaitFor(mutex_, kWaitMs, [this]() CLOISTER_REQUIRES(mutex_) { return started_.has_value(); });
  }
  Result<ChildProcess> started = *std::move(started_);
  started_.reset();
  return started;
}

void LaunchThread::Loop() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    if (wanted_ != nullptr) {
      started_.emplace(ChildProcess::Start(*wanted_));
      wanted_ = nullptr;
      changed_.NotifyAll();
    }
    changed_.WaitFor(mutex_, kWaitMs, [this]() CLOISTER_REQUIRES(mutex_) { return wanted_ != nullptr || stopping_; });
  }
}

}  // namespace cloister::cloud
