#include "attestation/binding.h"

#include <array>

#include "base/check.h"
#include "codec/text.h"
#include "crypto/digest.h"

namespace cloister::attestation {
namespace {

constexpr std::array kOrigins = {Origin::kGenerated, Origin::kRecovering, Origin::kRecovered};

void AppendField(Bytes& to, ByteView field) {
  AppendBigEndian64(to, field.size());
  Append(to, field);
}

Result<crypto::Ed25519PublicKey> DecodeKey(codec::ObjectReader& in, std::string_view name, ByteView raw) {
  Result<crypto::Ed25519PublicKey> key = crypto::Ed25519PublicKey::FromRaw(raw);
  if (!key) return InvalidArgument(in.Path(name) + " must be an Ed25519 public key");
  return key;
}

}  // namespace

std::string_view OriginName(Origin origin) {
  switch (origin) {
    case Origin::kGenerated: return "generated";
    case Origin::kRecovering: return "recovering";
    case Origin::kRecovered: return "recovered";
  }
  internal::CheckFailed(__FILE__, __LINE__, "an origin outside its enumeration");
}

Result<Origin> ParseOrigin(std::string_view name) {
  for (const Origin origin : kOrigins) {
    if (name == OriginName(origin)) return origin;
  }
  return InvalidArgument("an origin must be generated, recovering or recovered");
}

codec::Json EncodeBootKeys(const BootKeys& keys) {
  codec::JsonObject json;
  json["checkpoint_key"] = codec::Base64UrlEncode(keys.checkpoint_key.raw());
  json["document_key"] = codec::Base64UrlEncode(keys.document_key.raw());
  return json;
}

Result<BootKeys> DecodeBootKeys(const codec::Json& json, const std::string& where) {
  codec::ObjectReader in(json, where);
  const Bytes checkpoint_raw = in.Base64Url("checkpoint_key", 32);
  const Bytes document_raw = in.Base64Url("document_key", 32);
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(const auto checkpoint_key, DecodeKey(in, "checkpoint_key", checkpoint_raw));
  CLOISTER_ASSIGN(const auto document_key, DecodeKey(in, "document_key", document_raw));
  return BootKeys{.checkpoint_key = checkpoint_key, .document_key = document_key};
}

ByteArray<64> Binding(const BindingInput& input) {
  Bytes fields;
  AppendField(fields, AsBytes("cloister/v1/binding"));
  AppendField(fields, AsBytes(OriginName(input.origin)));
  AppendField(fields, AsBytes(codec::CanonicalJson(EncodeBootKeys(input.keys))));
  AppendField(fields, input.recipient_commitment);
  AppendField(fields, input.charter);
  AppendField(fields, input.nonce);
  return crypto::Sha512(fields);
}

}  // namespace cloister::attestation
