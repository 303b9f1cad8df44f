#include "net/server/trace_context.h"

#include <algorithm>

namespace cloister::net {

bool IsTraceParent(std::string_view text) {
  constexpr std::string_view kShape = "00-00000000000000000000000000000000-0000000000000000-00";
  return text.size() == kShape.size() && std::equal(text.begin(), text.end(), kShape.begin(), [](char c, char shape) {
           return shape == '-' ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace cloister::net
