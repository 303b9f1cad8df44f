#pragma once

// Saying something that counts: a link is signed, put on disk, sent, and found in the ledger. With custody `server` the
// same request goes out without a document, and the server signs.
//
//   CLOISTER_ASSIGN(codec::Json answer, SignAndSend(session, environment, {
//       .body = agreement::Rejection{...}, .target = QueryPath(id) + "/reject", .request = {{"reason", reason}}}));
//
// What a participant signs here names the last state of the ledger that he verified, so that no earlier one can be
// shown to the enclave as the newest. The server is believed neither when it says yes nor when it says no: a link is
// recorded when the ledger that this machine replayed has it, and its number is free again when that ledger has another
// link there. Otherwise a server could have two links of one number signed, one for each of two ledgers.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agreement/documents.h"
#include "agreement/link.h"
#include "cli/session.h"
#include "cli/verify.h"

namespace cloister::cli {

struct Statement {
  agreement::LinkBody body;
  std::string target;
  codec::JsonObject request;  // without the member `document`
};

// What the server answered, for people (null when its answer was lost), and with custody `self` the digest that other
// documents know the link by.
struct Recorded {
  codec::Json answer;
  std::optional<Digest256> digest;
};

// kRefused when the ledger holds the link as one without effect; the message has its reasons (with custody `server` it
// holds none: the server signs no such link, and its error has them). The server's own error,
// or kUnavailable, when the link is in no verified ledger yet: it stays in the outbox, and the next statement sends it
// first, the same bytes. kVerificationFailed, with nothing signed, while a proof of a fork is kept in this home.
Result<Recorded> SignAndSend(Session& session, const VerifiedEnvironment& environment, const Statement& statement);

// That first half alone: for whoever must know what is recorded before he decides what to say. With custody `server`
// only the look for a fork.
Status CatchUpLinks(Session& session, const VerifiedEnvironment& environment);

// Gives up the link in the outbox, if the verified ledger still has none of its number; answers that number, or absent
// when nothing was left. The link may come back: who was sent it can record it in another ledger.
Result<std::optional<std::uint64_t>> DiscardUnrecorded(Session& session, const VerifiedEnvironment& environment);

}  // namespace cloister::cli
