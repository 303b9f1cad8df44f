// What stands before every route: scopes, limits, and requests that come twice.
#include "control/rest/gate.h"
#include "control/rest/rate_limiter.h"
#include "control/server_for_test.h"

namespace cloister::control {
namespace {

class GateTest : public ServerFixture {
 protected:
  Reply PostWith(Person& person, const std::string& key, const std::string& target, codec::JsonObject body) {
    return person.Send({.method = net::HttpMethod::kPost,
                        .target = target,
                        .fields = {{"Content-Type", "application/json"}, {"Idempotency-Key", key}},
                        .body = codec::WriteJson(codec::Json(std::move(body)))});
  }
  Person WithKey(const std::string& key) { return Person(server_->port(), key); }
};

TEST_F(GateTest, AKeyIsGoodForItsScopesAlone) {
  Person ada = WithServerKey("ada@hospital.example");
  const Reply made = ada.Post("/api/keys", {{"name", "reader"}, {"scopes", {"read"}}, {"expires_in_days", 3}});
  ASSERT_EQ(made.status, 201) << made.body;
  Person reader = WithKey(made.Text("api_key"));
  EXPECT_EQ(reader.Get("/api/me").status, 200);
  EXPECT_EQ(reader.Post("/api/tee/environments", {{"name", "x"}}).status, 403);
  EXPECT_EQ(reader.Post("/api/keys", {{"name", "more"}}).status, 403);
  EXPECT_EQ(ada.Post("/api/keys", {{"name", "x"}, {"scopes", {"everything"}}}).status, 400);
  EXPECT_EQ(ada.Post("/api/keys", {{"name", "x"}, {"expires_in_days", 30.0}}).status, 201);  // 30, written otherwise
  EXPECT_EQ(ada.Post("/api/keys", {{"name", "x"}, {"expires_in_days", 30.5}}).status, 400);
  // One that may make keys makes none that is more than itself.
  Person manager = WithKey(ada.Post("/api/keys", {{"name", "m"}, {"scopes", {"read", "manage"}}}).Text("api_key"));
  EXPECT_EQ(manager.Post("/api/keys", {{"name", "x"}, {"scopes", {"decide"}}}).status, 403);
  EXPECT_EQ(manager.Post("/api/keys", {{"name", "x"}, {"scopes", {"read"}}}).status, 201);
}

TEST_F(GateTest, ABodyOfAnotherTypeIsNotRead) {
  Person ada = WithServerKey("ada@hospital.example");
  const auto status = [&](const char* target, const char* type) {
    return ada.Send({.method = net::HttpMethod::kPost,
                     .target = target,
                     .fields = {{"Content-Type", type}},
                     .body = R"({"name":"k","email":"new@new.example"})"})
        .status;
  };
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "application/jsonp", "json"}) {
    EXPECT_EQ(status("/api/keys", type), 415) << type;
    EXPECT_EQ(status("/api/dev/login", type), 415) << type;
  }
  EXPECT_EQ(status("/api/keys", "Application/JSON ; charset=utf-8"), 400);  // read, and 'email' is not known
}

TEST_F(GateTest, ARequestThatComesAgainFindsTheKeyThatItMade) {
  Person ada = LogIn("ada@hospital.example");
  const Reply first = PostWith(ada, "once", "/api/keys", {{"name", "nightly"}});
  ASSERT_EQ(first.status, 201) << first.body;
  const auto user = store_->users.FindUserByEmail("ada@hospital.example")->value().id;
  // Its answer was lost before it was kept: the row stands as the crash left it.
  IdempotencyRecord cut_off{.user = user, .key = "once", .answer = std::nullopt, .created_at = {}};
  const auto kept = store_->idempotency.Begin(cut_off)->value();
  ASSERT_TRUE(store_->idempotency.Forget(user, "once").has_value());
  cut_off = kept;
  cut_off.answer = std::nullopt;
  ASSERT_FALSE(store_->idempotency.Begin(cut_off)->has_value());
  const Reply again = PostWith(ada, "once", "/api/keys", {{"name", "nightly"}});
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.Text("api_key"), first.Text("api_key"));
  EXPECT_EQ(ada.Get("/api/keys").At("/keys").as_array().size(), 2u);  // with the one of the login
}

TEST_F(GateTest, BytesHaveALimitOfTheirOwn) {
  limits_.upload_bytes_per_day = 10;
  RestartServer();
  Person ada = WithServerKey("ada@hospital.example");
  const std::string environment = "/api/tee/environments/" + CreateEnvironment(ada, {});
  const Reply made = ada.Post(environment + "/datasets", {{"name", "visits"}, {"schema", {{"id", "int"}}}});
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string dataset = "/api/tee/datasets/" + made.TextAt("/dataset/id");
  const Reply begun = ada.Post(dataset + "/uploads", {{"size_bytes", 6}});
  const std::string part = dataset + "/uploads/" + begun.TextAt("/upload/id") + "/parts/1";
  const std::string digest = "sha-256=:" + codec::Base64Encode(crypto::Sha256(AsBytes("sealed"))) + ":";
  EXPECT_EQ(ada.Put(part, "sealed", digest).status, 200);
  const Reply more = ada.Put(part, "sealed", digest);
  EXPECT_EQ(more.status, 429) << more.body;
  EXPECT_EQ(more.retry_after_s, 17'280);  // two of ten bytes are missing, and ten come back in a day
  EXPECT_EQ(more.Text("error"), "RESOURCE_EXHAUSTED");
}

TEST_F(GateTest, KeysAreListedRolledAndRemoved) {
  Person ada = LogIn("ada@hospital.example");
  Person bob = LogIn("bob@insurer.example");
  const Reply made = ada.Post("/api/keys", {{"name", "nightly"}});
  const std::string id = made.TextAt("/key/id");
  EXPECT_EQ(bob.Delete("/api/keys/" + id).status, 404);
  EXPECT_EQ(bob.Post("/api/keys/" + id + "/roll").status, 404);
  const Reply rolled = ada.Post("/api/keys/" + id + "/roll", {{"overlap_hours", 0}});
  EXPECT_EQ(rolled.status, 201);
  EXPECT_EQ(WithKey(made.Text("api_key")).Get("/api/me").status, 401);
  EXPECT_EQ(WithKey(rolled.Text("api_key")).Get("/api/me").status, 200);
  EXPECT_EQ(ada.Delete("/api/keys/" + rolled.TextAt("/key/id")).status, 200);
  EXPECT_EQ(WithKey(rolled.Text("api_key")).Get("/api/me").status, 401);
  const Reply list = ada.Get("/api/keys?limit=1");
  EXPECT_EQ(list.At("/keys").as_array().size(), 1u);
  EXPECT_EQ(ada.Get("/api/keys?limit=1&cursor=" + list.Text("next_cursor")).At("/keys/0/expired").as_bool(), true);
  EXPECT_EQ(list.body.find(made.Text("api_key")), std::string::npos);
}

TEST_F(GateTest, TheFirstUserIsAdministratorAndOthersAsk) {
  Person ada = LogIn("ada@hospital.example");
  Person bob = LogIn("bob@insurer.example");
  EXPECT_TRUE(ada.Get("/api/me").At("/user/administrator").as_bool());
  EXPECT_EQ(bob.Get("/api/admin/users").status, 403);
  const Reply asked = bob.Post("/api/admin/requests", {{"reason", "I run this"}});
  ASSERT_EQ(asked.status, 201) << asked.body;
  EXPECT_EQ(bob.Post("/api/admin/requests").status, 409);
  const std::string request = "/api/admin/requests/" + asked.TextAt("/request/id");
  EXPECT_EQ(bob.Post(request + "/approve").status, 403);
  const std::string before = bob.Get("/api/me").TextAt("/user/updated_at");
  AwaitSecondAfter(before);
  EXPECT_EQ(ada.Post(request + "/approve").TextAt("/request/status"), "approved");
  EXPECT_GT(bob.Get("/api/me").TextAt("/user/updated_at"), before);
  EXPECT_EQ(ada.Post(request + "/reject").status, 409);
  const Reply added = bob.Post("/api/admin/users", {{"email", "new@clinic.example"}});
  EXPECT_EQ(added.status, 201);
  EXPECT_EQ(WithKey(added.Text("api_key")).Get("/api/me").TextAt("/user/organisation"), "clinic.example");
}

TEST_F(GateTest, TheSameRequestAgainIsDoneOnce) {
  Person ada = WithServerKey("ada@hospital.example");
  const Reply first = PostWith(ada, "key-1", "/api/tee/environments", {{"name", "once"}});
  ASSERT_EQ(first.status, 201);
  const Reply again = PostWith(ada, "key-1", "/api/tee/environments", {{"name", "once"}});
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(ada.Get("/api/tee/environments").At("/tees").as_array().size(), 1u);
  EXPECT_EQ(PostWith(ada, "key-1", "/api/tee/environments", {{"name", "other"}}).status, 422);
  EXPECT_EQ(PostWith(ada, "two words", "/api/tee/environments", {{"name", "x"}}).status, 400);
  // Another user's key of the same name is another key.
  Person bob = WithServerKey("bob@insurer.example");
  EXPECT_EQ(PostWith(bob, "key-1", "/api/tee/environments", {{"name", "other"}}).status, 201);
  // What was not understood uses up no key.
  EXPECT_EQ(PostWith(ada, "key-2", "/api/tee/environments", {{"nome", "x"}}).status, 400);
  EXPECT_EQ(PostWith(ada, "key-2", "/api/tee/environments", {{"name", "x"}}).status, 201);
}

// The answer was lost with the server: the retry finds what was made.
TEST_F(GateTest, AnAnswerSurvivesARestart) {
  Person ada = WithServerKey("ada@hospital.example");
  const std::string environment = "/api/tee/environments/" + CreateEnvironment(ada, {});
  const codec::JsonObject dataset{{"name", "visits"}, {"schema", {{"id", "int"}}}, {"policy", "aggregate_only"},
                                  {"privacy_unit", "id"}};
  const Reply first = PostWith(ada, "d-1", environment + "/datasets", dataset);
  ASSERT_EQ(first.status, 201) << first.body;
  const std::string key = ada.Post("/api/keys", {{"name", "later"}}).Text("api_key");
  RestartServer();
  Person later = WithKey(key);
  EXPECT_EQ(PostWith(later, "d-1", environment + "/datasets", dataset).body, first.body);
  // The row without its answer is what a crash in the middle leaves behind.
  const auto user = *store_->users.FindUserByEmail("ada@hospital.example").value();
  ASSERT_TRUE(store_->idempotency.Forget(user.id, "d-1").has_value());
  EXPECT_EQ(later.Get(environment + "/datasets").At("/datasets").as_array().size(), 1u);
}

TEST_F(GateTest, AnswersOnTheDiskAreSealed) {
  Person ada = LogIn("ada@hospital.example");
  const Reply made = PostWith(ada, "k-1", "/api/keys", {{"name", "secret"}});
  EXPECT_EQ(PostWith(ada, "k-1", "/api/keys", {{"name", "secret"}}).Text("api_key"), made.Text("api_key"));
  StopServer();
  std::string bytes;
  for (const char* file : {"cloister.db", "cloister.db-wal"}) {
    if (FILE* in = std::fopen((folder_ / file).c_str(), "rb")) {
      char piece[4096];
      while (const std::size_t got = std::fread(piece, 1, sizeof piece, in)) bytes.append(piece, got);
      std::fclose(in);
    }
  }
  EXPECT_NE(bytes.find("idempotency"), std::string::npos);
  EXPECT_EQ(bytes.find(made.Text("api_key")), std::string::npos);
  StartServer();
}

TEST_F(GateTest, WhoAsksTooOftenWaits) {
  limits_.requests_per_minute = 5;
  RestartServer();
  Person ada = LogIn("ada@hospital.example");
  Person bob = LogIn("bob@insurer.example");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ada.Get("/api/me").status, 200);
  const Reply refused = ada.Get("/api/me");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.Text("error"), "RESOURCE_EXHAUSTED");
  EXPECT_EQ(bob.Get("/api/me").status, 200);
  EXPECT_EQ(Anonymous().Get("/api/tee/health").status, 200);
}

TEST_F(GateTest, ADayHasItsLimits) {
  limits_ = {.requests_per_minute = 0, .environments_per_day = 1, .datasets_per_day = 1, .queries_per_day = 1};
  RestartServer();
  Person ada = WithServerKey("ada@hospital.example");
  const std::string environment = "/api/tee/environments/" + CreateEnvironment(ada, {});
  const Reply second = ada.Post("/api/tee/environments", {{"name", "second"}});
  EXPECT_EQ(second.status, 429);
  EXPECT_GT(second.retry_after_s, 86'300);
  EXPECT_LE(second.retry_after_s, 86'400);
  const codec::JsonObject schema{{"id", "int"}};
  EXPECT_EQ(ada.Post(environment + "/datasets", {{"name", "a"}, {"schema", schema}}).status, 201);
  const Reply another = ada.Post(environment + "/datasets", {{"name", "b"}, {"schema", schema}});
  EXPECT_EQ(another.status, 429);
  EXPECT_GT(another.retry_after_s, 86'300);
}

TEST(RateLimiterTest, FillsEvenly) {
  FakeClock clock;
  RateLimiter limiter(clock, 60);
  for (int i = 0; i < 60; ++i) EXPECT_TRUE(limiter.Take("a").allowed);
  const auto refused = limiter.Take("a");
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.reset_seconds, 1);
  EXPECT_TRUE(limiter.Take("b").allowed);
  clock.Advance(1000);
  EXPECT_TRUE(limiter.Take("a").allowed);
  EXPECT_FALSE(limiter.Take("a").allowed);
  clock.Advance(3'600'000);
  EXPECT_EQ(limiter.Take("a").remaining, 59);
}

TEST(RateLimiterTest, KnowsWhenThereIsRoom) {
  FakeClock clock;
  RateLimiter limiter(clock, 10, 1'000'000);
  EXPECT_TRUE(limiter.Take("a", 8).allowed);
  EXPECT_EQ(limiter.Take("a", 5).reset_seconds, 300);
  EXPECT_EQ(limiter.SecondsUntil("a", 7), 500);
  EXPECT_EQ(limiter.SecondsUntil("a", 2), 0);
  EXPECT_EQ(limiter.SecondsUntil("a", 99), 800);  // more than there ever are: when all are there
  clock.Advance(300'000);
  EXPECT_TRUE(limiter.Take("a", 5).allowed);
}

TEST(RateLimiterTest, RemembersBoundedlyMany) {
  FakeClock clock;
  RateLimiter limiter(clock, 1);
  for (std::size_t i = 0; i <= 2 * kBucketsMax; ++i) EXPECT_TRUE(limiter.Take(std::to_string(i)).allowed);
}

}  // namespace
}  // namespace cloister::control
