#include "crypto/jws.h"

#include "codec/text.h"
#include "crypto/compact_jws.h"
#include "crypto/digest.h"

namespace cloister::crypto {
namespace {

constexpr std::size_t kTypBytesMax = 64;
constexpr std::size_t kHeaderBytesMax = 256;  // kid 43, typ kTypBytesMax, names and quotes
constexpr std::size_t kThumbprintBytes = 32;

// The one header there is for a kid and a typ.
std::string Header(std::string_view kid, std::string_view typ) {
  codec::JsonObject header;
  header["alg"] = "EdDSA";
  header["kid"] = kid;
  header["typ"] = typ;
  return codec::CanonicalJson(header);
}

struct Jws {
  std::string typ, kid;
  codec::Json payload;
  ByteView signing_input;  // into the compact text
  Bytes signature;
};

Result<CompactJws> Split(std::string_view compact) {
  if (compact.size() > kJwsBytesMax) {
    return InvalidArgument("a JWS must not be longer than " + std::to_string(kJwsBytesMax) + " bytes");
  }
  const auto parts = SplitCompactJws(compact);
  if (!parts) return InvalidArgument("a JWS in compact form must have three parts");
  return *parts;
}

Status ReadHeader(std::string_view encoded, Jws& jws) {
  CLOISTER_ASSIGN(const Bytes bytes, codec::Base64UrlDecode(encoded));
  CLOISTER_ASSIGN(const codec::Json json, codec::ParseJson(AsText(bytes), {.bytes_max = kHeaderBytesMax}));
  codec::ObjectReader in(json, "JWS header");
  if (in.String("alg") != "EdDSA") in.Fail("alg", "must be EdDSA");
  jws.kid = in.String("kid");
  jws.typ = in.String("typ", kTypBytesMax);
  if (jws.typ.empty()) in.Fail("typ", "must not be empty");
  CLOISTER_TRY(in.Finish());
  const Result<Bytes> thumbprint = codec::Base64UrlDecode(jws.kid);
  if (!thumbprint || thumbprint->size() != kThumbprintBytes) {
    return InvalidArgument("JWS header.kid must be a key thumbprint (RFC 7638)");
  }
  if (Header(jws.kid, jws.typ) != AsText(bytes)) return InvalidArgument("JWS header is not canonical JSON");
  return {};
}

Status ReadPayload(std::string_view encoded, Jws& jws) {
  CLOISTER_ASSIGN(const Bytes bytes, codec::Base64UrlDecode(encoded));
  CLOISTER_ASSIGN(jws.payload, codec::ParseJson(AsText(bytes), {.bytes_max = kJwsBytesMax}));
  if (!jws.payload.is_object()) return InvalidArgument("JWS payload must be a JSON object");
  if (codec::CanonicalJson(jws.payload) != AsText(bytes)) {
    return InvalidArgument("JWS payload is not canonical JSON (RFC 8785)");
  }
  return {};
}

Result<Jws> ReadJws(std::string_view compact) {
  CLOISTER_ASSIGN(const CompactJws parts, Split(compact));
  Jws jws;
  CLOISTER_TRY(ReadHeader(parts.header, jws));
  CLOISTER_TRY(ReadPayload(parts.payload, jws));
  CLOISTER_ASSIGN(jws.signature, codec::Base64UrlDecode(parts.signature));
  if (jws.signature.size() != sizeof(Ed25519Signature)) {
    return InvalidArgument("JWS signature must be 64 bytes");
  }
  jws.signing_input = AsBytes(parts.signing_input);
  return jws;
}

}  // namespace

Result<std::string> SignJws(const Signer& signer, std::string_view typ, const codec::Json& payload) {
  const std::string header = Header(signer.public_key().Thumbprint(), typ);
  std::string compact = codec::Base64UrlEncode(AsBytes(header)) + "." +
                        codec::Base64UrlEncode(AsBytes(codec::CanonicalJson(payload)));
  CLOISTER_ASSIGN(const Ed25519Signature signature, signer.Sign(AsBytes(compact)));
  compact += "." + codec::Base64UrlEncode(signature);
  // A document that our own reader would refuse (too large, too deep, not an object) must not go out signed.
  CLOISTER_TRY(ReadJws(compact));
  return compact;
}

Result<UnverifiedJws> PeekJws(std::string_view compact) {
  CLOISTER_ASSIGN(Jws jws, ReadJws(compact));
  return UnverifiedJws{.typ = std::move(jws.typ), .kid = std::move(jws.kid)};
}

Result<VerifiedJws> VerifyJws(std::string_view compact, std::string_view typ, const Ed25519PublicKey& key) {
  CLOISTER_ASSIGN(Jws jws, ReadJws(compact));
  if (jws.typ != typ) {
    return VerificationFailed("the document is a " + jws.typ + ", not a " + std::string(typ));
  }
  if (jws.kid != key.Thumbprint()) return VerificationFailed("the document is signed by another key");
  CLOISTER_TRY(key.Verify(jws.signing_input, jws.signature));
  VerifiedJws verified;
  verified.compact_ = compact;
  verified.typ_ = std::move(jws.typ);
  verified.kid_ = std::move(jws.kid);
  verified.payload_ = std::move(jws.payload);
  verified.digest_ = Sha256(jws.signing_input);
  return verified;
}

Result<Digest256> JwsDigest(std::string_view compact) {
  CLOISTER_ASSIGN(const Jws jws, ReadJws(compact));
  return Sha256(jws.signing_input);
}

}  // namespace cloister::crypto
