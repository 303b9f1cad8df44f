#pragma once

// The one page that a login shows, when it fails. No script, nothing of another site. Room-private.

#include <string_view>

#include "net/server/http.h"

namespace cloister::control {

// Whether a person looks at the answer: `Accept` names text/html.
bool WantsPage(const net::Request& request);
net::Response LoginFailedPage(int status, std::string_view message);

}  // namespace cloister::control
