#pragma once

// The order of one participant's links. Numbers start at 1; each link names the one before it. Whoever keeps
// the ledger keeps a ChainState per participant; so does the participant himself, on disk, before he sends
// anything.

#include <cstdint>
#include <optional>
#include <string>

#include "agreement/link.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/signer.h"

namespace cloister::agreement {

struct ChainState {
  std::uint64_t seq = 0;                 // of his last link; 0: none yet
  std::optional<Digest256> digest = {};  // of that link; absent when there is none
  bool operator==(const ChainState&) const = default;
};

enum class LinkOrder {
  kNext,       // the one that is due
  kDuplicate,  // the last one again, unchanged: answer as before
  kConflict,   // its number is used by, or its `previous` is, another link: the signer's head says more
  kGap,        // links between the head and this one are missing
};
LinkOrder CheckInOrder(const SignedLink& link, const ChainState& chain);
// The state once `link` is recorded.
ChainState Extended(const SignedLink& link);

// Makes links. One code path for every custody: a client's own key, a key that the server keeps.
//
//   LinkAuthor author(environment, signer, clock);
//   CLOISTER_ASSIGN(SignedLink link, author.Sign({.chain = stored, .checkpoint = verified},
//   Acceptance{...}));
//   store(link.compact(), Extended(link));   // before it is sent, so that a crash repeats the same bytes
//   send(link.compact());
//
// Keeps references to signer and clock. Thread-safe if they are.
class LinkAuthor {
 public:
  LinkAuthor(EnvironmentId environment, const crypto::Signer& signer, const Clock& clock)
      : environment_(std::move(environment)), signer_(signer), clock_(clock) {}

  struct Position {
    ChainState chain = {};        // of this signer
    LedgerPoint checkpoint = {};  // the last state of the ledger that he verified, size >= 1
  };
  // kInvalidArgument when the body breaks a rule of its own format: what is signed here, every reader
  // accepts.
  Result<SignedLink> Sign(const Position& position, const LinkBody& body) const;

  Thumbprint thumbprint() const { return signer_.public_key().Thumbprint(); }

 private:
  EnvironmentId environment_;
  const crypto::Signer& signer_;
  const Clock& clock_;
};

}  // namespace cloister::agreement
