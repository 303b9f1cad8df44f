#pragma once

// ETag and If-Match (RFC 9110 section 13.1.1) for what people edit. Room-private.

#include <optional>
#include <string>
#include <string_view>

#include "net/server/http.h"

namespace cloister::control {

// A strong tag of these bytes.
std::string EntityTag(std::string_view content);

// Whether the request may have changed the tag itself: it may come again under its Idempotency-Key, and then with the
// tag of before. What is no tag never was.
bool MayHaveChangedIt(const net::Request& request);

// Absent when the request names the present tag, alone or in a list, or `*`. Else the answer: 428 without If-Match, 412
// with other tags (a weak one never matches), 400 for what is no tag.
std::optional<net::Response> CheckIfMatch(const net::Request& request, std::string_view present);

}  // namespace cloister::control
