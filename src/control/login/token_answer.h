#pragma once

// What the issuer's token endpoint answers (RFC 6749 sections 5.1 and 5.2, OpenID Connect Core 1.0 section 3.1.3.3).

#include <string>

#include "base/result.h"
#include "net/client/http.h"

namespace cloister::control {

inline constexpr std::size_t kTokenAnswerBytesMax = 64 << 10;

struct TokenAnswer {
  std::string id_token;
  std::string access_token;  // never used; the ID token may name its digest
};

// kVerificationFailed where the issuer refuses the code, kUnavailable where it fails, or answers what nobody can read.
Result<TokenAnswer> ReadTokenAnswer(const net::HttpAnswer& answer);

}  // namespace cloister::control
