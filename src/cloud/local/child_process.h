#pragma once

// A child process that gets what it is given and nothing else: named descriptors, no environment, no core
// file, no other open descriptor of ours. Room-private.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"

namespace cloister::cloud {

struct ChildOptions {
  std::string program;  // a path
  std::vector<std::string> arguments = {};
  // Become 0, 1 and 3 of the child; -1: /dev/null for the first two, nothing for the last. stderr is shared.
  int standard_input = -1;
  int standard_output = -1;
  int channel = -1;
  std::int64_t cpu_seconds_max = 0;  // 0: none
  std::int64_t memory_bytes_max = 0;  // of address space; 0: none
  bool may_write_files = true;
};

class ChildProcess {
 public:
  static Result<ChildProcess> Start(const ChildOptions& options);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();  // kills and reaps

  bool running() const;
  // Whether it has ended, waiting so long for it.
  bool WaitEnded(int timeout_ms) const;
  // Of an ended child: exit code, or 128 + signal. Reaps it.
  int Reap();
  void Kill() const;

 private:
  ChildProcess(pid_t pid, Descriptor pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  pid_t pid_ = -1;
  Descriptor pidfd_;
};

}  // namespace cloister::cloud
