#include "control/rest/gate.h"

#include <algorithm>
#include <array>
#include <optional>

#include "codec/ascii.h"
#include "control/rest/content_digest.h"
#include "control/rest/idempotency.h"
#include "control/rest/problem.h"
#include "control/rest/rate_limiter.h"
#include "control/rest/scope.h"
#include "net/server/problem.h"

namespace cloister::control {
namespace {

constexpr std::array<std::string_view, 11> kOpenRoutes = {
    "/livez",
    "/readyz",
    "/api/tee/health",
    "/openapi.json",
    "/docs",
    "/docs/style.css",
    "/api/dev/login",
    "/api/login",
    "/api/login/callback",
    "/api/login/methods",
    "/api/tee/results/{result}"};
constexpr std::string_view kEvents = "/api/tee/events";
constexpr std::string_view kSocket = "/api/tee/ws";
constexpr std::string_view kSignedUrl = "/api/tee/results/{result}";
constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::string_view kJsonType = "application/json";
constexpr std::string_view kFileType = "application/octet-stream";

Status CheckScope(const Caller& caller, std::string_view scope) {
  if (HasScope(caller.scopes, scope)) return {};
  return Error{Code::kPermissionDenied, "this API key has not the scope '" + std::string(scope) + "'"};
}

void AddRateFields(net::Response& response, const RateLimiter& limiter, const RateLimiter::Verdict& verdict) {
  if (limiter.tokens() == 0) return;
  response.headers.emplace_back("ratelimit-policy",
                                "\"default\";q=" + std::to_string(limiter.tokens()) + ";w=60");
  response.headers.emplace_back("ratelimit", "\"default\";r=" + std::to_string(verdict.remaining) +
                                                 ";t=" + std::to_string(verdict.reset_seconds));
}

// "Application/JSON ; charset=utf-8" -> "application/json".
std::string MediaTypeOf(const net::Request& request) {
  const std::string* field = request.Header("content-type");
  std::string type = field == nullptr ? "" : field->substr(0, field->find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.pop_back();
  return codec::LowerCase(type);
}

net::Response WrongType(std::string_view wanted) {
  net::Response response = net::ProblemResponse({.status = 415,
                                                 .error = "UNSUPPORTED_MEDIA_TYPE",
                                                 .message = "the request body must be " + std::string(wanted)});
  response.headers.emplace_back("accept", wanted);
  return response;
}

// Every whole body is JSON. A web page can make a browser send other types without asking anybody; this one it cannot.
std::optional<net::Response> CheckJsonType(const net::Request& request) {
  if (request.body.empty() || MediaTypeOf(request) == kJsonType) return std::nullopt;
  return WrongType(kJsonType);
}

// A file is taken as it comes, under whatever name of its own it has; these would be another file in an envelope.
bool IsEnvelope(const std::string& type) { return type.starts_with("multipart/") || type == kJsonType; }

// A part of what is to be put in place would be taken for all of it (RFC 9110 section 14.5).
Status CheckWhole(const net::Request& request) {
  if (request.method != "PUT" || request.Header("content-range") == nullptr) return {};
  return InvalidArgument("'Content-Range' is not known here: a PUT has all of the body, and uploads have parts");
}

net::Handler WithWholeJson(net::Handler inner) {
  return [inner = std::move(inner)](const net::Request& request) -> Result<net::Response> {
    if (auto refused = CheckJsonType(request)) return *std::move(refused);
    CLOISTER_TRY(CheckWhole(request));
    CLOISTER_TRY(CheckContentDigest(request));
    return inner(request);
  };
}

net::Response TooOften(const RateLimiter::Verdict& verdict) {
  net::Response response = net::ProblemResponse(
      {.status = 429,
       .error = "RESOURCE_EXHAUSTED",
       .message = "too many requests; try again in " + std::to_string(verdict.reset_seconds) + " s",
       .more = {{"violated-policies", codec::JsonArray{"default"}}},
       .type = "https://iana.org/assignments/http-problem-types#quota-exceeded"});
  response.headers.emplace_back("retry-after", std::to_string(verdict.reset_seconds));
  return response;
}

net::Handler Guard(const Api& api, std::shared_ptr<RateLimiter> limiter, const net::Route& route) {
  const std::string_view scope = ScopeOf(route.method, route.pattern);
  const bool counts = route.pattern != kEvents && route.pattern != kSocket;
  net::Handler inner = WithWholeJson(route.method == "GET" ? route.handler : Idempotent(api, route.handler));
  return [&api, limiter, scope, counts, inner = std::move(inner)](
             const net::Request& request) -> Result<net::Response> {
    CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
    CLOISTER_TRY(CheckScope(caller, scope));
    if (!counts) return inner(request);
    const RateLimiter::Verdict verdict = limiter->Take(caller.counted_as);
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

// Reads to the end, and says why it kept nothing: an Error has no word for 415.
class RefusingSink final : public net::BodySink {
 public:
  Status Write(ByteView) override { return {}; }
  Result<net::Response> Finish() override { return WrongType(kFileType); }
};

// Counts what arrives; over the limit the rest is not taken.
class MeteredSink final : public net::BodySink {
 public:
  struct Sender {
    std::string user;
    std::uint64_t body_bytes = 0;  // as far as announced
  };
  MeteredSink(std::shared_ptr<RateLimiter> bytes, Sender sender, std::unique_ptr<net::BodySink> inner)
      : bytes_(std::move(bytes)), user_(sender.user), body_bytes_(sender.body_bytes), inner_(std::move(inner)) {}

  Status Write(ByteView piece) override {
    if (bytes_->Take(user_, static_cast<std::int64_t>(piece.size())).allowed) return inner_->Write(piece);
    // When all of it may come, not this piece: it begins anew.
    const std::uint64_t wanted = std::max<std::uint64_t>(body_bytes_, piece.size());
    retry_after_seconds_ = bytes_->SecondsUntil(user_, static_cast<std::int64_t>(wanted));
    return ResourceExhausted("you have sent as many bytes as one may within a day; go on later");
  }
  Result<net::Response> Finish() override { return inner_->Finish(); }
  net::Headers ErrorFields() const override {
    if (!retry_after_seconds_) return {};
    return {{"retry-after", std::to_string(*retry_after_seconds_)}};
  }

 private:
  const std::shared_ptr<RateLimiter> bytes_;
  const std::string user_;
  const std::uint64_t body_bytes_;
  const std::unique_ptr<net::BodySink> inner_;
  std::optional<std::int64_t> retry_after_seconds_;
};

// A file that goes out is counted before its first byte.
net::Handler Metered(std::shared_ptr<RateLimiter> bytes, net::Handler inner) {
  return [bytes = std::move(bytes), inner = std::move(inner)](const net::Request& request) -> Result<net::Response> {
    CLOISTER_ASSIGN(net::Response response, inner(request));
    const auto recipient = request.query.find("for");
    if (response.status != 200 || recipient == request.query.end()) return response;
    const std::uint64_t size = response.source ? response.source->size() : response.body.size();
    const RateLimiter::Verdict verdict = bytes->Take(recipient->second, static_cast<std::int64_t>(size));
    if (verdict.allowed) return response;
    return RenderExhausted("you have fetched as many bytes as one may within a day; go on later",
                           verdict.reset_seconds);
  };
}

net::UploadHandler GuardUpload(const Api& api, std::shared_ptr<RateLimiter> bytes, const net::Route& route) {
  const std::string_view scope = ScopeOf(route.method, route.pattern);
  return [&api, scope, bytes = std::move(bytes), inner = route.upload](
             const net::Request& request) -> Result<std::unique_ptr<net::BodySink>> {
    CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
    CLOISTER_TRY(CheckScope(caller, scope));
    CLOISTER_TRY(CheckWhole(request));
    // Whoever may not know of the object is told 404 and nothing else. What is opened has taken nobody's place yet: let
    // go it leaves everything as it was.
    CLOISTER_ASSIGN(auto sink, inner(request));
    if (IsEnvelope(MediaTypeOf(request))) return std::unique_ptr<net::BodySink>(std::make_unique<RefusingSink>());
    return std::unique_ptr<net::BodySink>(
        std::make_unique<MeteredSink>(bytes, MeteredSink::Sender{caller.user.id.str(), request.body_bytes},
                                      std::move(sink)));
  };
}

}  // namespace

bool IsOpenRoute(std::string_view pattern) {
  return std::ranges::find(kOpenRoutes, pattern) != kOpenRoutes.end();
}

void AddGate(net::Router& router, const Api& api) {
  const auto limiter = std::make_shared<RateLimiter>(api.clock, api.limits.requests_per_minute);
  const auto uploads = std::make_shared<RateLimiter>(api.clock, api.limits.upload_bytes_per_day, kDayMs);
  const auto downloads = std::make_shared<RateLimiter>(api.clock, api.limits.download_bytes_per_day, kDayMs);
  router.Transform([&](net::Route& route) {
    if (IsOpenRoute(route.pattern)) {
      route.handler = WithWholeJson(route.pattern == kSignedUrl ? Metered(downloads, route.handler) : route.handler);
    } else if (route.upload) {
      route.upload = GuardUpload(api, uploads, route);
    } else {
      route.handler = Guard(api, limiter, route);
    }
  });
}

}  // namespace cloister::control
