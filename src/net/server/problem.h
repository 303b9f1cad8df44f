#pragma once

// Errors on the wire: RFC 9457 `application/problem+json` with the members `error` and `message` added, which
// are what the clients of the API read. One writer for what the server itself refuses and for what handlers
// refuse.

#include <string>

#include "codec/json.h"
#include "net/server/http.h"

namespace cloister::net {

struct Problem {
  int status = 500;
  std::string error;             // stable name, "NOT_FOUND"
  std::string message;           // for people: what happened, where, and the mend
  codec::JsonObject more = {};   // further members (`violations`)
  std::string type = "about:blank";
};

Response ProblemResponse(const Problem& problem);

// A refusal of the server itself, whose `error` follows from the status: {404, "no such route"} -> NOT_FOUND.
Response RefusalResponse(int status, std::string_view message);

}  // namespace cloister::net
