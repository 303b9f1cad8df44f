#pragma once

// An environment as the API shows it. Room-private.

#include "control/rest/api.h"

namespace cloister::control {

// Status words of the API: creating, active, suspended (its enclave does not run now), terminated, error.
std::string_view EnvironmentStatus(const EnvironmentSession& session);

Result<codec::JsonObject> EncodeEnvironment(const Api& api, const EnvironmentRecord& record,
                                            const EnvironmentSession& session);

}  // namespace cloister::control
