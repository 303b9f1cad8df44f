#include "crypto/token.h"

#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "crypto/token_signer_for_test.h"

namespace cloister::crypto {
namespace {

// The key sets of an issuer with one key of each kind, made once: an RSA key takes its time.
class TokenTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    rsa_ = new TokenSignerForTest(TokenSignerForTest::Rsa());
    ec_ = new TokenSignerForTest(TokenSignerForTest::P256());
  }
  static void TearDownTestSuite() {
    delete rsa_;
    delete ec_;
  }
  std::vector<Jwk> Keys() const {
    return *ParseJwkSet(codec::JsonObject{{"keys", codec::JsonArray{rsa_->Jwk("r1"), ec_->Jwk("e1")}}});
  }
  bool Accepts(const std::string& token) const { return VerifyToken(token, Keys()).has_value(); }
  bool AcceptsHeader(std::string_view header) const { return Accepts(rsa_->Sign(header, R"({"sub":"1"})")); }

  static TokenSignerForTest* rsa_;
  static TokenSignerForTest* ec_;
};
TokenSignerForTest* TokenTest::rsa_ = nullptr;
TokenSignerForTest* TokenTest::ec_ = nullptr;

TEST_F(TokenTest, ATokenOfEachKind) {
  for (const auto& [signer, kid] : {std::pair(rsa_, "r1"), std::pair(ec_, "e1")}) {
    const std::string token = signer->SignClaims(kid, {{"sub", "107691503500061507151"}});
    EXPECT_EQ(*PeekTokenKid(token), kid);
    const auto verified = VerifyToken(token, Keys());
    ASSERT_TRUE(verified.has_value()) << verified.error().public_message;
    EXPECT_EQ(verified->payload().at("sub").as_string(), "107691503500061507151");
  }
}

TEST_F(TokenTest, OneChangedByteIsNoToken) {
  const std::string token = ec_->SignClaims("e1", {{"sub", "1"}});
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(Accepts(changed)) << i;
  }
  EXPECT_FALSE(Accepts(token + "A"));
  EXPECT_FALSE(Accepts(token + "."));
  EXPECT_FALSE(Accepts(token.substr(0, token.rfind('.'))));
  EXPECT_FALSE(Accepts(std::string(kTokenBytesMax + 1, 'a')));
}

TEST_F(TokenTest, HeadersThatNobodyShouldTrust) {
  EXPECT_TRUE(AcceptsHeader(R"({"alg":"RS256","kid":"r1"})"));
  EXPECT_TRUE(AcceptsHeader(R"({"alg":"RS256","kid":"r1","typ":"JWT","something":1})"));
  for (const char* header : {
           R"({"kid":"r1"})",                                  // no algorithm
           R"({"alg":"none","kid":"r1"})",                     // RFC 8725 section 2.1
           R"({"alg":"None","kid":"r1"})",                     //
           R"({"alg":"RS512","kid":"r1"})",                    // not among ours
           R"({"alg":"ES256","kid":"r1"})",                    // of another kind of key
           R"({"alg":"RS256"})",                               // no key named
           R"({"alg":"RS256","kid":"r2"})",                    // an unknown one
           R"({"alg":"RS256","kid":"e1"})",                    // the name of the other kind's key
           R"({"alg":"RS256","kid":7})",                       //
           R"({"alg":"RS256","kid":"r1","typ":"at+jwt"})",     // an access token
           R"({"alg":"RS256","kid":"r1","crit":["exp"]})",     // RFC 7515 section 4.1.11
           R"({"alg":"RS256","kid":"r1","jku":"https://x"})",  // keys from elsewhere
           R"({"alg":"RS256","kid":"r1","jwk":{}})",           //
           R"({"alg":"RS256","kid":"r1","x5u":"https://x"})",  //
           R"({"alg":"none","alg":"RS256","kid":"r1"})",       // a member twice
           R"(["RS256"])",                                     //
       }) {
    EXPECT_FALSE(AcceptsHeader(header)) << header;
  }
}

// RFC 8725 section 2.1: who takes the public key for an HMAC key signs for everybody.
TEST_F(TokenTest, ThePublicKeyIsNoSecret) {
  const std::string header = R"({"alg":"HS256","kid":"r1"})";
  const std::string input =
      codec::Base64UrlEncode(AsBytes(header)) + "." + codec::Base64UrlEncode(AsBytes(R"({"sub":"1"})"));
  const Bytes spki = Keys().front().key().spki();
  EXPECT_FALSE(Accepts(input + "." + codec::Base64UrlEncode(HmacSha256(spki, AsBytes(input)))));
}

TEST_F(TokenTest, PayloadsThatSayNothingOrTwoThings) {
  for (const char* payload : {R"([])", R"("text")", "", R"({"sub":"1","sub":"2"})",
                              R"({"sub":"1"} )"
                              "x"}) {
    EXPECT_FALSE(Accepts(rsa_->Sign(R"({"alg":"RS256","kid":"r1"})", payload))) << payload;
  }
}

TEST_F(TokenTest, TwoKeysOfOneNameSignNothing) {
  const auto keys = *ParseJwkSet(codec::JsonObject{{"keys", codec::JsonArray{ec_->Jwk("same"), rsa_->Jwk("same")}}});
  EXPECT_FALSE(VerifyToken(ec_->SignClaims("same", {{"sub", "1"}}), keys).has_value());
  EXPECT_FALSE(VerifyToken(ec_->SignClaims("same", {{"sub", "1"}}), {}).has_value());
}

}  // namespace
}  // namespace cloister::crypto
