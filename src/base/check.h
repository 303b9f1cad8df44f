#pragma once

// A broken invariant of our own stops the process: going on with a state nobody thought of could release data.
// For what a stranger sends, return an Error instead.

namespace cloister::internal {
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);
}  // namespace cloister::internal

#define CLOISTER_CHECK(condition)                                              \
  do {                                                                         \
    if (!(condition)) [[unlikely]]                                             \
      ::cloister::internal::CheckFailed(__FILE__, __LINE__, #condition);       \
  } while (false)
