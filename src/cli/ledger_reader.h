#pragma once

// The ledger routes of one environment: bytes and proofs, none of them checked here.

#include <cstdint>
#include <string>
#include <vector>

#include "base/id.h"
#include "cli/session.h"
#include "crypto/merkle.h"
#include "ledger/follow.h"

namespace cloister::cli {

inline constexpr std::uint64_t kEntriesPerRequestMax = 256;

class LedgerReader {
 public:
  LedgerReader(Session& session, const EnvironmentId& id);

  Result<std::string> Checkpoint();
  // Entries [from, to), at most kEntriesPerRequestMax, in as many requests as the server needs.
  Result<std::vector<std::string>> Entries(std::uint64_t from, std::uint64_t to);
  // One entry with the proof that it stands in the tree of `size` entries.
  Result<ledger::ProvenEntry> Proven(std::uint64_t index, std::uint64_t size);
  Result<crypto::MerkleProof> Consistency(std::uint64_t from, std::uint64_t to);

 private:
  Result<std::vector<std::string>> SomeEntries(std::uint64_t from, std::uint64_t to);
  Result<crypto::MerkleProof> Proof(const std::string& target);

  Session& session_;
  std::string path_;
};

}  // namespace cloister::cli
