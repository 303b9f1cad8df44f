#include "crypto/token.h"

#include <algorithm>

#include "codec/text.h"
#include "crypto/compact_jws.h"

namespace cloister::crypto {
namespace {

constexpr std::size_t kHeaderBytesMax = 2048;
constexpr std::size_t kKidBytesMax = 256;

struct Header {
  std::string alg, kid;
};

Result<CompactJws> Split(std::string_view compact) {
  if (compact.size() > kTokenBytesMax) return VerificationFailed("the token is too long");
  const auto parts = SplitCompactJws(compact);
  if (!parts) return VerificationFailed("a token must have three parts");
  return *parts;
}

// One part as a JSON object.
Result<codec::JsonObject> ReadObject(std::string_view encoded, std::string_view what, std::size_t bytes_max) {
  const auto bytes = codec::Base64UrlDecode(encoded);
  if (!bytes) return VerificationFailed("the token's " + std::string(what) + " is not base64url");
  auto json = codec::ParseJson(AsText(*bytes), {.bytes_max = bytes_max});
  if (!json || !json->is_object()) {
    return VerificationFailed("the token's " + std::string(what) + " is no JSON object, or names a member twice");
  }
  return std::move(json->get_object());
}

// RFC 7515 section 4.1. Members that we do not know say nothing about the signature and are ignored.
Result<Header> ReadHeader(std::string_view encoded) {
  CLOISTER_ASSIGN(const codec::JsonObject header, ReadObject(encoded, "header", kHeaderBytesMax));
  for (const char* name : {"crit", "jwk", "jku", "x5c", "x5u", "b64"}) {
    if (header.contains(name)) return VerificationFailed("the token's header has the member " + std::string(name));
  }
  const auto text = [&](std::string_view name) -> std::string {
    const codec::Json* member = header.if_contains(name);
    return member != nullptr && member->is_string() ? std::string(member->get_string()) : "";
  };
  if (header.contains("typ") && text("typ") != "JWT") return VerificationFailed("the token is no JWT");
  Header read{.alg = text("alg"), .kid = text("kid")};
  if (read.alg != "RS256" && read.alg != "ES256") {
    return VerificationFailed("the token is signed neither with RS256 nor with ES256");
  }
  if (read.kid.empty() || read.kid.size() > kKidBytesMax) return VerificationFailed("the token names no key");
  return read;
}

}  // namespace

Result<std::string> PeekTokenKid(std::string_view compact) {
  CLOISTER_ASSIGN(const CompactJws parts, Split(compact));
  CLOISTER_ASSIGN(Header header, ReadHeader(parts.header));
  return std::move(header.kid);
}

Result<VerifiedToken> VerifyToken(std::string_view compact, const std::vector<Jwk>& keys) {
  CLOISTER_ASSIGN(const CompactJws parts, Split(compact));
  CLOISTER_ASSIGN(const Header header, ReadHeader(parts.header));
  const auto named = [&](const Jwk& key) { return key.kid() == header.kid; };
  const auto key = std::ranges::find_if(keys, named);
  if (key == keys.end()) return VerificationFailed("the token names a key that its issuer does not publish");
  // Two keys of one name would make the signer a matter of taste.
  if (std::find_if(std::next(key), keys.end(), named) != keys.end()) {
    return VerificationFailed("the token's issuer publishes two keys of that name");
  }
  const auto signature = codec::Base64UrlDecode(parts.signature);
  if (!signature) return VerificationFailed("the token's signature is not base64url");
  CLOISTER_TRY(key->Verify(header.alg, AsBytes(parts.signing_input), *signature));
  CLOISTER_ASSIGN(codec::JsonObject payload, ReadObject(parts.payload, "payload", kTokenBytesMax));
  return VerifiedToken(std::move(payload));
}

}  // namespace cloister::crypto
