#pragma once

// A child process that gets what it is given and nothing else: named descriptors, no environment, no core
// file, no other open descriptor of ours. Room-private.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace cloister::cloud {

// Owns a descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  void Close();

 private:
  int fd_ = -1;
};

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
