#pragma once

// Errors of the control plane as HTTP problems: the one place where a Code becomes a status.

#include "base/error.h"
#include "codec/json.h"
#include "net/server/http.h"

namespace cloister::control {

int StatusOf(Code code);
// Without Retry-After for a bound that time alone does not mend, such as so many API keys.
net::Response RenderProblem(const Error& error);
// 429 for a limit within a time, with when there is room again.
net::Response RenderExhausted(std::string_view message, std::int64_t retry_after_seconds);
// 422: a query that the rules refuse, with each finding {rule, owner, severity, from, to, line, message,
// fix?}.
net::Response RenderViolations(codec::JsonArray violations, codec::JsonObject more);
// 409: a statement that the enclave recorded without effect. `answer` is what says where it stands: its `refused` has
// the reasons.
net::Response RenderWithoutEffect(codec::JsonObject answer);

}  // namespace cloister::control
