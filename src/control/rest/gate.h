#pragma once

// What stands before every route, in this order: who calls (401), whether his key is good for it (403), how often
// (429 with RateLimit fields), and for a POST with an Idempotency-Key whether it was done before. Room-private.
//
// A few routes are open to everybody: liveness, the description of the API, logging in, signed URLs. Streams and
// parts of uploads do not count as requests.

#include "control/rest/api.h"

namespace cloister::control {

// Puts the gate before all routes of `router`. `api` must outlive it.
void AddGate(net::Router& router, const Api& api);

bool IsOpenRoute(std::string_view pattern);

}  // namespace cloister::control
