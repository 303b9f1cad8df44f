#pragma once

// Whose files are sealed to which key, as one hash: the RFC 6962 root over the charter's participants in
// thumbprint order, leaf data = canonical JSON ["<thumbprint>","<age recipient of his dataset identity>"].
// Evidence binds the root, and each participant is shown his own leaf with an inclusion proof: no other
// recipient can be passed off as his.

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/merkle.h"

namespace cloister::attestation {

inline constexpr std::size_t kRecipientsMax = 64;  // as many as a charter has participants

struct DatasetRecipient {
  std::string thumbprint = {};
  std::string recipient = {};  // age1...
  bool operator==(const DatasetRecipient&) const = default;
};

Digest256 RecipientLeaf(const DatasetRecipient& recipient);
// `recipients` are sorted by thumbprint, none twice.
Digest256 RecipientCommitment(const std::vector<DatasetRecipient>& recipients);
crypto::MerkleProof ProveRecipient(const std::vector<DatasetRecipient>& recipients, std::uint64_t index);

struct RecipientClaim {
  DatasetRecipient recipient = {};
  std::uint64_t index = 0;
  crypto::MerkleProof proof = {};
};
// kVerificationFailed unless the claim is leaf `index` of `count` under the commitment.
Status VerifyRecipient(const RecipientClaim& claim, std::uint64_t count, const Digest256& commitment);

}  // namespace cloister::attestation
