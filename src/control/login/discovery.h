#pragma once

// What an issuer of identities says about itself (OpenID Connect Discovery 1.0, RFC 8414), as far as the authorization
// code flow needs it: three addresses and how clients prove themselves.

#include <string>
#include <string_view>

#include "base/result.h"
#include "control/login/endpoint.h"

namespace cloister::control {

// RFC 6749 section 2.3.1: in an Authorization field, or among the parameters.
enum class ClientProof { kBasic, kPost };

struct Discovery {
  Endpoint authorization;
  Endpoint token;
  Endpoint keys;
  ClientProof proof = ClientProof::kBasic;
  bool answers_name_issuer = false;  // RFC 9207: an answer without `iss` is not his
};

inline constexpr std::string_view kDiscoveryPath = "/.well-known/openid-configuration";
inline constexpr std::size_t kDiscoveryBytesMax = 64 << 10;

// kVerificationFailed unless the document is that of `issuer`, letter by letter, and allows a code, PKCE with S256,
// RS256 or ES256, and a client secret. An issuer with https names addresses with https alone.
Result<Discovery> ReadDiscovery(std::string_view text, const Endpoint& issuer);

}  // namespace cloister::control
