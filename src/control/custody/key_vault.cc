#include "control/custody/key_vault.h"

#include <span>

#include "crypto/kdf.h"
#include "sealing/open_reader.h"
#include "sealing/seal_writer.h"

namespace cloister::control {
namespace {

// Plaintext: purpose, 32 bytes of signing seed, the text of the age identity. Not JSON, so that no parser or
// printer makes copies of keys that nobody wipes.
constexpr std::string_view kPurpose = "cloister/v1/custody\n";
constexpr std::size_t kSeedBytes = 32;
constexpr std::size_t kPlaintextBytesMax = 512;
constexpr std::size_t kTextBytesMax = 16 << 20;

Error Damaged() { return {Code::kDataLoss, "a key that the server keeps cannot be opened with its sealer"}; }

}  // namespace

ParticipantSecrets KeyVault::Make() const {
  return {.signer = crypto::Ed25519Signer::Generate(rng_), .identity = sealing::AgeIdentity::Generate(rng_)};
}

SecretBytes KeyVault::DeriveKey(std::string_view purpose) const {
  const SecretBytes identity = sealer_.SecretText();
  return crypto::HkdfSha256(identity.view(), AsBytes("cloister/v1/control"), AsBytes(purpose), 32);
}

Result<Bytes> KeyVault::Seal(const ParticipantSecrets& secrets) const {
  const SecretBytes identity = secrets.identity.SecretText();
  SecretBytes plaintext(kPurpose.size() + kSeedBytes + identity.size());
  const auto out = plaintext.mutable_view();
  std::memcpy(out.data(), kPurpose.data(), kPurpose.size());
  std::memcpy(out.data() + kPurpose.size(), secrets.signer.seed().view().data(), kSeedBytes);
  std::memcpy(out.data() + kPurpose.size() + kSeedBytes, identity.view().data(), identity.size());
  const sealing::AgeRecipient recipient = sealer_.recipient();
  return sealing::SealBytes(plaintext.view(), std::span(&recipient, 1), rng_);
}

Result<Bytes> KeyVault::SealText(std::string_view text) const {
  const sealing::AgeRecipient recipient = sealer_.recipient();
  return sealing::SealBytes(AsBytes(text), std::span(&recipient, 1), rng_);
}

Result<std::string> KeyVault::OpenText(ByteView sealed) const {
  const Result<Bytes> text = sealing::OpenBytes(sealed, sealer_, kTextBytesMax);
  if (!text) return Damaged();
  return std::string(AsText(*text));
}

Result<ParticipantSecrets> KeyVault::Open(ByteView sealed, std::string_view thumbprint) const {
  const Result<SecretBytes> plaintext = sealing::OpenSecret(sealed, sealer_, kPlaintextBytesMax);
  if (!plaintext) return Damaged();
  const ByteView bytes = plaintext->view();
  if (bytes.size() <= kPurpose.size() + kSeedBytes || AsText(bytes.first(kPurpose.size())) != kPurpose)
    return Damaged();
  auto signer = crypto::Ed25519Signer::FromSeed(SecretBytes::CopyOf(bytes.subspan(kPurpose.size(), kSeedBytes)));
  auto identity = sealing::AgeIdentity::Parse(AsText(bytes.subspan(kPurpose.size() + kSeedBytes)));
  if (!signer || !identity || signer->public_key().Thumbprint() != thumbprint) return Damaged();
  return ParticipantSecrets{.signer = *std::move(signer), .identity = *std::move(identity)};
}

}  // namespace cloister::control
