#include "engine/watchdog.h"

namespace cloister::engine {

Watchdog::Watchdog(duckdb_connection connection, Cancellation::State& state, std::int64_t time_ms)
    : state_(state) {
  thread_ = std::thread([this, connection, time_ms] { Main(connection, time_ms); });
}

Watchdog::~Watchdog() {
  {
    MutexLock lock(state_.mutex);
    leave_ = true;
    state_.changed.NotifyAll();
  }
  thread_.join();
}

void Watchdog::Main(duckdb_connection connection, std::int64_t time_ms) {
  MutexLock lock(state_.mutex);
  const auto woken = [this]() CLOISTER_REQUIRES(state_.mutex) { return leave_ || state_.cancelled; };
  if (!state_.changed.WaitFor(state_.mutex, time_ms, woken)) time_over_ = true;
  const auto told_to_go = [this]() CLOISTER_REQUIRES(state_.mutex) { return leave_; };
  do {
    if (!leave_) duckdb_interrupt(connection);
  } while (!state_.changed.WaitFor(state_.mutex, kRepeatMs, told_to_go));
}

Status Watchdog::Verdict() const {
  MutexLock lock(state_.mutex);
  if (state_.cancelled) return Error{Code::kCancelled, "the query was cancelled"};
  if (time_over_) {
    return Error{Code::kDeadlineExceeded,
                 "the query took longer than it may; ask for less at once, or have the operator raise "
                 "limits.query_ms"};
  }
  return {};
}

}  // namespace cloister::engine
