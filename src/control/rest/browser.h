#pragma once

// Browsers as callers: the session in a cookie, and what keeps other sites from using it (OWASP, "Cross-Site Request
// Forgery Prevention"; RFC 6265bis section 4.1.3). Room-private.
//
// Where the server is found under https, cookies are `__Host-` and Secure: no other host, and nobody without TLS, can
// set or read them. On this machine without TLS (--dev-login) they are neither: browsers do not agree on whether they
// keep such cookies for http://127.0.0.1. Cookies know no port, so another program on this machine that serves web
// pages may read them there.
//
// A request by cookie must not come from another site (Origin, Sec-Fetch-Site). One that may change something, and one
// that opens a WebSocket, must say that it comes from this one; what may change something also carries the session's
// token in X-CSRF-Token, which only a page of this site can have read.

#include <optional>
#include <string>
#include <string_view>

#include "control/rest/api.h"

namespace cloister::control {

// Whether there are sessions at all.
bool WelcomesBrowsers(const Api& api);

// Without an API key; the message says how.
Error NeedsKey();

// kUnauthenticated without a session that goes on; kPermissionDenied for a request that another site may have made.
Result<Caller> AuthenticateBrowser(const Api& api, const net::Request& request, SessionStore::Use use);

// kPermissionDenied if another site sent the browser here, as far as the request tells.
Status CheckSite(const Api& api, const net::Request& request);

// Logs the browser in, under a new id; the session that it had before ends.
struct NewSession {
  SessionRecord record;
  std::string csrf_token;
  std::string cookie;  // the value of Set-Cookie
};
Result<NewSession> BeginSession(const Api& api, const net::Request& request, const UserId& user);
// {"csrf_token", "created_at", "expires_at", ...} of the session that the request is made in.
codec::JsonObject EncodeSession(const SessionRecord& session, std::string_view csrf_token);
// Of the request's own session; empty without one.
std::string CsrfTokenOf(const Api& api, const net::Request& request);

enum class CookieKind { kSession, kLogin };
// The value of one of our cookies: 32 bytes in base64url. Absent if there is none, or if there are two.
std::optional<std::string> ReadCookie(const Api& api, const net::Request& request, CookieKind kind);
// Set-Cookie; an empty value removes it.
std::string WriteCookie(const Api& api, CookieKind kind, std::string_view value);
// 32 bytes in base64url.
std::string NewCookieValue(Rng& rng);

}  // namespace cloister::control
