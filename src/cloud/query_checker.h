#pragma once

// Port: the compiler without keys and data (docs/formats/channel.md, "Compile-only process"). The server
// links neither the compiler nor DuckDB; it asks the program that participants have measured.

#include <string>
#include <string_view>

#include "base/result.h"

namespace cloister::cloud {

// Thread-safe.
class QueryChecker {
 public:
  virtual ~QueryChecker() = default;
  // The verdict's JSON text. kInvalidArgument when the compiler could not read the request, kDeadlineExceeded
  // when it took too long, kResourceExhausted at the bound of checks at once.
  virtual Result<std::string> Check(std::string_view request) = 0;
};

}  // namespace cloister::cloud
