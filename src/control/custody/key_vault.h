#pragma once

// The secrets of participants whose keys the server keeps (custody `server`), on the disk only as age files
// to the server's sealer: a copy of the data folder without the sealer signs and opens nothing. Thread-safe.

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/rng.h"
#include "crypto/signer.h"
#include "sealing/age_identity.h"

namespace cloister::control {

// What makes a participant: the key that he is, and the identity that opens his results.
struct ParticipantSecrets {
  crypto::Ed25519Signer signer;
  sealing::AgeIdentity identity;
};

class KeyVault {
 public:
  // `rng` must outlive the vault.
  KeyVault(sealing::AgeIdentity sealer, Rng& rng) : sealer_(std::move(sealer)), rng_(rng) {}

  ParticipantSecrets Make() const;
  // A key of this server for one purpose, the same after a restart.
  SecretBytes DeriveKey(std::string_view purpose) const;
  Result<Bytes> Seal(const ParticipantSecrets& secrets) const;
  // A text that must not lie on the disk in the clear.
  Result<Bytes> SealText(std::string_view text) const;
  Result<std::string> OpenText(ByteView sealed) const;
  // kDataLoss when it is no file of this vault or holds the secrets of somebody else than `thumbprint`.
  Result<ParticipantSecrets> Open(ByteView sealed, std::string_view thumbprint) const;

 private:
  const sealing::AgeIdentity sealer_;
  Rng& rng_;
};

}  // namespace cloister::control
