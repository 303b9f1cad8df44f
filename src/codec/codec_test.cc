#include <gtest/gtest.h>

#include "codec/json.h"
#include "codec/text.h"

namespace cloister::codec {
namespace {

std::string Canonical(std::string_view text) {
  auto json = ParseJson(text);
  return json ? CanonicalJson(*json) : json.error().public_message;
}

TEST(CanonicalJson, SortsMembersAndDropsSpace) {
  EXPECT_EQ(Canonical(R"( {"b": [1, {"z":null,"a":true}], "a": "x"} )"), R"({"a":"x","b":[1,{"a":true,"z":null}]})");
  EXPECT_EQ(Canonical("[[1],[2],[]]"), "[[1],[2],[]]");
}

// RFC 8785, appendix B, and section 3.2.3's sorting example.
TEST(CanonicalJson, WritesNumbersAsEcmaScriptDoes) {
  EXPECT_EQ(Canonical("[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001,-0.0,1e21]"),
            "[333333333.3333333,1e+30,4.5,0.002,1e-27,0,1e+21]");
  EXPECT_EQ(Canonical("[5e-324,1.7976931348623157e308,9007199254740992,0.000001,1e-7,123456.789]"),
            "[5e-324,1.7976931348623157e+308,9007199254740992,0.000001,1e-7,123456.789]");
}

TEST(CanonicalJson, SortsByUtf16CodeUnits) {
  EXPECT_EQ(Canonical("{\"\xEF\xAC\xB3\":1,\"\xF0\x9F\x98\x80\":2,\"\xE2\x82\xAC\":3,\"\\r\":4,\"1\":5}"),
            "{\"\\r\":4,\"1\":5,\"\xE2\x82\xAC\":3,\"\xF0\x9F\x98\x80\":2,\"\xEF\xAC\xB3\":1}");
}

TEST(ParseJson, SaysWhereAndWhatIsWrong) {
  EXPECT_EQ(Canonical(R"({"a":1,"a":2})"), "JSON, byte 9: a member name that is already there");
  EXPECT_EQ(Canonical("9007199254740993"),
            "JSON, byte 16: a number beyond those that every reader of JSON holds exactly (2^53 - 1 for whole ones)");
  EXPECT_EQ(Canonical("[1,]").substr(0, 10), "JSON, byte");
  EXPECT_FALSE(ParseJson("-4442222222222222222.999").has_value());  // would be written as an integer beyond 2^53
  for (const char* bad : {"", "[1] 2", "{'a':1}", "[01]", "[1e999]", "nul", "\"\xff\"", "[1,//x\n2]"}) {
    EXPECT_FALSE(ParseJson(bad).has_value()) << bad;
  }
}

TEST(ParseJson, BoundsDepthAndSize) {
  EXPECT_FALSE(ParseJson(std::string(40, '[') + std::string(40, ']')).has_value());
  EXPECT_FALSE(ParseJson("[1,2,3]", {.bytes_max = 3}).has_value());
}

TEST(ObjectReader, ReadsWhatIsAskedAndRefusesTheRest) {
  const Json json = ParseJson(R"({"k":10,"unit":"patient_id","extra":1})").value();
  ObjectReader in(json, "policy");
  EXPECT_EQ(in.Integer("k", 1, 100), 10);
  EXPECT_EQ(in.String("unit"), "patient_id");
  EXPECT_EQ(in.Finish().error().public_message, "policy.extra is not known here");
}

TEST(ObjectReader, KeepsTheFirstProblem) {
  const Json json = ParseJson(R"({"k":0,"unit":7})").value();
  ObjectReader in(json, "policy");
  (void)in.Integer("k", 1, 100);
  (void)in.String("unit");
  EXPECT_EQ(in.Finish().error().public_message, "policy.k must be from 1 to 100");
}

TEST(Base64, OneSpellingOnly) {
  EXPECT_EQ(Base64UrlEncode(AsBytes("\xfb\xff")), "-_8");
  EXPECT_EQ(AsText(Base64UrlDecode("-_8").value()), "\xfb\xff");
  for (const char* bad : {"-_9", "-_8=", "-", "+/8", "-_8\n"}) EXPECT_FALSE(Base64UrlDecode(bad).has_value()) << bad;
  EXPECT_EQ(Base64Encode(AsBytes("f")), "Zg==");
  EXPECT_TRUE(Base64Decode("Zg==").has_value());
  for (const char* bad : {"Zg", "Zh==", "Zg=", "Z===", "===="}) EXPECT_FALSE(Base64Decode(bad).has_value()) << bad;
}

TEST(Hex, LowerCaseOnly) {
  EXPECT_EQ(HexEncode(HexDecode("00ff7a").value()), "00ff7a");
  for (const char* bad : {"0", "FF", "0x", "zz"}) EXPECT_FALSE(HexDecode(bad).has_value()) << bad;
}

TEST(Utf8, RefusesOverlongSurrogatesAndTooHigh) {
  EXPECT_TRUE(IsValidUtf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
  for (const char* bad : {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80"}) {
    EXPECT_FALSE(IsValidUtf8(bad)) << bad;
  }
}

}  // namespace
}  // namespace cloister::codec
