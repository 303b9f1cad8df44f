// From a change to its receiver: what is sent when, what again, and what never.
#include "control/webhooks/pump.h"

#include <algorithm>
#include <atomic>

#include "control/webhooks/schedule.h"
#include "control/webhooks/signature.h"
#include "control/webhooks_for_test.h"

namespace cloister::control {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kHourMs = 3'600'000;

class WebhookPumpTest : public WebhooksTest {};

TEST_F(WebhookPumpTest, TellTypeTimeAndIds) {
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

TEST_F(WebhookPumpTest, TellOthersNothing) {
  const std::string hook = Make(ben_);
  const std::string alone = CreateEnvironment(ana_, {});
  AskUntil(ana_, "/api/tee/environments/" + alone, "/tee/status", {"active"});
  Pump();
  EXPECT_TRUE(outbound_.posts.empty());
  EXPECT_TRUE(Deliveries(ben_, hook).empty());
}

// Written down while he was a member, and not sent once he is none.
TEST_F(WebhookPumpTest, LookAgainBeforeTheySend) {
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

TEST_F(WebhookPumpTest, TellNothingToAnAccountThatIsClosed) {
  const std::string hook = Make(ben_);
  ben_.Post(At(hook, "/test"));
  const std::string ben = ben_.Get("/api/me").TextAt("/user/id");
  ASSERT_EQ(ana_.Post("/api/admin/users/" + ben + "/disable").status, 200);
  now_.Advance(1'000);
  Pump();
  EXPECT_TRUE(outbound_.posts.empty());
}

TEST_F(WebhookPumpTest, AreTriedAgainUnderOneIdUntilTaken) {
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

TEST_F(WebhookPumpTest, GiveUpAfterDaysAndAreSwitchedOff) {
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

TEST_F(WebhookPumpTest, EndWhenTheReceiverSaysGone) {
  const std::string hook = Make(ana_);
  outbound_.answer = 410;
  ana_.Post(At(hook, "/test"));
  now_.Advance(1'000);
  Pump();
  EXPECT_THAT(ana_.Get(At(hook)).TextAt("/webhook/disabled_reason"), HasSubstr("410"));
}

TEST_F(WebhookPumpTest, SignWithBothKeysWhileOneIsRolled) {
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

class CountingOutbound final : public net::OutboundClient {
 public:
  Result<int> Post(const net::OutboundPost&) override {
    ++posts;
    return 204;
  }
  net::Reach reach() const override { return net::Reach::kPublic; }
  std::atomic<int> posts = 0;
};

// By the threads that really do it, for two owners at once.
TEST_F(WebhookPumpTest, RunByThemselves) {
  CountingOutbound outbound;
  WebhookPump pump(WebhookPump::Parts{*store_, *fleet_, *vault_, clock_, rng_, log_, outbound, "threads"});
  ASSERT_TRUE(pump.Start());
  const std::string hook = Make(ana_), other = Make(ben_);
  ana_.Post(At(hook, "/test"));
  ben_.Post(At(other, "/test"));
  const std::string environment = CreateEnvironment(ana_, {"ben@b.example"});
  for (const auto& [person, mine] : {std::pair{&ana_, hook}, std::pair{&ben_, other}}) {
    AskUntil(*person, At(mine, "/deliveries"), [](const Reply& reply) {
      const auto& all = reply.At("/deliveries").as_array();
      const auto done = [](const codec::Json& each) { return each.at("status") == "delivered"; };
      return all.size() > 1 && std::ranges::all_of(all, done);
    });
  }
  EXPECT_GT(Deliveries(ana_, hook).size(), 1u);
  EXPECT_GT(outbound.posts, 3);
  pump.Stop();
}

TEST_F(WebhookPumpTest, SendAgainWhenAsked) {
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
TEST_F(WebhookPumpTest, AreLeased) {
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

TEST_F(WebhookPumpTest, KeepABoundedHistory) {
  const std::string hook = Make(ana_);
  const std::int64_t all = kEndedDeliveriesMax + 5;
  Fill(hook, all);
  while (pump_->DeliverOne()) now_.Advance(1'000);
  EXPECT_EQ(outbound_.posts.size(), static_cast<std::size_t>(all));
  const auto deliveries = Deliveries(ana_, hook);
  EXPECT_EQ(deliveries.size(), static_cast<std::size_t>(kEndedDeliveriesMax));
  EXPECT_EQ(deliveries.back().at("id").as_string(), outbound_.Field(all - 1, "webhook-id"));
}

TEST_F(WebhookPumpTest, WaitAtTheBoundForTheirReceiver) {
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
