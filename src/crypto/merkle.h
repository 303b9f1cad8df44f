#pragma once

// Merkle tree hashing and proofs of RFC 6962 section 2.1 (= RFC 9162, C2SP tlog): leaf = SHA-256(0x00 ||
// data), node = SHA-256(0x01 || left || right), the empty tree = SHA-256(""). Used for content roots
// (sealing) and the ledger. Pure and thread-safe.

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace cloister::crypto {

Digest256 MerkleLeaf(ByteView data);
Digest256 MerkleNode(const Digest256& left, const Digest256& right);

// The root of a growing tree in O(log n) memory.
//
//   MerkleAccumulator tree;
//   tree.AddLeaf(MerkleLeaf(a)); tree.AddLeaf(MerkleLeaf(b)); tree.AddLeaf(MerkleLeaf(c));
//   tree.Root() == MerkleNode(MerkleNode(a', b'), c')
class MerkleAccumulator {
 public:
  void AddLeaf(const Digest256& leaf_hash);
  std::uint64_t size() const { return size_; }
  Digest256 Root() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest256> peaks_;  // of the perfect subtrees, largest first; one per set bit of size_
};

using MerkleProof = std::vector<Digest256>;  // at most 63 hashes

// kVerificationFailed unless `leaf_hash` is leaf `index` of the tree of `size` leaves with `root`.
Status VerifyInclusion(const Digest256& leaf_hash, std::uint64_t index, std::uint64_t size,
                       std::span<const Digest256> proof, const Digest256& root);
// kVerificationFailed unless the tree (old_size, old_root) is a prefix of (new_size, new_root). Equal sizes
// need equal roots and an empty proof; old_size 0 needs an empty proof and the empty tree's root.
Status VerifyConsistency(std::uint64_t old_size, const Digest256& old_root, std::uint64_t new_size,
                         const Digest256& new_root, std::span<const Digest256> proof);

// Proofs from the leaf hashes themselves. O(n) hashes: for small trees (recipient commitments); the ledger
// stores subtree hashes and takes O(log n).
MerkleProof InclusionProof(std::span<const Digest256> leaf_hashes, std::uint64_t index);
MerkleProof ConsistencyProof(std::span<const Digest256> leaf_hashes, std::uint64_t old_size);

}  // namespace cloister::crypto
