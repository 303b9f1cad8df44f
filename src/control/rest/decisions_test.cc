// What is said of a query: refused by the rules, rejected, withdrawn, decided twice, expired.
#include "control/rest/work_for_test.h"

namespace cloister::control {
namespace {

class DecisionsTest : public WorkTest {};

TEST_F(DecisionsTest, ShowsWhyAQueryIsRefused) {
  Publish(ada_, "visits");
  const Reply reply = SubmitQuery(ada_, {{"query_text", "please refuse"}});
  EXPECT_EQ(reply.status, 422) << reply.body;
  EXPECT_EQ(reply.TextAt("/violations/0/rule"), "R01");
  EXPECT_EQ(reply.TextAt("/query/status"), "rejected");
  const std::string query = "/api/tee/queries/" + reply.TextAt("/query/id");
  EXPECT_EQ(bob_.Post(query + "/approve").status, 409);
}

TEST_F(DecisionsTest, RejectionAndWithdrawal) {
  Publish(ada_, "visits");
  Publish(bob_, "claims");
  const std::string rejected = "/api/tee/queries/" + SubmitQuery(ada_).TextAt("/query/id");
  EXPECT_EQ(bob_.Post(rejected + "/reject").status, 400);
  EXPECT_EQ(bob_.Post(rejected + "/reject", {{"reason", ""}}).status, 400);
  const Reply turned = bob_.Post(rejected + "/reject", {{"reason", "no \u202e on"}});  // would be read backwards
  EXPECT_EQ(turned.status, 400);
  EXPECT_NE(turned.Text("message").find("'reason'"), std::string::npos) << turned.body;
  EXPECT_EQ(ada_.Post(rejected + "/approve", {{"notes", std::string("a\0b", 3)}}).status, 400);
  EXPECT_EQ(ada_.Post(rejected + "/approve", {{"notes", "for me"}}).status, 200);
  EXPECT_EQ(bob_.Post(rejected + "/reject", {{"reason", "no"}}).TextAt("/query/status"), "rejected");
  EXPECT_EQ(ada_.Get(rejected).TextAt("/query/decisions/0/notes"), "for me");
  EXPECT_EQ(ada_.Get(rejected).TextAt("/query/decisions/1/reason"), "no") << "who asked learns why not";
  const std::string withdrawn = "/api/tee/queries/" + SubmitQuery(ada_).TextAt("/query/id");
  EXPECT_EQ(bob_.Post(withdrawn + "/cancel").status, 403);
  EXPECT_EQ(ada_.Post(withdrawn + "/cancel").TextAt("/query/status"), "cancelled");
  EXPECT_EQ(ada_.Get(environment_ + "/queries").At("/queries").as_array().size(), 2u);
}

TEST_F(DecisionsTest, WhatIsDecidedIsNotDecidedAgain) {
  Publish(ada_, "visits");
  Publish(bob_, "claims");
  const std::string rejected = "/api/tee/queries/" + SubmitQuery(ada_).TextAt("/query/id");
  EXPECT_EQ(bob_.Post(rejected + "/reject", {{"reason", "no"}}).status, 200);
  const std::string withdrawn = "/api/tee/queries/" + SubmitQuery(ada_).TextAt("/query/id");
  EXPECT_EQ(ada_.Post(withdrawn + "/cancel").status, 200);
  const std::string completed = "/api/tee/queries/" + SubmitQuery(ada_).TextAt("/query/id");
  EXPECT_EQ(ada_.Post(completed + "/approve").status, 200);
  EXPECT_EQ(bob_.Post(completed + "/approve").status, 200);
  EXPECT_EQ(Status(ada_, completed, "/query/status", {"completed", "error"}), "completed");
  const std::int64_t size = LedgerSize();
  for (const std::string& query : {rejected, withdrawn, completed}) {
    for (const Reply& reply : {bob_.Post(query + "/approve"), bob_.Post(query + "/reject", {{"reason", "no"}}),
                               ada_.Post(query + "/cancel")}) {
      EXPECT_EQ(reply.status, 409) << query << reply.body;
      EXPECT_EQ(reply.Text("error"), "FAILED_PRECONDITION");
    }
  }
  EXPECT_EQ(LedgerSize(), size) << "nothing was signed";
}

// Sent first, it would run the query that he rejects. Nor does its own retry bring it back.
TEST_F(DecisionsTest, AnApprovalThatWasLostIsNotSentBeforeTheRejection) {
  Publish(ada_, "visits");
  Publish(bob_, "claims");
  const std::string query = "/api/tee/queries/" + SubmitQuery(ada_).TextAt("/query/id");
  EXPECT_EQ(ada_.Post(query + "/approve").status, 200);
  provider_.behaviour.ends_at_link = true;
  EXPECT_EQ(bob_.Post(query + "/approve").status, 503);
  const Reply rejected = bob_.Post(query + "/reject", {{"reason", "on second thoughts"}});
  EXPECT_EQ(rejected.status, 200) << rejected.body;
  EXPECT_EQ(rejected.TextAt("/query/status"), "rejected");
  EXPECT_EQ(bob_.Get(query).At("/query/decisions").as_array().size(), 2u);
}

// Where others may outvote him his approval would take the rejection's place.
TEST_F(DecisionsTest, TheRetryOfALostApprovalDoesNotUndoTheRejection) {
  const Reply created = ada_.Post("/api/tee/environments", {{"name", "one more than the owners"},
                                                            {"participant_emails", {bob_.email, eve_.email}},
                                                            {"approval_rule", {{"kind", "count"}, {"count", 1}}},
                                                            {"recovery", "operator"}});
  ASSERT_EQ(created.status, 201) << created.body;
  environment_ = "/api/tee/environments/" + created.TextAt("/tee/id");
  Publish(ada_, "visits");
  const Reply submitted = SubmitQuery(ada_);
  ASSERT_EQ(submitted.status, 201) << submitted.body;
  const std::string query = "/api/tee/queries/" + submitted.TextAt("/query/id");
  const auto approve = [&] {
    return bob_.Send({.method = net::HttpMethod::kPost,
                      .target = query + "/approve",
                      .fields = {{"Content-Type", "application/json"}, {"Idempotency-Key", "yes"}},
                      .body = "{}"});
  };
  provider_.behaviour.ends_at_link = true;
  EXPECT_EQ(approve().status, 503);
  const Reply rejected = bob_.Post(query + "/reject", {{"reason", "on second thoughts"}});
  ASSERT_EQ(rejected.status, 200) << rejected.body;
  EXPECT_EQ(rejected.TextAt("/query/status"), "submitted") << "two others may approve";
  for (int i = 0; i < 3; ++i) {
    const Reply again = approve();
    EXPECT_EQ(again.status, 422) << again.body;
    EXPECT_NE(again.Text("message").find("rejected the query since"), std::string::npos) << again.body;
  }
  EXPECT_EQ(bob_.Get(query).TextAt("/query/decisions/0/decision"), "rejected");
}

// As long as nobody could hear the rejection, nothing is taken back.
TEST_F(DecisionsTest, ALostApprovalStandsUntilTheRejectionIsSigned) {
  Publish(ada_, "visits");
  Publish(bob_, "claims");
  const std::string query = "/api/tee/queries/" + SubmitQuery(ada_).TextAt("/query/id");
  provider_.behaviour.ends_at_link = true;
  EXPECT_EQ(bob_.Post(query + "/approve").status, 503);
  const EnvironmentId id = *EnvironmentId::Parse(environment_.substr(environment_.rfind('/') + 1));
  const Digest256 lost = store_->custody.LastLink(id, bob_.thumbprint)->value().digest;
  ASSERT_TRUE(store_->custody.SetView(id, bob_.thumbprint, {.size = 99, .root = {}}));
  EXPECT_EQ(bob_.Post(query + "/reject", {{"reason", "on second thoughts"}}).status, 422) << "another ledger is shown";
  EXPECT_EQ(store_->custody.LastLink(id, bob_.thumbprint)->value().digest, lost);
}

// He did not take it back, whatever else he rejects.
TEST_F(DecisionsTest, AnApprovalThatWasLostGoesFirstOtherwise) {
  Publish(ada_, "visits");
  Publish(bob_, "claims");
  const std::string query = "/api/tee/queries/" + SubmitQuery(ada_).TextAt("/query/id");
  const std::string another = "/api/tee/queries/" + SubmitQuery(ada_).TextAt("/query/id");
  provider_.behaviour.ends_at_link = true;
  EXPECT_EQ(bob_.Post(query + "/approve").status, 503);
  EXPECT_EQ(bob_.Post(another + "/reject", {{"reason", "no"}}).TextAt("/query/status"), "rejected");
  EXPECT_EQ(bob_.Get(query).TextAt("/query/decisions/0/decision"), "approved");
}

// Whoever keeps his key has signed already; his chain goes on in the ledger, and the answer says that it was in vain.
TEST_F(DecisionsTest, ASignedDecisionWithoutEffectIs409) {
  Person cyd = WithOwnKey("cyd@bank.example");
  const std::string id = CreateEnvironment(ada_, {"cyd@bank.example"});
  environment_ = "/api/tee/environments/" + id;
  const std::string acceptance = Sign(cyd, id, AcceptanceOf(id, agreement::Custody::kSelf));
  ASSERT_EQ(cyd.Post(environment_ + "/acceptances", {{"document", acceptance}}).status, 200);
  Publish(ada_, "visits");
  const std::string query = "/api/tee/queries/" + SubmitQuery(ada_).TextAt("/query/id");
  ASSERT_EQ(ada_.Post(query + "/cancel").status, 200);
  const auto digest = codec::HexDecodeDigest(ada_.Get(query).TextAt("/query/query_digest"));
  const std::string document = Sign(cyd, id, agreement::Rejection{.query = *digest, .reason = "no"});
  const Reply reply = cyd.Post(query + "/reject", {{"reason", "no"}, {"document", document}});
  EXPECT_EQ(reply.status, 409) << reply.body;
  EXPECT_NE(reply.Text("message").find("it is withdrawn"), std::string::npos) << reply.body;
  EXPECT_EQ(reply.TextAt("/refused/code"), "FAILED_PRECONDITION");
  EXPECT_GT(reply.At("/entry").to_number<std::int64_t>(), 0);
  EXPECT_EQ(reply.TextAt("/query/status"), "cancelled");
}

TEST_F(DecisionsTest, AQueryWhoseTermsAreGoneHasExpired) {
  const std::string dataset = Publish(ada_, "visits");
  const std::string query = "/api/tee/queries/" + SubmitQuery(bob_).TextAt("/query/id");
  const auto asks_for = [&](Person& person) {
    const Reply inbox = person.Get("/api/tee/inbox");
    return inbox.body.find("a query waits for your decision") != std::string::npos;
  };
  EXPECT_TRUE(asks_for(ada_));
  const std::int64_t before = LedgerSize();
  ASSERT_EQ(ada_.Delete(dataset).status, 200);
  EXPECT_TRUE(IsTold(query, before)) << "of what happened to it without a word of it";
  const Reply shown = ada_.Get(query);
  EXPECT_EQ(shown.TextAt("/query/status"), "expired");
  EXPECT_EQ(shown.TextAt("/query/error_message").substr(0, 8), "EXPIRED:");
  EXPECT_TRUE(shown.At("/query/waiting_for/owners").as_array().empty());
  EXPECT_NE(shown.TextAt("/query/waiting_for/obstacles/0").find("is not in force"), std::string::npos);
  EXPECT_FALSE(asks_for(ada_));
  const std::int64_t size = LedgerSize();
  const Reply approved = ada_.Post(query + "/approve");
  EXPECT_EQ(approved.status, 409) << approved.body;
  EXPECT_NE(approved.Text("message").find("is not in force"), std::string::npos) << approved.body;
  EXPECT_EQ(LedgerSize(), size);
  EXPECT_EQ(bob_.Post(query + "/cancel").TextAt("/query/status"), "cancelled");
}

}  // namespace
}  // namespace cloister::control
