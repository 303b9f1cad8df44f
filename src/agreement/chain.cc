#include "agreement/chain.h"

#include "crypto/jws.h"

namespace cloister::agreement {

LinkOrder CheckInOrder(const SignedLink& link, const ChainState& chain) {
  const LinkHeader& header = link.header();
  if (header.seq > chain.seq + 1) return LinkOrder::kGap;
  if (header.seq == chain.seq + 1) return header.previous == chain.digest ? LinkOrder::kNext : LinkOrder::kConflict;
  return header.seq == chain.seq && link.digest() == chain.digest ? LinkOrder::kDuplicate : LinkOrder::kConflict;
}

ChainState Extended(const SignedLink& link) { return {.seq = link.header().seq, .digest = link.digest()}; }

Result<SignedLink> LinkAuthor::Sign(const Position& position, const LinkBody& body) const {
  const LinkHeader header{.environment = environment_,
                          .seq = position.chain.seq + 1,
                          .previous = position.chain.digest,
                          .checkpoint = position.checkpoint,
                          .time = clock_.Now()};
  CLOISTER_ASSIGN(const std::string compact, crypto::SignJws(signer_, LinkTyp(body), EncodeLink(header, body)));
  return VerifyLink(compact, signer_.public_key(), environment_);
}

}  // namespace cloister::agreement
