#pragma once

// What a manifest commits to when it names a sealed object (docs/formats/sealed-object.md): the age file and
// nothing else.
//
// The age header's own MAC is made with the file key, which the sealer and every recipient have. Any of them
// could put another payload under the same header; the content root is what rules that out.

#include "agreement/object_ref.h"
#include "base/bytes.h"
#include "crypto/merkle.h"

namespace cloister::sealing {

using agreement::SealedObjectRef;

// Leaf 0 is the payload nonce, leaf i the i-th sealed chunk (from 1): 65,552 bytes, the last one 16 to
// 65,552.
class ContentRoot {
 public:
  explicit ContentRoot(ByteView payload_nonce) { tree_.AddLeaf(crypto::MerkleLeaf(payload_nonce)); }
  // Chunks in file order; the hash is what may be made on another thread.
  static Digest256 ChunkLeaf(ByteView sealed_chunk) { return crypto::MerkleLeaf(sealed_chunk); }
  void AddChunk(const Digest256& chunk_leaf) { tree_.AddLeaf(chunk_leaf); }
  Digest256 Root() const { return tree_.Root(); }

 private:
  crypto::MerkleAccumulator tree_;
};

}  // namespace cloister::sealing
