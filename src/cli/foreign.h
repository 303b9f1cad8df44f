#pragma once

// A document that the server handed out and that does not even decode was altered on the way or made up: for whoever
// runs the client that is a failed verification, not a mistake of his own.

#include <string>
#include <string_view>

#include "base/result.h"

namespace cloister::cli {

template <typename T>
Result<T> Foreign(std::string_view what, Result<T> decoded) {
  if (decoded || decoded.error().code != Code::kInvalidArgument) return decoded;
  return VerificationFailed(std::string(what) + " from the server is malformed: " + decoded.error().public_message);
}

}  // namespace cloister::cli
