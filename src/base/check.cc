#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace cloister::internal {

void CheckFailed(const char* file, int line, const char* condition) {
  // The condition is source text, never a value.
  std::fprintf(stderr, "cloister: broken invariant at %s:%d: %s\n", file, line, condition);
  std::abort();
}

}  // namespace cloister::internal
