#pragma once

// Room-private.

#include <exception>

#include "base/result.h"

namespace cloister::net {

// Runs a piece of a handler. The one place where an exception of a library, or of an empty heap, ends a
// request and not the process.
template <typename T, typename Piece>
Result<T> Guarded(const Piece& piece) {
  try {
    return piece();
  } catch (const std::exception& e) {
    return Error{Code::kInternal, "the server could not handle this request", e.what()};
  }
}

}  // namespace cloister::net
