// From the route to the receiver: what is made, who may, what is sent when, and what is never sent.
#include <gmock/gmock.h>

#include "control/server_for_test.h"
#include "control/webhooks/pump.h"
#include "control/webhooks/schedule.h"
#include "control/webhooks/signature.h"

namespace cloister::control {
namespace {

using testing::HasSubstr;

constexpr const char* kUrl = "https://hooks.hospital.example/cloister";
constexpr std::int64_t kHourMs = 3'600'000;

// Takes what would be sent, and answers as it is told.
class FakeOutbound final : public net::OutboundClient {
 public:
  Result<int> Post(const net::OutboundPost& post) override {
    posts.push_back(post);
    if (during) during();
    return answer;
  }
  net::Reach reach() const override { return net::Reach::kPublic; }

  std::vector<net::OutboundPost> posts;
  Result<int> answer = 204;
  std::function<void()> during;

  std::string Field(std::size_t index, std::string_view name) const {
    for (const auto& field : posts.at(index).fields) {
      if (field.name == name) return field.value;
    }
    return "none";
  }
  codec::Json Body(std::size_t index) const { return *codec::ParseJson(posts.at(index).body); }
};

class WebhooksTest : public ServerFixture {
 protected:
  WebhooksTest() : now_(clock_.Now()), ana_(WithServerKey("ana@a.example")), ben_(WithServerKey("ben@b.example")) {
    StartPump();
  }
  void StartPump(const std::string& owner = "one") {
    pump_ = std::make_unique<WebhookPump>(
        WebhookPump::Parts{*store_, *fleet_, *vault_, now_, rng_, log_, outbound_, owner});
  }
  std::string Make(Person& person, codec::JsonObject more = {}) {
    more["url"] = kUrl;
    const Reply reply = person.Post("/api/webhooks", std::move(more));
    EXPECT_EQ(reply.status, 201) << reply.body;
    return reply.TextAt("/webhook/id");
  }
  std::string At(const std::string& hook, const std::string& rest = "") { return "/api/webhooks/" + hook + rest; }
  void Pump() {
    while (pump_->SeeChanges()) {
    }
    while (pump_->DeliverOne()) {
    }
  }
  codec::JsonArray Deliveries(Person& person, const std::string& hook) {
    return person.Get(At(hook, "/deliveries")).json.at("deliveries").as_array();
  }
  Reply Put(Person& person, const std::string& hook, codec::JsonObject body, const std::string& tag = "*") {
    return person.Send({.method = net::HttpMethod::kPut,
                        .target = At(hook),
                        .fields = {{"Content-Type", "application/json"}, {"If-Match", tag}},
                        .body = codec::WriteJson(codec::Json(std::move(body)))});
  }

  // That many deliveries, in one step.
  void Fill(const std::string& hook, std::int64_t count) {
    const auto id = *WebhookId::Parse(hook);
    const Instant now = now_.Now();
    const std::int64_t seq = (**store_->webhooks.Find(id)).after_seq;
    WebhookStore::Seen seen{.webhook = id, .from_seq = seq, .to_seq = seq, .deliveries = {}};
    for (std::int64_t i = 0; i < count; ++i) {
      seen.deliveries.push_back({.id = DeliveryId::New(clock_, rng_), .webhook = id, .environment = std::nullopt,
                                 .type = "webhook.test", .body = "{}", .next_at = now, .created_at = now,
                                 .updated_at = now});
    }
    ASSERT_TRUE(store_->webhooks.See({seen}));
  }

  FakeClock now_;
  FakeOutbound outbound_;
  std::unique_ptr<WebhookPump> pump_;
  Person ana_, ben_;
};

TEST_F(WebhooksTest, AreMadeShownAndRemoved) {
  const Reply made = ana_.Post("/api/webhooks", {{"url", kUrl}});
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.TextAt("/webhook/signature"), "ed25519");
  EXPECT_THAT(made.TextAt("/webhook/public_key"), testing::StartsWith("whpk_"));
  EXPECT_EQ(made.At("/webhook/events").as_array().size(), 4u);
  EXPECT_FALSE(made.json.as_object().contains("secret"));
  const std::string hook = made.TextAt("/webhook/id");
  EXPECT_EQ(ana_.Get(At(hook)).At("/webhook"), made.At("/webhook"));
  EXPECT_EQ(ana_.Get("/api/webhooks").At("/webhooks").as_array().size(), 1u);
  for (const std::string& path : {std::string(), std::string("/deliveries")}) {
    EXPECT_EQ(ben_.Get(At(hook, path)).status, 404);
  }
  for (const char* path : {"/test", "/roll", "/deliveries/msg_00000000000000000000000000/resend"}) {
    EXPECT_EQ(ben_.Post(At(hook, path)).status, 404);
  }
  EXPECT_EQ(ben_.Get("/api/webhooks").At("/webhooks").as_array().size(), 0u);
  EXPECT_EQ(ben_.Delete(At(hook)).status, 404);
  EXPECT_EQ(ana_.Delete(At(hook)).status, 200);
  EXPECT_EQ(ana_.Get(At(hook)).status, 404);
}

TEST_F(WebhooksTest, ShowAnHmacsSecretOnce) {
  const Reply made = ana_.Post("/api/webhooks", {{"url", kUrl}, {"signature", "hmac"}});
  const std::string hook = made.TextAt("/webhook/id");
  EXPECT_THAT(made.Text("secret"), testing::StartsWith("whsec_"));
  EXPECT_TRUE(made.At("/webhook/public_key").is_null());
  EXPECT_EQ(ana_.Get(At(hook)).body.find("whsec_"), std::string::npos);
  // On the disk it is sealed.
  const auto stored = **store_->webhooks.Find(*WebhookId::Parse(hook));
  EXPECT_EQ(AsText(stored.sealed_secret).find("whsec_"), std::string_view::npos);
}

TEST_F(WebhooksTest, AreReadStrictly) {
  EXPECT_EQ(ana_.Post("/api/webhooks").status, 400);
  EXPECT_EQ(ana_.Post("/api/webhooks", {{"url", kUrl}, {"more", 1}}).status, 400);
  EXPECT_EQ(ana_.Post("/api/webhooks", {{"url", kUrl}, {"signature", "v1"}}).status, 400);
  EXPECT_EQ(ana_.Post("/api/webhooks", {{"url", kUrl}, {"events", codec::JsonArray{}}}).status, 400);
  const Reply unknown = ana_.Post("/api/webhooks", {{"url", kUrl}, {"events", codec::JsonArray{"query.done"}}});
  EXPECT_EQ(unknown.status, 400);
  EXPECT_THAT(unknown.Text("message"), HasSubstr("query.changed"));
  for (const char* url : {"http://hooks.example/", "https://127.0.0.1/", "https://169.254.169.254/", "https://[::1]/",
                          "https://localhost/", "https://u:p@hooks.example/"}) {
    const Reply refused = ana_.Post("/api/webhooks", {{"url", url}});
    EXPECT_EQ(refused.status, 400) << url;
    EXPECT_THAT(refused.Text("message"), HasSubstr("'url'"));
  }
}

TEST_F(WebhooksTest, AreNotMadeByAKeyThatMayNotRead) {
  const std::string hook = Make(ana_);
  const Reply key = ana_.Post("/api/keys", {{"name", "blind"}, {"scopes", codec::JsonArray{"manage"}}});
  Person blind(server_->port(), key.Text("api_key"));
  EXPECT_EQ(blind.Post("/api/webhooks", {{"url", kUrl}}).status, 403);
  EXPECT_EQ(Put(blind, hook, {{"url", kUrl}, {"enabled", true}}).status, 403);
  const Reply reads = ana_.Post("/api/keys", {{"name", "reads"}, {"scopes", codec::JsonArray{"read"}}});
  EXPECT_EQ(Person(server_->port(), reads.Text("api_key")).Post("/api/webhooks", {{"url", kUrl}}).status, 403);
}

TEST_F(WebhooksTest, AreBounded) {
  for (std::int64_t i = 0; i < kWebhooksMax; ++i) Make(ana_);
  EXPECT_EQ(ana_.Post("/api/webhooks", {{"url", kUrl}}).status, 429);
  Make(ben_);
}

TEST_F(WebhooksTest, AreMadeOnceUnderOneIdempotencyKey) {
  const auto ask = [&] {
    return ana_.Send({.method = net::HttpMethod::kPost,
                      .target = "/api/webhooks",
                      .fields = {{"Content-Type", "application/json"}, {"Idempotency-Key", "k1"}},
                      .body = std::string(R"({"signature":"hmac","url":")") + kUrl + "\"}"});
  };
  const Reply first = ask();
  EXPECT_EQ(ask().body, first.body);
  EXPECT_EQ(ana_.Get("/api/webhooks").At("/webhooks").as_array().size(), 1u);
}

TEST_F(WebhooksTest, AreEditedByWhoReadThem) {
  const std::string hook = Make(ana_);
  const codec::JsonObject body{
      {"url", kUrl}, {"events", codec::JsonArray{"query.changed", "tee.changed"}}, {"enabled", false}};
  EXPECT_EQ(ana_.Send({.method = net::HttpMethod::kPut,
                       .target = At(hook),
                       .fields = {{"Content-Type", "application/json"}},
                       .body = codec::WriteJson(codec::Json(body))}).status, 428);
  EXPECT_EQ(Put(ana_, hook, body, "\"old\"").status, 412);
  EXPECT_EQ(Put(ben_, hook, body).status, 404);
  const Reply written = Put(ana_, hook, body);
  EXPECT_EQ(written.status, 200) << written.body;
  EXPECT_EQ(codec::WriteJson(written.At("/webhook/events")), R"(["tee.changed","query.changed"])");
  EXPECT_FALSE(written.At("/webhook/enabled").as_bool());
  EXPECT_EQ(ana_.Post(At(hook, "/test")).status, 409);
}

TEST_F(WebhooksTest, TellTypeTimeAndIds) {
  const std::string hook = Make(ana_, {{"events", codec::JsonArray{"tee.changed"}}});
  const std::string environment = CreateEnvironment(ana_, {});
  AskUntil(ana_, "/api/tee/environments/" + environment, "/tee/status", {"active"});
  Pump();
  ASSERT_FALSE(outbound_.posts.empty());
  EXPECT_EQ(outbound_.posts[0].url.str(), kUrl);
  const codec::Json body = outbound_.Body(0);
  EXPECT_EQ(body.as_object().size(), 3u);
  EXPECT_EQ(body.at("type"), "tee.changed");
  EXPECT_EQ(body.at("data").as_object(), (codec::JsonObject{{"id", environment}, {"environment", environment}}));
  EXPECT_THAT(outbound_.Field(0, "webhook-id"), testing::StartsWith("msg_"));
  EXPECT_THAT(outbound_.Field(0, "webhook-signature"), testing::StartsWith("v1a,"));
  const auto deliveries = Deliveries(ana_, hook);
  EXPECT_EQ(deliveries.size(), outbound_.posts.size());
  EXPECT_EQ(deliveries[0].at("status"), "delivered");
  EXPECT_EQ(deliveries[0].at("outcome"), "2xx");
  // Seen once.
  const std::size_t before = outbound_.posts.size();
  Pump();
  EXPECT_EQ(outbound_.posts.size(), before);
}

TEST_F(WebhooksTest, TellOthersNothing) {
  const std::string hook = Make(ben_);
  const std::string alone = CreateEnvironment(ana_, {});
  AskUntil(ana_, "/api/tee/environments/" + alone, "/tee/status", {"active"});
  Pump();
  EXPECT_TRUE(outbound_.posts.empty());
  EXPECT_TRUE(Deliveries(ben_, hook).empty());
}

// Written down while he was a member, and not sent once he is none.
TEST_F(WebhooksTest, LookAgainBeforeTheySend) {
  const std::string hook = Make(ben_);
  const std::string alone = CreateEnvironment(ana_, {});
  const Instant now = now_.Now();
  ASSERT_TRUE(store_->webhooks.AddDelivery({.id = DeliveryId::New(clock_, rng_),
                                            .webhook = *WebhookId::Parse(hook),
                                            .environment = *EnvironmentId::Parse(alone),
                                            .type = "tee.changed",
                                            .body = "{}",
                                            .next_at = now,
                                            .created_at = now,
                                            .updated_at = now}));
  Pump();
  EXPECT_TRUE(outbound_.posts.empty());
  EXPECT_EQ(Deliveries(ben_, hook)[0].at("status"), "withheld");
}

TEST_F(WebhooksTest, TellNothingToAnAccountThatIsClosed) {
  const std::string hook = Make(ben_);
  ben_.Post(At(hook, "/test"));
  const std::string ben = ben_.Get("/api/me").TextAt("/user/id");
  ASSERT_EQ(ana_.Post("/api/admin/users/" + ben + "/disable").status, 200);
  now_.Advance(1'000);
  Pump();
  EXPECT_TRUE(outbound_.posts.empty());
}

TEST_F(WebhooksTest, AreTriedAgainUnderOneIdUntilTaken) {
  const std::string hook = Make(ana_);
  outbound_.answer = 500;
  ASSERT_EQ(ana_.Post(At(hook, "/test")).status, 202);
  now_.Advance(1'000);
  Pump();
  ASSERT_EQ(outbound_.posts.size(), 1u);
  Pump();
  EXPECT_EQ(outbound_.posts.size(), 1u);  // not before its time
  now_.Advance(10'000);
  outbound_.answer = Unavailable("nobody");
  Pump();
  now_.Advance(kHourMs);
  outbound_.answer = 200;
  Pump();
  ASSERT_EQ(outbound_.posts.size(), 3u);
  for (const std::size_t i : {1u, 2u}) {
    EXPECT_EQ(outbound_.Field(i, "webhook-id"), outbound_.Field(0, "webhook-id"));
    EXPECT_EQ(outbound_.posts[i].body, outbound_.posts[0].body);
    EXPECT_NE(outbound_.Field(i, "webhook-timestamp"), outbound_.Field(i - 1, "webhook-timestamp"));
  }
  const auto deliveries = Deliveries(ana_, hook);
  EXPECT_EQ(deliveries[0].at("attempts"), 3);
  EXPECT_TRUE(ana_.Get(At(hook)).At("/webhook/failing_since").is_null());
}

TEST_F(WebhooksTest, GiveUpAfterDaysAndAreSwitchedOff) {
  const std::string hook = Make(ana_);
  outbound_.answer = 503;
  ana_.Post(At(hook, "/test"));
  for (int i = 0; i < 3 * kWebhookAttemptsMax; ++i) {
    now_.Advance(12 * kHourMs);
    Pump();
    if (outbound_.posts.size() == kWebhookAttemptsMax) break;
  }
  EXPECT_EQ(outbound_.posts.size(), static_cast<std::size_t>(kWebhookAttemptsMax));
  EXPECT_EQ(Deliveries(ana_, hook)[0].at("status"), "failed");
  EXPECT_FALSE(ana_.Get(At(hook)).At("/webhook/failing_since").is_null());
  now_.Advance(kWebhookFailingMsMax);
  ana_.Post(At(hook, "/test"));
  Pump();
  const Reply off = ana_.Get(At(hook));
  EXPECT_FALSE(off.At("/webhook/enabled").as_bool());
  EXPECT_THAT(off.TextAt("/webhook/disabled_reason"), HasSubstr("nothing has been taken since"));
  // Switched on again it is as new.
  EXPECT_EQ(Put(ana_, hook, {{"url", kUrl}, {"enabled", true}}).status, 200);
  EXPECT_TRUE(ana_.Get(At(hook)).At("/webhook/disabled_reason").is_null());
}

TEST_F(WebhooksTest, EndWhenTheReceiverSaysGone) {
  const std::string hook = Make(ana_);
  outbound_.answer = 410;
  ana_.Post(At(hook, "/test"));
  now_.Advance(1'000);
  Pump();
  EXPECT_THAT(ana_.Get(At(hook)).TextAt("/webhook/disabled_reason"), HasSubstr("410"));
}

TEST_F(WebhooksTest, SignWithBothKeysWhileOneIsRolled) {
  const Reply made = ana_.Post("/api/webhooks", {{"url", kUrl}, {"signature", "hmac"}});
  const std::string hook = made.TextAt("/webhook/id");
  const Reply rolled = ana_.Post(At(hook, "/roll"), {{"overlap_hours", 1}});
  ASSERT_EQ(rolled.status, 200) << rolled.body;
  EXPECT_NE(rolled.Text("secret"), made.Text("secret"));
  ana_.Post(At(hook, "/test"));
  now_.Advance(1'000);
  Pump();
  now_.Advance(2 * kHourMs);
  ana_.Post(At(hook, "/test"));
  Pump();
  ASSERT_EQ(outbound_.posts.size(), 2u);
  const auto signature = [&](std::size_t i, const Reply& of) {
    return WebhookSecret::Parse(of.Text("secret"))->Sign(outbound_.Field(i, "webhook-id") + "." +
                                                         outbound_.Field(i, "webhook-timestamp") + "." +
                                                         outbound_.posts[i].body);
  };
  EXPECT_EQ(outbound_.Field(0, "webhook-signature"), signature(0, rolled) + " " + signature(0, made));
  EXPECT_EQ(outbound_.Field(1, "webhook-signature"), signature(1, rolled));
}

TEST_F(WebhooksTest, SendAgainWhenAsked) {
  const std::string hook = Make(ana_);
  ana_.Post(At(hook, "/test"));
  now_.Advance(1'000);
  Pump();
  const std::string delivery = outbound_.Field(0, "webhook-id");
  EXPECT_EQ(ana_.Post(At(hook, "/deliveries/" + delivery + "/resend")).status, 202);
  EXPECT_EQ(ana_.Post(At(Make(ana_), "/deliveries/" + delivery + "/resend")).status, 404);
  now_.Advance(1'000);
  Pump();
  EXPECT_EQ(outbound_.Field(1, "webhook-id"), delivery);
}

// One in work for each owner, whatever the others do; and a process that ended in the middle loses nothing.
TEST_F(WebhooksTest, AreLeased) {
  const std::string hook = Make(ana_), other = Make(ben_);
  for (int i = 0; i < 2; ++i) ana_.Post(At(hook, "/test"));
  ben_.Post(At(other, "/test"));
  now_.Advance(1'000);
  std::vector<bool> meanwhile;
  outbound_.during = [&] {
    outbound_.during = nullptr;
    meanwhile = {pump_->DeliverOne(), pump_->DeliverOne()};
  };
  EXPECT_TRUE(pump_->DeliverOne());
  EXPECT_EQ(meanwhile, (std::vector<bool>{true, false}));  // Ben's, and Ana's second waits

  const WebhookStore::Lease lost{.owner = "gone", .until = {now_.Now().unix_ms + kHourMs}};
  ASSERT_TRUE(store_->webhooks.Take(lost, now_.Now())->has_value());
  EXPECT_FALSE(pump_->DeliverOne());
  ASSERT_TRUE(store_->webhooks.ReleaseLeases("one"));
  EXPECT_TRUE(pump_->DeliverOne());
}

TEST_F(WebhooksTest, KeepABoundedHistory) {
  const std::string hook = Make(ana_);
  const std::int64_t all = kEndedDeliveriesMax + 5;
  Fill(hook, all);
  while (pump_->DeliverOne()) now_.Advance(1'000);
  EXPECT_EQ(outbound_.posts.size(), static_cast<std::size_t>(all));
  const auto deliveries = Deliveries(ana_, hook);
  EXPECT_EQ(deliveries.size(), static_cast<std::size_t>(kEndedDeliveriesMax));
  EXPECT_EQ(deliveries.back().at("id").as_string(), outbound_.Field(all - 1, "webhook-id"));
}

TEST_F(WebhooksTest, WaitAtTheBoundForTheirReceiver) {
  const std::string hook = Make(ana_);
  const auto id = *WebhookId::Parse(hook);
  Fill(hook, kPendingDeliveriesMax);
  EXPECT_EQ(ana_.Post(At(hook, "/test")).status, 429);
  const std::string environment = CreateEnvironment(ana_, {});
  EXPECT_FALSE(pump_->SeeChanges());
  const auto waiting = **store_->webhooks.Find(id);
  EXPECT_LT(waiting.after_seq, *store_->changes.Newest());  // it has not seen them, and will
  EXPECT_TRUE(pump_->DeliverOne());
  pump_->SeeChanges();
  EXPECT_GT((**store_->webhooks.Find(id)).after_seq, waiting.after_seq);
}

}  // namespace
}  // namespace cloister::control
