#include "attestation/recipient_commitment.h"

#include "base/check.h"
#include "codec/json.h"

namespace cloister::attestation {
namespace {

std::vector<Digest256> Leaves(const std::vector<DatasetRecipient>& recipients) {
  std::vector<Digest256> leaves;
  for (const DatasetRecipient& recipient : recipients) {
    CLOISTER_CHECK(leaves.empty() || recipients[leaves.size() - 1].thumbprint < recipient.thumbprint);
    leaves.push_back(RecipientLeaf(recipient));
  }
  return leaves;
}

}  // namespace

Digest256 RecipientLeaf(const DatasetRecipient& recipient) {
  codec::JsonArray leaf;
  leaf.emplace_back(recipient.thumbprint);
  leaf.emplace_back(recipient.recipient);
  return crypto::MerkleLeaf(AsBytes(codec::CanonicalJson(leaf)));
}

Digest256 RecipientCommitment(const std::vector<DatasetRecipient>& recipients) {
  crypto::MerkleAccumulator tree;
  for (const Digest256& leaf : Leaves(recipients)) tree.AddLeaf(leaf);
  return tree.Root();
}

crypto::MerkleProof ProveRecipient(const std::vector<DatasetRecipient>& recipients, std::uint64_t index) {
  return crypto::InclusionProof(Leaves(recipients), index);
}

Status VerifyRecipient(const RecipientClaim& claim, std::uint64_t count, const Digest256& commitment) {
  return crypto::VerifyInclusion(RecipientLeaf(claim.recipient), claim.index, count, claim.proof, commitment);
}

}  // namespace cloister::attestation
