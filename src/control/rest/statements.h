#pragma once

// What participants say on routes of the API: documents which they signed, or which the server makes and signs with a
// key that it keeps. Every such route goes by Submit(), so that one rule decides whose words reach the ledger.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "control/rest/api.h"

namespace cloister::control {

// What a participant says on a route: the document that he signed, or how the server makes it where it keeps his
// key.
struct Statement {
  std::string_view typ;  // of the document; empty: any
  std::optional<std::string> document;
  LinkCharter which = LinkCharter::kInForce;
  // Only what has an effect is made; what the participant signed himself goes to the ledger as it is.
  Custodian::MakeBody make = {};
  std::function<bool(const agreement::LinkBody&)> means = {};  // a document says what the request asks for; empty: any
  std::optional<Digest256> rejects = {};                       // custodian.h
};
// kInvalidArgument for a document of another kind, or about something else, and without one from somebody who keeps his
// own key; kPermissionDenied for one that is signed by another key than the caller's.
Status CheckDocument(const Member& member, const Statement& statement);
// A document that the ledger has already, as it stands there. It comes again where its answer was lost, and is answered
// whether or not an enclave runs, and whatever has changed since (RFC 9110 section 13.1.1).
std::optional<RecordedLink> Recorded(const EnvironmentSession& session, const std::string& document);
// Hands it to the enclave after CheckDocument().
Result<RecordedLink> Submit(const Api& api, const Member& member, const Statement& statement);
// The answer's members `entry`, `checkpoint`, `refused`?.
void AddRecorded(codec::JsonObject& answer, const RecordedLink& recorded);
// `answer` with them; where the statement has no effect AnswerWithoutEffect(), so that what is answered 2xx holds.
net::Response AnswerRecorded(int status, codec::JsonObject answer, const RecordedLink& recorded);
// 409 with them and `about`, what the statement was about as it stands. `recorded` is refused.
net::Response AnswerWithoutEffect(const RecordedLink& recorded, codec::JsonObject about = {});

}  // namespace cloister::control
