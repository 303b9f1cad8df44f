#pragma once

// A growing Merkle tree (RFC 6962 section 2.1) that answers for every size it ever had. It keeps the hash of
// each perfect subtree, fewer than 2n hashes, so roots and proofs take O(log n) and nothing is hashed twice.
//
//   7 leaves:  levels_[0] = 7 leaf hashes, levels_[1] = 3 pairs, levels_[2] = 1 quad
//
// Thread-compatible.

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "crypto/merkle.h"

namespace cloister::ledger {

class MerkleLog {
 public:
  void Append(const Digest256& leaf_hash);

  std::uint64_t size() const { return levels_.empty() ? 0 : levels_.front().size(); }
  Digest256 Root() const { return RootAt(size()); }
  // size <= size()
  Digest256 RootAt(std::uint64_t size) const;
  const Digest256& leaf(std::uint64_t index) const { return levels_.front()[index]; }  // index < size()

  // Of leaf `index` in the tree of the first `size` leaves; index < size <= size().
  crypto::MerkleProof InclusionProof(std::uint64_t index, std::uint64_t size) const;
  // From the first `old_size` leaves to the first `size`; old_size <= size <= size().
  crypto::MerkleProof ConsistencyProof(std::uint64_t old_size, std::uint64_t size) const;

 private:
  Digest256 HashOfRange(std::uint64_t begin, std::uint64_t end) const;

  std::vector<std::vector<Digest256>> levels_;  // [h][i]: the perfect subtree over leaves i*2^h .. (i+1)*2^h - 1
};

}  // namespace cloister::ledger
