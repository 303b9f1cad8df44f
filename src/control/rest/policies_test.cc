// A dataset's terms over time, what waits for people, what may be asked, what is left.
#include "control/server_for_test.h"

namespace cloister::control {
namespace {

class PoliciesTest : public ServerFixture {
 protected:
  PoliciesTest()
      : ada_(WithServerKey("ada@hospital.example")),
        bob_(WithServerKey("bob@insurer.example")),
        eve_(WithServerKey("eve@else.example")),
        environment_("/api/tee/environments/" + CreateEnvironment(ada_, {"bob@insurer.example"})) {}

  std::string Register(codec::JsonObject more = {}) {
    codec::JsonObject body{{"name", "visits"}, {"schema", {{"id", "bigint"}, {"ward", "text"}, {"cost", "double"}}}};
    for (auto& [name, value] : more) body[name] = value;
    const Reply reply = ada_.Post(environment_ + "/datasets", body);
    EXPECT_EQ(reply.status, 201) << reply.body;
    return "/api/tee/datasets/" + reply.TextAt("/dataset/id");
  }
  std::string Share() {
    const std::string dataset = Register({{"policy", "aggregate_only"}, {"privacy_unit", "id"}});
    const Reply put = ada_.Put(dataset + "/content", "id,ward,cost\n1,north,3\n", "");
    EXPECT_EQ(put.status, 200) << put.body;
    EXPECT_EQ(ada_.Post(dataset + "/mark-available").status, 200);
    return dataset;
  }
  Reply PutJson(Person& person, const std::string& target, codec::JsonObject body, const std::string& tag) {
    net::HttpRequest request{.method = net::HttpMethod::kPut,
                             .target = target,
                             .fields = {{"Content-Type", "application/json"}},
                             .body = codec::WriteJson(codec::Json(std::move(body)))};
    if (!tag.empty()) request.fields.push_back({"If-Match", tag});
    return person.Send(std::move(request));
  }

  Person ada_, bob_, eve_;
  std::string environment_;
};

codec::JsonObject Stricter() {
  return {{"privacy_unit", "id"},
          {"min_group_size", 50},
          {"columns", {{"id", {{"roles", {"join_key"}}, {"domain", "person"}}}, {"ward", {{"roles", {"dimension"}}}}}}};
}

TEST_F(PoliciesTest, APolicyThatIsSilentGetsTheChartersGroupSize) {
  const std::string dataset = Share();
  codec::JsonObject silent = Stricter();
  silent.erase("min_group_size");
  EXPECT_EQ(PutJson(ada_, dataset + "/policy", {{"policy", Stricter()}}, "*").status, 200);
  EXPECT_EQ(PutJson(ada_, dataset + "/policy", {{"policy", silent}}, "*").status, 200);
  EXPECT_EQ(bob_.Get(dataset + "/policy").At("/policy/min_group_size").as_int64(), 25);
}

// A key that says "again" does not stand for the tag that was never sent.
TEST_F(PoliciesTest, NeedsATagAlsoUnderAnIdempotencyKey) {
  const std::string dataset = Share();
  EXPECT_EQ(ada_.Send({.method = net::HttpMethod::kPut,
                       .target = dataset + "/policy",
                       .fields = {{"Content-Type", "application/json"}, {"Idempotency-Key", "k"}},
                       .body = R"({"policy":"aggregate_only","privacy_unit":"id"})"}).status, 428);
}

TEST_F(PoliciesTest, ADatasetHasNoNameByWhichAnIdIsRead) {
  const std::string dataset = Register({{"name", "Dataset 1"}});
  EXPECT_EQ(ada_.Get(dataset).TextAt("/dataset/table_name"), "t_dataset_1");
}

// As far as the contract says it, and no further.
TEST_F(PoliciesTest, TypesAndPresetsAreReadInWhateverLetters) {
  int n = 0;
  const auto status = [&](const char* type, const char* preset) {
    return ada_.Post(environment_ + "/datasets", {{"name", "t" + std::to_string(++n)},
                                                  {"schema", {{"id", "Int64"}, {"x", type}}},
                                                  {"policy", preset},
                                                  {"privacy_unit", "id"}}).status;
  };
  EXPECT_EQ(status("Double", "Aggregates-Only"), 201);
  EXPECT_EQ(status("decimal(10, 2)", "AGGREGATE ONLY"), 201);
  EXPECT_EQ(status("Date Time", "aggregates_only"), 400);
  EXPECT_EQ(status(" DATE", "aggregates_only"), 400);
  EXPECT_EQ(status("DECIMAL(10,  2)", "aggregates_only"), 400);
  EXPECT_EQ(status("DECIMAL( 10,2)", "aggregates_only"), 400);
  EXPECT_EQ(status("FLOAT", "aggregates  only"), 400);
}

TEST_F(PoliciesTest, AnotherPolicyIsTheNextVersion) {
  const std::string dataset = Share();
  EXPECT_EQ(PutJson(ada_, dataset + "/policy", {{"policy", Stricter()}}, "").status, 428);
  EXPECT_EQ(PutJson(ada_, dataset + "/policy", {{"policy", Stricter()}}, "\"old\"").status, 412);
  EXPECT_EQ(PutJson(bob_, dataset + "/policy", {{"policy", Stricter()}}, "*").status, 403);
  EXPECT_EQ(PutJson(eve_, dataset + "/policy", {{"policy", Stricter()}}, "*").status, 404);
  const Reply changed = PutJson(ada_, dataset + "/policy", {{"policy", Stricter()}}, "*");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.At("/dataset/version").as_int64(), 2);
  EXPECT_EQ(changed.TextAt("/changes/0/kind"), "looser");
  EXPECT_EQ(bob_.Get(dataset + "/versions").At("/versions").as_array().size(), 2u);
  EXPECT_TRUE(bob_.Get(dataset + "/policy/diff").At("/same_file").as_bool());
  EXPECT_EQ(bob_.Get(dataset + "/policy/diff?from=1&to=9").status, 404);
  EXPECT_EQ(bob_.Get(dataset + "/policy").At("/policy/min_group_size").as_int64(), 50);
}

TEST_F(PoliciesTest, ARemovedDatasetIsGoneAndItsNameIsFree) {
  const std::string dataset = Share();
  EXPECT_EQ(bob_.Delete(dataset).status, 403);
  EXPECT_EQ(eve_.Delete(dataset).status, 404);
  EXPECT_EQ(ada_.Delete(dataset).status, 200);
  EXPECT_EQ(ada_.Get(dataset).status, 404);
  EXPECT_TRUE(bob_.Get(environment_ + "/catalogue").At("/datasets").as_array().empty());
  Share();
}

// A proposal waits, and its author's manifest is renewed for it already: his last word holds before and after.
TEST_F(PoliciesTest, WhatChangesWhileAProposalWaitsHoldsUnderItToo) {
  const std::string dataset = Share();
  const auto offered = [&](Person& who) { return who.Get(environment_ + "/catalogue").At("/datasets").as_array(); };
  EXPECT_EQ(ada_.Post(environment_ + "/participants", {{"email", eve_.email}}).status, 201);
  ASSERT_EQ(PutJson(ada_, dataset + "/policy", {{"policy", Stricter()}}, "*").status, 200);
  EXPECT_EQ(offered(bob_).at(0).at("min_group_size").as_int64(), 50);
  EXPECT_EQ(bob_.Post(environment_ + "/acceptances").status, 200);
  ASSERT_EQ(offered(eve_).size(), 1u);
  EXPECT_EQ(offered(eve_)[0].at("min_group_size").as_int64(), 50);
  EXPECT_EQ(ada_.Get(environment_).At("/tee/epoch").as_int64(), 2);
}

TEST_F(PoliciesTest, WhatIsRemovedWhileAProposalWaitsIsGone) {
  const std::string dataset = Share();
  EXPECT_EQ(ada_.Post(environment_ + "/participants", {{"email", eve_.email}}).status, 201);
  EXPECT_EQ(ada_.Delete(dataset).status, 200);
  EXPECT_TRUE(bob_.Get(environment_ + "/catalogue").At("/datasets").as_array().empty());
  EXPECT_EQ(bob_.Post(environment_ + "/acceptances").status, 200);
  EXPECT_TRUE(eve_.Get(environment_ + "/catalogue").At("/datasets").as_array().empty());
  EXPECT_EQ(ada_.Get(environment_).At("/tee/epoch").as_int64(), 2);
}

TEST_F(PoliciesTest, TestsAskTheCompilerUnderOtherTerms) {
  const std::string dataset = Register({{"policy", "aggregate_only"}, {"privacy_unit", "id"}});
  const codec::JsonArray tests{{{"query_text", "SELECT 1"}, {"expect", "accepted"}},
                               {{"query_text", "SELECT 2"}, {"expect", "refused"}, {"name", "rows"}}};
  const Reply reply = bob_.Post(dataset + "/policy/test", {{"tests", tests}, {"policy", Stricter()}});
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_FALSE(reply.At("/passed").as_bool());
  EXPECT_TRUE(reply.At("/results/0/passed").as_bool());
  const codec::Json asked = codec::ParseJson(checker_.last_request).value();
  EXPECT_EQ(asked.at_pointer("/datasets/0/policy/min_group_size").as_int64(), 50);
}

// To the owner his own data are no threshold (rule R28), so what he tests is what somebody else may ask.
TEST_F(PoliciesTest, TestsAskAsSomebodyElseUnlessTheyNameHim) {
  const std::string dataset = Register({{"policy", "aggregate_only"}, {"privacy_unit", "id"}});
  const auto analyst_of = [&](codec::JsonObject test) {
    test["query_text"] = "SELECT 1";
    test["expect"] = "accepted";
    const Reply reply = ada_.Post(dataset + "/policy/test", {{"tests", codec::JsonArray{std::move(test)}}});
    if (reply.status != 200) return std::to_string(reply.status);
    const codec::Json asked = codec::ParseJson(checker_.last_request).value();
    EXPECT_EQ(asked.at_pointer("/recipients").as_array().size(), 1u);
    return std::string(asked.at_pointer("/analyst/thumbprint").as_string());
  };
  EXPECT_EQ(analyst_of({}), "anybody");
  EXPECT_EQ(analyst_of({{"as", "ada@hospital.example"}}), ada_.thumbprint);
  EXPECT_EQ(analyst_of({{"as", ada_.thumbprint}}), ada_.thumbprint);
  EXPECT_EQ(analyst_of({{"as", "nobody@else.example"}}), "404");
}

TEST_F(PoliciesTest, TheCatalogueSaysWhatMayBeAsked) {
  Share();
  const Reply reply = bob_.Get(environment_ + "/catalogue");
  EXPECT_EQ(reply.TextAt("/datasets/0/columns/1/allowed_uses/0"), "group");
  EXPECT_EQ(reply.TextAt("/datasets/0/examples/0/query_text"), "SELECT COUNT(DISTINCT id) AS people FROM visits");
  EXPECT_EQ(reply.TextAt("/datasets/0/examples/0/privacy_level"), "aggregate_only");
  const Reply budgets = bob_.Get(environment_ + "/budgets");
  EXPECT_EQ(budgets.At("/budgets/0/runs/spent").as_int64(), 0);
  EXPECT_EQ(budgets.At("/budgets/0/runs/left").as_int64(), 100);
  EXPECT_EQ(budgets.At("/budgets/0/odometer/epsilon").to_number<double>(), 0);
  EXPECT_EQ(eve_.Get(environment_ + "/catalogue").status, 404);
}

TEST_F(PoliciesTest, TheCatalogueShowsWhatTheCompilerAcceptsAndAsksItOnce) {
  Share();
  const auto examples = [&](Person& who) {
    return who.Get(environment_ + "/catalogue").At("/datasets/0/examples").as_array().size();
  };
  EXPECT_GT(examples(bob_), 0u);
  checker_.answer = R"({"verdict":"refused","findings":[]})";
  EXPECT_GT(examples(bob_), 0u) << "it was told so before";
  EXPECT_EQ(examples(ada_), 0u) << "for her it was not";
}

TEST_F(PoliciesTest, TheInboxHoldsWhatWaitsForOneself) {
  Share();
  const Reply asked = bob_.Post(environment_ + "/queries", {{"name", "costs"}, {"query_text", "SELECT 1"}});
  ASSERT_EQ(asked.status, 201) << asked.body;
  const Reply inbox = ada_.Get("/api/tee/inbox");
  EXPECT_EQ(inbox.TextAt("/items/0/kind"), "query");
  EXPECT_EQ(inbox.TextAt("/items/0/id"), asked.TextAt("/query/id"));
  EXPECT_TRUE(eve_.Get("/api/tee/inbox").At("/items").as_array().empty());
  const std::string query = "/api/tee/queries/" + asked.TextAt("/query/id");
  EXPECT_EQ(ada_.Post(query + "/approve").status, 200);
  EXPECT_TRUE(ada_.Get("/api/tee/inbox").At("/items").as_array().empty());
  EXPECT_EQ(ada_.Get(query).TextAt("/query/decisions/0/decision"), "approved");
  EXPECT_EQ(AskUntil(bob_, query, "/query/status", {"completed", "error"}).TextAt("/query/status"), "completed");
  EXPECT_EQ(bob_.Get(query).At("/query/execution_time_seconds").as_double(), 0.25);
  const Reply pack = bob_.Get(query + "/evidence-pack");
  EXPECT_EQ(pack.status, 200);
  EXPECT_GE(pack.At("/entries").as_array().size(), 8u);
  EXPECT_EQ(eve_.Get(query + "/evidence-pack").status, 404);
}

TEST_F(PoliciesTest, AnEnvironmentShowsWhenItChanged) {
  const auto shown = [&] { return ada_.Get(environment_).TextAt("/tee/updated_at"); };
  std::string before = shown();
  AwaitSecondAfter(before);
  EXPECT_GT(ada_.Post(environment_ + "/suspend").TextAt("/tee/updated_at"), before);
  before = shown();
  AwaitSecondAfter(before);
  EXPECT_GT(ada_.Post(environment_ + "/resume").TextAt("/tee/updated_at"), before);
  before = shown();
  AwaitSecondAfter(before);
  EXPECT_EQ(PutJson(ada_, environment_ + "/charter", {{"name", "renamed"}}, "*").status, 201);
  EXPECT_GT(shown(), before);
}

TEST_F(PoliciesTest, AnEnvironmentRestsAndGoesOn) {
  EXPECT_EQ(bob_.Post(environment_ + "/suspend").status, 403);
  EXPECT_EQ(ada_.Post(environment_ + "/suspend").TextAt("/tee/status"), "suspended");
  EXPECT_EQ(ada_.Post(environment_ + "/suspend").status, 409);
  RestartServer();
  Person ada = LogIn("ada@hospital.example");
  EXPECT_EQ(ada.Get(environment_).TextAt("/tee/status"), "suspended");
  EXPECT_EQ(ada.Post(environment_ + "/attestation").status, 409);
  EXPECT_EQ(ada.Post(environment_ + "/resume").TextAt("/tee/status"), "active");
  EXPECT_EQ(ada.Post(environment_ + "/attestation").status, 200);
  const std::string mortal = "/api/tee/environments/" + CreateEnvironment(ada, {}, "none");
  EXPECT_EQ(ada.Post(mortal + "/suspend").status, 409);
}

TEST_F(PoliciesTest, OtherTermsAreTheNextEpoch) {
  EXPECT_EQ(PutJson(ada_, environment_ + "/charter", {{"name", "renamed"}}, "").status, 428);
  EXPECT_EQ(PutJson(ada_, environment_ + "/charter", {{"name", "renamed"}}, "*").status, 201);
  EXPECT_FALSE(bob_.Get(environment_ + "/charter/diff").At("/changes").as_array().empty());
  EXPECT_EQ(bob_.Get("/api/tee/inbox").TextAt("/items/0/kind"), "charter");
  EXPECT_EQ(bob_.Post(environment_ + "/acceptances").status, 200);
  EXPECT_EQ(bob_.Get(environment_).At("/tee/epoch").as_int64(), 2);
  EXPECT_TRUE(bob_.Get(environment_ + "/charter/diff").At("/changes").as_array().empty());
}

}  // namespace
}  // namespace cloister::control
