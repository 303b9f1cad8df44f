#pragma once

// The compile-only process of this machine: `cloister-enclave --compile`, one per question, under limits. With --try
// the same program also runs the query, on synthetic rows of its own making.

#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "cloud/query_checker.h"

namespace cloister::cloud {

inline constexpr int kChecksAtOnceMax = 4;
inline constexpr std::int64_t kCheckWaitMs = 2'000;  // of others, for one of these to end; then kResourceExhausted
inline constexpr std::size_t kVerdictBytesMax = 4 << 20;

class LocalQueryChecker final : public QueryChecker {
 public:
  struct Options {
    std::string enclave_program;
    std::int64_t timeout_ms = 10'000;
    std::string mode = "--compile";
  };
  LocalQueryChecker(Options options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}

  Result<std::string> Check(std::string_view request) override CLOISTER_EXCLUDES(mutex_);

 private:
  Result<std::string> Run(std::string_view request) const;

  const Options options_;
  const Clock& clock_;
  Mutex mutex_;
  Condition ended_;
  int running_ CLOISTER_GUARDED_BY(mutex_) = 0;
};

}  // namespace cloister::cloud
