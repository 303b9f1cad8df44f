#pragma once

// Port for one-line operational messages. apps/ decides where they go (spdlog in cloisterd, one bounded stderr
// line in the enclave). A message holds fixed text, identifiers and codes; never a value from data, SQL or a key.

#include <string>
#include <string_view>

namespace cloister {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

class LogSink {
 public:
  virtual ~LogSink() = default;
  // Thread-safe.
  virtual void Write(LogLevel level, std::string_view room, std::string_view message) = 0;
};

// For tests and tools that want silence.
class NullLogSink final : public LogSink {
 public:
  void Write(LogLevel, std::string_view, std::string_view) override {}
};

}  // namespace cloister
