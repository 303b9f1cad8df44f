// Writes whose answer was lost: the same request again under its Idempotency-Key finds what it did.
#include "control/rest/preconditions.h"
#include "control/server_for_test.h"

namespace cloister::control {
namespace {

constexpr const char* kFile = "id\n1\n2\n";

class OnceTest : public ServerFixture {
 protected:
  OnceTest()
      : ada_(WithServerKey("ada@hospital.example")),
        environment_("/api/tee/environments/" + CreateEnvironment(ada_, {})) {
    const Reply reply = ada_.Post(environment_ + "/datasets", {{"name", "visits"},
                                                               {"schema", {{"id", "int"}}},
                                                               {"policy", "aggregate_only"},
                                                               {"privacy_unit", "id"}});
    EXPECT_EQ(reply.status, 201) << reply.body;
    dataset_ = "/api/tee/datasets/" + reply.TextAt("/dataset/id");
  }

  Reply Put(const std::string& key, const std::string& target, const std::string& body,
            const std::string& type = "application/json", const std::string& tag = "*") {
    std::vector<net::HttpField> fields{{"Content-Type", type}, {"If-Match", tag}, {"Idempotency-Key", key}};
    return ada_.Send(
        {.method = net::HttpMethod::kPut, .target = target, .fields = std::move(fields), .body = body});
  }
  Reply PutFile(const std::string& key, const std::string& file) {
    return Put(key, dataset_ + "/content", file, "text/csv");
  }
  // As a crash leaves it behind that came after the work and before its answer was kept.
  void LoseAnswer(const std::string& key) {
    const auto user = store_->users.FindUserByEmail("ada@hospital.example")->value().id;
    IdempotencyRecord cut_off = store_->idempotency.Begin({.user = user, .key = key, .created_at = {}})->value();
    ASSERT_TRUE(store_->idempotency.Forget(user, key).has_value());
    cut_off.answer = std::nullopt;
    ASSERT_FALSE(store_->idempotency.Begin(cut_off)->has_value());
  }
  std::int64_t Versions() {
    return static_cast<std::int64_t>(ada_.Get(dataset_ + "/versions").At("/versions").as_array().size());
  }
  std::string Await(std::set<std::string> statuses) {
    return AskUntil(ada_, dataset_, "/dataset/status", statuses).TextAt("/dataset/status");
  }

  Person ada_;
  std::string environment_;
  std::string dataset_;
};

// The tag of before is forgiven to a request that has done it already; what never was a tag is not.
TEST_F(OnceTest, WhatIsNoTagIsMalformedForARetryToo) {
  const std::string terms = R"({"name":"next"})";
  const std::string policy = R"({"policy":"aggregate_only","privacy_unit":"id"})";
  ASSERT_EQ(Put("c-1", environment_ + "/charter", terms).status, 201);
  EXPECT_EQ(Put("c-2", environment_ + "/charter", terms, "application/json", "j'#| [j").status, 400);
  EXPECT_EQ(Put("c-3", environment_ + "/charter", terms, "application/json", R"("before")").status, 201);
  EXPECT_EQ(Put("p-1", dataset_ + "/policy", policy, "application/json", "before").status, 400);
  EXPECT_EQ(Put("p-2", dataset_ + "/policy", policy, "application/json", R"("before")").status, 200);
}

// Well formed, and against what stands.
TEST_F(OnceTest, WhatStandsInTheWayIsAConflict) {
  EXPECT_EQ(ada_.Delete(environment_ + "/participants/ada%40hospital.example").status, 409);
  const Reply reply = ada_.Post(dataset_ + "/versions", {{"schema", {{"person", "bigint"}}}});
  EXPECT_EQ(reply.status, 409) << reply.body;
  EXPECT_NE(reply.Text("message").find("send a 'policy' with it"), std::string::npos) << reply.body;
}

TEST_F(OnceTest, APlainFileIsOneVersion) {
  const Reply first = PutFile("f-1", kFile);
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(PutFile("f-1", kFile).body, first.body);
  EXPECT_EQ(PutFile("f-1", "id\n3\n").status, 422);
  ASSERT_EQ(Await({"available"}), "available");
  LoseAnswer("f-1");
  const Reply again = PutFile("f-1", kFile);
  ASSERT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.At("/entry"), first.At("/entry"));
  EXPECT_EQ(again.TextAt("/dataset/status"), "available");
  EXPECT_EQ(Versions(), 1);
  EXPECT_EQ(ada_.Get(dataset_ + "/uploads").At("/uploads").as_array().size(), 1u);
  EXPECT_EQ(PutFile("f-2", kFile).At("/dataset/version").as_int64(), 2);
}

TEST_F(OnceTest, APlainFileUnderAKeyThatIsNoneIsNotRead) {
  EXPECT_EQ(PutFile("two words", kFile).status, 400);
  EXPECT_EQ(Versions(), 0);
}

TEST_F(OnceTest, ChangedTermsAreOneVersion) {
  ASSERT_EQ(PutFile("f", kFile).status, 200);
  ASSERT_EQ(Await({"available"}), "available");
  codec::Json policy = ada_.Get(dataset_ + "/policy").At("/policy");
  policy.as_object()["min_group_size"] = 30;
  const std::string body = codec::WriteJson(codec::JsonObject{{"policy", policy}});
  const std::string tag = EntityTag(codec::CanonicalJson(ada_.Get(dataset_ + "/policy").At("/policy")));
  const auto put = [&](const std::string& key) {
    return Put(key, dataset_ + "/policy", body, "application/json", tag);
  };
  const Reply first = put("p-1");
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(put("p-1").body, first.body);
  LoseAnswer("p-1");
  const Reply again = put("p-1");
  ASSERT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.At("/entry"), first.At("/entry"));
  EXPECT_EQ(Versions(), 2);
  const std::string cursor = ada_.Get(dataset_ + "/versions?limit=1").Text("next_cursor");
  EXPECT_EQ(ada_.Get(dataset_ + "/versions?limit=1&cursor=" + cursor).At("/versions/0/version").as_int64(), 2);
  EXPECT_EQ(ada_.Get(dataset_ + "/versions?cursor=1").status, 400);
  codec::JsonObject other{{"policy", policy}};
  other["policy"].as_object()["min_group_size"] = 40;
  EXPECT_EQ(Put("p-2", dataset_ + "/policy", codec::WriteJson(other), "application/json", tag).status, 412);
}

TEST_F(OnceTest, ChangedCharterTermsAreOneEpoch) {
  const std::string tag = '"' + ada_.Get(environment_).TextAt("/tee/charter_digest") + '"';
  const auto put = [&] {
    return Put("c-1", environment_ + "/charter", R"({"name":"again"})", "application/json", tag);
  };
  const Reply first = put();
  ASSERT_EQ(first.status, 201) << first.body;
  ASSERT_EQ(first.At("/tee/epoch").as_int64(), 2);
  LoseAnswer("c-1");
  const Reply again = put();
  ASSERT_EQ(again.status, 201) << again.body;
  EXPECT_EQ(again.At("/tee/epoch").as_int64(), 2);
  EXPECT_EQ(again.At("/proposed"), first.At("/proposed"));
  EXPECT_EQ(Put("c-2", environment_ + "/charter", R"({"name":"third"})", "application/json", tag).status, 412);
}

// Done, and its answer lost: it is so, and that is what is answered.
TEST_F(OnceTest, WhatIsSuspendedResumedOrTerminatedAlreadyIsSo) {
  for (const char* act : {"suspend", "resume", "terminate"}) {
    const auto post = [&] {
      return ada_.Send({.method = net::HttpMethod::kPost,
                        .target = environment_ + "/" + act,
                        .fields = {{"Idempotency-Key", act}}});
    };
    const Reply first = post();
    ASSERT_EQ(first.status, 200) << first.body;
    LoseAnswer(act);
    const Reply again = post();
    EXPECT_EQ(again.status, 200) << again.body;
    EXPECT_EQ(again.TextAt("/tee/status"), first.TextAt("/tee/status"));
    EXPECT_EQ(ada_.Post(environment_ + "/" + act).status, 409);
  }
}

TEST_F(OnceTest, WhatIsRemovedIsRemovedOnce) {
  ASSERT_EQ(PutFile("f", kFile).status, 200);
  const auto remove = [&] {
    return ada_.Send({.method = net::HttpMethod::kDelete, .target = dataset_, .fields = {{"Idempotency-Key", "d"}}});
  };
  const Reply first = remove();
  EXPECT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(remove().body, first.body);
}

TEST_F(OnceTest, ParticipantKeysComeInPagesToo) {
  const Reply page = ada_.Get("/api/participant-keys?limit=1");
  EXPECT_EQ(page.At("/participant_keys").as_array().size(), 1u);
  EXPECT_TRUE(page.At("/next_cursor").is_null());
  EXPECT_EQ(ada_.Get("/api/participant-keys?cursor=" + ada_.thumbprint).status, 400);
  EXPECT_EQ(ada_.Get("/api/participant-keys?limit=0").status, 400);
  Person keyless = LogIn("keyless@else.example");
  EXPECT_EQ(keyless.Get("/api/tee/inbox?limit=0").status, 400) << "an empty list is read as strictly";
  EXPECT_EQ(keyless.Get("/api/tee/inbox").body, R"({"items":[],"next_cursor":null})");
}

}  // namespace
}  // namespace cloister::control
