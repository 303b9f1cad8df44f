#pragma once

// What the browser brings back from the issuer in the query of the callback (RFC 6749 section 4.1.2, RFC 9207).

#include <map>
#include <optional>
#include <string>

#include "base/result.h"

namespace cloister::control {

inline constexpr std::size_t kCodeCharsMax = 2048;
inline constexpr std::size_t kStateChars = 43;  // 32 bytes in base64url

struct LoginAnswer {
  std::string state;
  std::string code;                   // empty: the issuer says no
  bool denied = false;                // by the person himself (access_denied)
  std::optional<std::string> issuer;  // RFC 9207
};

// kInvalidArgument for a query that no issuer sends: without a state of ours, with neither or both of code and error.
// Other members are the issuer's own business and are not looked at.
Result<LoginAnswer> ReadLoginAnswer(const std::map<std::string, std::string>& query);

}  // namespace cloister::control
