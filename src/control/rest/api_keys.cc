// GET, POST /api/keys; DELETE /api/keys/{id}; POST /api/keys/{id}/roll.

#include "control/rest/api_keys.h"

#include <algorithm>

#include "control/api_key.h"
#include "control/rest/routes.h"

namespace cloister::control {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::int64_t kOverlapHoursMax = 7 * 24;
constexpr std::int64_t kOverlapHoursDefault = 24;
constexpr std::size_t kKeysMax = 100;   // of one user
constexpr std::size_t kPrefixChars = 12;  // "clo_pat_" and four more: to recognise, not to guess
constexpr std::size_t kScopesMax = 16;

codec::JsonObject EncodeApiKey(const ApiKeyRecord& key, Instant now) {
  const auto scopes = SplitScopes(key.scopes);
  codec::Json last_used;
  if (key.last_used_at) last_used = FormatRfc3339(*key.last_used_at);
  return {{"id", key.id.str()},
          {"name", key.name},
          {"prefix", key.prefix},
          {"scopes", codec::JsonArray(scopes.begin(), scopes.end())},
          {"expired", key.expires_at <= now},
          {"created_at", FormatRfc3339(key.created_at)},
          {"updated_at", FormatRfc3339(key.updated_at)},
          {"expires_at", FormatRfc3339(key.expires_at)},
          {"last_used_at", std::move(last_used)}};
}

Result<net::Response> List(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  CLOISTER_ASSIGN(const auto records, api.store.users.ApiKeysOf(caller.user.id));
  codec::JsonArray keys;
  for (const ApiKeyRecord& record : records) keys.push_back(EncodeApiKey(record, api.clock.Now()));
  return AnswerList(request, "keys", std::move(keys));
}

// What a key makes is never more than it is itself.
Status CheckWithin(const Caller& caller, const std::string& scopes) {
  for (const std::string& each : SplitScopes(scopes)) {
    if (!HasScope(caller.scopes, each)) {
      return Error{Code::kPermissionDenied, "this key has not the scope '" + each + "', so it makes no key that has"};
    }
  }
  return {};
}

// One that a request before this one made, whose answer was lost.
std::optional<ApiKeyRecord> FindKey(const std::vector<ApiKeyRecord>& keys, const ApiKeyId& id) {
  const auto found = std::ranges::find(keys, id, &ApiKeyRecord::id);
  return found == keys.end() ? std::nullopt : std::optional(*found);
}

net::Response AnswerMade(const Api& api, const ApiKeyRecord& record, const std::string& text) {
  return JsonResponse(201, {{"key", EncodeApiKey(record, api.clock.Now())}, {"api_key", text}});
}

Result<net::Response> Create(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  KeyTerms terms{.name = in.String("name", agreement::kLabelBytesMax), .scopes = caller.scopes};
  const auto scopes = in.Has("scopes") ? std::optional(in.Strings("scopes", kScopesMax)) : std::nullopt;
  terms.days = in.OptionalInteger("expires_in_days", 1, kApiKeyDaysMax).value_or(kApiKeyDaysDefault);
  CLOISTER_TRY(in.Finish());
  if (terms.name.empty()) return InvalidArgument("'name' must not be empty");
  CLOISTER_TRY(CheckLabel("name", terms.name, agreement::kLabelBytesMax));
  if (scopes) {
    CLOISTER_ASSIGN(terms.scopes, JoinScopes(*scopes));
  }
  CLOISTER_TRY(CheckWithin(caller, terms.scopes));
  RequestIds ids(api, request);
  CLOISTER_ASSIGN(const NewKey made, MakeApiKey(api, ids, caller.user.id, terms));
  CLOISTER_ASSIGN(const auto known, api.store.users.ApiKeysOf(caller.user.id));
  if (const auto again = FindKey(known, made.record.id)) return AnswerMade(api, *again, made.text);
  if (known.size() >= kKeysMax) return ResourceExhausted("you have as many API keys as one may; remove some");
  CLOISTER_TRY(api.store.users.AddApiKey(made.record));
  return AnswerMade(api, made.record, made.text);
}

Result<ApiKeyRecord> RequireOwnKey(const Api& api, const Caller& caller, const net::Request& request) {
  CLOISTER_ASSIGN(const auto keys, api.store.users.ApiKeysOf(caller.user.id));
  for (const ApiKeyRecord& key : keys) {
    if (key.id.str() == request.Param("id")) return key;
  }
  return NotFound("there is no such key");
}

Result<net::Response> Remove(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  CLOISTER_TRY(ReadNothing(request));
  CLOISTER_ASSIGN(const ApiKeyRecord key, RequireOwnKey(api, caller, request));
  CLOISTER_ASSIGN(const bool removed, api.store.users.RemoveApiKey(caller.user.id, key.id));
  if (!removed) return NotFound("there is no such key");
  return JsonResponse(200, {{"message", "The key is not accepted any more."}});
}

Result<net::Response> Roll(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  CLOISTER_ASSIGN(const ApiKeyRecord old_key, RequireOwnKey(api, caller, request));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  const std::int64_t overlap =
      in.OptionalInteger("overlap_hours", 0, kOverlapHoursMax).value_or(kOverlapHoursDefault);
  CLOISTER_TRY(in.Finish());
  CLOISTER_TRY(CheckWithin(caller, old_key.scopes));
  const Instant now = api.clock.Now();
  const std::int64_t days = (old_key.expires_at.unix_ms - old_key.created_at.unix_ms) / kDayMs;
  RequestIds ids(api, request);
  CLOISTER_ASSIGN(const NewKey made, MakeApiKey(api, ids, caller.user.id,
                                                {.name = old_key.name,
                                                 .scopes = old_key.scopes,
                                                 .days = std::clamp(days, std::int64_t{1}, kApiKeyDaysMax)}));
  CLOISTER_ASSIGN(const auto known, api.store.users.ApiKeysOf(caller.user.id));
  if (const auto again = FindKey(known, made.record.id)) return AnswerMade(api, *again, made.text);
  if (old_key.expires_at <= now) return FailedPrecondition("the key has expired; make a new one");
  CLOISTER_TRY(api.store.users.RollApiKey(old_key.id, {now.unix_ms + overlap * kHourMs}, made.record));
  return AnswerMade(api, made.record, made.text);
}

}  // namespace

Result<NewKey> MakeApiKey(const Api& api, RequestIds& ids, const UserId& user, const KeyTerms& terms) {
  std::string text = NewApiKey(ids.rng());
  CLOISTER_ASSIGN(const Digest256 hash, HashApiKey(text));
  const Instant now = api.clock.Now();
  ApiKeyRecord record{.id = ids.Make<ApiKeyId>(),
                      .hash = hash,
                      .user = user,
                      .name = terms.name,
                      .scopes = terms.scopes,
                      .prefix = text.substr(0, kPrefixChars),
                      .created_at = now,
                      .updated_at = now,
                      .expires_at = {now.unix_ms + terms.days * kDayMs},
                      .last_used_at = std::nullopt};
  return NewKey{.text = std::move(text), .record = std::move(record)};
}

void AddKeyRoutes(net::Router& router, const Api& api) {
  router.Add("GET", "/api/keys", [&api](const net::Request& request) { return List(api, request); });
  router.Add("POST", "/api/keys", [&api](const net::Request& request) { return Create(api, request); });
  router.Add("DELETE", "/api/keys/{id}", [&api](const net::Request& request) { return Remove(api, request); });
  router.Add("POST", "/api/keys/{id}/roll", [&api](const net::Request& request) { return Roll(api, request); });
}

}  // namespace cloister::control
