#pragma once

// What a server says when it says no: RFC 9457 problem details, read into our Error.

#include "codec/json.h"
#include "net/client/http.h"

namespace cloister::net {

// The Error of an answer that is not 2xx. Its code is the member `error` if that names one, else what the status means;
// its message is `message`, else `detail`, else `title`, else a sentence about the status; the request's id is appended
// for server faults (5xx), where somebody will have to look into the log. Never fails: a proxy's HTML page becomes an
// Error as well.
Error ProblemError(const HttpAnswer& answer);

// The problem's JSON, an empty object if the body is none. For members beyond the error, such as `violations`.
codec::Json ProblemJson(const HttpAnswer& answer);

// kInvalidArgument for 400, kNotFound for 404 and so on; kInternal for what has no meaning of its own.
Code CodeOfStatus(int status);

}  // namespace cloister::net
