// What a request for a query may hold, and that what is wrong with it is named.
#include <cmath>

#include "control/rest/work_for_test.h"

namespace cloister::control {
namespace {

class QueriesTest : public WorkTest {
 protected:
  // What submitting and checking say of a malformed request.
  void ExpectBoth(const codec::JsonObject& more, std::string_view message) {
    for (const char* route : {"/queries", "/queries/check"}) {
      codec::JsonObject body{{"query_text", "SELECT sum(cost) FROM visits"}};
      if (route == std::string_view("/queries")) body["name"] = "costs";
      for (const auto& member : more) body[member.key()] = member.value();
      const Reply reply = ada_.Post(environment_ + route, std::move(body));
      EXPECT_EQ(reply.status, 400) << route << reply.body;
      EXPECT_EQ(reply.Text("message"), message) << route;
    }
  }
};

TEST_F(QueriesTest, NamesTheMemberThatIsWrong) {
  Publish(ada_, "visits");
  ExpectBoth({{"query_text", ""}}, "query_text must not be empty");
  ExpectBoth({{"privacy_level", "all"}},
             "privacy_level must be aggregate_only, k_anonymized, differential_privacy or full_access");
  ExpectBoth({{"privacy", {{"epsilon", 1}, {"foo", 2}}}}, "privacy.foo is not known here");
  ExpectBoth({{"privacy", {{"epsilon", "1"}}}}, "privacy.epsilon must be a number");
  ExpectBoth({{"privacy", {{"mechanism", "loud"}}}}, "privacy.mechanism must be laplace or gaussian");
  ExpectBoth({{"description", std::string(2001, 'x')}}, "description must not be longer than 2000 bytes");
  EXPECT_EQ(SubmitQuery(ada_, {{"privacy", {{"epsilon", 0.5}, {"delta", 0}, {"mechanism", "laplace"}}}}).status, 201);
}

TEST_F(QueriesTest, NamesTheBodyAndTheDocument) {
  const Reply list = ada_.Send({.method = net::HttpMethod::kPost,
                                .target = environment_ + "/queries",
                                .fields = {{"Content-Type", "application/json"}},
                                .body = "[]"});
  EXPECT_EQ(list.status, 400);
  EXPECT_EQ(list.Text("message"), "the body must be a JSON object");
  const Reply link = ada_.Post(environment_ + "/links", {{"document", "abc"}});
  EXPECT_EQ(link.status, 400);
  EXPECT_EQ(link.Text("message").substr(0, 12), "'document': ") << link.body;
  const Reply emails =
      ada_.Post("/api/tee/environments", {{"name", "room"}, {"participant_emails", codec::JsonArray{"x"}}});
  EXPECT_EQ(emails.status, 400);
  EXPECT_EQ(emails.Text("message"), "'participant_emails' must be an e-mail address");
}

// No link can name no dataset, so here the compiler's verdict is the answer, the same as that of the check.
TEST_F(QueriesTest, WhatReadsNothingIsRefusedWithItsViolations) {
  checker_.answer = R"({"verdict":"refused","findings":[{"rule":"R02","severity":"error","message":"reads nothing"}]})";
  const std::int64_t size = LedgerSize();
  const Reply reply = SubmitQuery(ada_, {{"query_text", "SELECT 1"}});
  EXPECT_EQ(reply.status, 422) << reply.body;
  EXPECT_EQ(reply.Text("error"), "REFUSED");
  EXPECT_EQ(reply.TextAt("/violations/0/rule"), "R02");
  EXPECT_EQ(LedgerSize(), size);
}

TEST_F(QueriesTest, WhatWasNeverSpentIsNothing) {
  Publish(ada_, "visits");
  const Reply budgets = bob_.Get(environment_ + "/budgets");
  ASSERT_EQ(budgets.status, 200) << budgets.body;
  EXPECT_FALSE(std::signbit(budgets.At("/budgets/0/odometer/epsilon").to_number<double>())) << budgets.body;
}

}  // namespace
}  // namespace cloister::control
