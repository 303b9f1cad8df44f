#pragma once

// How far a long work is, on one line of standard error that repaints itself; nothing at all where that is not a
// terminal. The line is gone when the object is.

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "cli/output.h"

namespace cloister::cli {

class Progress {
 public:
  // `total` in bytes; 0 if unknown. `out` and `clock` must outlive the object.
  struct Work {
    std::string label;
    std::uint64_t total_bytes = 0;
  };
  Progress(Output& out, const Clock& clock, Work work);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Repaints at most ten times a second.
  void Advance(std::uint64_t done_bytes);

 private:
  Output& out_;
  const Clock& clock_;
  Work work_;
  std::int64_t started_ms_ = 0;
  std::int64_t painted_ms_ = 0;
  bool painted_ = false;
};

// "1.5 MiB", "12 KiB", "800 B".
std::string FormatSize(std::uint64_t size_bytes);

}  // namespace cloister::cli
