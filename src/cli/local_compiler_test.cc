// What the client asks of the compiler for a stored test: as whom, for whom, at which level, under which policy.

#include "cli/local_compiler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "agreement/people_for_test.h"
#include "cli/server_json.h"

namespace cloister::cli {
namespace {

using testing::HasSubstr;

class LocalCompiler : public testing::Test {
 protected:
  LocalCompiler()
      : out_(data_, talk_, {}),
        context_{.out = out_,
                 .home = Home("/nonexistent"),
                 .flags = {},
                 .clock = clock_,
                 .rng = rng_,
                 .input = input_,
                 .connect = {},
                 .sleep = {},
                 .compiler = {.ask = [this](CompilerMode, std::string_view request) -> Result<std::string> {
                   asked_.push_back(*codec::ParseJson(request));
                   return answer_;
                 }}} {
    const auto schema = codec::ParseJson(R"j([{"name":"person","type":"BIGINT"}])j");
    scene_.datasets.push_back({.id = DatasetId::Parse("ds_" + std::string(26, '0')).value(),
                               .name = "visits",
                               .owner = "owner",
                               .organisation = "hospital",
                               .schema = *agreement::DecodeSchema(*schema, "schema"),
                               .policy = {}});
    scene_.people.push_back(agreement::for_test::Analyst().InCharter());
  }

  agreement::PolicyFile File(const std::string& more, const std::string& test) {
    const std::string text = R"({"policy":{"privacy_unit":"person","min_group_size":7,"columns":{"person":)"
                             R"({"roles":["join_key"]}})" +
                             more + R"(},"tests":[{"name":"t","query_text":"SELECT 1",)" + test + "}]}";
    return *agreement::DecodePolicyFile(*codec::ParseJson(text), scene_.datasets[0].schema, "file");
  }

  // "analyst of organisation for recipients at level".
  std::string Asked() const {
    const codec::Json& request = asked_.back();
    const codec::Json& analyst = MemberAt(request, "analyst");
    std::string text = TextAt(analyst, "thumbprint") + " of " + TextAt(analyst, "organisation") + " for";
    for (const codec::Json& each : ArrayAt(request, "recipients")) text += " " + TextAt(each, "thumbprint");
    return text + " at " + TextAt(request, "level");
  }

  std::ostringstream data_, talk_;
  std::istringstream input_;
  FakeClock clock_;
  InsecureRngForTest rng_{1};
  Output out_;
  std::string answer_ = R"({"verdict":"refused","findings":[{"rule":"R05"},{"rule":"R04"},{"rule":"R05"}]})";
  std::vector<codec::Json> asked_;
  Context context_;
  CompilerScene scene_;
};

TEST_F(LocalCompiler, ATestIsAskedUnderTheNewPolicyAsSomebodyWhomItLetsAsk) {
  const auto file = File("", R"("expect":"refused")");
  const auto outcomes = RunPolicyTests(context_, scene_, 0, file);
  ASSERT_TRUE(outcomes);
  EXPECT_EQ(outcomes->at(0).failure, std::nullopt);
  EXPECT_EQ(Asked(), "anybody of anybody for anybody at aggregate_only");
  EXPECT_EQ(IntegerAt(MemberAt(ArrayAt(asked_[0], "datasets")[0], "policy"), "min_group_size"), 7);

  const auto named = File(R"(,"may_query":["x"],"may_receive":["y"],"levels":["full_access"])",
                          R"("expect":"refused")");
  ASSERT_TRUE(RunPolicyTests(context_, scene_, 0, named));
  EXPECT_EQ(Asked(), "x of anybody for y at full_access");

  const auto as = File("", R"("expect":"refused","as":"analyst@example.org")");
  ASSERT_TRUE(RunPolicyTests(context_, scene_, 0, as));
  const std::string analyst = agreement::for_test::Analyst().thumbprint();
  EXPECT_EQ(Asked(), analyst + " of analyst ltd for " + analyst + " at aggregate_only");
}

TEST_F(LocalCompiler, AFailedTestStopsWhateverWouldBeSigned) {
  const auto file = File("", R"("expect":"refused","rule":"R11")");
  const Status passed = RequirePolicyTests(context_, scene_, 0, file);
  ASSERT_FALSE(passed);
  EXPECT_EQ(passed.error().code, Code::kRefused);
  EXPECT_THAT(talk_.str(), HasSubstr("test 't' must be refused by R11, and is refused by R05, R04"));
}

TEST_F(LocalCompiler, SaysWhoIsUnknownAndWhichProgramIsMissing) {
  const auto as = File("", R"("expect":"refused","as":"eve@example.org")");
  EXPECT_THAT(RunPolicyTests(context_, scene_, 0, as).error().public_message, HasSubstr("eve@example.org"));
  context_.compiler.ask = {};
  const auto file = File("", R"("expect":"refused")");
  const auto outcomes = RunPolicyTests(context_, scene_, 0, file);
  ASSERT_FALSE(outcomes);
  EXPECT_EQ(outcomes.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(outcomes.error().public_message, HasSubstr("CLOISTER_ENCLAVE_PROGRAM"));
}

}  // namespace
}  // namespace cloister::cli
