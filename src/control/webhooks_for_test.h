#pragma once

// Two people with webhooks on a server of a test, a pump that turns when it is told to, and what it would have sent.

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "control/server_for_test.h"
#include "control/webhooks/pump.h"

namespace cloister::control {

inline constexpr const char* kUrl = "https://hooks.hospital.example/cloister";

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

}  // namespace cloister::control
