#include "crypto/jwk.h"

#include <gtest/gtest.h>

#include "codec/text.h"
#include "crypto/foreign_signatures_for_test.h"

namespace cloister::crypto {
namespace {

// RFC 7515 appendix A.3 and RFC 8037 appendix A.4.
constexpr std::string_view kEcJwk =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
constexpr std::string_view kEcInput =
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
    "fQ";
constexpr std::string_view kEcSignature =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
constexpr std::string_view kOkpJwk =
    R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
constexpr std::string_view kOkpInput = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
constexpr std::string_view kOkpSignature =
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

codec::JsonObject Object(std::string_view text) { return codec::ParseJson(text).value().get_object(); }

codec::JsonObject RsaJwk() {
  const Bytes spki = codec::Base64UrlDecode(kRsaSpki).value();
  codec::JsonObject jwk;
  jwk["kty"] = "RSA";
  jwk["n"] = codec::Base64UrlEncode(ByteView(spki).subspan(spki.size() - 5 - 256, 256));
  jwk["e"] = "AQAB";
  return jwk;
}

bool Accepts(const codec::Json& jwk) { return Jwk::FromJson(jwk).has_value(); }
bool AcceptsWith(codec::JsonObject jwk, std::string_view name, const codec::Json& value) {
  jwk[name] = value;
  return Accepts(jwk);
}

TEST(Jwk, KnownSignatures) {
  const auto verify = [](std::string_view jwk, std::string_view alg, std::string_view input,
                         std::string_view signature) {
    return Jwk::FromJson(Object(jwk))
        .value()
        .Verify(alg, AsBytes(input), codec::Base64UrlDecode(signature).value())
        .has_value();
  };
  EXPECT_TRUE(verify(kEcJwk, "ES256", kEcInput, kEcSignature));
  EXPECT_TRUE(verify(kOkpJwk, "EdDSA", kOkpInput, kOkpSignature));
  EXPECT_FALSE(verify(kEcJwk, "ES256", kOkpInput, kEcSignature));
  for (const char* alg : {"none", "HS256", "ES384", "RS256", "EdDSA", "es256", ""}) {
    EXPECT_FALSE(verify(kEcJwk, alg, kEcInput, kEcSignature)) << alg;
  }
}

TEST(Jwk, AnRsaKeyWithoutAlgServesEveryRsaAlgorithm) {
  const Jwk open = Jwk::FromJson(RsaJwk()).value();
  const std::pair<const char*, const char*> known[] = {{"RS256", kRs256}, {"RS384", kRs384},
                                                       {"RS512", kRs512}, {"PS256", kPs256},
                                                       {"PS384", kPs384}, {"PS512", kPs512}};
  for (const auto& [alg, signature] : known) {
    const Bytes bytes = codec::Base64UrlDecode(signature).value();
    EXPECT_TRUE(open.Verify(alg, AsBytes(kSignedText), bytes).has_value()) << alg;
    codec::JsonObject bound = RsaJwk();
    bound["alg"] = "RS256";
    const Jwk only_rs256 = Jwk::FromJson(bound).value();
    EXPECT_EQ(only_rs256.Verify(alg, AsBytes(kSignedText), bytes).has_value(),
              std::string_view(alg) == "RS256");
  }
}

TEST(Jwk, UseAlgAndOperationsMustAgree) {
  const codec::JsonObject ec = Object(kEcJwk);
  EXPECT_TRUE(AcceptsWith(ec, "use", "sig"));
  EXPECT_TRUE(AcceptsWith(ec, "alg", "ES256"));
  EXPECT_TRUE(AcceptsWith(ec, "key_ops", codec::JsonArray{"verify"}));
  EXPECT_TRUE(AcceptsWith(ec, "kid", "k1"));
  EXPECT_TRUE(AcceptsWith(ec, "x5t", "anything that we do not know"));
  for (const codec::Json& use : {codec::Json("enc"), codec::Json(""), codec::Json(1)}) {
    EXPECT_FALSE(AcceptsWith(ec, "use", use));
  }
  for (const char* alg : {"ES384", "RS256", "HS256", "none", "ECDH-ES", "EdDSA"}) {
    EXPECT_FALSE(AcceptsWith(ec, "alg", alg)) << alg;
  }
  EXPECT_FALSE(AcceptsWith(ec, "kid", 7));
  for (const codec::JsonArray& operations :
       {codec::JsonArray{}, codec::JsonArray{"sign"}, codec::JsonArray{"verify", "verify"},
        codec::JsonArray{"verify", "encrypt"}, codec::JsonArray{1}}) {
    EXPECT_FALSE(AcceptsWith(ec, "key_ops", operations));
  }
  EXPECT_FALSE(AcceptsWith(ec, "key_ops", "verify"));
}

TEST(Jwk, RefusesPrivateAndForeignMembers) {
  for (const codec::JsonObject& jwk : {Object(kEcJwk), Object(kOkpJwk), RsaJwk()}) {
    ASSERT_TRUE(Accepts(jwk));
    for (const char* name : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}) {
      EXPECT_FALSE(AcceptsWith(jwk, name, "AQAB"));
    }
  }
  EXPECT_FALSE(AcceptsWith(Object(kEcJwk), "n", "AQAB"));
  EXPECT_FALSE(AcceptsWith(Object(kOkpJwk), "y", "AQAB"));
  EXPECT_FALSE(AcceptsWith(RsaJwk(), "crv", "P-256"));
}

TEST(Jwk, RefusesOtherSpellingsAndWrongSizes) {
  const codec::JsonObject ec = Object(kEcJwk), okp = Object(kOkpJwk);
  for (const char* name : {"kty", "crv", "x", "y"}) {
    codec::JsonObject without = ec;
    without.erase(name);
    EXPECT_FALSE(Accepts(without)) << name;
  }
  for (const char* kty : {"ec", "RSA", "OKP", "oct", ""}) EXPECT_FALSE(AcceptsWith(ec, "kty", kty)) << kty;
  for (const char* crv : {"P-384", "p-256", "secp256k1", ""}) {
    EXPECT_FALSE(AcceptsWith(ec, "crv", crv)) << crv;
  }
  EXPECT_FALSE(AcceptsWith(ec, "x", codec::Json(std::string(ec.at("x").as_string()) + "=")));
  EXPECT_FALSE(AcceptsWith(ec, "x", codec::Json("AA" + std::string(ec.at("x").as_string()))));
  EXPECT_FALSE(AcceptsWith(ec, "x", ec.at("y")));
  EXPECT_FALSE(AcceptsWith(okp, "crv", "X25519"));
  EXPECT_FALSE(AcceptsWith(okp, "crv", "Ed448"));
  EXPECT_FALSE(AcceptsWith(okp, "x", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));  // of order 1
  EXPECT_FALSE(AcceptsWith(RsaJwk(), "e", "AAEAAQ"));
  EXPECT_FALSE(AcceptsWith(RsaJwk(), "e", "AQ"));
  EXPECT_FALSE(AcceptsWith(RsaJwk(), "n", kRocaModulus));
  EXPECT_FALSE(AcceptsWith(RsaJwk(), "n", codec::JsonArray{}));
  EXPECT_FALSE(Accepts(codec::JsonArray{}));
}

// RFC 7517 section 5.
TEST(JwkSet, GoesOnWithoutTheKeysThatItDoesNotUnderstand) {
  codec::JsonObject set;
  set["keys"] = codec::JsonArray{Object(kEcJwk), RsaJwk()};
  ASSERT_EQ(ParseJwkSet(set).value().size(), 2u);
  set["keys"].as_array().push_back(Object(R"({"kty":"oct","k":"AQAB"})"));
  set["keys"].as_array().push_back("no key at all");
  EXPECT_EQ(ParseJwkSet(set).value().size(), 2u);
  set["keys"] = codec::JsonArray(kJwkSetKeysMax + 1, Object(kOkpJwk));
  EXPECT_FALSE(ParseJwkSet(set).has_value());
  EXPECT_FALSE(ParseJwkSet(codec::JsonArray{}).has_value());
  EXPECT_FALSE(ParseJwkSet(Object(R"({"keys":{}})")).has_value());
}

}  // namespace
}  // namespace cloister::crypto
