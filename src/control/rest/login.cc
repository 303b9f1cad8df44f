// GET /api/login, /api/login/callback, /api/login/methods: people in browsers, who log in at an issuer of identities
// (login/issuer.h) and come back with a code.
//
// What a browser carries away is a state, known here by its digest, and a cookie: the answer is taken once, and from
// the browser that asked (RFC 9700 section 2.1). The verifier (PKCE) goes from here to the issuer and no other way.

#include <algorithm>

#include "control/login/login_answer.h"
#include "control/rest/api_keys.h"
#include "control/rest/browser.h"
#include "control/rest/login_page.h"
#include "control/rest/problem.h"
#include "control/rest/rate_limiter.h"
#include "control/rest/routes.h"
#include "crypto/digest.h"

namespace cloister::control {
namespace {

constexpr std::int64_t kLoginsPerMinute = 600;  // begun, by everybody together: each is a write
constexpr std::size_t kReturnCharsMax = 512;
constexpr std::string_view kReturnDefault = "/docs";

net::Response Redirect(int status, const std::string& location) {
  net::Response response;
  response.status = status;
  response.headers = {{"location", location}, {"referrer-policy", "no-referrer"}};
  return response;
}

// A page of this server and nothing that a browser could read as another host; no route of the API, which would show
// its JSON, or log in again for ever.
Result<std::string> ReadReturnTo(const net::Request& request) {
  const auto found = request.query.find("return_to");
  if (found == request.query.end()) return std::string(kReturnDefault);
  const std::string& path = found->second;
  const bool plain = std::ranges::all_of(path, [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
  if (!plain || path.size() > kReturnCharsMax || !path.starts_with('/') || path.starts_with("//") ||
      path.starts_with("/api/")) {
    return InvalidArgument("'return_to' must be the path of a page of this server");
  }
  return path;
}

net::Response TooManyLogins(const net::Request& request, const RateLimiter::Verdict& verdict) {
  constexpr std::string_view kMessage = "too many people log in at once; try again";
  net::Response response = RenderExhausted(kMessage, verdict.reset_seconds);
  if (!WantsPage(request)) return response;
  net::Response page = LoginFailedPage(response.status, kMessage);
  page.headers.emplace_back("retry-after", std::to_string(verdict.reset_seconds));
  return page;
}

Result<net::Response> Begin(const Api& api, RateLimiter& limiter, const net::Request& request) {
  CLOISTER_ASSIGN(std::string return_to, ReadReturnTo(request));
  const RateLimiter::Verdict verdict = limiter.Take("everybody");
  if (!verdict.allowed) return TooManyLogins(request, verdict);
  const std::string browser =
      ReadCookie(api, request, CookieKind::kLogin).value_or(NewCookieValue(api.rng));  // of another tab
  const Issuer::Challenge challenge{
      .state = NewCookieValue(api.rng), .nonce = NewCookieValue(api.rng), .verifier = NewCookieValue(api.rng)};
  CLOISTER_ASSIGN(const std::string address, api.issuer->AddressToLogIn(challenge));
  CLOISTER_TRY(api.store.logins.Begin({.state = crypto::Sha256(AsBytes(challenge.state)),
                                       .browser = crypto::Sha256(AsBytes(browser)),
                                       .nonce = challenge.nonce,
                                       .verifier = challenge.verifier,
                                       .return_to = std::move(return_to),
                                       .created_at = api.clock.Now()}));
  net::Response response = Redirect(302, address);
  response.headers.emplace_back("set-cookie", WriteCookie(api, CookieKind::kLogin, browser));
  return response;
}

// The attempt that this browser began and has not finished.
Result<LoginAttempt> TakeAttempt(const Api& api, const net::Request& request, const LoginAnswer& answer) {
  const Error unknown{Code::kPermissionDenied,
                      "this login was not begun in this browser, or too long ago, or is finished; begin again"};
  const auto browser = ReadCookie(api, request, CookieKind::kLogin);
  if (!browser) return unknown;
  CLOISTER_ASSIGN(auto attempt, api.store.logins.Take({.state = crypto::Sha256(AsBytes(answer.state)),
                                                       .browser = crypto::Sha256(AsBytes(*browser))},
                                                      api.clock.Now()));
  if (!attempt) return unknown;
  return *std::move(attempt);
}

// Whom a new account would be made for. Everybody at a public mail provider is an organisation of his own: a policy may
// trust "the analyst's organisation".
Result<UserRecord> FreshUser(const Api& api, const Identity& identity) {
  codec::JsonObject terms{{"email", identity.email}};
  const bool named = !identity.name.empty() && CheckLabel("name", identity.name, agreement::kLabelBytesMax);
  if (named) terms["name"] = identity.name;
  if (!identity.organisation.empty())
    terms["organisation"] = identity.organisation;
  else if (identity.email.ends_with("@gmail.com"))
    terms["organisation"] = identity.email;
  CLOISTER_ASSIGN(UserRecord user, DecodeNewUser(api, codec::Json(std::move(terms))));
  user.origin = UserOrigin::kIssuer;
  return user;
}

Result<net::Response> ComeBack(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const LoginAnswer answer, ReadLoginAnswer(request.query));
  CLOISTER_ASSIGN(const LoginAttempt attempt, TakeAttempt(api, request, answer));
  if (answer.denied) return Error{Code::kPermissionDenied, "the login was cancelled"};
  if (answer.code.empty()) return Error{Code::kPermissionDenied, "the issuer did not log you in; begin again"};
  CLOISTER_ASSIGN(
      const Identity identity,
      api.issuer->Redeem(
          {.code = answer.code, .verifier = attempt.verifier, .nonce = attempt.nonce, .answered_by = answer.issuer}));
  CLOISTER_ASSIGN(const UserRecord fresh, FreshUser(api, identity));
  CLOISTER_ASSIGN(
      const UserRecord user,
      api.store.logins.Recognise(
          {.issuer = identity.issuer, .subject = identity.subject, .authoritative = identity.authoritative}, fresh));
  CLOISTER_ASSIGN(const NewSession session, BeginSession(api, request, user.id));
  net::Response response = Redirect(303, attempt.return_to);
  response.headers.emplace_back("set-cookie", session.cookie);
  response.headers.emplace_back("set-cookie", WriteCookie(api, CookieKind::kLogin, ""));
  return response;
}

// A person sees a page, a program a problem.
net::Handler ForPeople(net::Handler inner) {
  return [inner = std::move(inner)](const net::Request& request) -> Result<net::Response> {
    auto answered = inner(request);
    if (answered || !WantsPage(request)) return answered;
    return LoginFailedPage(StatusOf(answered.error().code), answered.error().public_message);
  };
}

Result<net::Response> Methods(const Api& api, const net::Request&) {
  codec::Json issuer;
  if (api.issuer != nullptr) issuer = api.issuer->name();
  return JsonResponse(200, {{"issuer", std::move(issuer)}, {"development", api.dev_login}});
}

}  // namespace

void AddLoginRoutes(net::Router& router, const Api& api) {
  router.Add("GET", "/api/login/methods", [&api](const net::Request& request) { return Methods(api, request); });
  if (api.issuer == nullptr) return;
  const auto limiter = std::make_shared<RateLimiter>(api.clock, kLoginsPerMinute);
  router.Add("GET", "/api/login",
             ForPeople([&api, limiter](const net::Request& request) { return Begin(api, *limiter, request); }));
  router.Add("GET", "/api/login/callback",
             ForPeople([&api](const net::Request& request) { return ComeBack(api, request); }));
}

}  // namespace cloister::control
