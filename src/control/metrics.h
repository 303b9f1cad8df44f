#pragma once

// What an operator's dashboard reads: counters and durations of requests in the text format of Prometheus (0.0.4), for
// a port of its own. Labels are routes, methods and statuses; no id, no name, no word of SQL. Thread-safe.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "base/mutex.h"
#include "control/store/store.h"
#include "control/workflow/fleet.h"

namespace cloister::control {

class Metrics {
 public:
  struct Request {
    std::string_view method;
    std::string_view route;  // the pattern; empty: there was none
    int status = 0;
    std::int64_t duration_ms = 0;
  };
  void Count(const Request& request) CLOISTER_EXCLUDES(mutex_);

  // Requests, and what runs now.
  std::string Render(const Fleet& fleet) const CLOISTER_EXCLUDES(mutex_);

 private:
  static constexpr std::array<double, 11> kBucketSeconds = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
  struct Series {
    std::uint64_t count = 0;
    double seconds = 0;
    std::array<std::uint64_t, kBucketSeconds.size()> buckets{};  // each counts what is at or below its bound
  };
  using Key = std::tuple<std::string, std::string, int>;  // method, route, status
  mutable Mutex mutex_;
  std::map<Key, Series> series_ CLOISTER_GUARDED_BY(mutex_);
};

}  // namespace cloister::control
