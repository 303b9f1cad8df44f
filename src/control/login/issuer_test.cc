// Somebody logs in at an issuer, and everything that a wrong issuer, or a stranger in between, could change about it.
#include "control/login/issuer.h"

#include <gtest/gtest.h>

#include "control/login/fake_issuer_for_test.h"

namespace cloister::control {
namespace {

codec::Json Text(const std::string& text) { return codec::Json(std::string_view(text)); }

class IssuerTest : public testing::Test {
 protected:
  IssuerTest() : fake_(clock_) {}

  Issuer Make() { return Issuer(fake_.Terms(), {fake_.Connector(), clock_, log_}); }

  // A whole login.
  Result<Identity> LogIn(Issuer& issuer, const FakeIssuer::Person& person = {},
                         std::optional<std::string> answered_by = std::nullopt) {
    const std::string number = std::to_string(++logins_);
    const Issuer::Challenge challenge{
        .state = "state-" + number, .nonce = "nonce-" + number, .verifier = "verifier-" + number};
    CLOISTER_ASSIGN(const std::string address, issuer.AddressToLogIn(challenge));
    return issuer.Redeem({.code = fake_.Visit(address, person),
                          .verifier = challenge.verifier,
                          .nonce = challenge.nonce,
                          .answered_by = std::move(answered_by)});
  }
  Result<Identity> LogIn() {
    Issuer issuer = Make();
    return LogIn(issuer, {}, std::nullopt);
  }
  // The message of the refusal; "accepted" where there is none.
  std::string Refusal() {
    const auto identity = LogIn();
    return identity ? "accepted" : identity.error().public_message;
  }
  std::string RefusalOfClaim(const std::string& name, const codec::Json& value) {
    fake_.change_claims = [=](codec::JsonObject& claims) { claims[name] = value; };
    return Refusal();
  }
  std::string RefusalWithout(const std::string& name) {
    fake_.change_claims = [=](codec::JsonObject& claims) { claims.erase(name); };
    return Refusal();
  }
  std::string RefusalOfDiscovery(const std::string& name, const codec::Json& value) {
    const codec::JsonObject before = fake_.discovery;
    fake_.discovery[name] = value;
    std::string refusal = Refusal();
    fake_.discovery = before;
    return refusal;
  }
  std::int64_t Now() const { return clock_.Now().unix_ms / 1000; }

  FakeClock clock_;
  NullLogSink log_;
  FakeIssuer fake_;
  int logins_ = 0;
};

TEST_F(IssuerTest, SomebodyLogsIn) {
  const auto identity = LogIn();
  ASSERT_TRUE(identity.has_value()) << identity.error().public_message;
  EXPECT_EQ(identity->issuer, "https://accounts.google.com");
  EXPECT_EQ(identity->subject, "107691503500061507151");
  EXPECT_EQ(identity->email, "ana@gmail.com");
  EXPECT_EQ(identity->name, "Ana Example");
  EXPECT_TRUE(identity->authoritative);
}

TEST_F(IssuerTest, WhereTheBrowserIsSent) {
  Issuer issuer = Make();
  const std::string address = *issuer.AddressToLogIn({.state = "s", .nonce = "n", .verifier = "v"});
  EXPECT_TRUE(address.starts_with("https://accounts.google.com/o/oauth2/v2/auth?")) << address;
  EXPECT_EQ(FakeIssuer::Member(address, "response_type"), "code");
  EXPECT_EQ(FakeIssuer::Member(address, "scope"), "openid email profile");
  EXPECT_EQ(FakeIssuer::Member(address, "code_challenge_method"), "S256");
  EXPECT_EQ(FakeIssuer::Member(address, "redirect_uri"), "https://cleanroom.example/api/login/callback");
  // Neither the verifier nor the secret goes through a browser.
  EXPECT_EQ(address.find("verifier"), std::string::npos);
  EXPECT_EQ(address.find("GOCSPX"), std::string::npos);
}

TEST_F(IssuerTest, EachClaimIsNeededAndChecked) {
  for (const char* name : {"iss", "sub", "aud", "exp", "iat", "nonce", "email", "email_verified"}) {
    EXPECT_NE(RefusalWithout(name), "accepted") << name;
  }
  for (const char* name : {"azp", "at_hash", "name", "picture"}) EXPECT_EQ(RefusalWithout(name), "accepted") << name;
  const std::string id = FakeIssuer::kClientId;
  const std::pair<const char*, codec::Json> wrong[] = {
      {"iss", "https://accounts.google.com/"},
      {"iss", "http://accounts.google.com"},
      {"iss", "https://accounts.google.com.evil.example"},
      {"iss", codec::JsonArray{"https://accounts.google.com"}},
      {"aud", "other.apps.googleusercontent.com"},
      {"aud", codec::JsonArray{}},
      {"aud", codec::JsonArray{"other"}},
      {"aud", Text(id + " ")},
      {"azp", "other"},
      {"sub", ""},
      {"sub", "two words"},
      {"sub", 107691503500061507},
      {"sub", Text(std::string(256, '1'))},
      {"exp", Now() - 61},
      {"exp", Text(std::to_string(Now() + 3600))},
      {"exp", -1},
      {"iat", Now() + 61},
      {"iat", "now"},
      {"nbf", Now() + 61},
      {"nonce", "nonce-0"},
      {"nonce", ""},
      {"at_hash", "AAAAAAAAAAAAAAAAAAAAAA"},
      {"email", 7},
      {"email_verified", false},
      {"email_verified", "true"},
  };
  for (const auto& [name, value] : wrong) {
    EXPECT_NE(RefusalOfClaim(name, value), "accepted") << name << " " << codec::WriteJson(value);
  }
}

TEST_F(IssuerTest, WhatIsRightAtTheEdges) {
  EXPECT_EQ(RefusalOfClaim("iss", "accounts.google.com"), "accepted");
  EXPECT_EQ(RefusalOfClaim("aud", codec::JsonArray{FakeIssuer::kClientId}), "accepted");
  EXPECT_EQ(RefusalOfClaim("aud", codec::JsonArray{FakeIssuer::kClientId, "other"}), "accepted");  // azp is ours
  EXPECT_EQ(RefusalOfClaim("exp", Now() - 59), "accepted");
  EXPECT_EQ(RefusalOfClaim("iat", Now() + 60), "accepted");
  fake_.change_claims = [](codec::JsonObject& claims) {
    claims["aud"] = codec::JsonArray{FakeIssuer::kClientId, "other"};
    claims.erase("azp");
  };
  EXPECT_NE(Refusal(), "accepted");
}

TEST_F(IssuerTest, OnlyTheKeysThatTheIssuerPublishes) {
  fake_.kid = "key-2";
  EXPECT_NE(Refusal(), "accepted");
  const auto other = crypto::TokenSignerForTest::P256();
  fake_.signer = &other;
  EXPECT_NE(Refusal(), "accepted");
  fake_.kid = "key-1";  // of a key of another kind
  EXPECT_NE(Refusal(), "accepted");
  fake_.keys = {{"keys", codec::JsonArray{other.Jwk("key-1")}}};
  EXPECT_EQ(Refusal(), "accepted");  // ES256, published
  fake_.keys = {{"keys", codec::JsonArray{}}};
  EXPECT_NE(Refusal(), "accepted");
  fake_.keys = {{"no keys", 1}};
  EXPECT_NE(Refusal(), "accepted");
}

TEST_F(IssuerTest, AnAnswerWithoutAToken) {
  for (const char* name : {"id_token", "access_token", "token_type"}) {
    fake_.change_answer = [=](codec::JsonObject& answer) { answer.erase(name); };
    EXPECT_NE(Refusal(), "accepted") << name;
  }
  const std::pair<const char*, codec::Json> wrong[] = {
      {"token_type", "mac"}, {"id_token", "not.a.token"}, {"id_token", nullptr}, {"access_token", "another"}};
  for (const auto& [name, value] : wrong) {
    fake_.change_answer = [&, name = name](codec::JsonObject& answer) { answer[name] = value; };
    EXPECT_NE(Refusal(), "accepted") << name;
  }
  // The token of another person's login, under a right signature, is that other login's.
  std::string first;
  fake_.change_answer = [&](codec::JsonObject& answer) {
    if (first.empty())
      first = std::string(answer.at("id_token").as_string());
    else
      answer["id_token"] = first;
  };
  EXPECT_EQ(Refusal(), "accepted");
  EXPECT_NE(Refusal(), "accepted");
}

TEST_F(IssuerTest, ACodeIsGoodForOneLogin) {
  Issuer issuer = Make();
  const Issuer::Challenge mine{.state = "s", .nonce = "n", .verifier = "v"};
  const std::string address = *issuer.AddressToLogIn(mine);
  const std::string code = fake_.Visit(address, {});
  const auto stolen = issuer.Redeem({.code = code, .verifier = "another", .nonce = "n"});
  EXPECT_EQ(stolen.error().code, Code::kVerificationFailed);
  const std::string again = fake_.Visit(address, {});
  EXPECT_TRUE(issuer.Redeem({.code = again, .verifier = "v", .nonce = "n"}).has_value());
  EXPECT_NE(issuer.Redeem({.code = again, .verifier = "v", .nonce = "n"}).error().public_message.find("invalid_grant"),
            std::string::npos);
}

TEST_F(IssuerTest, AnAnswerNamesItsIssuer) {
  Issuer issuer = Make();
  EXPECT_TRUE(LogIn(issuer, {}, "https://accounts.google.com").has_value());
  EXPECT_FALSE(LogIn(issuer, {}, "https://evil.example").has_value());
  fake_.discovery["authorization_response_iss_parameter_supported"] = true;
  Issuer strict = Make();
  EXPECT_FALSE(LogIn(strict, {}, std::nullopt).has_value());
  EXPECT_TRUE(LogIn(strict, {}, "https://accounts.google.com").has_value());
}

TEST_F(IssuerTest, ADescriptionThatIsNoUse) {
  const codec::Json no_list = codec::JsonArray{};
  const std::pair<const char*, codec::Json> wrong[] = {
      {"issuer", "https://accounts.google.com/"},
      {"issuer", "https://evil.example"},
      {"issuer", nullptr},
      {"authorization_endpoint", "http://accounts.google.com/auth"},
      {"token_endpoint", "http://127.0.0.1/token"},
      {"token_endpoint", "https://user@evil.example/token"},
      {"token_endpoint", "ftp://x/y"},
      {"token_endpoint", "https://host"},
      {"jwks_uri", "https://x/certs#a"},
      {"jwks_uri", "https://x/ce rts"},
      {"jwks_uri", Text("https://x/" + std::string(600, 'a'))},
      {"response_types_supported", codec::JsonArray{"token"}},
      {"response_types_supported", no_list},
      {"id_token_signing_alg_values_supported", codec::JsonArray{"HS256"}},
      {"code_challenge_methods_supported", codec::JsonArray{"plain"}},
      {"code_challenge_methods_supported", "S256"},
      {"token_endpoint_auth_methods_supported", codec::JsonArray{"private_key_jwt"}},
  };
  for (const auto& [name, value] : wrong) {
    EXPECT_NE(RefusalOfDiscovery(name, value), "accepted") << name << " " << codec::WriteJson(value);
  }
  for (const char* name : {"code_challenge_methods_supported", "token_endpoint_auth_methods_supported"}) {
    fake_.discovery.erase(name);
  }
  EXPECT_EQ(Refusal(), "accepted");
}

TEST_F(IssuerTest, TheSecretGoesAsTheIssuerTakesIt) {
  EXPECT_EQ(RefusalOfDiscovery("token_endpoint_auth_methods_supported", codec::JsonArray{"client_secret_post"}),
            "accepted");
  EXPECT_EQ(RefusalOfDiscovery("token_endpoint_auth_methods_supported", codec::JsonArray{"client_secret_basic"}),
            "accepted");
}

TEST_F(IssuerTest, KeysAreFetchedOnceAndOnceMoreForANewName) {
  Issuer issuer = Make();
  ASSERT_TRUE(LogIn(issuer).has_value());
  ASSERT_TRUE(LogIn(issuer).has_value());
  EXPECT_EQ(fake_.asked_for_keys, 1);
  // The issuer rolls its key.
  const auto next = crypto::TokenSignerForTest::P256();
  fake_.keys = {{"keys", codec::JsonArray{RsaSignerForTest().Jwk("key-1"), next.Jwk("key-2")}}};
  fake_.signer = &next;
  fake_.kid = "key-2";
  EXPECT_FALSE(LogIn(issuer).has_value());  // within a minute nobody makes us ask again
  EXPECT_EQ(fake_.asked_for_keys, 1);
  clock_.Advance(kKeysAgainMs);
  EXPECT_TRUE(LogIn(issuer).has_value());
  EXPECT_EQ(fake_.asked_for_keys, 2);
  fake_.kid = "key-3";
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(LogIn(issuer).has_value());
  EXPECT_EQ(fake_.asked_for_keys, 2);
  // A key that the issuer withdrew is gone within the hour.
  fake_.signer = &RsaSignerForTest();
  fake_.kid = "key-1";
  fake_.keys = {{"keys", codec::JsonArray{next.Jwk("key-2")}}};
  EXPECT_TRUE(LogIn(issuer).has_value());
  clock_.Advance(kIssuerKeptMs);
  EXPECT_FALSE(LogIn(issuer).has_value());
}

TEST_F(IssuerTest, AnIssuerThatFailsIsNotHeldAgainstThePerson) {
  Issuer issuer = Make();
  fake_.failing_status = 503;
  EXPECT_EQ(LogIn(issuer).error().code, Code::kUnavailable);
  fake_.failing_status = 0;
  EXPECT_TRUE(LogIn(issuer).has_value());
  fake_.failing_status = 500;
  EXPECT_EQ(LogIn(issuer).error().code, Code::kUnavailable);
}

// While as many ask as may, the next is told so at once.
TEST_F(IssuerTest, ASlowIssuerTakesBoundedlyManyWorkers) {
  std::string innermost;
  std::function<void()> ask;
  const Issuer::Connect connect = [&](const net::ServerAddress&) {
    return std::make_unique<net::FakeTransport>([&](const net::HttpRequest&) -> Result<net::HttpAnswer> {
      ask();
      return net::FakeJson(503, "");
    });
  };
  Issuer issuer(fake_.Terms(), {connect, clock_, log_});
  int depth = 0;
  ask = [&] {
    ++depth;
    const auto answered = issuer.AddressToLogIn({});
    if (innermost.empty()) innermost = answered.error().public_message;
  };
  ask();
  EXPECT_EQ(depth, kExchangesMax + 1);
  EXPECT_EQ(innermost, "too many people log in at once; try again");
}

TEST_F(IssuerTest, OrganisationsThatMayComeIn) {
  IssuerTerms terms = fake_.Terms();
  terms.domains = {"hospital.example"};
  Issuer issuer(terms, {fake_.Connector(), clock_, log_});
  EXPECT_EQ(FakeIssuer::Member(*issuer.AddressToLogIn({}), "hd"), "hospital.example");
  EXPECT_TRUE(LogIn(issuer, {.email = "a@hospital.example", .domain = "Hospital.example"}).has_value());
  // An address says nothing about who runs the account.
  const auto outside = LogIn(issuer, {.email = "a@hospital.example", .domain = ""});
  EXPECT_EQ(outside.error().code, Code::kPermissionDenied);
  EXPECT_FALSE(LogIn(issuer, {.email = "a@hospital.example", .domain = "evil.example"}).has_value());
}

// Google saw a mail arrive there once; whose address it is today, it does not know.
TEST_F(IssuerTest, WhoseAddressGoogleAnswersFor) {
  Issuer issuer = Make();
  EXPECT_TRUE(LogIn(issuer, {.email = "Ana@Gmail.com"})->authoritative);
  EXPECT_TRUE(LogIn(issuer, {.email = "ana@hospital.example", .domain = "hospital.example"})->authoritative);
  EXPECT_FALSE(LogIn(issuer, {.email = "ana@hospital.example"})->authoritative);
  EXPECT_FALSE(LogIn(issuer, {.email = "ana@notgmail.com"})->authoritative);
  fake_.change_claims = [](codec::JsonObject& claims) { claims["hd"] = ""; };
  EXPECT_FALSE(LogIn(issuer, {.email = "ana@hospital.example"})->authoritative);
}

TEST_F(IssuerTest, AnIssuerOfOnesOwn) {
  fake_.issuer = "http://127.0.0.1:9/realms/x";
  fake_.discovery = {{"issuer", "http://127.0.0.1:9/realms/x"},
                     {"authorization_endpoint", "http://127.0.0.1:9/auth?realm=x"},
                     {"token_endpoint", "http://127.0.0.1:9/token"},
                     {"jwks_uri", "https://keys.example/certs"},
                     {"response_types_supported", codec::JsonArray{"code"}},
                     {"id_token_signing_alg_values_supported", codec::JsonArray{"ES256", "RS256"}}};
  Issuer issuer = Make();
  EXPECT_EQ(issuer.AddressToLogIn({})->substr(0, 45), "http://127.0.0.1:9/auth?realm=x&response_type");
  const auto identity = LogIn(issuer, {.email = "ana@hospital.example"});
  ASSERT_TRUE(identity.has_value()) << identity.error().public_message;
  EXPECT_TRUE(identity->authoritative);
}

}  // namespace
}  // namespace cloister::control
