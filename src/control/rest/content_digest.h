#pragma once

// The digest of its own body that a request may announce (RFC 9530 section 2), as a structured field (RFC 8941 section
// 3.2), a dictionary of algorithms of which we take the one that we know:
//
//   Content-Digest: sha-512=:...:, sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:
//
// Room-private.

#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "net/server/http.h"

namespace cloister::control {

// Absent: the request announces none. kInvalidArgument for a field that is no such dictionary, or that has no sha-256:
// whoever sends a digest wants it looked at.
Result<std::optional<Digest256>> ReadContentDigest(const net::Request& request);

// Of a body that is there: kInvalidArgument when it is not the announced one.
Status CheckContentDigest(const net::Request& request);

}  // namespace cloister::control
