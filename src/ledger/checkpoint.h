#pragma once

// Checkpoints: signed tree heads as C2SP signed notes (https://c2sp.org/tlog-checkpoint,
// https://c2sp.org/signed-note).
//
//   cloister/env_01...\n
//   <size>\n
//   <base64 of the root>\n
//   \n
//   — cloister/env_01... <base64 of keyhash(4) || Ed25519 signature(64)>\n
//
// Signature lines of keys that the reader does not know (cosignatures of witnesses) are ignored; a line that
// claims to be of the known key and does not verify is an error.

#include <string>
#include <string_view>

#include "agreement/link.h"
#include "base/id.h"
#include "base/result.h"
#include "crypto/signer.h"

namespace cloister::ledger {

inline constexpr std::size_t kCheckpointBytesMax = 16 * 1024;
inline constexpr std::size_t kCheckpointSignaturesMax = 64;

using agreement::LedgerPoint;

// Only VerifyCheckpoint makes one: the holder of `key` said that the ledger of `environment` was in this
// state.
class VerifiedCheckpoint {
 public:
  const EnvironmentId& environment() const { return environment_; }
  const LedgerPoint& point() const { return point_; }
  const crypto::Ed25519PublicKey& key() const { return key_; }
  const std::string& note() const { return note_; }

 private:
  friend Result<VerifiedCheckpoint> VerifyCheckpoint(std::string_view, const EnvironmentId&,
                                                     const crypto::Ed25519PublicKey&);
  VerifiedCheckpoint(EnvironmentId environment, LedgerPoint point, crypto::Ed25519PublicKey key, std::string note)
      : environment_(std::move(environment)), point_(point), key_(key), note_(std::move(note)) {}

  EnvironmentId environment_;
  LedgerPoint point_;
  crypto::Ed25519PublicKey key_;
  std::string note_;
};

Result<std::string> SignCheckpoint(const crypto::Signer& checkpoint_key, const EnvironmentId& environment,
                                   const LedgerPoint& point);
// kInvalidArgument: no signed note of this form. kVerificationFailed: another environment, or no signature by
// `key`.
Result<VerifiedCheckpoint> VerifyCheckpoint(std::string_view note, const EnvironmentId& environment,
                                            const crypto::Ed25519PublicKey& key);

// What a note says before a signature is checked: good for asking for the right proof, and nothing more.
struct UnverifiedCheckpoint {
  EnvironmentId environment;
  LedgerPoint point = {};
};
Result<UnverifiedCheckpoint> PeekCheckpoint(std::string_view note);

}  // namespace cloister::ledger
