#include "control/login/issuer.h"

#include <algorithm>

#include "codec/json.h"
#include "codec/text.h"
#include "control/login/token_answer.h"
#include "crypto/digest.h"

namespace cloister::control {
namespace {

using Parameters = std::vector<std::pair<std::string_view, std::string_view>>;

// application/x-www-form-urlencoded; a space as %20, which every reader of it takes.
std::string Form(const Parameters& parameters) {
  std::string text;
  for (const auto& [name, value] : parameters) {
    text += (text.empty() ? "" : "&") + std::string(name) + "=" + net::EncodeSegment(value);
  }
  return text;
}

bool HasKey(const std::vector<crypto::Jwk>& keys, std::string_view kid) {
  return std::ranges::any_of(keys, [&](const crypto::Jwk& key) { return key.kid() == kid; });
}

}  // namespace

Issuer::Issuer(IssuerTerms terms, Services services)
    : terms_(std::move(terms)), name_(terms_.issuer.url()), services_(std::move(services)) {}

Result<std::string> Issuer::AddressToLogIn(const Challenge& challenge) {
  CLOISTER_ASSIGN(const auto discovery, Describe());
  const Digest256 digest = crypto::Sha256(AsBytes(challenge.verifier));
  const std::string hashed = codec::Base64UrlEncode(digest);
  Parameters parameters{
      {"response_type", "code"},         {"client_id", terms_.client_id},  {"redirect_uri", terms_.redirect_uri},
      {"scope", "openid email profile"}, {"state", challenge.state},       {"nonce", challenge.nonce},
      {"code_challenge", hashed},        {"code_challenge_method", "S256"}};
  // Saves people a wrong choice of account; what counts is the claim in the token.
  if (terms_.domains.size() == 1) parameters.emplace_back("hd", terms_.domains.front());
  const std::string url = discovery->authorization.url();
  return url + (url.find('?') == std::string::npos ? "?" : "&") + Form(parameters);
}

Result<Identity> Issuer::Redeem(const Grant& grant) {
  auto identity = Identify(grant);
  if (!identity) {
    services_.log.Write(LogLevel::kWarning, "control", "login refused: " + identity.error().public_message);
  }
  return identity;
}

Result<Identity> Issuer::Identify(const Grant& grant) {
  CLOISTER_ASSIGN(const auto discovery, Describe());
  if (grant.answered_by ? *grant.answered_by != name_ : discovery->answers_name_issuer) {
    return VerificationFailed("the answer is not this issuer's: iss is missing or another one");
  }
  CLOISTER_ASSIGN(const net::HttpAnswer answered, Exchange(discovery->token, TokenRequest(*discovery, grant)));
  CLOISTER_ASSIGN(const TokenAnswer answer, ReadTokenAnswer(answered));
  CLOISTER_ASSIGN(const std::string kid, crypto::PeekTokenKid(answer.id_token));
  CLOISTER_ASSIGN(const auto keys, KeysFor(kid, *discovery));
  CLOISTER_ASSIGN(const crypto::VerifiedToken token, crypto::VerifyToken(answer.id_token, *keys));
  return ReadIdentity(token, {.issuer = name_, .client_id = terms_.client_id, .domains = terms_.domains},
                      {.nonce = grant.nonce, .access_token = answer.access_token, .now = services_.clock.Now()});
}

net::HttpRequest Issuer::TokenRequest(const Discovery& discovery, const Grant& grant) const {
  net::HttpRequest request{
      .method = net::HttpMethod::kPost,
      .fields = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}},
      .answer_bytes_max = kTokenAnswerBytesMax};
  Parameters parameters{{"grant_type", "authorization_code"},
                        {"code", grant.code},
                        {"redirect_uri", terms_.redirect_uri},
                        {"code_verifier", grant.verifier}};
  if (discovery.proof == ClientProof::kPost) {
    parameters.emplace_back("client_id", terms_.client_id);
    parameters.emplace_back("client_secret", terms_.client_secret);
  } else {
    const std::string pair = net::EncodeSegment(terms_.client_id) + ":" + net::EncodeSegment(terms_.client_secret);
    request.fields.push_back({"Authorization", "Basic " + codec::Base64Encode(AsBytes(pair))});
  }
  request.body = Form(parameters);
  return request;
}

Result<std::shared_ptr<const Discovery>> Issuer::Describe() {
  const std::int64_t now_ms = services_.clock.MonotonicMs();
  {
    MutexLock lock(mutex_);
    if (discovery_.value && now_ms - discovery_.fetched_ms < kIssuerKeptMs) return discovery_.value;
  }
  Endpoint at = terms_.issuer;
  at.target += kDiscoveryPath;
  CLOISTER_ASSIGN(const std::string text, Fetch(at, kDiscoveryBytesMax));
  CLOISTER_ASSIGN(Discovery read, ReadDiscovery(text, terms_.issuer));
  auto value = std::make_shared<const Discovery>(std::move(read));
  MutexLock lock(mutex_);
  discovery_ = {.value = value, .fetched_ms = now_ms};
  return value;
}

std::shared_ptr<const Issuer::Keys> Issuer::KeptKeys(std::string_view kid) {
  const std::int64_t now_ms = services_.clock.MonotonicMs();
  MutexLock lock(mutex_);
  const std::int64_t age_ms = now_ms - keys_.fetched_ms;
  if (keys_.value == nullptr || age_ms >= kIssuerKeptMs) return nullptr;
  // Whoever makes up names of keys does not make us fetch for each of them.
  const bool fetch_again = !HasKey(*keys_.value, kid) && age_ms >= kKeysAgainMs;
  return fetch_again ? nullptr : keys_.value;
}

Result<std::shared_ptr<const Issuer::Keys>> Issuer::KeysFor(std::string_view kid, const Discovery& discovery) {
  if (auto kept = KeptKeys(kid)) return kept;
  CLOISTER_ASSIGN(const std::string text, Fetch(discovery.keys, kKeySetBytesMax));
  const auto json = codec::ParseJson(text, {.bytes_max = kKeySetBytesMax});
  if (!json) return VerificationFailed("the issuer's keys cannot be read");
  CLOISTER_ASSIGN(Keys read, crypto::ParseJwkSet(*json));
  auto value = std::make_shared<const Keys>(std::move(read));
  MutexLock lock(mutex_);
  keys_ = {.value = value, .fetched_ms = services_.clock.MonotonicMs()};
  return value;
}

Result<std::string> Issuer::Fetch(const Endpoint& endpoint, std::size_t bytes_max) {
  CLOISTER_ASSIGN(net::HttpAnswer answer,
                  Exchange(endpoint, {.fields = {{"Accept", "application/json"}}, .answer_bytes_max = bytes_max}));
  if (answer.status != 200) {
    return Unavailable("the issuer answered " + std::to_string(answer.status) + " where it says who it is");
  }
  return std::move(answer.body);
}

Result<net::HttpAnswer> Issuer::Exchange(const Endpoint& endpoint, net::HttpRequest request) {
  {
    MutexLock lock(mutex_);
    if (exchanges_ >= kExchangesMax) return Unavailable("too many people log in at once; try again");
    ++exchanges_;
  }
  request.target = endpoint.target;
  request.timeout_ms = kIssuerTimeoutMs;
  auto answer = services_.connect(endpoint.server)->Perform(request);
  {
    MutexLock lock(mutex_);
    --exchanges_;
  }
  if (answer) return answer;
  services_.log.Write(LogLevel::kWarning, "control", "login: " + answer.error().public_message);
  if (answer.error().code == Code::kDeadlineExceeded) return answer;
  return Unavailable("the issuer cannot be reached, or its answer is too long");
}

}  // namespace cloister::control
