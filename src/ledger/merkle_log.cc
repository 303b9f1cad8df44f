#include "ledger/merkle_log.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "crypto/digest.h"

namespace cloister::ledger {
namespace {

// Where RFC 6962 splits a tree of `size` >= 2 leaves: the largest power of two below it.
std::uint64_t LeftSize(std::uint64_t size) { return std::bit_floor(size - 1); }

}  // namespace

void MerkleLog::Append(const Digest256& leaf_hash) {
  Digest256 hash = leaf_hash;
  for (std::size_t height = 0;; ++height) {
    if (height == levels_.size()) levels_.emplace_back();
    std::vector<Digest256>& level = levels_[height];
    level.push_back(hash);
    if (level.size() % 2 != 0) return;
    hash = crypto::MerkleNode(level[level.size() - 2], level.back());
  }
}

// Begins are multiples of the range's left part, so every perfect range met here is one that levels_ holds.
Digest256 MerkleLog::HashOfRange(std::uint64_t begin, std::uint64_t end) const {
  const std::uint64_t size = end - begin;
  if (std::has_single_bit(size)) {
    const auto height = static_cast<std::size_t>(std::countr_zero(size));
    return levels_[height][begin >> height];
  }
  const std::uint64_t middle = begin + LeftSize(size);
  return crypto::MerkleNode(HashOfRange(begin, middle), HashOfRange(middle, end));
}

Digest256 MerkleLog::RootAt(std::uint64_t size) const {
  CLOISTER_CHECK(size <= this->size());
  return size == 0 ? crypto::Sha256(ByteView()) : HashOfRange(0, size);
}

crypto::MerkleProof MerkleLog::InclusionProof(std::uint64_t index, std::uint64_t size) const {
  CLOISTER_CHECK(index < size && size <= this->size());
  crypto::MerkleProof proof;
  std::uint64_t begin = 0;
  std::uint64_t end = size;
  while (end - begin > 1) {
    const std::uint64_t middle = begin + LeftSize(end - begin);
    if (index < middle) {
      proof.push_back(HashOfRange(middle, end));
      end = middle;
    } else {
      proof.push_back(HashOfRange(begin, middle));
      begin = middle;
    }
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

// RFC 6962 section 2.1.2: the walk to the old tree's right border; its last subtree is left out when it is
// the whole old tree, whose root the verifier has.
crypto::MerkleProof MerkleLog::ConsistencyProof(std::uint64_t old_size, std::uint64_t size) const {
  CLOISTER_CHECK(old_size <= size && size <= this->size());
  crypto::MerkleProof proof;
  if (old_size == 0 || old_size == size) return proof;
  std::uint64_t begin = 0;
  std::uint64_t end = size;
  while (end != old_size) {
    const std::uint64_t middle = begin + LeftSize(end - begin);
    if (old_size <= middle) {
      proof.push_back(HashOfRange(middle, end));
      end = middle;
    } else {
      proof.push_back(HashOfRange(begin, middle));
      begin = middle;
    }
  }
  if (begin != 0) proof.push_back(HashOfRange(begin, end));
  std::reverse(proof.begin(), proof.end());
  return proof;
}

}  // namespace cloister::ledger
