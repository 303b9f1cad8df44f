#include "control/login/id_token.h"

#include <algorithm>

#include "codec/ascii.h"
#include "codec/text.h"
#include "control/login/picked.h"
#include "crypto/digest.h"

namespace cloister::control {
namespace {

constexpr std::size_t kSubjectCharsMax = 255;  // OpenID Connect Core 1.0 section 2
constexpr std::size_t kAudiencesMax = 8;
constexpr std::size_t kTextCharsMax = 1024;
constexpr std::int64_t kSecondsMax = 253'402'300'799;  // the year 9999

struct Claims {
  std::string issuer, subject, nonce, email;
  std::vector<std::string> audience;
  std::int64_t expires = 0, issued = 0;
  std::optional<std::int64_t> not_before;
  bool email_verified = false;
  std::optional<std::string> party, access_digest, domain, name;
};

Error Wrong(std::string_view claim, std::string_view why) {
  return VerificationFailed("the issuer's token is not for this login: " + std::string(claim) + " " + std::string(why));
}

// RFC 7519 section 4.1.3: one text, or a list of them.
std::vector<std::string> ReadAudience(codec::ObjectReader& in, const codec::Json& claims) {
  const codec::Json* aud = claims.as_object().if_contains("aud");
  if (aud != nullptr && aud->is_array()) return in.Strings("aud", kAudiencesMax);
  return {in.String("aud", kTextCharsMax)};
}

Result<Claims> ReadClaims(const codec::JsonObject& payload) {
  const codec::Json picked = Picked(payload, {"iss", "sub", "aud", "azp", "exp", "iat", "nbf", "nonce", "at_hash",
                                              "email", "email_verified", "hd", "name"});
  codec::ObjectReader in(picked, "");
  Claims claims{.issuer = in.String("iss", kTextCharsMax),
                .subject = in.String("sub", kSubjectCharsMax),
                .nonce = in.String("nonce", kTextCharsMax),
                .email = in.String("email", kTextCharsMax),
                .audience = ReadAudience(in, picked),
                .expires = in.Integer("exp", 0, kSecondsMax),
                .issued = in.Integer("iat", 0, kSecondsMax),
                .not_before = in.OptionalInteger("nbf", 0, kSecondsMax),
                .email_verified = in.Bool("email_verified"),
                .party = in.OptionalString("azp", kTextCharsMax),
                .access_digest = in.OptionalString("at_hash", kTextCharsMax),
                .domain = in.OptionalString("hd", kTextCharsMax),
                .name = in.OptionalString("name", kTextCharsMax)};
  if (const Status read = in.Finish(); !read) {
    return VerificationFailed("the issuer's token cannot be used: " + read.error().public_message);
  }
  return claims;
}

// Google's own documents name it with and without the scheme.
bool IsIssuer(std::string_view said, std::string_view expected) {
  return said == expected || (expected == kGoogleIssuer && said == "accounts.google.com");
}

Status CheckParties(const Claims& claims, const TokenTerms& terms) {
  if (!IsIssuer(claims.issuer, terms.issuer)) return Wrong("iss", "is another issuer");
  if (std::ranges::find(claims.audience, terms.client_id) == claims.audience.end()) {
    return Wrong("aud", "is another client");
  }
  if (claims.audience.size() > 1 && !claims.party) return Wrong("azp", "is missing where there are several audiences");
  if (claims.party && *claims.party != terms.client_id) return Wrong("azp", "is another client");
  const bool visible = std::ranges::all_of(claims.subject, [](char c) { return c > 0x20 && c < 0x7f; });
  if (claims.subject.empty() || !visible) return Wrong("sub", "is no identifier");
  return {};
}

Status CheckTimes(const Claims& claims, std::int64_t now) {
  if (claims.expires <= now - kClockLeewaySeconds) return Wrong("exp", "is over");
  if (claims.issued > now + kClockLeewaySeconds) return Wrong("iat", "is in the future");
  if (claims.not_before && *claims.not_before > now + kClockLeewaySeconds) return Wrong("nbf", "is in the future");
  return {};
}

// OpenID Connect Core 1.0 section 3.1.3.6, for the SHA-256 of RS256 and ES256.
Status CheckBindings(const Claims& claims, const LoginFacts& facts) {
  if (!crypto::EqualInConstantTime(AsBytes(claims.nonce), AsBytes(facts.nonce))) {
    return Wrong("nonce", "is of another login");
  }
  const Digest256 digest = crypto::Sha256(AsBytes(facts.access_token));
  const std::string half = codec::Base64UrlEncode(ByteView(digest).first(digest.size() / 2));
  if (claims.access_digest && *claims.access_digest != half) return Wrong("at_hash", "is of another access token");
  return {};
}

Status CheckDomain(const Claims& claims, const TokenTerms& terms) {
  if (terms.domains.empty()) return {};
  const std::string domain = codec::LowerCase(claims.domain.value_or(""));
  if (std::ranges::find(terms.domains, domain) != terms.domains.end()) return {};
  return Error{Code::kPermissionDenied, "this server is for accounts of another organisation"};
}

bool IsAuthoritative(const Claims& claims, const std::string& email, const TokenTerms& terms) {
  if (terms.issuer != kGoogleIssuer) return true;  // whoever runs this server chose an issuer of his own
  const bool workspace = claims.domain && !claims.domain->empty();
  return workspace || email.ends_with("@gmail.com");
}

}  // namespace

Result<Identity> ReadIdentity(const crypto::VerifiedToken& token, const TokenTerms& terms, const LoginFacts& facts) {
  CLOISTER_ASSIGN(const Claims claims, ReadClaims(token.payload()));
  CLOISTER_TRY(CheckParties(claims, terms));
  CLOISTER_TRY(CheckTimes(claims, facts.now.unix_ms / 1000));
  CLOISTER_TRY(CheckBindings(claims, facts));
  if (!claims.email_verified) return Wrong("email_verified", "is false: the issuer does not know whose address it is");
  CLOISTER_TRY(CheckDomain(claims, terms));
  const std::string email = codec::LowerCase(claims.email);
  return Identity{.issuer = terms.issuer,
                  .subject = claims.subject,
                  .email = email,
                  .name = claims.name.value_or(""),
                  .organisation = codec::LowerCase(claims.domain.value_or("")),
                  .authoritative = IsAuthoritative(claims, email, terms)};
}

}  // namespace cloister::control
