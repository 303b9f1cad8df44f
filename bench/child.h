#pragma once

// Runs another program on given cores and says what it cost.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace cloister::bench {

struct Command {
  std::vector<std::string> argv;          // argv[0] is looked up in PATH
  std::vector<std::string> environment;   // "NAME=value", besides our own
  int cores = 1;                          // pinned to so many, the last ones that we may use
  bool undisturbed = false;               // real-time scheduling, if we may: other programs wait
  int output_fd = -1;                     // its standard output; -1 is /dev/null
};

struct Cost {
  double wall_s = 0;
  double cpu_s = 0;  // user and system
  std::string errors;  // its standard error, at most 4 KiB
};

// kFailedPrecondition if there are not so many cores, kUnavailable if the program does not start or fails.
Result<Cost> RunChild(const Command& command);

// Of this process, by the kernel's own count (VmHWM).
std::uint64_t PeakMemoryKib();

// The path of this program, for workers.
std::string SelfPath();

}  // namespace cloister::bench
