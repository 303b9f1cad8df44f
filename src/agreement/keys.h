#pragma once

// Keys that follow from the environment key (docs/formats/documents.md, "Keys"): HKDF-SHA-256, salt
// `cloister/v1`, one label per purpose, so that no key serves two. The environment key is exactly 32 bytes;
// each result is 32 bytes too.

#include <cstddef>

#include "agreement/thumbprint.h"
#include "base/secret_bytes.h"

namespace cloister::agreement {

inline constexpr std::size_t kEnvironmentKeyBytes = 32;

// X25519 private key of the identity that the files of one owner are sealed to. `thumbprint` is the
// participant's first.
SecretBytes DatasetIdentitySecret(const SecretBytes& environment_key, const Thumbprint& thumbprint);
// X25519 private key of the identity that the enclave's own state is sealed to.
SecretBytes StateIdentitySecret(const SecretBytes& environment_key);
// HMAC-SHA-256 key of ledger seals (ledger/seal.h).
SecretBytes LedgerSealKey(const SecretBytes& environment_key);
// PRF key of noise.
SecretBytes NoiseKey(const SecretBytes& environment_key);

}  // namespace cloister::agreement
