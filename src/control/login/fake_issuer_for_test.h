#pragma once

// An issuer of identities in this process, with the documents that Google publishes: it plays the browser's visit too.
// What it would sign and answer is in its members, so that a test can change one thing at a time.

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "codec/json.h"
#include "control/login/issuer.h"
#include "crypto/digest.h"
#include "crypto/token_signer_for_test.h"
#include "net/client/fake_transport.h"
#include "net/server/target.h"

namespace cloister::control {

// RSA keys take their time: one for all tests of a process.
inline const crypto::TokenSignerForTest& RsaSignerForTest() {
  static const crypto::TokenSignerForTest signer = crypto::TokenSignerForTest::Rsa();
  return signer;
}

class FakeIssuer {
 public:
  static constexpr const char* kClientId = "1234.apps.googleusercontent.com";
  static constexpr const char* kSecret = "GOCSPX-a secret";

  // `clock` must outlive it.
  explicit FakeIssuer(const Clock& clock) : clock_(clock) {
    keys = {{"keys", codec::JsonArray{RsaSignerForTest().Jwk("key-1")}}};
  }

  // As Google publishes it, without what nobody reads here.
  codec::JsonObject discovery{{"issuer", "https://accounts.google.com"},
                              {"authorization_endpoint", "https://accounts.google.com/o/oauth2/v2/auth"},
                              {"token_endpoint", "https://oauth2.googleapis.com/token"},
                              {"jwks_uri", "https://www.googleapis.com/oauth2/v3/certs"},
                              {"userinfo_endpoint", "https://openidconnect.googleapis.com/v1/userinfo"},
                              {"response_types_supported", {"code", "token", "id_token", "none"}},
                              {"subject_types_supported", codec::JsonArray{"public"}},
                              {"id_token_signing_alg_values_supported", codec::JsonArray{"RS256"}},
                              {"token_endpoint_auth_methods_supported", {"client_secret_post", "client_secret_basic"}},
                              {"code_challenge_methods_supported", {"plain", "S256"}}};
  codec::JsonObject keys;
  std::string issuer = "https://accounts.google.com";  // whom the server is told to trust
  std::string kid = "key-1";
  const crypto::TokenSignerForTest* signer = &RsaSignerForTest();
  std::function<void(codec::JsonObject&)> change_claims = [](codec::JsonObject&) {};
  std::function<void(codec::JsonObject&)> change_answer = [](codec::JsonObject&) {};
  int failing_status = 0;  // of every answer; 0: none fails
  int asked = 0;           // how often somebody asked for anything
  int asked_for_keys = 0;

  Issuer::Connect Connector() {
    return [this](const net::ServerAddress& server) {
      return std::make_unique<net::FakeTransport>(
          [this, origin = server.origin()](const net::HttpRequest& request) { return Answer(origin, request); });
    };
  }
  IssuerTerms Terms() const {
    return {.issuer = *Endpoint::Parse(issuer),
            .client_id = kClientId,
            .client_secret = kSecret,
            .redirect_uri = "https://cleanroom.example/api/login/callback"};
  }

  struct Person {
    std::string subject = "107691503500061507151";
    std::string email = "ana@gmail.com";
    std::string domain = "";
  };
  // The person logs in at `address` and agrees; the code that the browser brings back.
  std::string Visit(const std::string& address, const Person& person) {
    const std::size_t path = address.find('/', 8);
    const auto query = net::ParseTarget(address.substr(path))->query;
    const std::string code = "4/0A" + std::to_string(codes_.size());
    codes_[code] = {.person = person, .query = query};
    return code;
  }
  static std::string Member(const std::string& address, const std::string& name) {
    return net::ParseTarget(address.substr(address.find('/', 8)))->query.at(name);
  }

 private:
  struct Given {
    Person person;
    std::map<std::string, std::string> query;
  };

  Result<net::HttpAnswer> Answer(const std::string& origin, const net::HttpRequest& request) {
    ++asked;
    if (failing_status != 0) return net::FakeJson(failing_status, "<html>busy</html>");
    const std::string url = origin + request.target;
    if (url.ends_with(kDiscoveryPath)) return net::FakeJson(200, codec::WriteJson(discovery));
    if (url == discovery.at("jwks_uri").as_string()) {
      ++asked_for_keys;
      return net::FakeJson(200, codec::WriteJson(keys));
    }
    if (url == discovery.at("token_endpoint").as_string()) return Redeem(request);
    return net::FakeJson(404, "{}");
  }

  Result<net::HttpAnswer> Redeem(const net::HttpRequest& request) {
    const auto form = net::ParseTarget("/?" + request.body)->query;
    const auto given = codes_.find(form.at("code"));
    if (given == codes_.end())
      return net::FakeJson(400, R"({"error":"invalid_grant","error_description":"Bad Request"})");
    const auto query = given->second.query;
    const Person person = given->second.person;
    codes_.erase(given);
    const Digest256 digest = crypto::Sha256(AsBytes(form.at("code_verifier")));
    if (codec::Base64UrlEncode(digest) != query.at("code_challenge") ||
        form.at("redirect_uri") != query.at("redirect_uri") || !Proven(request, form)) {
      return net::FakeJson(401, R"({"error":"invalid_client"})");
    }
    codec::JsonObject answer{{"access_token", "ya29.a0"},
                             {"expires_in", 3599},
                             {"scope", "openid https://www.googleapis.com/auth/userinfo.email"},
                             {"token_type", "Bearer"},
                             {"id_token", signer->SignClaims(kid, Claims(person, query.at("nonce")))}};
    change_answer(answer);
    return net::FakeJson(200, codec::WriteJson(answer));
  }

  static bool Proven(const net::HttpRequest& request, const std::map<std::string, std::string>& form) {
    const std::string pair = net::EncodeSegment(kClientId) + ":" + net::EncodeSegment(kSecret);
    for (const net::HttpField& field : request.fields) {
      if (field.name == "Authorization") return field.value == "Basic " + codec::Base64Encode(AsBytes(pair));
    }
    const auto secret = form.find("client_secret");
    return secret != form.end() && secret->second == kSecret && form.at("client_id") == kClientId;
  }

  codec::JsonObject Claims(const Person& person, const std::string& nonce) {
    const std::int64_t now = clock_.Now().unix_ms / 1000;
    const Digest256 digest = crypto::Sha256(AsBytes(std::string_view("ya29.a0")));
    codec::JsonObject claims{{"iss", std::string_view(issuer)},
                             {"azp", kClientId},
                             {"aud", kClientId},
                             {"sub", person.subject},
                             {"email", person.email},
                             {"email_verified", true},
                             {"at_hash", codec::Base64UrlEncode(ByteView(digest).first(16))},
                             {"nonce", nonce},
                             {"name", "Ana Example"},
                             {"picture", "https://lh3.googleusercontent.com/a/x"},
                             {"given_name", "Ana"},
                             {"iat", now},
                             {"exp", now + 3600}};
    if (!person.domain.empty()) claims["hd"] = person.domain;
    change_claims(claims);
    return claims;
  }

  const Clock& clock_;
  std::map<std::string, Given> codes_;
};

}  // namespace cloister::control
