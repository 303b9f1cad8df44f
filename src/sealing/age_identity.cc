#include "sealing/age_identity.h"

#include <algorithm>

#include "sealing/bech32.h"

namespace cloister::sealing {
namespace {

constexpr std::string_view kRecipientPrefix = "age";
constexpr std::string_view kIdentityPrefix = "age-secret-key-";

bool HasCharacterIn(std::string_view text, char first, char last) {
  return std::any_of(text.begin(), text.end(), [&](char c) { return c >= first && c <= last; });
}

// Clamping makes every private scalar a multiple of the cofactor, so any one of them turns a low-order point
// into zero.
Status CheckOrder(const crypto::X25519PublicKey& key) {
  CLOISTER_ASSIGN(const auto probe,
                  crypto::X25519PrivateKey::FromSecret(SecretBytes::CopyOf(Bytes(32, 0x42))));
  if (!probe.Agree(key)) {
    return VerificationFailed("the age recipient is a low-order point: nothing sealed to it is secret");
  }
  return {};
}

}  // namespace

Result<AgeRecipient> AgeRecipient::FromPublicKey(const crypto::X25519PublicKey& key) {
  CLOISTER_TRY(CheckOrder(key));
  return AgeRecipient(key);
}

Result<AgeRecipient> AgeRecipient::Parse(std::string_view text) {
  if (HasCharacterIn(text, 'A', 'Z')) {
    return InvalidArgument("an age recipient is written in lower case: age1...");
  }
  CLOISTER_ASSIGN(const Bytes key, Bech32Decode(kRecipientPrefix, text));
  if (key.size() != 32) return InvalidArgument("an age recipient must hold 32 bytes");
  return FromPublicKey(ToArray<32>(key));
}

std::string AgeRecipient::Text() const { return Bech32Encode(kRecipientPrefix, key_); }

AgeIdentity AgeIdentity::Generate(Rng& rng) { return AgeIdentity(crypto::X25519PrivateKey::Generate(rng)); }

Result<AgeIdentity> AgeIdentity::Parse(std::string_view text) {
  if (HasCharacterIn(text, 'a', 'z')) {
    return InvalidArgument("an age identity is written in upper case: AGE-SECRET-KEY-1...");
  }
  CLOISTER_ASSIGN(Bytes raw, Bech32Decode(kIdentityPrefix, text));
  SecretBytes secret = SecretBytes::TakeFrom(raw);
  if (secret.size() != 32) return InvalidArgument("an age identity must hold 32 bytes");
  CLOISTER_ASSIGN(auto key, crypto::X25519PrivateKey::FromSecret(std::move(secret)));
  return AgeIdentity(std::move(key));
}

SecretBytes AgeIdentity::SecretText() const {
  std::string text = Bech32Encode(kIdentityPrefix, key_.secret().view());
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  SecretBytes secret = SecretBytes::CopyOf(AsBytes(text));
  Wipe(text);
  return secret;
}

}  // namespace cloister::sealing
