#pragma once

// Saying something that counts: a link is signed, put on disk, sent, and found in the ledger. With custody `server` the
// same request goes out without a document, and the server signs.
//
//   CLOISTER_ASSIGN(codec::Json answer, SignAndSend(session, environment, {
//       .body = agreement::Rejection{...}, .target = QueryPath(id) + "/reject", .request = {{"reason", reason}}}));
//
// What a participant signs here names the last state of the ledger that he verified, so that no earlier one can be
// shown to the enclave as the newest.

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

// The server's answer, and with custody `self` the digest that other documents know the link by.
struct Recorded {
  codec::Json answer;
  std::optional<Digest256> digest;
};

// kRefused when the enclave recorded the link as one without effect; the message holds its reasons.
// An earlier link that a crash or a broken connection left in the outbox goes first, the same bytes as before.
Result<Recorded> SignAndSend(Session& session, const VerifiedEnvironment& environment, const Statement& statement);

// That first half alone: for whoever must know what is recorded before he decides what to say. Nothing with custody
// `server`.
Status CatchUpLinks(Session& session, const VerifiedEnvironment& environment);

}  // namespace cloister::cli
