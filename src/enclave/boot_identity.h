#pragma once

// The keys of one boot of one environment (docs/formats/documents.md, "Keys"): the environment key, from which
// everything that must survive derives, and the boot keys, which do not survive. Nothing here ever leaves the process
// but public keys and the recovery blob. Thread-compatible; immutable once made.

#include <optional>
#include <string>
#include <vector>

#include "agreement/charter.h"
#include "attestation/binding.h"
#include "attestation/recipient_commitment.h"
#include "base/id.h"
#include "base/result.h"
#include "base/rng.h"
#include "base/secret_bytes.h"
#include "crypto/signer.h"
#include "sealing/age_identity.h"

namespace cloister::enclave {

class BootIdentity {
 public:
  // A new environment key: genesis.
  static BootIdentity Generate(Rng& rng);
  // An environment key that came back.
  static BootIdentity Recover(SecretBytes environment_key, Rng& rng);

  attestation::Origin origin() const { return origin_; }
  const crypto::Signer& document_key() const { return document_key_; }
  const crypto::Signer& checkpoint_key() const { return checkpoint_key_; }
  attestation::BootKeys public_keys() const;
  const SecretBytes& seal_key() const { return seal_key_; }

  // The identity that this owner's files are sealed to, and no other's.
  Result<sealing::AgeIdentity> DatasetIdentity(const agreement::Thumbprint& owner) const;
  // One recipient per participant, in the charter's order.
  Result<std::vector<attestation::DatasetRecipient>> DatasetRecipients(const agreement::Charter& charter) const;

  const SecretBytes& environment_key() const { return environment_key_; }

 private:
  BootIdentity(attestation::Origin origin, SecretBytes environment_key, Rng& rng);

  attestation::Origin origin_;
  SecretBytes environment_key_;
  SecretBytes seal_key_;
  crypto::Ed25519Signer document_key_;
  crypto::Ed25519Signer checkpoint_key_;
};

// What a recovery blob holds (docs/formats/ledger.md, "Recovery blob").
struct RecoveredKey {
  SecretBytes environment_key;
  Digest256 entry_0{};
};
Result<Bytes> WrapEnvironmentKey(const BootIdentity& identity, const EnvironmentId& environment,
                                 const Digest256& entry_0, const sealing::AgeRecipient& sealer, Rng& rng);
// kVerificationFailed: not made for this environment; kFailedPrecondition: made for another sealer.
Result<RecoveredKey> UnwrapEnvironmentKey(ByteView blob, const EnvironmentId& environment,
                                          const sealing::AgeIdentity& sealer);

}  // namespace cloister::enclave
