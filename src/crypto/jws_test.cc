#include "crypto/jws.h"

#include <gtest/gtest.h>

#include "codec/text.h"
#include "crypto/digest.h"

namespace cloister::crypto {
namespace {

constexpr std::string_view kTyp = "cloister-query+jws";
constexpr std::string_view kPayload = R"({"a":1,"text":"select 1"})";

Ed25519Signer SignerOf(std::uint64_t seed) {
  InsecureRngForTest rng(seed);
  return Ed25519Signer::Generate(rng);
}
const Ed25519Signer& Signer1() {
  static const Ed25519Signer signer = SignerOf(1);
  return signer;
}

std::string GoodHeader() {
  return R"({"alg":"EdDSA","kid":")" + Signer1().public_key().Thumbprint() +
         R"(","typ":"cloister-query+jws"})";
}
// Signs any bytes at all, as somebody with a key and another program would.
std::string SignAnything(std::string_view header, std::string_view payload) {
  const std::string input =
      codec::Base64UrlEncode(AsBytes(header)) + "." + codec::Base64UrlEncode(AsBytes(payload));
  return input + "." + codec::Base64UrlEncode(Signer1().Sign(AsBytes(input)).value());
}
bool Accepts(std::string_view compact) {
  return VerifyJws(compact, kTyp, Signer1().public_key()).has_value();
}

TEST(Jws, SaysWhatWasSigned) {
  const codec::Json payload = codec::ParseJson(R"({"text":"select 1", "a":1})").value();
  const std::string compact = SignJws(Signer1(), kTyp, payload).value();
  EXPECT_EQ(compact, SignAnything(GoodHeader(), kPayload));
  const VerifiedJws verified = VerifyJws(compact, kTyp, Signer1().public_key()).value();
  EXPECT_EQ(verified.compact(), compact);
  EXPECT_EQ(verified.typ(), kTyp);
  EXPECT_EQ(verified.kid(), Signer1().public_key().Thumbprint());
  EXPECT_EQ(codec::CanonicalJson(verified.payload()), kPayload);
  EXPECT_EQ(verified.digest(), Sha256(AsBytes(compact.substr(0, compact.rfind('.')))));
  EXPECT_EQ(JwsDigest(compact).value(), verified.digest());
  EXPECT_EQ(PeekJws(compact).value().typ, kTyp);
  EXPECT_EQ(PeekJws(compact).value().kid, Signer1().public_key().Thumbprint());
}

TEST(Jws, RefusesAnotherTypKeyOrSignature) {
  const std::string compact = SignAnything(GoodHeader(), kPayload);
  const auto code = [](const Result<VerifiedJws>& result) { return result.error().code; };
  EXPECT_EQ(code(VerifyJws(compact, "cloister-approval+jws", Signer1().public_key())),
            Code::kVerificationFailed);
  EXPECT_EQ(code(VerifyJws(compact, kTyp, SignerOf(2).public_key())), Code::kVerificationFailed);
  const std::string other = SignAnything(GoodHeader(), R"({"a":2,"text":"select 1"})");
  const std::string mixed = compact.substr(0, compact.rfind('.')) + other.substr(other.rfind('.'));
  EXPECT_EQ(code(VerifyJws(mixed, kTyp, Signer1().public_key())), Code::kVerificationFailed);
}

// Each is signed with the right key, and would be a second form of the same document or mean more to others.
TEST(Jws, RefusesAnyOtherHeader) {
  const std::string kid = Signer1().public_key().Thumbprint();
  const std::string alg = R"("alg":"EdDSA")", kid_member = R"("kid":")" + kid + '"',
                    typ = R"("typ":"cloister-query+jws")";
  ASSERT_TRUE(Accepts(SignAnything("{" + alg + "," + kid_member + "," + typ + "}", kPayload)));
  for (const std::string& header : {
           "{" + kid_member + "," + alg + "," + typ + "}",
           "{" + alg + ", " + kid_member + "," + typ + "}",
           "{" + alg + "," + kid_member + "," + typ + "} ",
           "{" + alg + "," + kid_member + "," + typ + "," + typ + "}",
           "{" + alg + "," + kid_member + "}",
           "{" + alg + "," + typ + "}",
           "{" + kid_member + "," + typ + "}",
           "{" + alg + R"(,"crit":["exp"],)" + kid_member + "," + typ + "}",
           "{" + alg + R"(,"jwk":{"crv":"Ed25519"},)" + kid_member + "," + typ + "}",
           "{" + alg + "," + kid_member + "," + typ + R"(,"x5u":"https://host.example/"})",
           R"({"alg":"none",)" + kid_member + "," + typ + "}",
           R"({"alg":"HS256",)" + kid_member + "," + typ + "}",
           R"({"alg":"\u0045dDSA",)" + kid_member + "," + typ + "}",
           "{" + alg + R"(,"kid":1,)" + typ + "}",
           "{" + alg + R"(,"kid":"me",)" + typ + "}",
           "{" + alg + "," + kid_member + R"(,"typ":""})",
           "{" + alg + "," + kid_member + R"(,"typ":")" + std::string(65, 'x') + R"("})",
           std::string("[]"),
           std::string(),
       }) {
    EXPECT_FALSE(Accepts(SignAnything(header, kPayload))) << header;
    EXPECT_FALSE(PeekJws(SignAnything(header, kPayload)).has_value()) << header;
  }
}

TEST(Jws, RefusesAnyOtherPayload) {
  for (const char* payload :
       {R"({"b":1,"a":1})", R"({"a": 1})", R"({"a":1.0})", R"({"a":1,"a":1})", R"({"a":"\u0041"})", "[]", "1",
        "null", "", "{\"a\":\"\xff\"}", R"({"a":9007199254740993})"}) {
    EXPECT_FALSE(Accepts(SignAnything(GoodHeader(), payload))) << payload;
  }
}

TEST(Jws, RefusesOtherSpellingsOfTheThreeParts) {
  const std::string compact = SignAnything(GoodHeader(), kPayload);
  const std::size_t last = compact.rfind('.');
  std::string spare_bits = compact;
  spare_bits.back() = spare_bits.back() == 'A' ? 'B' : static_cast<char>(spare_bits.back() + 1);
  for (const std::string& text :
       {compact + "=", compact + "\n", " " + compact, compact + ".", compact.substr(0, last),
        compact.substr(0, last + 1), compact + "AA", "." + compact, std::string(".."), std::string(),
        spare_bits, compact.substr(0, compact.find('.')) + ".." + compact.substr(last + 1)}) {
    EXPECT_FALSE(Accepts(text)) << text;
    EXPECT_FALSE(JwsDigest(text).has_value()) << text;
  }
}

TEST(Jws, BoundsItsSizeBothWays) {
  codec::JsonObject large;
  large["a"] = std::string(kJwsBytesMax * 3 / 4, 'x');
  EXPECT_FALSE(SignJws(Signer1(), kTyp, large).has_value());
  EXPECT_FALSE(PeekJws(std::string(kJwsBytesMax + 1, 'A')).has_value());
  large["a"] = std::string(kJwsBytesMax * 3 / 4 - 512, 'x');
  EXPECT_TRUE(Accepts(SignJws(Signer1(), kTyp, large).value()));
}

TEST(Jws, SignsOnlyWhatItWouldRead) {
  EXPECT_FALSE(SignJws(Signer1(), kTyp, codec::JsonArray{}).has_value());
  EXPECT_FALSE(SignJws(Signer1(), "", codec::JsonObject{}).has_value());
  codec::Json deep = codec::JsonObject{};
  for (int i = 0; i < 40; ++i) deep = codec::JsonObject{{"a", deep}};
  EXPECT_FALSE(SignJws(Signer1(), kTyp, deep).has_value());
}

}  // namespace
}  // namespace cloister::crypto
