#pragma once

// W3C Trace Context: the caller's id of what a request belongs to, passed on to logs and answers. Room-private.

#include <string_view>

namespace cloister::net {

// "00-<32 hex>-<16 hex>-<2 hex>", lower case; what is not is not passed on.
bool IsTraceParent(std::string_view text);

}  // namespace cloister::net
