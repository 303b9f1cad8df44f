#include "crypto/merkle.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "crypto/digest.h"

namespace cloister::crypto {
namespace {

// The left subtree of a tree of `size` >= 2 leaves: the largest power of two below `size`.
std::uint64_t LeftSize(std::uint64_t size) { return std::bit_floor(size - 1); }

Digest256 RootOf(std::span<const Digest256> leaf_hashes) {
  MerkleAccumulator tree;
  for (const Digest256& leaf : leaf_hashes) tree.AddLeaf(leaf);
  return tree.Root();
}

Error WrongProof() { return VerificationFailed("the Merkle proof does not fit"); }

}  // namespace

Digest256 MerkleLeaf(ByteView data) {
  constexpr std::uint8_t kPrefix[] = {0x00};
  return Sha256({ByteView(kPrefix), data});
}

Digest256 MerkleNode(const Digest256& left, const Digest256& right) {
  ByteArray<65> node;
  node[0] = 0x01;
  std::copy(left.begin(), left.end(), node.begin() + 1);
  std::copy(right.begin(), right.end(), node.begin() + 33);
  return Sha256(ByteView(node));
}

void MerkleAccumulator::AddLeaf(const Digest256& leaf_hash) {
  Digest256 carry = leaf_hash;
  // As in binary addition: each trailing set bit of the size is a subtree as large as what is carried.
  for (std::uint64_t bits = size_; (bits & 1) != 0; bits >>= 1) {
    carry = MerkleNode(peaks_.back(), carry);
    peaks_.pop_back();
  }
  peaks_.push_back(carry);
  ++size_;
}

Digest256 MerkleAccumulator::Root() const {
  if (peaks_.empty()) return Sha256(ByteView());
  Digest256 root = peaks_.back();
  for (auto peak = std::next(peaks_.rbegin()); peak != peaks_.rend(); ++peak) root = MerkleNode(*peak, root);
  return root;
}

// RFC 9162 section 2.1.3.2. `node` and `last` are the positions, level by level, of the path and of the
// tree's rightmost node; where they meet the path is on the right border and skips levels that have no
// sibling.
Status VerifyInclusion(const Digest256& leaf_hash, std::uint64_t index, std::uint64_t size,
                       std::span<const Digest256> proof, const Digest256& root) {
  if (index >= size) return WrongProof();
  std::uint64_t node = index;
  std::uint64_t last = size - 1;
  Digest256 hash = leaf_hash;
  for (const Digest256& sibling : proof) {
    if (last == 0) return WrongProof();
    if ((node & 1) != 0 || node == last) {
      hash = MerkleNode(sibling, hash);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = MerkleNode(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0 || hash != root) return WrongProof();
  return {};
}

// RFC 9162 section 2.1.4.2: one walk computes both roots from the same subtrees.
Status VerifyConsistency(std::uint64_t old_size, const Digest256& old_root, std::uint64_t new_size,
                         const Digest256& new_root, std::span<const Digest256> proof) {
  // Nothing is consistent with everything: C2SP's clients do not take a proof from size 0 for one.
  if (old_size == 0 || old_size > new_size) return WrongProof();
  if (old_size == new_size) return old_root == new_root && proof.empty() ? Status() : WrongProof();
  std::uint64_t node = old_size - 1;
  std::uint64_t last = new_size - 1;
  for (; (node & 1) != 0; node >>= 1) last >>= 1;
  // A perfect old tree is a subtree of the new one, and its root goes without saying.
  const bool old_is_perfect = std::has_single_bit(old_size);
  if (!old_is_perfect && proof.empty()) return WrongProof();
  Digest256 old_hash = old_is_perfect ? old_root : proof.front();
  Digest256 new_hash = old_hash;
  for (const Digest256& sibling : old_is_perfect ? proof : proof.subspan(1)) {
    if (last == 0) return WrongProof();
    if ((node & 1) != 0 || node == last) {
      old_hash = MerkleNode(sibling, old_hash);
      new_hash = MerkleNode(sibling, new_hash);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      new_hash = MerkleNode(new_hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0 || old_hash != old_root || new_hash != new_root) return WrongProof();
  return {};
}

// RFC 6962 section 2.1.1, from the root down, so the hashes come in reverse.
MerkleProof InclusionProof(std::span<const Digest256> leaf_hashes, std::uint64_t index) {
  CLOISTER_CHECK(index < leaf_hashes.size());
  MerkleProof proof;
  while (leaf_hashes.size() > 1) {
    const std::uint64_t left = LeftSize(leaf_hashes.size());
    const bool goes_left = index < left;
    proof.push_back(RootOf(goes_left ? leaf_hashes.subspan(left) : leaf_hashes.first(left)));
    leaf_hashes = goes_left ? leaf_hashes.first(left) : leaf_hashes.subspan(left);
    if (!goes_left) index -= left;
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

// RFC 6962 section 2.1.2.
MerkleProof ConsistencyProof(std::span<const Digest256> leaf_hashes, std::uint64_t old_size) {
  CLOISTER_CHECK(old_size <= leaf_hashes.size());
  MerkleProof proof;
  if (old_size == 0) return proof;
  bool old_root_is_known = true;  // while the walk has only gone left, the subtree is the old tree itself
  while (old_size != leaf_hashes.size()) {
    const std::uint64_t left = LeftSize(leaf_hashes.size());
    if (old_size <= left) {
      proof.push_back(RootOf(leaf_hashes.subspan(left)));
      leaf_hashes = leaf_hashes.first(left);
    } else {
      proof.push_back(RootOf(leaf_hashes.first(left)));
      leaf_hashes = leaf_hashes.subspan(left);
      old_size -= left;
      old_root_is_known = false;
    }
  }
  if (!old_root_is_known) proof.push_back(RootOf(leaf_hashes));
  std::reverse(proof.begin(), proof.end());
  return proof;
}

}  // namespace cloister::crypto
