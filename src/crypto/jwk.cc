#include "crypto/jwk.h"

#include <algorithm>
#include <array>
#include <set>

#include "codec/text.h"

namespace cloister::crypto {
namespace {

constexpr std::size_t kKidBytesMax = 256;
constexpr std::size_t kKeyOpsMax = 8;
constexpr std::size_t kNumberCharsMax = 2048;

struct JwsAlgorithm {
  std::string_view name;
  KeyKind kind;
  SignatureScheme scheme;
};
// RFC 7518 section 3.1 and RFC 8037 section 3.1. ECDSA algorithms are bound to one curve each.
constexpr std::array kAlgorithms = {
    JwsAlgorithm{"ES256", KeyKind::kP256, SignatureScheme::kEcdsaSha256Raw},
    JwsAlgorithm{"ES384", KeyKind::kP384, SignatureScheme::kEcdsaSha384Raw},
    JwsAlgorithm{"ES512", KeyKind::kP521, SignatureScheme::kEcdsaSha512Raw},
    JwsAlgorithm{"RS256", KeyKind::kRsa, SignatureScheme::kRsaPkcs1Sha256},
    JwsAlgorithm{"RS384", KeyKind::kRsa, SignatureScheme::kRsaPkcs1Sha384},
    JwsAlgorithm{"RS512", KeyKind::kRsa, SignatureScheme::kRsaPkcs1Sha512},
    JwsAlgorithm{"PS256", KeyKind::kRsa, SignatureScheme::kRsaPssSha256},
    JwsAlgorithm{"PS384", KeyKind::kRsa, SignatureScheme::kRsaPssSha384},
    JwsAlgorithm{"PS512", KeyKind::kRsa, SignatureScheme::kRsaPssSha512},
    JwsAlgorithm{"EdDSA", KeyKind::kEd25519, SignatureScheme::kEd25519},
};

const JwsAlgorithm* FindAlgorithm(std::string_view name) {
  const auto* found = std::find_if(kAlgorithms.begin(), kAlgorithms.end(),
                                   [&](const JwsAlgorithm& algorithm) { return algorithm.name == name; });
  return found == kAlgorithms.end() ? nullptr : found;
}

// A required member as bytes.
Result<Bytes> ReadNumber(const codec::JsonObject& jwk, std::string_view name) {
  const codec::Json* member = jwk.if_contains(name);
  if (member == nullptr || !member->is_string() || member->get_string().size() > kNumberCharsMax) {
    return VerificationFailed("JWK." + std::string(name) + " must be a base64url text");
  }
  return codec::Base64UrlDecode(std::string_view(member->get_string()));
}

// Absent, or a text.
Result<std::optional<std::string>> ReadText(const codec::JsonObject& jwk, std::string_view name) {
  const codec::Json* member = jwk.if_contains(name);
  if (member == nullptr) return std::optional<std::string>();
  if (!member->is_string() || member->get_string().size() > kKidBytesMax) {
    return VerificationFailed("JWK." + std::string(name) + " must be a short text");
  }
  return std::optional<std::string>(member->get_string());
}

Status RefuseMembers(const codec::JsonObject& jwk, std::initializer_list<std::string_view> names) {
  for (std::string_view name : names) {
    if (jwk.contains(name)) {
      return VerificationFailed("a public JWK must not have the member " + std::string(name));
    }
  }
  return {};
}

Result<VerifyingKey> ReadEc(const codec::JsonObject& jwk, std::string_view curve) {
  CLOISTER_TRY(RefuseMembers(jwk, {"n", "e"}));
  CLOISTER_ASSIGN(const Bytes x, ReadNumber(jwk, "x"));
  CLOISTER_ASSIGN(const Bytes y, ReadNumber(jwk, "y"));
  if (curve == "P-256") return VerifyingKey::FromEcPoint(KeyKind::kP256, {.x = x, .y = y});
  if (curve == "P-384") return VerifyingKey::FromEcPoint(KeyKind::kP384, {.x = x, .y = y});
  if (curve == "P-521") return VerifyingKey::FromEcPoint(KeyKind::kP521, {.x = x, .y = y});
  return VerificationFailed("JWK.crv must be P-256, P-384 or P-521");
}

Result<VerifyingKey> ReadRsa(const codec::JsonObject& jwk) {
  CLOISTER_TRY(RefuseMembers(jwk, {"crv", "x", "y"}));
  CLOISTER_ASSIGN(const Bytes modulus, ReadNumber(jwk, "n"));
  CLOISTER_ASSIGN(const Bytes exponent, ReadNumber(jwk, "e"));
  return VerifyingKey::FromRsa({.modulus = modulus, .exponent = exponent});
}

Result<VerifyingKey> ReadOkp(const codec::JsonObject& jwk, std::string_view curve) {
  CLOISTER_TRY(RefuseMembers(jwk, {"n", "e", "y"}));
  if (curve != "Ed25519") return VerificationFailed("JWK.crv must be Ed25519");
  CLOISTER_ASSIGN(const Bytes x, ReadNumber(jwk, "x"));
  CLOISTER_ASSIGN(const Ed25519PublicKey point, Ed25519PublicKey::FromRaw(x));
  return VerifyingKey::FromEd25519(point);
}

Result<VerifyingKey> ReadKey(const codec::JsonObject& jwk) {
  // RFC 7518 sections 6.2.2, 6.3.2 and 6.4: whoever publishes one of these has lost the key.
  CLOISTER_TRY(RefuseMembers(jwk, {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}));
  CLOISTER_ASSIGN(const auto kty, ReadText(jwk, "kty"));
  CLOISTER_ASSIGN(const auto crv, ReadText(jwk, "crv"));
  if (kty == "RSA") return ReadRsa(jwk);
  if (kty == "EC") return ReadEc(jwk, crv.value_or(""));
  if (kty == "OKP") return ReadOkp(jwk, crv.value_or(""));
  return VerificationFailed("JWK.kty must be EC, RSA or OKP");
}

// RFC 7517 sections 4.2 and 4.3.
Status CheckUse(const codec::JsonObject& jwk) {
  CLOISTER_ASSIGN(const auto use, ReadText(jwk, "use"));
  if (use && *use != "sig") return VerificationFailed("JWK.use must be sig");
  const codec::Json* operations = jwk.if_contains("key_ops");
  if (operations == nullptr) return {};
  const codec::JsonArray* list = operations->if_array();
  if (list == nullptr || list->size() > kKeyOpsMax) {
    return VerificationFailed("JWK.key_ops must be a short list");
  }
  std::set<std::string_view> seen;
  for (const codec::Json& operation : *list) {
    if (operation != "verify" && operation != "sign") {
      return VerificationFailed("JWK.key_ops must name verify and sign only");
    }
    if (!seen.insert(std::string_view(operation.get_string())).second) {
      return VerificationFailed("JWK.key_ops must not repeat itself");
    }
  }
  if (!seen.contains("verify")) return VerificationFailed("JWK.key_ops must allow verify");
  return {};
}

}  // namespace

Result<Jwk> Jwk::FromJson(const codec::Json& json) {
  const codec::JsonObject* members = json.if_object();
  if (members == nullptr) return VerificationFailed("a JWK must be a JSON object");
  CLOISTER_TRY(CheckUse(*members));
  CLOISTER_ASSIGN(VerifyingKey key, ReadKey(*members));
  Jwk jwk(std::move(key));
  CLOISTER_ASSIGN(jwk.kid_, ReadText(*members, "kid"));
  CLOISTER_ASSIGN(jwk.alg_, ReadText(*members, "alg"));
  if (jwk.alg_ && !jwk.Allows(*jwk.alg_)) {
    return VerificationFailed("JWK.alg is not a signature algorithm for this kind of key");
  }
  return jwk;
}

bool Jwk::Allows(std::string_view alg) const {
  const JwsAlgorithm* algorithm = FindAlgorithm(alg);
  return algorithm != nullptr && algorithm->kind == key_.kind() && (!alg_ || *alg_ == alg);
}

Status Jwk::Verify(std::string_view alg, ByteView signing_input, ByteView signature) const {
  if (!Allows(alg)) return VerificationFailed("the key is not for the algorithm that the signature names");
  return key_.Verify(FindAlgorithm(alg)->scheme, signing_input, signature);
}

Result<std::vector<Jwk>> ParseJwkSet(const codec::Json& json) {
  const codec::JsonObject* set = json.if_object();
  const codec::Json* keys = set != nullptr ? set->if_contains("keys") : nullptr;
  const codec::JsonArray* list = keys != nullptr ? keys->if_array() : nullptr;
  if (list == nullptr) return VerificationFailed("a JWK Set must be an object with a list named keys");
  if (list->size() > kJwkSetKeysMax) {
    return VerificationFailed("a JWK Set must not have more than " + std::to_string(kJwkSetKeysMax) +
                              " keys");
  }
  std::vector<Jwk> jwks;
  // RFC 7517 section 5: a key of a kind that is not understood does not take the others away.
  for (const codec::Json& item : *list) {
    if (Result<Jwk> jwk = Jwk::FromJson(item)) jwks.push_back(*std::move(jwk));
  }
  return jwks;
}

}  // namespace cloister::crypto
