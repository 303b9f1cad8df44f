#include "enclave/boot_identity.h"

#include "agreement/keys.h"
#include "codec/json.h"
#include "codec/text.h"
#include "crypto/x25519.h"
#include "sealing/open_reader.h"
#include "sealing/seal_writer.h"

namespace cloister::enclave {
namespace {

constexpr std::size_t kRecoveryPlaintextBytesMax = 4096;

SecretBytes NewEnvironmentKey(Rng& rng) {
  SecretBytes key(agreement::kEnvironmentKeyBytes);
  rng.Fill(key.mutable_view());
  return key;
}

}  // namespace

BootIdentity BootIdentity::Generate(Rng& rng) {
  return BootIdentity(attestation::Origin::kGenerated, NewEnvironmentKey(rng), rng);
}

BootIdentity BootIdentity::Recover(SecretBytes environment_key, Rng& rng) {
  return BootIdentity(attestation::Origin::kRecovered, std::move(environment_key), rng);
}

BootIdentity::BootIdentity(attestation::Origin origin, SecretBytes environment_key, Rng& rng)
    : origin_(origin),
      environment_key_(std::move(environment_key)),
      seal_key_(agreement::LedgerSealKey(environment_key_)),
      document_key_(crypto::Ed25519Signer::Generate(rng)),
      checkpoint_key_(crypto::Ed25519Signer::Generate(rng)) {}

attestation::BootKeys BootIdentity::public_keys() const {
  return {.checkpoint_key = checkpoint_key_.public_key(), .document_key = document_key_.public_key()};
}

Result<sealing::AgeIdentity> BootIdentity::DatasetIdentity(const agreement::Thumbprint& owner) const {
  CLOISTER_ASSIGN(auto key,
                  crypto::X25519PrivateKey::FromSecret(agreement::DatasetIdentitySecret(environment_key_, owner)));
  return sealing::AgeIdentity::FromPrivateKey(std::move(key));
}

Result<std::vector<attestation::DatasetRecipient>> BootIdentity::DatasetRecipients(
    const agreement::Charter& charter) const {
  std::vector<attestation::DatasetRecipient> recipients;
  for (const agreement::Participant& participant : charter.participants) {
    CLOISTER_ASSIGN(const sealing::AgeIdentity identity, DatasetIdentity(participant.thumbprint));
    recipients.push_back({.thumbprint = participant.thumbprint, .recipient = identity.recipient().Text()});
  }
  return recipients;
}

namespace {

// The member's text, where it lies: a JSON value goes back to the heap as it was.
void WipeKey(codec::JsonObject& object) {
  if (auto* key = object.if_contains("environment_key"); key != nullptr && key->is_string()) {
    Wipe({reinterpret_cast<std::uint8_t*>(key->get_string().data()), key->get_string().size()});
  }
}

}  // namespace

Result<Bytes> WrapEnvironmentKey(const BootIdentity& identity, const EnvironmentId& environment,
                                 const Digest256& entry_0, const sealing::AgeRecipient& sealer, Rng& rng) {
  codec::JsonObject plaintext;
  plaintext["environment"] = environment.str();
  std::string key = codec::Base64UrlEncode(identity.environment_key().view());
  plaintext["environment_key"] = key;
  Wipe(key);
  plaintext["entry_0"] = codec::HexEncode(entry_0);
  std::string text = codec::CanonicalJson(plaintext);
  WipeKey(plaintext);
  auto blob = sealing::SealBytes(AsBytes(text), {&sealer, 1}, rng);
  Wipe(text);
  return blob;
}

Result<RecoveredKey> UnwrapEnvironmentKey(ByteView blob, const EnvironmentId& environment,
                                          const sealing::AgeIdentity& sealer) {
  const Result<SecretBytes> plaintext = sealing::OpenSecret(blob, sealer, kRecoveryPlaintextBytesMax);
  if (!plaintext && plaintext.error().code == Code::kPermissionDenied) {
    return FailedPrecondition("the environment key is sealed to another sealer than this server's; start the server "
                              "with the sealer file that it had before (--sealer)");
  }
  if (!plaintext) return plaintext.error();
  CLOISTER_ASSIGN(codec::Json json, codec::ParseJson(AsText(plaintext->view())));
  codec::ObjectReader in(json, "recovery");
  const std::string of = in.String("environment");
  Bytes key = in.Base64Url("environment_key", agreement::kEnvironmentKeyBytes);
  const Digest256 entry_0 = in.HexDigest("entry_0");
  RecoveredKey recovered{.environment_key = SecretBytes::TakeFrom(key), .entry_0 = entry_0};
  const Status whole = in.Finish();
  if (auto* object = json.if_object()) WipeKey(*object);
  CLOISTER_TRY(whole);
  if (of != environment.str()) return VerificationFailed("the recovery blob belongs to another environment");
  return recovered;
}

}  // namespace cloister::enclave
