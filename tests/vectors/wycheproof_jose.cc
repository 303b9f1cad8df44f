// JWS in compact form under a JWK or a set of them. Asymmetric keys go through the product's strict reader
// (crypto/jwk.h); the rules around it are those of any careful verifier: the key decides the algorithm, never
// the header alone.
#include <algorithm>
#include <set>

#include "codec/json.h"
#include "codec/text.h"
#include "crypto/digest.h"
#include "crypto/jwk.h"
#include "vectors/jwe.h"
#include "vectors/library_crypto.h"
#include "vectors/wycheproof.h"

namespace cloister::vectors {
namespace {

struct Jws {
  JsonObject header;
  std::string signing_input;
  Bytes signature;
};

std::optional<Jws> ReadJws(const Json& value) {
  if (!value.is_string()) return std::nullopt;  // JSON serialization is not for us
  const std::string text(value.get_string());
  const std::size_t first = text.find('.'), last = text.rfind('.');
  if (first == text.npos || std::count(text.begin(), text.end(), '.') != 2) return std::nullopt;
  const Result<Bytes> header = codec::Base64UrlDecode(text.substr(0, first));
  const Result<Bytes> payload = codec::Base64UrlDecode(text.substr(first + 1, last - first - 1));
  Result<Bytes> signature = codec::Base64UrlDecode(text.substr(last + 1));
  if (!header || !payload || !signature) return std::nullopt;
  const auto json = codec::ParseJson(AsText(*header));
  // `crit` names extensions that a reader must understand; we understand none.
  if (!json || !json->is_object() || json->get_object().contains("crit")) return std::nullopt;
  return Jws{json->get_object(), text.substr(0, last), std::move(signature).value()};
}

std::string HeaderText(const JsonObject& header, std::string_view name) {
  const Json* member = header.if_contains(name);
  return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
}

// A group may hold a private key only; what a verifier would have got of it.
JsonObject PublicPart(JsonObject jwk) {
  if (!jwk.contains("d")) return jwk;
  for (const char* name : {"d", "p", "q", "dp", "dq", "qi", "key_ops"}) jwk.erase(name);
  return jwk;
}

bool VerifyHmac(const JsonObject& jwk, const Jws& jws) {
  const std::string alg = HeaderText(jws.header, "alg");
  const bool known = alg == "HS256" || alg == "HS384" || alg == "HS512";
  if (!known || (jwk.contains("alg") && Text(jwk, "alg") != alg)) return false;
  if (jwk.contains("use") && Text(jwk, "use") != "sig") return false;
  if (jwk.contains("key_ops")) {
    std::set<std::string> operations;
    for (const Json& operation : Array(jwk, "key_ops")) {
      if (!operation.is_string() || !operations.emplace(operation.get_string()).second) return false;
    }
    if (!operations.contains("verify")) return false;
  }
  const Result<Bytes> key = codec::Base64UrlDecode(Text(jwk, "k"));
  const std::size_t hash_bytes = static_cast<std::size_t>(std::stoi(alg.substr(2))) / 8;
  if (!key || key->size() < hash_bytes) return false;  // RFC 7518 section 3.2
  const Bytes mac = alg == "HS256" ? ToBytes(ByteView(crypto::HmacSha256(*key, AsBytes(jws.signing_input))))
                                   : LibraryHmac("SHA2-" + alg.substr(2), *key, AsBytes(jws.signing_input));
  return crypto::EqualInConstantTime(mac, jws.signature);
}

// Curves that the product does not know: ES256K (RFC 8812) and Ed448 (RFC 8037).
bool VerifyWithLibrary(const JsonObject& jwk, const Jws& jws) {
  const bool edwards = Text(jwk, "crv") == "Ed448";
  const std::string expected_alg = edwards ? "EdDSA" : "ES256K";
  if (HeaderText(jws.header, "alg") != expected_alg || TextOr(jwk, "alg", expected_alg) != expected_alg) {
    return false;
  }
  const auto key = KeyFromJwk(PublicPart(jwk));
  MaybeBytes signature = jws.signature;
  if (!edwards) signature = EcdsaDer(jws.signature, 32);
  if (key == nullptr || !signature) return false;
  return LibraryVerify({.key = key.get(), .digest = edwards ? "" : "SHA2-256"}, AsBytes(jws.signing_input),
                       *signature);
}

bool VerifyWith(const JsonObject& jwk, const Jws& jws) {
  const std::string kid = HeaderText(jws.header, "kid");
  if (!kid.empty() && jwk.contains("kid") && Text(jwk, "kid") != kid) return false;
  if (HeaderText(jwk, "kty") == "oct") return VerifyHmac(jwk, jws);
  const std::string curve = HeaderText(jwk, "crv");
  if (curve == "secp256k1" || curve == "P-256K" || curve == "Ed448") return VerifyWithLibrary(jwk, jws);
  const auto key = crypto::Jwk::FromJson(PublicPart(jwk));
  return key && key->Verify(HeaderText(jws.header, "alg"), AsBytes(jws.signing_input), jws.signature);
}

const JsonObject& VerificationKeys(const JsonObject& group) {
  return Object(group, group.contains("public") ? "public" : "private");
}

bool Accepts(const JsonObject& keys, const Jws& jws) {
  if (!keys.contains("keys")) return VerifyWith(keys, jws);
  const JsonArray& list = Array(keys, "keys");
  std::size_t symmetric = 0;
  for (const Json& jwk : list) symmetric += HeaderText(AsObject(jwk, "a JWK"), "kty") == "oct" ? 1 : 0;
  // A secret in a set that is made to be published is lost.
  if (symmetric != 0 && symmetric != list.size()) return false;
  return std::any_of(list.begin(), list.end(),
                     [&](const Json& jwk) { return VerifyWith(jwk.get_object(), jws); });
}

}  // namespace

bool KnowsJoseType(std::string_view type) {
  return type == "JsonWebCrypto" || type == "JsonWebSignature" || type == "JsonWebKey" ||
         type == "JsonWebEncryption";
}

Answer CheckJose(const WycheproofTest& test) {
  if (test.test.contains("jwe")) {
    const MaybeBytes plaintext = OpenJwe(Object(test.group, "private"), Member(test.test, "jwe"));
    if (!plaintext) return Answer::kRefused;
    const bool same = !test.test.contains("pt") || *plaintext == Hex(test.test, "pt");
    return same ? Answer::kAccepted : Answer::kWrong;
  }
  const std::optional<Jws> jws = ReadJws(Member(test.test, "jws"));
  return AcceptedIf(jws && Accepts(VerificationKeys(test.group), *jws));
}

}  // namespace cloister::vectors
