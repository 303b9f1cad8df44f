#pragma once

// What evidence is about. Hardware signs 64 bytes of the enclave's choosing; those are the hash of everything
// a client must not be lied to about: the keys of this boot, where the environment key came from, to whom
// datasets are sealed, under which charter, and the client's own nonce (docs/formats/documents.md,
// "Evidence").
//
//   binding = SHA-512 of each field preceded by its length as 8 bytes big-endian:
//             "cloister/v1/binding", origin, boot keys, recipient commitment, charter digest, nonce

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/json.h"
#include "crypto/signer.h"

namespace cloister::attestation {

// How this boot came to the environment key.
enum class Origin {
  kGenerated,   // made it, in this boot
  kRecovering,  // does not have it yet
  kRecovered,   // got it back as the charter's recovery allows
};
std::string_view OriginName(Origin origin);
Result<Origin> ParseOrigin(std::string_view name);

// Made at each boot, gone with it.
struct BootKeys {
  crypto::Ed25519PublicKey checkpoint_key;  // signs ledger checkpoints
  crypto::Ed25519PublicKey document_key;    // signs reports and receipts
  bool operator==(const BootKeys&) const = default;
};
codec::Json EncodeBootKeys(const BootKeys& keys);
Result<BootKeys> DecodeBootKeys(const codec::Json& json, const std::string& where);

using Nonce = ByteArray<32>;
inline constexpr Nonce kArchiveNonce{};  // of the evidence that a boot entry keeps

struct BindingInput {
  Origin origin = Origin::kRecovering;
  BootKeys keys;
  Digest256 recipient_commitment{};
  Digest256 charter{};
  Nonce nonce{};
};
ByteArray<64> Binding(const BindingInput& input);

}  // namespace cloister::attestation
