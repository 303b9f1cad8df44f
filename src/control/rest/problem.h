#pragma once

// Errors of the control plane as HTTP problems: the one place where a Code becomes a status.

#include "base/error.h"
#include "codec/json.h"
#include "net/server/http.h"

namespace cloister::control {

int StatusOf(Code code);
net::Response RenderProblem(const Error& error);
// 422: a query that the rules refuse, with each finding {rule, owner, severity, from, to, line, message,
// fix?}.
net::Response RenderViolations(codec::JsonArray violations, codec::JsonObject more);

}  // namespace cloister::control
