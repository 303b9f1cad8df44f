// The administrator's routes, and how one becomes one: GET, POST /api/admin/requests; POST .../{id}/approve,
// .../reject; GET, POST /api/admin/users; POST .../{id}/disable, .../enable; DELETE .../{id}/administrator. The first
// user of a server is its administrator, and there is always one. He makes accounts; he reads
// and signs nothing in an environment that he does not take part in.

#include "control/rest/api_keys.h"
#include "control/rest/routes.h"

namespace cloister::control {
namespace {

constexpr std::size_t kReasonBytesMax = 500;

Result<Caller> RequireAdministrator(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(Caller caller, Authenticate(api, request));
  if (!caller.user.administrator) return Error{Code::kPermissionDenied, "this is for administrators of the server"};
  return caller;
}

Result<codec::JsonObject> EncodeRequest(const Api& api, const AdminRequestRecord& record) {
  CLOISTER_ASSIGN(const auto user, api.store.users.FindUser(record.user));
  codec::JsonObject json{{"id", record.id.str()},
                         {"user", user ? codec::Json(EncodeUser(*user)) : codec::Json()},
                         {"reason", record.reason},
                         {"status", AdminRequestStatusName(record.status)},
                         {"created_at", FormatRfc3339(record.created_at)},
                         {"updated_at", FormatRfc3339(record.updated_at)}};
  if (record.decided_by) {
    json["decided_by"] = *record.decided_by;
    json["decided_at"] = FormatRfc3339(record.updated_at);
  }
  return json;
}

Result<net::Response> AnswerAsked(const Api& api, const AdminRequestRecord& record) {
  CLOISTER_ASSIGN(auto json, EncodeRequest(api, record));
  return JsonResponse(201, {{"request", std::move(json)}, {"message", "An administrator has to approve it."}});
}

Result<net::Response> Ask(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  const std::string reason = in.OptionalString("reason", kReasonBytesMax).value_or("");
  CLOISTER_TRY(in.Finish());
  CLOISTER_TRY(CheckLabel("reason", reason, kReasonBytesMax));
  RequestIds ids(api, request);
  const auto id = ids.Make<AdminRequestId>();
  CLOISTER_ASSIGN(const auto again, api.store.users.FindAdminRequest(id));
  if (again) return AnswerAsked(api, *again);
  if (caller.user.administrator) return Conflict("you are an administrator already");
  const Instant now = api.clock.Now();
  const AdminRequestRecord record{.id = id,
                                  .user = caller.user.id,
                                  .reason = reason,
                                  .decided_by = std::nullopt,
                                  .created_at = now,
                                  .updated_at = now};
  CLOISTER_TRY(api.store.users.AddAdminRequest(record));
  return AnswerAsked(api, record);
}

// An administrator sees all of them, everybody else his own.
Result<net::Response> ListRequests(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  CLOISTER_ASSIGN(const auto records, api.store.users.AdminRequests());
  codec::JsonArray requests;
  for (const AdminRequestRecord& record : records) {
    if (!caller.user.administrator && record.user != caller.user.id) continue;
    CLOISTER_ASSIGN(auto json, EncodeRequest(api, record));
    requests.push_back(std::move(json));
  }
  return AnswerList(request, "requests", std::move(requests));
}

Result<net::Response> AnswerDecided(const Api& api, const AdminRequestRecord& record) {
  CLOISTER_ASSIGN(auto json, EncodeRequest(api, record));
  return JsonResponse(200, {{"request", std::move(json)}});
}

Result<net::Response> Decide(const Api& api, const net::Request& request, AdminRequestStatus decision) {
  CLOISTER_ASSIGN(const Caller caller, RequireAdministrator(api, request));
  const auto id = AdminRequestId::Parse(request.Param("id"));
  if (!id) return NotFound("there is no such request");
  CLOISTER_TRY(ReadNothing(request));
  CLOISTER_ASSIGN(auto record, api.store.users.FindAdminRequest(*id));
  if (!record) return NotFound("there is no such request");
  // Said again by the same administrator, it is said already.
  if (record->status == decision && record->decided_by == caller.user.id.str()) return AnswerDecided(api, *record);
  record->status = decision;
  record->decided_by = caller.user.id.str();
  record->updated_at = api.clock.Now();
  CLOISTER_TRY(api.store.users.DecideAdminRequest(*record));
  return AnswerDecided(api, *record);
}

Result<net::Response> ListUsers(const Api& api, const net::Request& request) {
  CLOISTER_TRY(RequireAdministrator(api, request));
  CLOISTER_ASSIGN(const auto records, api.store.users.AllUsers());
  codec::JsonArray users;
  for (const UserRecord& record : records) users.push_back(EncodeUser(record));
  return AnswerList(request, "users", std::move(users));
}

// An account for somebody else, with a first key that the administrator hands over.
Result<net::Response> AddUser(const Api& api, const net::Request& request) {
  CLOISTER_TRY(RequireAdministrator(api, request));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  CLOISTER_ASSIGN(UserRecord user, DecodeNewUser(api, body));
  RequestIds ids(api, request);
  user.id = ids.Make<UserId>();
  user.origin = UserOrigin::kAdministrator;
  CLOISTER_ASSIGN(const NewKey made, MakeApiKey(api, ids, user.id, {.name = "first key"}));
  CLOISTER_ASSIGN(const auto again, api.store.users.FindUser(user.id));
  if (!again) {
    const Status added = api.store.users.AddUser(user);
    if (!added && added.error().code == Code::kConflict) return Conflict("somebody of that e-mail address is known");
    CLOISTER_TRY(added);
  }
  CLOISTER_ASSIGN(const auto keys, api.store.users.ApiKeysOf(user.id));
  if (keys.empty()) CLOISTER_TRY(api.store.users.AddApiKey(made.record));
  return JsonResponse(201, {{"user", EncodeUser(again.value_or(user))}, {"api_key", made.text}});
}

// What an administrator does to an account: false where there is none.
using Change = std::function<Result<bool>(const UserId&)>;

Result<net::Response> ChangeUser(const Api& api, const net::Request& request, const Change& change) {
  CLOISTER_TRY(RequireAdministrator(api, request));
  CLOISTER_TRY(ReadNothing(request));
  const auto id = UserId::Parse(request.Param("id"));
  if (!id) return NotFound("there is no such user");
  CLOISTER_ASSIGN(const bool found, change(*id));
  if (!found) return NotFound("there is no such user");
  CLOISTER_ASSIGN(const auto user, api.store.users.FindUser(*id));
  return JsonResponse(200, {{"user", EncodeUser(user.value())}});
}

}  // namespace

Result<std::optional<std::string>> MakeFirstUser(const Api& api, const std::string& email) {
  CLOISTER_ASSIGN(const auto known, api.store.users.AllUsers());
  if (!known.empty()) return std::optional<std::string>();
  CLOISTER_ASSIGN(UserRecord user, DecodeNewUser(api, codec::Json(codec::JsonObject{{"email", email}})));
  user.origin = UserOrigin::kAdministrator;
  CLOISTER_TRY(api.store.users.AddUser(user));
  RequestIds ids(api, net::Request{});
  CLOISTER_ASSIGN(NewKey made, MakeApiKey(api, ids, user.id, {.name = "first key"}));
  CLOISTER_TRY(api.store.users.AddApiKey(made.record));
  return std::optional(std::move(made.text));
}

void AddAdminRoutes(net::Router& router, const Api& api) {
  const std::string requests = "/api/admin/requests";
  router.Add("GET", requests, [&api](const net::Request& request) { return ListRequests(api, request); });
  router.Add("POST", requests, [&api](const net::Request& request) { return Ask(api, request); });
  router.Add("POST", requests + "/{id}/approve", [&api](const net::Request& request) {
    return Decide(api, request, AdminRequestStatus::kApproved);
  });
  router.Add("POST", requests + "/{id}/reject", [&api](const net::Request& request) {
    return Decide(api, request, AdminRequestStatus::kRejected);
  });
  router.Add("GET", "/api/admin/users", [&api](const net::Request& request) { return ListUsers(api, request); });
  router.Add("POST", "/api/admin/users", [&api](const net::Request& request) { return AddUser(api, request); });
  const std::string user = "/api/admin/users/{id}";
  const auto add = [&](std::string_view method, const std::string& pattern, const Change& change) {
    router.Add(method, pattern, [&api, change](const net::Request& request) {
      return ChangeUser(api, request, change);
    });
  };
  add("POST", user + "/disable", [&api](const UserId& id) { return api.store.users.Disable(id, api.clock.Now()); });
  add("POST", user + "/enable", [&api](const UserId& id) { return api.store.users.Enable(id, api.clock.Now()); });
  add("DELETE", user + "/administrator",
      [&api](const UserId& id) { return api.store.users.TakeAdministrator(id, api.clock.Now()); });
}

}  // namespace cloister::control
