#pragma once

// Interrupts a connection when its time is over or somebody cancels, for as long as it lives.
//
// An interruption that comes before the engine has begun a statement is forgotten by it, so the watchdog
// repeats it until it is told to go.

#include <cstdint>
#include <thread>

#include "base/mutex.h"
#include "engine/duckdb_handles.h"
#include "engine/execute.h"

namespace cloister::engine {

struct Cancellation::State {
  Mutex mutex;
  Condition changed;
  bool cancelled CLOISTER_GUARDED_BY(mutex) = false;
};

class Watchdog {
 public:
  // Starts a thread. The connection and the state must outlive it.
  Watchdog(duckdb_connection connection, Cancellation::State& state, std::int64_t time_ms);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // kCancelled or kDeadlineExceeded once it has begun to interrupt, else OK.
  Status Verdict() const;

 private:
  static constexpr std::int64_t kRepeatMs = 20;

  void Main(duckdb_connection connection, std::int64_t time_ms);

  Cancellation::State& state_;
  bool leave_ CLOISTER_GUARDED_BY(state_.mutex) = false;
  bool time_over_ CLOISTER_GUARDED_BY(state_.mutex) = false;
  std::thread thread_;
};

}  // namespace cloister::engine
