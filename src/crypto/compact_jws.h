#pragma once

// The three parts of a JWS in compact serialization (RFC 7515 section 7.1), as they stand in the text. What they hold,
// and how long they may be, is the reader's. Room-private.
//
//   "e30.e30.c2ln"    header "e30", payload "e30", signature "c2ln", signed is "e30.e30"

#include <optional>
#include <string_view>

namespace cloister::crypto {

struct CompactJws {
  std::string_view header, payload, signature;
  std::string_view signing_input;
};

// Views into `compact`. Nothing where it has not exactly two dots.
std::optional<CompactJws> SplitCompactJws(std::string_view compact);

}  // namespace cloister::crypto
