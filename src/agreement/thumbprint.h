#pragma once

// The name of a participant: the RFC 7638 thumbprint of his Ed25519 key, 43 characters of base64url. E-mail
// and name are labels that a server supplies; this is what documents mean when they say who.

#include <string>
#include <string_view>

namespace cloister::agreement {

using Thumbprint = std::string;

// Whether the text has the one spelling that a thumbprint of 32 bytes has.
bool IsThumbprint(std::string_view text);

}  // namespace cloister::agreement
