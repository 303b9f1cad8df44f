// GET /api/session, POST /api/logout; GET, DELETE /api/sessions: browsers that are logged in.

#include "control/rest/api_keys.h"
#include "control/rest/browser.h"
#include "control/rest/routes.h"

namespace cloister::control {
namespace {

Result<net::Response> Show(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  codec::Json session;
  if (caller.session) session = EncodeSession(*caller.session, CsrfTokenOf(api, request));
  return JsonResponse(200, {{"user", EncodeUser(caller.user)}, {"session", std::move(session)}});
}

Result<net::Response> LogOut(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  CLOISTER_TRY(ReadNothing(request));
  if (!caller.session) return FailedPrecondition("an API key is no session; DELETE /api/keys/{id} ends it");
  CLOISTER_TRY(api.store.sessions.End(caller.session->id));
  net::Response response = JsonResponse(200, {{"message", "You are logged out."}});
  response.headers.emplace_back("set-cookie", WriteCookie(api, CookieKind::kSession, ""));
  return response;
}

Result<net::Response> List(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  CLOISTER_ASSIGN(const auto records, api.store.sessions.Of(caller.user.id, api.clock.Now()));
  codec::JsonArray sessions;
  for (const SessionRecord& record : records) {
    sessions.push_back(codec::JsonObject{{"id", record.id.str()},
                                         {"current", caller.session && caller.session->id == record.id},
                                         {"created_at", FormatRfc3339(record.created_at)},
                                         {"updated_at", FormatRfc3339(record.last_used_at)},
                                         {"last_used_at", FormatRfc3339(record.last_used_at)},
                                         {"expires_at", FormatRfc3339(record.expires_at)}});
  }
  return AnswerList(request, "sessions", std::move(sessions));
}

Result<net::Response> EndAll(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  CLOISTER_TRY(ReadNothing(request));
  CLOISTER_ASSIGN(const std::int64_t ended, api.store.sessions.EndAllOf(caller.user.id));
  net::Response response =
      JsonResponse(200, {{"ended", ended}, {"message", "You are logged out everywhere. API keys go on."}});
  if (caller.session) response.headers.emplace_back("set-cookie", WriteCookie(api, CookieKind::kSession, ""));
  return response;
}

}  // namespace

void AddSessionRoutes(net::Router& router, const Api& api) {
  if (!WelcomesBrowsers(api)) return;
  router.Add("GET", "/api/session", [&api](const net::Request& request) { return Show(api, request); });
  router.Add("POST", "/api/logout", [&api](const net::Request& request) { return LogOut(api, request); });
  router.Add("GET", "/api/sessions", [&api](const net::Request& request) { return List(api, request); });
  router.Add("DELETE", "/api/sessions", [&api](const net::Request& request) { return EndAll(api, request); });
}

}  // namespace cloister::control
