#pragma once

// The server's half of the handshake of RFC 6455 section 4.2. Room-private.

#include "base/result.h"
#include "net/server/http.h"

namespace cloister::control {

// 101 with the fields that end the handshake, and nothing to say yet; 426 for a request that opens no WebSocket of
// version 13. kInvalidArgument for a key that is none.
Result<net::Response> AnswerHandshake(const net::Request& request);

}  // namespace cloister::control
