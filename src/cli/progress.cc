#include "cli/progress.h"

#include <array>
#include <cstdio>

namespace cloister::cli {
namespace {

constexpr std::int64_t kRepaintEveryMs = 100;

}  // namespace

std::string FormatSize(std::uint64_t size_bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto size = static_cast<double>(size_bytes);
  std::size_t unit = 0;
  while (size >= 1024 && unit + 1 < kUnits.size()) {
    size /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 || size >= 100 ? "%.0f %s" : "%.1f %s", size, kUnits[unit]);
  return text.data();
}

Progress::Progress(Output& out, const Clock& clock, Work work)
    : out_(out), clock_(clock), work_(std::move(work)), started_ms_(clock.MonotonicMs()) {}

Progress::~Progress() {
  if (painted_) out_.talk() << "\r\x1b[K" << std::flush;
}

void Progress::Advance(std::uint64_t done_bytes) {
  if (!out_.style().animate) return;
  const std::int64_t now_ms = clock_.MonotonicMs();
  if (painted_ && now_ms - painted_ms_ < kRepaintEveryMs) return;
  std::string line = work_.label + "  " + FormatSize(done_bytes);
  if (work_.total_bytes > 0) {
    line += " of " + FormatSize(work_.total_bytes) + "  " + std::to_string(done_bytes * 100 / work_.total_bytes) + "%";
  }
  const std::int64_t elapsed_ms = now_ms - started_ms_;
  if (elapsed_ms > 0) line += "  " + FormatSize(done_bytes * 1000 / static_cast<std::uint64_t>(elapsed_ms)) + "/s";
  out_.talk() << "\r\x1b[K" << line << std::flush;
  painted_ = true;
  painted_ms_ = now_ms;
}

}  // namespace cloister::cli
