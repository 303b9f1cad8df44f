#include "control/rest/browser.h"

#include "codec/text.h"
#include "control/rest/scope.h"
#include "crypto/digest.h"

namespace cloister::control {
namespace {

constexpr std::size_t kValueBytes = 32;
constexpr std::string_view kCsrfPurpose = "cloister csrf token";

Error FromElsewhere() {
  return {Code::kPermissionDenied,
          "this request comes from a page of another site, or does not say where it comes from"};
}

bool IsSecure(const Api& api) {
  return api.public_origin.empty() ? api.speaks_tls : api.public_origin.starts_with("https://");
}

std::string NameOf(const Api& api, CookieKind kind) {
  const std::string name = kind == CookieKind::kSession ? "cloister_session" : "cloister_login";
  return (IsSecure(api) ? "__Host-" : "") + name;
}

// As a browser writes it in Origin. The host is one that the server answers for (net/server/server.h).
std::string OwnOrigin(const Api& api, const net::Request& request) {
  if (!api.public_origin.empty()) return api.public_origin;
  const std::string* host = request.Header("host");
  return (api.speaks_tls ? "https://" : "http://") + (host != nullptr ? *host : std::string());
}

bool MayChange(const net::Request& request) { return request.method != "GET" && request.method != "HEAD"; }

std::string CsrfTokenFor(std::string_view cookie) {
  return codec::Base64UrlEncode(crypto::HmacSha256(AsBytes(cookie), AsBytes(kCsrfPurpose)));
}

bool SaysOwnPage(const net::Request& request) {
  const std::string* site = request.Header("sec-fetch-site");
  return site != nullptr && *site == "same-origin";
}

Status CheckOwnPage(const Api& api, const net::Request& request, std::string_view cookie) {
  CLOISTER_TRY(CheckSite(api, request));
  const bool opens_socket = request.Header("upgrade") != nullptr;
  if (!MayChange(request) && !opens_socket) return {};
  if (request.Header("origin") == nullptr && !SaysOwnPage(request)) return FromElsewhere();
  if (!MayChange(request)) return {};
  const std::string* token = request.Header("x-csrf-token");
  if (token == nullptr || !crypto::EqualInConstantTime(AsBytes(*token), AsBytes(CsrfTokenFor(cookie)))) {
    return Error{Code::kPermissionDenied, "'X-CSRF-Token' must be the csrf_token of GET /api/session"};
  }
  return {};
}

}  // namespace

bool WelcomesBrowsers(const Api& api) { return api.issuer != nullptr || api.dev_login; }

Error NeedsKey() { return {Code::kUnauthenticated, "an API key is needed: Authorization: Bearer KEY"}; }

Status CheckSite(const Api& api, const net::Request& request) {
  const std::string* site = request.Header("sec-fetch-site");
  if (site != nullptr && *site != "same-origin" && *site != "none") return FromElsewhere();
  const std::string* origin = request.Header("origin");
  if (origin != nullptr && *origin != OwnOrigin(api, request)) return FromElsewhere();
  return {};
}

Result<Caller> AuthenticateBrowser(const Api& api, const net::Request& request, SessionStore::Use use) {
  const auto cookie = WelcomesBrowsers(api) ? ReadCookie(api, request, CookieKind::kSession) : std::nullopt;
  if (!cookie) return NeedsKey();
  CLOISTER_TRY(CheckOwnPage(api, request, *cookie));
  CLOISTER_ASSIGN(auto owner, api.store.sessions.Find(crypto::Sha256(AsBytes(*cookie)), api.clock.Now(), use));
  if (!owner) return Error{Code::kUnauthenticated, "the session is over; log in again"};
  std::string counted_as = owner->user.id.str();
  return Caller{.user = std::move(owner->user),
                .key = std::nullopt,
                .scopes = std::string(kAllScopes),
                .counted_as = std::move(counted_as),
                .session = std::move(owner->session),
                .asked_by_own_page = MayChange(request) || SaysOwnPage(request)};
}

Result<NewSession> BeginSession(const Api& api, const net::Request& request, const UserId& user) {
  const std::string value = NewCookieValue(api.rng);
  const Instant now = api.clock.Now();
  NewSession made{.record = {.id = SessionId::New(api.clock, api.rng),
                             .hash = crypto::Sha256(AsBytes(value)),
                             .user = user,
                             .created_at = now,
                             .last_used_at = now,
                             .expires_at = {now.unix_ms + kSessionMs}},
                  .csrf_token = CsrfTokenFor(value),
                  .cookie = WriteCookie(api, CookieKind::kSession, value)};
  std::optional<Digest256> before;
  if (const auto old = ReadCookie(api, request, CookieKind::kSession)) before = crypto::Sha256(AsBytes(*old));
  CLOISTER_TRY(api.store.sessions.Add(made.record, before));
  return made;
}

codec::JsonObject EncodeSession(const SessionRecord& session, std::string_view csrf_token) {
  return {{"id", session.id.str()},
          {"csrf_token", csrf_token},
          {"created_at", FormatRfc3339(session.created_at)},
          {"updated_at", FormatRfc3339(session.last_used_at)},
          {"last_used_at", FormatRfc3339(session.last_used_at)},
          {"idle_expires_at", FormatRfc3339({session.last_used_at.unix_ms + kSessionIdleMs})},
          {"expires_at", FormatRfc3339(session.expires_at)}};
}

std::string CsrfTokenOf(const Api& api, const net::Request& request) {
  const auto cookie = ReadCookie(api, request, CookieKind::kSession);
  return cookie ? CsrfTokenFor(*cookie) : "";
}

std::optional<std::string> ReadCookie(const Api& api, const net::Request& request, CookieKind kind) {
  const std::string* field = request.Header("cookie");
  if (field == nullptr) return std::nullopt;
  const std::string begin = NameOf(api, kind) + "=";
  std::optional<std::string> found;
  for (std::string_view rest = *field; !rest.empty();) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (!pair.starts_with(begin)) continue;
    if (found) return std::nullopt;  // which of them is ours, nobody knows
    found = pair.substr(begin.size());
  }
  if (!found) return std::nullopt;
  const auto bytes = codec::Base64UrlDecode(*found);
  return bytes && bytes->size() == kValueBytes ? found : std::nullopt;
}

std::string WriteCookie(const Api& api, CookieKind kind, std::string_view value) {
  const std::int64_t lives_ms = kind == CookieKind::kSession ? kSessionMs : kAttemptMs;
  std::string cookie = NameOf(api, kind) + "=" + std::string(value) + "; Path=/; HttpOnly; SameSite=Lax";
  if (IsSecure(api)) cookie += "; Secure";
  return cookie + "; Max-Age=" + std::to_string(value.empty() ? 0 : lives_ms / 1000);
}

std::string NewCookieValue(Rng& rng) {
  ByteArray<kValueBytes> bytes{};
  rng.Fill(bytes);
  return codec::Base64UrlEncode(bytes);
}

}  // namespace cloister::control
