#pragma once

// API keys as routes make and show them. Room-private.

#include "control/rest/api.h"
#include "control/rest/idempotency.h"
#include "control/rest/scope.h"

namespace cloister::control {

inline constexpr std::int64_t kApiKeyDaysDefault = 90;
inline constexpr std::int64_t kApiKeyDaysMax = 365;

struct KeyTerms {
  std::string name;
  std::string scopes = std::string(kAllScopes);
  std::int64_t days = kApiKeyDaysDefault;
};
struct NewKey {
  std::string text;  // shown once
  ApiKeyRecord record;
};
// Not stored yet. The same key each time where the request may come again.
Result<NewKey> MakeApiKey(const Api& api, RequestIds& ids, const UserId& user, const KeyTerms& terms);

codec::JsonObject EncodeUser(const UserRecord& user);
// {"email","name"?,"organisation"?}; what is absent is read off the address.
Result<UserRecord> DecodeNewUser(const Api& api, const codec::Json& json);

}  // namespace cloister::control
