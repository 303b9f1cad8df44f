#include "vectors/wycheproof.h"

#include <openssl/err.h>

#include "vectors/vector_case.h"

namespace cloister::vectors {
namespace {

Answer Check(const WycheproofTest& test) {
  if (KnowsSignatureType(test.type)) return CheckSignature(test);
  if (KnowsCipherType(test.type)) return CheckCipher(test);
  if (KnowsMacType(test.type)) return CheckMac(test);
  if (KnowsAgreementType(test.type)) return CheckAgreement(test);
  if (KnowsRsaType(test.type)) return CheckRsa(test);
  if (KnowsJoseType(test.type)) return CheckJose(test);
  throw VectorError("no rule for test groups of type " + test.type);
}

// A group of json_web_crypto may leave its type out.
std::string TypeOf(const JsonObject& file, const JsonObject& group) {
  if (group.contains("type")) return Text(group, "type");
  if (Text(file, "schema") == "json_web_crypto_schema_v1.json") return "JsonWebCrypto";
  throw VectorError("a test group without a type");
}

bool IsRight(Answer answer, std::string_view result) {
  if (result == "valid") return answer == Answer::kAccepted;
  if (result == "invalid") return answer == Answer::kRefused;
  if (result == "acceptable") return answer != Answer::kWrong;
  throw VectorError("unknown result " + std::string(result));
}

}  // namespace

Failure RunWycheproofCase(const VectorCase& vector_case, const JsonObject& file) {
  vector_case.AllowMembers({"counts"});
  if (!vector_case.Expect().starts_with("per test \"result\"")) {
    throw VectorError("no rule for expect " + vector_case.Expect());
  }
  std::map<std::string, std::size_t, std::less<>> found = {{"valid", 0}, {"invalid", 0}, {"acceptable", 0}};
  std::size_t tests = 0, wrong = 0;
  std::string first_wrong;
  for (const Json& group_value : Array(file, "testGroups")) {
    const JsonObject& group = AsObject(group_value, "a test group");
    for (const Json& test_value : Array(group, "tests")) {
      const JsonObject& test = AsObject(test_value, "a test");
      const std::string result = Text(test, "result");
      const Answer answer = Check({.algorithm = TextOr(file, "algorithm", ""),
                                   .type = TypeOf(file, group),
                                   .group = group,
                                   .test = test});
      ERR_clear_error();
      ++found[result];
      ++tests;
      if (IsRight(answer, result)) continue;
      if (wrong++ == 0) {
        first_wrong = "tcId " + std::to_string(Integer(test, "tcId")) + " (" + result + ": " +
                      TextOr(test, "comment", "") + ") is " +
                      (answer == Answer::kAccepted ? "accepted"
                       : answer == Answer::kWrong  ? "computed wrongly"
                                                   : "refused");
      }
    }
  }
  if (tests == 0) return "the file has no tests";
  if (wrong != 0) {
    return std::to_string(wrong) + " of " + std::to_string(tests) + " tests; first " + first_wrong;
  }
  if (file.contains("numberOfTests") && Unsigned(file, "numberOfTests") != tests &&
      !vector_case.IsMutated()) {
    return "the file has other tests than numberOfTests says";
  }
  return CheckCounts(vector_case, found);
}

}  // namespace cloister::vectors
