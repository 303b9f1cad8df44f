#include "control/rest/gate.h"

#include <algorithm>
#include <array>

#include "control/rest/idempotency.h"
#include "control/rest/problem.h"
#include "control/rest/rate_limiter.h"
#include "control/rest/scope.h"
#include "net/server/problem.h"

namespace cloister::control {
namespace {

constexpr std::array<std::string_view, 8> kOpenRoutes = {
    "/livez", "/readyz", "/api/tee/health", "/openapi.json", "/docs", "/docs/style.css", "/api/dev/login",
    "/api/tee/results/{result}"};
constexpr std::string_view kEvents = "/api/tee/events";

Status CheckScope(const Caller& caller, std::string_view scope) {
  if (HasScope(caller.api_key.scopes, scope)) return {};
  return Error{Code::kPermissionDenied, "this API key has not the scope '" + std::string(scope) + "'"};
}

void AddRateFields(net::Response& response, const RateLimiter& limiter, const RateLimiter::Verdict& verdict) {
  if (limiter.per_minute() == 0) return;
  response.headers.emplace_back("ratelimit-policy",
                                "\"default\";q=" + std::to_string(limiter.per_minute()) + ";w=60");
  response.headers.emplace_back("ratelimit", "\"default\";r=" + std::to_string(verdict.remaining) +
                                                 ";t=" + std::to_string(verdict.reset_seconds));
}

net::Response TooOften(const RateLimiter::Verdict& verdict) {
  net::Response response = net::ProblemResponse(
      {.status = 429,
       .error = "RESOURCE_EXHAUSTED",
       .message = "too many requests with this API key; try again in " + std::to_string(verdict.reset_seconds) + " s",
       .more = {{"violated-policies", codec::JsonArray{"default"}}},
       .type = "https://iana.org/assignments/http-problem-types#quota-exceeded"});
  response.headers.emplace_back("retry-after", std::to_string(verdict.reset_seconds));
  return response;
}

net::Handler Guard(const Api& api, std::shared_ptr<RateLimiter> limiter, const net::Route& route) {
  const std::string_view scope = ScopeOf(route.method, route.pattern);
  const bool counts = route.pattern != kEvents;
  net::Handler inner = route.method == "POST" ? Idempotent(api, route.handler) : route.handler;
  return [&api, limiter, scope, counts, inner = std::move(inner)](
             const net::Request& request) -> Result<net::Response> {
    CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
    CLOISTER_TRY(CheckScope(caller, scope));
    if (!counts) return inner(request);
    const RateLimiter::Verdict verdict = limiter->Take(caller.api_key.id.str());
    net::Response response;
    if (!verdict.allowed) {
      response = TooOften(verdict);
    } else {
      auto answered = inner(request);
      response = answered ? *std::move(answered) : RenderProblem(answered.error());
    }
    AddRateFields(response, *limiter, verdict);
    return response;
  };
}

net::UploadHandler GuardUpload(const Api& api, const net::Route& route) {
  const std::string_view scope = ScopeOf(route.method, route.pattern);
  return [&api, scope, inner = route.upload](
             const net::Request& request) -> Result<std::unique_ptr<net::BodySink>> {
    CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
    CLOISTER_TRY(CheckScope(caller, scope));
    return inner(request);
  };
}

}  // namespace

bool IsOpenRoute(std::string_view pattern) {
  return std::ranges::find(kOpenRoutes, pattern) != kOpenRoutes.end();
}

void AddGate(net::Router& router, const Api& api) {
  const auto limiter = std::make_shared<RateLimiter>(api.clock, api.limits.requests_per_minute);
  router.Transform([&](net::Route& route) {
    if (IsOpenRoute(route.pattern)) return;
    if (route.upload) {
      route.upload = GuardUpload(api, route);
    } else {
      route.handler = Guard(api, limiter, route);
    }
  });
}

}  // namespace cloister::control
