#pragma once

// Participants who have only an API key. Room-private.

#include "control/rest/api.h"

namespace cloister::control {

// A new key pair that the server keeps, not stored yet.
Result<ParticipantKeyRecord> MakeServerKey(const Api& api, const UserRecord& user);

// The user's participant key; whoever never brought one gets one of custody `server`, shown as such wherever he is.
Result<ParticipantKeyRecord> EnsureKey(const Api& api, const UserRecord& user);

}  // namespace cloister::control
