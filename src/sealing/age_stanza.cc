#include "sealing/age_stanza.h"

#include <algorithm>

#include "codec/text.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"

namespace cloister::sealing {
namespace {

constexpr std::string_view kX25519 = "X25519";
constexpr std::string_view kScrypt = "scrypt";
constexpr std::string_view kX25519Info = "age-encryption.org/v1/X25519";
constexpr std::string_view kScryptSaltLabel = "age-encryption.org/v1/scrypt";
constexpr std::size_t kWrappedBytes = kFileKeyBytes + crypto::ChaCha20Poly1305::kTagBytes;
constexpr std::size_t kScryptSaltBytes = 16;
constexpr int kScryptLogWorkMax = crypto::kScryptLogNMax;
constexpr ByteArray<12> kZeroNonce{};  // each wrap key wraps once

struct Share {
  crypto::X25519PublicKey ephemeral;
  crypto::X25519PublicKey recipient;
};

SecretBytes WrapKey(const SecretBytes& shared_secret, const Share& share) {
  Bytes salt = ToBytes(share.ephemeral);
  Append(salt, share.recipient);
  return crypto::HkdfSha256(shared_secret.view(), salt, AsBytes(kX25519Info),
                            crypto::ChaCha20Poly1305::kKeyBytes);
}

Error Malformed(std::string_view type, std::string_view problem) {
  return InvalidArgument("age header: a malformed " + std::string(type) + " stanza: " + std::string(problem));
}

// A body of another size must never reach the AEAD: a ciphertext can be made that opens under many keys, and
// each try would tell its maker which of them is here.
Status CheckBody(const AgeStanza& stanza) {
  if (stanza.body.size() != kWrappedBytes) {
    return Malformed(stanza.arguments[0], "its body must hold 32 bytes");
  }
  return {};
}

Status CheckX25519(const AgeStanza& stanza) {
  if (stanza.arguments.size() != 2) return Malformed(kX25519, "it must have one argument");
  auto share = codec::Base64DecodeUnpadded(stanza.arguments[1]);
  if (!share || share->size() != 32) {
    return Malformed(kX25519, "its share must be canonical base64 of 32 bytes");
  }
  return CheckBody(stanza);
}

// The work factor's exponent in decimal without a leading zero. Its bound keeps a stranger's file from
// costing minutes and gigabytes before anything of it is authenticated.
bool IsWorkFactor(std::string_view text) {
  const bool decimal = !text.empty() && text.size() <= 2 && text[0] != '0' &&
                       std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return decimal && std::stoi(std::string(text)) <= kScryptLogWorkMax;
}

Status CheckScrypt(const AgeStanza& stanza) {
  if (stanza.arguments.size() != 3) return Malformed(kScrypt, "it must have two arguments");
  auto salt = codec::Base64DecodeUnpadded(stanza.arguments[1]);
  if (!salt || salt->size() != kScryptSaltBytes) {
    return Malformed(kScrypt, "its salt must be canonical base64 of 16 bytes");
  }
  if (!IsWorkFactor(stanza.arguments[2])) {
    return Malformed(kScrypt, "its work factor must be a decimal number up to 22");
  }
  return CheckBody(stanza);
}

Status CheckStanzas(const std::vector<AgeStanza>& stanzas) {
  for (const AgeStanza& stanza : stanzas) {
    if (stanza.arguments[0] == kX25519) CLOISTER_TRY(CheckX25519(stanza));
    if (stanza.arguments[0] != kScrypt) continue;
    CLOISTER_TRY(CheckScrypt(stanza));
    if (stanzas.size() != 1) return Malformed(kScrypt, "a passphrase must be a file's only recipient");
  }
  return {};
}

std::optional<SecretBytes> OpenBody(const AgeStanza& stanza, const SecretBytes& wrap_key) {
  SecretBytes file_key(kFileKeyBytes);
  crypto::ChaCha20Poly1305 aead(wrap_key.view());
  if (!aead.Open(kZeroNonce, stanza.body, {}, file_key.mutable_view())) return std::nullopt;
  return file_key;
}

Result<std::optional<SecretBytes>> Unwrap(const AgeStanza& stanza, const AgeIdentity& identity) {
  CLOISTER_ASSIGN(const Bytes share, codec::Base64DecodeUnpadded(stanza.arguments[1]));
  const auto ephemeral = ToArray<32>(share);
  auto shared_secret = identity.key().Agree(ephemeral);
  if (!shared_secret) return Malformed(kX25519, "its share is a low-order point");
  return OpenBody(stanza, WrapKey(*shared_secret, {.ephemeral = ephemeral,
                                                   .recipient = identity.recipient().public_key()}));
}

Result<std::optional<SecretBytes>> Unwrap(const AgeStanza& stanza, std::string_view passphrase) {
  Bytes salt = ToBytes(kScryptSaltLabel);
  CLOISTER_ASSIGN(const Bytes own_salt, codec::Base64DecodeUnpadded(stanza.arguments[1]));
  Append(salt, own_salt);
  CLOISTER_ASSIGN(const SecretBytes wrap_key,
                  crypto::Scrypt({.password = AsBytes(passphrase),
                                  .salt = salt,
                                  .log_n = std::stoi(stanza.arguments[2])}));
  return OpenBody(stanza, wrap_key);
}

// The first of `keys` that opens the first of `stanzas` of this type.
template <typename Keys>
Result<std::optional<SecretBytes>> UnwrapFirst(const std::vector<AgeStanza>& stanzas, std::string_view type,
                                               const Keys& keys) {
  for (const auto& key : keys) {
    for (const AgeStanza& stanza : stanzas) {
      if (stanza.arguments[0] != type) continue;
      CLOISTER_ASSIGN(auto file_key, Unwrap(stanza, key));
      if (file_key) return file_key;
    }
  }
  return std::optional<SecretBytes>();
}

}  // namespace

Result<AgeStanza> WrapFileKey(const SecretBytes& file_key, const AgeRecipient& recipient, Rng& rng) {
  const auto ephemeral = crypto::X25519PrivateKey::Generate(rng);
  CLOISTER_ASSIGN(const SecretBytes shared_secret, ephemeral.Agree(recipient.public_key()));
  const SecretBytes key =
      WrapKey(shared_secret, {.ephemeral = ephemeral.public_key(), .recipient = recipient.public_key()});
  Bytes body(kWrappedBytes);
  crypto::ChaCha20Poly1305(key.view()).Seal(kZeroNonce, file_key.view(), {}, body);
  return AgeStanza{.arguments = {std::string(kX25519), codec::Base64EncodeUnpadded(ephemeral.public_key())},
                   .body = std::move(body)};
}

Result<std::optional<SecretBytes>> UnwrapFileKey(const std::vector<AgeStanza>& stanzas, const AgeKeys& keys) {
  CLOISTER_TRY(CheckStanzas(stanzas));
  CLOISTER_ASSIGN(auto file_key, UnwrapFirst(stanzas, kX25519, keys.identities));
  if (file_key) return file_key;
  return UnwrapFirst(stanzas, kScrypt, keys.passphrases);
}

}  // namespace cloister::sealing
