// What is made and edited, and by whom.
#include "control/webhooks/signature.h"
#include "control/webhooks_for_test.h"

namespace cloister::control {
namespace {

using testing::HasSubstr;

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

}  // namespace
}  // namespace cloister::control
