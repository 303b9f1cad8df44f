// Whose word an epoch has: who is invited, proposed, added and removed, and what nobody signs for somebody else.
#include "control/server_for_test.h"

#include <thread>

namespace cloister::control {
namespace {

class CharterTest : public ServerFixture {
 protected:
  CharterTest()
      : ada_(WithServerKey("ada@hospital.example")),
        bob_(WithServerKey("bob@insurer.example")),
        base_("/api/tee/environments/" + CreateEnvironment(ada_, {"bob@insurer.example"})) {}

  Reply Add(Person& who, const std::string& email) { return who.Post(base_ + "/participants", {{"email", email}}); }
  std::int64_t Epoch() { return ada_.Get(base_).At("/tee/epoch").as_int64(); }
  std::size_t Waiting(Person& who) { return who.Get("/api/tee/inbox").At("/items").as_array().size(); }
  std::set<std::string> Participants() {
    std::set<std::string> emails;
    const Reply reply = ada_.Get(base_ + "/charter");
    for (const codec::Json& each : reply.At("/current/charter/participants").as_array()) {
      emails.emplace(each.at("email").as_string());
    }
    return emails;
  }
  Reply Put(Person& who, codec::JsonObject terms, const std::string& tag) {
    return who.Send({.method = net::HttpMethod::kPut,
                     .target = base_ + "/charter",
                     .fields = {{"Content-Type", "application/json"}, {"If-Match", tag}},
                     .body = codec::WriteJson(codec::Json(std::move(terms)))});
  }
  std::string Tag(Person& who) {
    const Reply charter = who.Get(base_ + "/charter");
    std::string tag = charter.TextAt("/current/digest");
    if (!charter.At("/proposed").is_null()) tag += "-" + charter.TextAt("/proposed/digest");
    return '"' + tag + '"';
  }

  Person ada_, bob_;
  std::string base_;
};

// The creator has said nothing of a newcomer whom somebody else invited.
TEST_F(CharterTest, OnlyWhoInvitedIsTakenAtHisWord) {
  EXPECT_EQ(Add(bob_, "zoe@later.example").status, 202);
  Person zoe = LogIn("zoe@later.example");
  EXPECT_EQ(zoe.Get(base_).status, 200);
  EXPECT_EQ(Epoch(), 1);
  EXPECT_EQ(Waiting(ada_), 1u);
  EXPECT_EQ(Waiting(bob_), 0u);
  EXPECT_EQ(ada_.Post(base_ + "/acceptances").status, 200);
  EXPECT_EQ(Epoch(), 2);
}

TEST_F(CharterTest, WhoIsProposedReadsWhatHeWouldAcceptAndNoMore) {
  Person eve = WithServerKey("eve@else.example");
  EXPECT_EQ(Add(bob_, eve.email).status, 201);
  for (const char* more : {"", "/charter", "/charter/diff", "/chain", "/ledger", "/ledger/checkpoint"}) {
    EXPECT_EQ(eve.Get(base_ + more).status, 200) << more;
  }
  for (const char* more : {"/datasets", "/queries", "/catalogue", "/budgets"}) {
    EXPECT_EQ(eve.Get(base_ + more).status, 404) << more;
  }
  for (const char* more : {"/participants", "/datasets", "/queries", "/terminate"}) {
    EXPECT_EQ(eve.Post(base_ + more, {{"email", "friend@else.example"}}).status, 404) << more;
  }
  EXPECT_EQ(ada_.Post(base_ + "/acceptances").status, 200);
  EXPECT_EQ(eve.Get(base_ + "/datasets").status, 200);
}

TEST_F(CharterTest, AKeyThatMayOnlyReadAcceptsNothing) {
  EXPECT_EQ(Add(ada_, "zoe@later.example").status, 202);
  Person zoe = LogIn("zoe@later.example");
  const Reply made = zoe.Post("/api/keys", {{"name", "reader"}, {"scopes", {"read"}}});
  Person reader(server_->port(), made.Text("api_key"));
  EXPECT_EQ(reader.Get(base_).status, 404);
  EXPECT_EQ(ada_.Get(base_).TextAt("/tee/invited/0"), "zoe@later.example");
  EXPECT_EQ(zoe.Get(base_).status, 200);
}

TEST_F(CharterTest, TwoWhoAreAddedAreBothThere) {
  Person carl = WithServerKey("carl@c.example");
  Person dora = WithServerKey("dora@d.example");
  EXPECT_EQ(Add(ada_, carl.email).status, 201);
  EXPECT_EQ(Add(bob_, dora.email).status, 409);  // Ada's change waits for his word
  EXPECT_EQ(Add(ada_, dora.email).status, 201);
  EXPECT_EQ(Add(ada_, carl.email).status, 409);  // proposed already
  for (Person* each : {&bob_, &carl, &dora}) EXPECT_EQ(each->Post(base_ + "/acceptances").status, 200);
  EXPECT_EQ(Participants(), (std::set<std::string>{ada_.email, bob_.email, carl.email, dora.email}));
}

// The first answer was lost with the server, and another change came in between.
TEST_F(CharterTest, ARetriedChangeOfParticipantsIsAnsweredAsTheFirst) {
  Person carl = WithServerKey("carl@c.example");
  Person dora = WithServerKey("dora@d.example");
  const auto again = [&](net::HttpMethod method, const std::string& email) {
    const bool adds = method == net::HttpMethod::kPost;
    return ada_.Send({.method = method,
                      .target = base_ + "/participants" + (adds ? "" : "/" + email),
                      .fields = {{"Content-Type", "application/json"}, {"Idempotency-Key", "lost"}},
                      .body = adds ? R"({"email":")" + email + R"("})" : ""});
  };
  EXPECT_EQ(Add(ada_, carl.email).status, 201);
  const std::string both = Add(ada_, dora.email).TextAt("/proposed/digest");
  EXPECT_EQ(Add(ada_, carl.email).status, 409) << "without a key it is another request";
  EXPECT_EQ(again(net::HttpMethod::kPost, carl.email).TextAt("/proposed/digest"), both);
  for (Person* each : {&bob_, &carl, &dora}) EXPECT_EQ(each->Post(base_ + "/acceptances").status, 200);
  ASSERT_TRUE(store_->idempotency.Forget(store_->users.FindUserByEmail(ada_.email).value()->id, "lost").has_value());
  EXPECT_EQ(again(net::HttpMethod::kPost, carl.email).status, 409) << "he is there";
  EXPECT_EQ(ada_.Delete(base_ + "/participants/carl@c.example").status, 201);
  const std::string neither = ada_.Delete(base_ + "/participants/dora@d.example").TextAt("/proposed/digest");
  EXPECT_EQ(ada_.Delete(base_ + "/participants/carl@c.example").status, 404);
  EXPECT_EQ(again(net::HttpMethod::kDelete, carl.email).TextAt("/proposed/digest"), neither);
}

// A crash came between the proposal and the end of the invitation that it was made of, and then another change.
TEST_F(CharterTest, ARetriedAdditionLeavesNoInvitationBehind) {
  Person carl = WithServerKey("carl@c.example");
  const auto add = [&](const char* key) {
    return ada_.Send({.method = net::HttpMethod::kPost,
                      .target = base_ + "/participants",
                      .fields = {{"Content-Type", "application/json"}, {"Idempotency-Key", key}},
                      .body = R"({"email":"carl@c.example"})"});
  };
  Person dora = WithServerKey("dora@d.example");
  EXPECT_EQ(Add(ada_, carl.email).status, 201);
  const std::string both = Add(ada_, dora.email).TextAt("/proposed/digest");
  const auto id = *EnvironmentId::Parse(base_.substr(base_.rfind('/') + 1));
  const auto ada = store_->users.FindUserByEmail(ada_.email).value()->id;
  ASSERT_TRUE(store_->environments.AddInvitation(id, carl.email, ada).has_value());
  EXPECT_EQ(add("lost").TextAt("/proposed/digest"), both);
  EXPECT_TRUE(ada_.Get(base_).At("/tee/invited").as_array().empty());
  const Reply removed = ada_.Delete(base_ + "/participants/carl@c.example");
  EXPECT_EQ(removed.status, 201) << removed.body;
}

TEST_F(CharterTest, TwoWhoComeAreBothThere) {
  EXPECT_EQ(Add(ada_, "x@x.example").status, 202);
  EXPECT_EQ(Add(ada_, "y@y.example").status, 202);
  Person x = LogIn("x@x.example");
  EXPECT_EQ(x.Get(base_).status, 200);
  Person y = LogIn("y@y.example");
  EXPECT_EQ(y.Get(base_).status, 200);
  EXPECT_EQ(x.Post(base_ + "/acceptances").status, 200);
  EXPECT_EQ(bob_.Post(base_ + "/acceptances").status, 200);
  EXPECT_EQ(Participants(), (std::set<std::string>{ada_.email, bob_.email, "x@x.example", "y@y.example"}));
}

// Ada invited, and Bob proposes other terms: that Zoe comes does not make them Ada's.
TEST_F(CharterTest, WhoComesBringsNobodysWordForOtherTerms) {
  EXPECT_EQ(Add(ada_, "zoe@later.example").status, 202);
  EXPECT_EQ(Put(bob_, {{"allow_cross_party_joins", true}}, "*").status, 201);
  Person zoe = LogIn("zoe@later.example");
  EXPECT_EQ(zoe.Get(base_).status, 200);
  EXPECT_EQ(bob_.Post(base_ + "/acceptances").status, 200);
  EXPECT_EQ(Epoch(), 1);
  EXPECT_TRUE(ada_.Get(base_ + "/charter").At("/proposed/charter/cross_owner_joins").as_bool());
  EXPECT_EQ(ada_.Post(base_ + "/acceptances").status, 200);
  EXPECT_EQ(Epoch(), 2);
}

TEST_F(CharterTest, AProposalIsNotReplacedUnseen) {
  const std::string before = Tag(ada_);
  EXPECT_EQ(Put(ada_, {{"name", "one"}}, before).status, 201);
  EXPECT_EQ(Put(bob_, {{"name", "two"}}, before).status, 412);
  EXPECT_EQ(ada_.Get(base_ + "/charter").TextAt("/proposed/charter/name"), "one");
  EXPECT_EQ(Put(bob_, {{"name", "two"}}, Tag(bob_)).status, 201);
  EXPECT_EQ(ada_.Post(base_ + "/acceptances").TextAt("/tee/name"), "two");
}

TEST_F(CharterTest, AcceptsWhatWasReadOrNothing) {
  EXPECT_EQ(Put(ada_, {{"name", "harmless"}}, Tag(ada_)).status, 201);
  const std::string read = bob_.Get(base_ + "/charter/diff").TextAt("/to");
  const std::string tag = Tag(bob_);
  EXPECT_EQ(Put(ada_, {{"name", "other"}, {"allow_cross_party_joins", true}}, Tag(ada_)).status, 201);
  EXPECT_EQ(bob_.Post(base_ + "/acceptances", {{"charter_digest", read}}).status, 409);
  EXPECT_EQ(bob_.Send({.method = net::HttpMethod::kPost,
                       .target = base_ + "/acceptances",
                       .fields = {{"If-Match", tag}}}).status, 412);
  EXPECT_EQ(Epoch(), 1);
  const std::string now = bob_.Get(base_ + "/charter/diff").TextAt("/to");
  EXPECT_EQ(bob_.Post(base_ + "/acceptances", {{"charter_digest", now}}).status, 200);
  EXPECT_EQ(ada_.Send({.method = net::HttpMethod::kPost,
                       .target = base_ + "/acceptances",
                       .fields = {{"If-Match", '"' + read + '"'}}}).status, 412);
  EXPECT_EQ(Epoch(), 2);
}

TEST_F(CharterTest, AnInvitationCanBeTakenBack) {
  EXPECT_EQ(Add(ada_, "zoe@later.example").status, 202);
  EXPECT_EQ(bob_.Delete(base_ + "/participants/zoe@later.example").status, 200);
  EXPECT_TRUE(ada_.Get(base_).At("/tee/invited").as_array().empty());
  EXPECT_EQ(LogIn("zoe@later.example").Get(base_).status, 404);
}

TEST_F(CharterTest, WhatHasEndedTakesNothingMore) {
  EXPECT_EQ(ada_.Post(base_ + "/suspend").status, 200);
  EXPECT_EQ(bob_.Post(base_ + "/terminate").TextAt("/tee/status"), "terminated");
  EXPECT_EQ(Add(ada_, "zoe@later.example").status, 409);
  EXPECT_EQ(ada_.Post(base_ + "/datasets", {{"name", "x"}, {"schema", {{"id", "bigint"}}}}).status, 409);
  EXPECT_EQ(Put(ada_, {{"name", "one"}}, "*").status, 409);
}

// Somebody with a key of his own never accepts: the creator ends what never began.
TEST_F(CharterTest, WhatNeverBeganEndsByItsCreator) {
  Person own = WithOwnKey("own@own.example");
  const std::string id = CreateEnvironment(ada_, {own.email, bob_.email}, "none");
  const std::string path = "/api/tee/environments/" + id;
  EXPECT_EQ(ada_.Post(path + "/suspend").status, 409);
  EXPECT_EQ(bob_.Post(path + "/terminate").status, 403);
  const auto enclave = provider_.last.lock();
  EXPECT_EQ(ada_.Post(path + "/terminate").TextAt("/tee/status"), "terminated");
  // It was told to end, and does so on a thread of its own.
  const std::int64_t due_ms = clock_.MonotonicMs() + 20'000;
  while (enclave->running() && clock_.MonotonicMs() < due_ms) std::this_thread::yield();
  EXPECT_FALSE(enclave->running());
  EXPECT_EQ(Waiting(own), 0u);
  RestartServer();
  EXPECT_EQ(LogIn(ada_.email).Get(path).TextAt("/tee/status"), "terminated");
}

// However often the making of it is cut off, it is made once in the end, and nothing else is left.
TEST_F(CharterTest, AnEnvironmentIsMadeOnce) {
  const auto create = [&](const char* recovery) {
    return ada_.Send({.method = net::HttpMethod::kPost,
                      .target = "/api/tee/environments",
                      .fields = {{"Content-Type", "application/json"}, {"Idempotency-Key", recovery}},
                      .body = std::string(R"({"name":"again","recovery":")") + recovery + R"("})"});
  };
  for (const char* recovery : {"none", "operator"}) {
    provider_.behaviour.fails_to_launch = true;
    for (int i = 0; i < 6; ++i) EXPECT_GE(create(recovery).status, 400);
    provider_.behaviour.fails_to_launch = false;
    const Reply made = create(recovery);
    EXPECT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(made.TextAt("/tee/status"), "active");
  }
  EXPECT_EQ(ada_.Get("/api/tee/environments").At("/tees").as_array().size(), 3u);
}

// All of them compared the same tag: one of them was first.
TEST_F(CharterTest, OfManyChangesUnderOneTagOneIsTaken) {
  const std::string tag = Tag(ada_);
  std::atomic<int> taken = 0, refused = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      Person ada = LogIn(ada_.email);
      const int status = Put(ada, {{"name", "name " + std::to_string(i)}}, tag).status;
      taken += status == 201;
      refused += status == 412;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 1);
  EXPECT_EQ(refused, 5);
}

}  // namespace
}  // namespace cloister::control
