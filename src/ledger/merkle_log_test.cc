#include "ledger/merkle_log.h"

#include <gtest/gtest.h>

#include <string>

namespace cloister::ledger {
namespace {

constexpr std::uint64_t kLeaves = 200;

std::vector<Digest256> Leaves() {
  std::vector<Digest256> leaves;
  for (std::uint64_t i = 0; i < kLeaves; ++i)
    leaves.push_back(crypto::MerkleLeaf(AsBytes("entry " + std::to_string(i))));
  return leaves;
}

// The log and, as the judge, crypto's tree built from the leaves alone.
class MerkleLogTest : public testing::Test {
 protected:
  MerkleLogTest() : leaves_(Leaves()) {
    crypto::MerkleAccumulator tree;
    roots_.push_back(tree.Root());
    for (const Digest256& leaf : leaves_) {
      log_.Append(leaf);
      tree.AddLeaf(leaf);
      roots_.push_back(tree.Root());
    }
  }

  std::vector<Digest256> leaves_;
  std::vector<Digest256> roots_;  // of each size
  MerkleLog log_;
};

TEST_F(MerkleLogTest, HasTheRootOfEverySizeItHad) {
  for (std::uint64_t size = 0; size <= kLeaves; ++size) EXPECT_EQ(log_.RootAt(size), roots_[size]) << size;
  EXPECT_EQ(log_.Root(), roots_.back());
  EXPECT_EQ(log_.size(), kLeaves);
}

TEST_F(MerkleLogTest, ProvesEveryLeafInEverySize) {
  for (std::uint64_t size = 1; size <= kLeaves; ++size) {
    for (std::uint64_t index = 0; index < size; ++index) {
      const auto proof = log_.InclusionProof(index, size);
      ASSERT_TRUE(crypto::VerifyInclusion(leaves_[index], index, size, proof, roots_[size]).has_value())
          << index << " of " << size;
    }
  }
}

TEST_F(MerkleLogTest, ProvesEverySizeAPrefixOfEveryLaterOne) {
  for (std::uint64_t size = 0; size <= kLeaves; ++size) {
    for (std::uint64_t old_size = 1; old_size <= size; ++old_size) {
      const auto proof = log_.ConsistencyProof(old_size, size);
      ASSERT_TRUE(crypto::VerifyConsistency(old_size, roots_[old_size], size, roots_[size], proof).has_value())
          << old_size << " in " << size;
    }
  }
}

TEST_F(MerkleLogTest, ProofsAreThoseOfTheReference) {
  for (const std::uint64_t size : {1u, 2u, 3u, 7u, 8u, 63u, 64u, 65u, 200u}) {
    const std::span<const Digest256> leaves(leaves_.data(), size);
    for (std::uint64_t index = 0; index < size; ++index) {
      EXPECT_EQ(log_.InclusionProof(index, size), crypto::InclusionProof(leaves, index));
      EXPECT_EQ(log_.ConsistencyProof(index, size), crypto::ConsistencyProof(leaves, index));
    }
  }
}

TEST_F(MerkleLogTest, AProofOfOneLeafIsNoProofOfAnother) {
  const auto proof = log_.InclusionProof(5, 100);
  EXPECT_FALSE(crypto::VerifyInclusion(leaves_[6], 5, 100, proof, roots_[100]).has_value());
  EXPECT_FALSE(crypto::VerifyInclusion(leaves_[5], 6, 100, proof, roots_[100]).has_value());
  EXPECT_FALSE(crypto::VerifyInclusion(leaves_[5], 5, 101, proof, roots_[101]).has_value());
}

}  // namespace
}  // namespace cloister::ledger
