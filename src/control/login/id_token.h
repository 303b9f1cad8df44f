#pragma once

// Whom an ID token is about (OpenID Connect Core 1.0 sections 2 and 3.1.3.7), after its signature was found right.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/token.h"

namespace cloister::control {

inline constexpr std::string_view kGoogleIssuer = "https://accounts.google.com";
inline constexpr std::int64_t kClockLeewaySeconds = 60;  // two machines, each with its own idea of now

// What this server expects of a token.
struct TokenTerms {
  std::string issuer;
  std::string client_id;
  std::vector<std::string> domains = {};  // Google Workspace organisations that may come in; empty: everybody
};

// Somebody whom the issuer has authenticated. `issuer` and `subject` are who he is; the address is where he is reached
// today. Only ReadIdentity makes one.
struct Identity {
  std::string issuer;
  std::string subject;
  std::string email;         // lower case; the issuer has verified it
  std::string name;          // may be empty
  std::string organisation;  // `hd`; may be empty
  // The issuer answers for the address itself, not only for that he saw a mail arrive there once. An address of another
  // domain may have gone to somebody else since Google saw it (Google, "Verify the Google ID token").
  bool authoritative = false;
};

// Of one login, beside the token.
struct LoginFacts {
  std::string_view nonce;
  std::string_view access_token;
  Instant now;
};

// kVerificationFailed, with which claim, unless every claim is as `terms` and `facts` have it; kPermissionDenied for
// somebody of another organisation than `terms.domains`.
Result<Identity> ReadIdentity(const crypto::VerifiedToken& token, const TokenTerms& terms, const LoginFacts& facts);

}  // namespace cloister::control
