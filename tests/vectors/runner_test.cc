// The runner's own rules: each word has a meaning or is an error, mutations change a copy, and a wrong
// verdict is noticed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>

#include "codec/text.h"
#include "vectors/mutation.h"
#include "vectors/vector_case.h"
#include "vectors/wycheproof.h"

namespace cloister::vectors {
namespace {

std::string Mutated(std::string_view mutation, std::string_view input) {
  Bytes bytes = ToBytes(input);
  Mutate(ReadJson(AsBytes(mutation)).get_object(), bytes);
  return std::string(AsText(bytes));
}

TEST(Mutation, ChangesBytes) {
  EXPECT_EQ(Mutated(R"({"op":"set","offset":1,"value":88})", "abc"), "aXc");
  EXPECT_EQ(Mutated(R"({"op":"xor","offset":0,"value":1})", "abc"), "`bc");
  EXPECT_EQ(Mutated(R"({"op":"add","offset":2,"value":255})", "abc"), "abb");
  EXPECT_EQ(Mutated(R"({"op":"truncate","value":1})", "abc"), "a");
  EXPECT_EQ(Mutated(R"({"op":"append","value_hex":"6465"})", "abc"), "abcde");
  EXPECT_EQ(Mutated(R"({"op":"replace_hex","value_hex":"7A"})", "abc"), "z");
  EXPECT_EQ(Mutated(R"({"op":"replace_text","old":"b","new":"bb"})", "abcb"), "abbcbb");
}

TEST(Mutation, ChangesJsonAndTokens) {
  EXPECT_EQ(Mutated(R"({"op":"json_set","key":"keys[0].e","value":"AAAD"})", R"({"keys":[{"e":"AQAB"}]})"),
            R"({"keys":[{"e":"AAAD"}]})");
  EXPECT_EQ(Mutated(R"({"op":"json_set","key":"new","value":[1]})", R"({"a":1})"), R"({"a":1,"new":[1]})");
  EXPECT_EQ(Mutated(R"({"op":"json_delete","key":"7"})", R"({"6":"x","7":"y"})"), R"({"6":"x"})");
  EXPECT_EQ(Mutated(R"({"op":"json_delete","key":"a[1]"})", R"({"a":[1,2,3]})"), R"({"a":[1,3]})");
  EXPECT_EQ(Mutated(R"({"op":"drop_signature"})", "h.p.s"), "h.p.");
  EXPECT_EQ(Mutated(R"({"op":"replace_header","value":{"alg":"none"}})", "h.p.s"),
            codec::Base64UrlEncode(AsBytes(R"({"alg":"none"})")) + ".p.s");
}

TEST(Mutation, UnknownOrImpossibleIsAnError) {
  for (const char* mutation :
       {R"({"op":"rotate"})", R"({"op":"set","offset":3,"value":0})",
        R"({"op":"set","offset":0,"value":256})", R"({"op":"set","offset":0})",
        R"({"op":"truncate","value":4})", R"({"op":"truncate","value":1,"by":2})",
        R"({"op":"replace_text","old":"x","new":"y"})", R"({"op":"json_delete","key":"a"})",
        R"({"op":"append","value_hex":"6"})", R"({"op":"drop_signature"})", R"({})"}) {
    EXPECT_THROW(Mutated(mutation, "abc"), VectorError) << mutation;
  }
}

// A root folder with one file of a hundred bytes or less.
class Cases : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::path(::testing::TempDir()) / "cloister_vectors_runner";
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void Write(const std::string& name, std::string_view text) {
    std::ofstream(root_ / name, std::ios::binary) << text;
  }
  Failure Run(std::string_view text) { return RunCase(VectorCase(ReadJson(AsBytes(text)), root_)); }

  std::filesystem::path root_;
};

// A case over the inputs with further members.
std::string TlogCase(std::string_view more = "", std::string_view inputs = R"("vectors":"t.json")") {
  return R"({"id":"a","inputs":{)" + std::string(inputs) + R"(},"expect":"wantErr of each entry")" +
         std::string(more) + "}";
}

TEST_F(Cases, WordsWithoutMeaningAreErrors) {
  Write("t.json", "[]");
  for (const std::string& text : {
           TlogCase(R"(,"colour":"red")"),
           TlogCase(R"(,"policy":{})"),
           TlogCase(R"(,"mutations":[{"op":"truncate","value":1,"input":"report"}])"),
           TlogCase("", R"("report":"t.json")"),
           TlogCase("", R"("picture":"t.json")"),
           TlogCase("", R"("vectors":"t.json","report":"t.json")"),
           TlogCase("", R"("vectors":"../t.json")"),
           TlogCase("", R"("vectors":"/etc/passwd")"),
           TlogCase("", R"("vectors":"none.json")"),
           std::string(R"({"id":"a","inputs":{"vectors":"t.json"},"expect":"accept"})"),
           std::string(R"({"id":"a","inputs":{"vectors":"t.json"}})"),
           std::string(R"({"inputs":{"vectors":"t.json"},"expect":"wantErr of each entry"})"),
           std::string("[]"),
       }) {
    EXPECT_THROW(Run(text), VectorError) << text;
  }
}

TEST_F(Cases, TlogNoticesAWrongVerdictAndAWrongCount) {
  // A tree of one leaf, whose root is the leaf's hash.
  const std::string hash = codec::Base64Encode(Bytes(32, 7));
  const auto entry = [&](const char* want_error) {
    return R"([{"leafIdx":0,"treeSize":1,"root":")" + hash + R"(","leafHash":")" + hash +
           R"(","proof":null,"desc":"","wantErr":)" + want_error + "}]";
  };
  Write("t.json", entry("false"));
  EXPECT_EQ(Run(TlogCase(R"(,"counts":{"accept":1})")), std::nullopt);
  EXPECT_TRUE(Run(TlogCase(R"(,"counts":{"accept":2})")));
  EXPECT_THROW(Run(TlogCase(R"(,"counts":{"blue":1})")), VectorError);
  Write("t.json", entry("true"));
  EXPECT_TRUE(Run(TlogCase()));
  Write("t.json", "[]");
  EXPECT_TRUE(Run(TlogCase()));
}

constexpr std::string_view kWycheproofCase =
    R"({"id":"a","inputs":{"vectors":"w.json"},"expect":"per test \"result\": valid must pass"})";

// RFC 4231 test case 2 as a Wycheproof file.
std::string HmacFile(std::string_view result, std::string_view tag,
                     std::string_view algorithm = "HMACSHA256") {
  return R"({"algorithm":")" + std::string(algorithm) + R"(","numberOfTests":1,"testGroups":[)" +
         R"({"type":"MacTest","keySize":32,"tagSize":256,"tests":[{"tcId":1,"comment":"","key":"4a656665",)" +
         R"("msg":"7768617420646f2079612077616e7420666f72206e6f7468696e673f","tag":")" + std::string(tag) +
         R"(","result":")" + std::string(result) + R"("}]}]})";
}
constexpr std::string_view kTag = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
constexpr std::string_view kWrongTag = "00dcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

TEST_F(Cases, WycheproofNoticesAWrongVerdict) {
  Write("w.json", HmacFile("valid", kTag));
  EXPECT_EQ(Run(kWycheproofCase), std::nullopt);
  Write("w.json", HmacFile("invalid", kWrongTag));
  EXPECT_EQ(Run(kWycheproofCase), std::nullopt);
  Write("w.json", HmacFile("valid", kWrongTag));
  EXPECT_THAT(Run(kWycheproofCase).value_or(""), ::testing::HasSubstr("tcId 1 (valid: ) is refused"));
  Write("w.json", HmacFile("invalid", kTag));
  EXPECT_THAT(Run(kWycheproofCase).value_or(""), ::testing::HasSubstr("is accepted"));
  Write("w.json", HmacFile("perhaps", kTag));
  EXPECT_THROW(Run(kWycheproofCase), VectorError);
  Write("w.json", HmacFile("valid", kTag, "HMACROT13"));
  EXPECT_THROW(Run(kWycheproofCase), VectorError);
  Write("w.json", R"({"testGroups":[]})");
  EXPECT_TRUE(Run(kWycheproofCase));
}

TEST_F(Cases, AMutationTurnsTheVerdict) {
  Write("w.json", HmacFile("valid", kTag));
  EXPECT_TRUE(Run(R"({"id":"a","inputs":{"vectors":"w.json"},"expect":"per test \"result\"","mutations":[)"
                  R"({"op":"json_set","key":"testGroups[0].tests[0].result","value":"invalid"}]})"));
  EXPECT_TRUE(
      Run(R"({"id":"a","inputs":{"vectors":"w.json"},"expect":"per test \"result\"","counts":{"valid":2}})"));
}

TEST_F(Cases, AgeLinesAreReadStrictly) {
  const char* const text = R"({"id":"a","inputs":{"vector":"f"},"expect":"header failure"})";
  Write("f", "expect: header failure\ncomment: nothing at all\n\n");
  EXPECT_EQ(Run(text), std::nullopt);
  Write("f", "expect: success\n\n");
  EXPECT_TRUE(Run(text));
  EXPECT_THROW(Run(R"({"id":"a","inputs":{"vector":"f"},"expect":"sadness"})"), VectorError);
  for (const char* file :
       {"expect: header failure\n", "expect: header failure\ncolour: red\n\n",
        "expect: header failure\narmored: no\n\n", "expect: header failure\ncompressed: lzma\n\n",
        "expect: header failure\nidentity: AGE-SECRET-KEY-1\n\n",
        "expect: header failure\ncompressed: zlib\n\nnot zlib"}) {
    Write("f", file);
    EXPECT_THROW(Run(text), VectorError) << file;
  }
}

}  // namespace
}  // namespace cloister::vectors
