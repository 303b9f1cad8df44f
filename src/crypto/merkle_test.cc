#include "crypto/merkle.h"

#include <gtest/gtest.h>

#include "codec/text.h"
#include "crypto/digest.h"

namespace cloister::crypto {
namespace {

// The leaves and roots that Certificate Transparency implementations of RFC 6962 share as their reference
// tree.
const char* const kLeaves[] = {"",     "00",       "10",               "2021",
                               "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
const char* const kRoots[] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                              "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                              "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                              "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                              "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                              "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                              "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                              "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                              "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

std::vector<Digest256> LeafHashes(std::size_t count) {
  std::vector<Digest256> hashes;
  for (std::size_t i = 0; i < count; ++i) {
    const Bytes numbered = {static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8)};
    hashes.push_back(MerkleLeaf(i < 8 ? codec::HexDecode(kLeaves[i]).value() : numbered));
  }
  return hashes;
}

Digest256 RootOf(std::span<const Digest256> leaves) {
  MerkleAccumulator tree;
  for (const Digest256& leaf : leaves) tree.AddLeaf(leaf);
  EXPECT_EQ(tree.size(), leaves.size());
  return tree.Root();
}

TEST(MerkleAccumulator, KnownRoots) {
  const auto leaves = LeafHashes(8);
  for (std::size_t size = 0; size <= 8; ++size) {
    EXPECT_EQ(codec::HexEncode(RootOf(std::span(leaves).first(size))), kRoots[size]) << size;
  }
}

TEST(MerkleAccumulator, RootDoesNotDisturbTheTree) {
  const auto leaves = LeafHashes(21);
  MerkleAccumulator tree;
  for (std::size_t size = 1; size <= leaves.size(); ++size) {
    tree.AddLeaf(leaves[size - 1]);
    EXPECT_EQ(tree.Root(), RootOf(std::span(leaves).first(size)));
  }
}

TEST(Inclusion, EveryLeafOfEveryTreeAndNoOther) {
  const auto leaves = LeafHashes(33);
  for (std::uint64_t size = 1; size <= leaves.size(); ++size) {
    const auto tree = std::span(leaves).first(size);
    const Digest256 root = RootOf(tree);
    for (std::uint64_t index = 0; index < size; ++index) {
      const MerkleProof proof = InclusionProof(tree, index);
      EXPECT_TRUE(VerifyInclusion(leaves[index], index, size, proof, root).has_value());
      for (std::uint64_t other = 0; other <= size; ++other) {
        EXPECT_EQ(VerifyInclusion(leaves[index], other, size, proof, root).has_value(), other == index);
      }
    }
  }
}

TEST(Inclusion, RefusesChangedShortenedAndLengthenedProofs) {
  const auto leaves = LeafHashes(13);
  const Digest256 root = RootOf(leaves);
  const MerkleProof proof = InclusionProof(leaves, 4);
  const auto accepts = [&](const MerkleProof& changed) {
    return VerifyInclusion(leaves[4], 4, 13, changed, root).has_value();
  };
  ASSERT_TRUE(accepts(proof));
  for (std::size_t i = 0; i < proof.size(); ++i) {
    MerkleProof changed = proof;
    changed[i][0] ^= 1;
    EXPECT_FALSE(accepts(changed));
    changed = proof;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(accepts(changed));
    changed = proof;
    changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(i), root);
    EXPECT_FALSE(accepts(changed));
  }
  MerkleProof longer = proof;
  longer.push_back(root);
  EXPECT_FALSE(accepts(longer));
  EXPECT_FALSE(VerifyInclusion(leaves[0], 0, 0, {}, RootOf({})).has_value());
  EXPECT_EQ(VerifyInclusion(leaves[0], 0, 0, {}, RootOf({})).error().code, Code::kVerificationFailed);
}

TEST(Consistency, EveryPairOfSizesAndNoOtherRoot) {
  const auto leaves = LeafHashes(33);
  for (std::uint64_t size = 0; size <= leaves.size(); ++size) {
    const auto tree = std::span(leaves).first(size);
    const Digest256 root = RootOf(tree);
    for (std::uint64_t old_size = 0; old_size <= size; ++old_size) {
      const Digest256 old_root = RootOf(tree.first(old_size));
      const MerkleProof proof = ConsistencyProof(tree, old_size);
      EXPECT_EQ(VerifyConsistency(old_size, old_root, size, root, proof).has_value(), old_size != 0)
          << old_size << ' ' << size;
      Digest256 wrong = old_root;
      wrong[31] ^= 1;
      EXPECT_FALSE(VerifyConsistency(old_size, wrong, size, root, proof).has_value());
      if (old_size != 0) {
        wrong = root;
        wrong[31] ^= 1;
        EXPECT_FALSE(VerifyConsistency(old_size, old_root, size, wrong, proof).has_value());
      }
      MerkleProof longer = proof;
      longer.push_back(root);
      EXPECT_FALSE(VerifyConsistency(old_size, old_root, size, root, longer).has_value());
      EXPECT_FALSE(VerifyConsistency(size + 1, old_root, size, root, proof).has_value());
    }
  }
}

TEST(Consistency, RefusesChangedAndShortenedProofs) {
  const auto leaves = LeafHashes(13);
  const Digest256 old_root = RootOf(std::span(leaves).first(6));
  const Digest256 root = RootOf(leaves);
  const MerkleProof proof = ConsistencyProof(leaves, 6);
  ASSERT_TRUE(VerifyConsistency(6, old_root, 13, root, proof).has_value());
  for (std::size_t i = 0; i < proof.size(); ++i) {
    MerkleProof changed = proof;
    changed[i][0] ^= 1;
    EXPECT_FALSE(VerifyConsistency(6, old_root, 13, root, changed).has_value());
    changed = proof;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(VerifyConsistency(6, old_root, 13, root, changed).has_value());
  }
  EXPECT_FALSE(VerifyConsistency(6, root, 13, old_root, proof).has_value());
  EXPECT_FALSE(VerifyConsistency(0, root, 13, root, {}).has_value());
}

}  // namespace
}  // namespace cloister::crypto
