#include "control/webhooks/signature.h"

#include <gtest/gtest.h>

#include "codec/text.h"
#include "crypto/digest.h"
#include "crypto/signer.h"

namespace cloister::control {
namespace {

constexpr Instant kThen{1'614'265'330'000};

std::string FieldOf(const std::vector<net::HttpField>& fields, std::string_view name) {
  for (const auto& field : fields) {
    if (field.name == name) return field.value;
  }
  return "none";
}

// The example that the libraries of Standard Webhooks test themselves with. Its key has 24 bytes and ours 32, so the
// signature is made of its parts here.
TEST(WebhookSignature, IsThatOfTheSpecificationsExample) {
  const Bytes key = codec::Base64Decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").value();
  const std::string content = R"(msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314})";
  const WebhookMessage message{"msg_p5jXN8AQM9LWM0D4loKWxJek", kThen, R"({"test": 2432232314})"};
  EXPECT_EQ(codec::Base64Encode(crypto::HmacSha256(key, AsBytes(content))),
            "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  // And what we sign is that content.
  const WebhookSecret secret = WebhookSecret::Parse("whsec_" + codec::Base64Encode(Bytes(32, 7))).value();
  EXPECT_EQ(FieldOf(SignedFields(message, {secret}), "webhook-signature"), secret.Sign(content));
  EXPECT_EQ(secret.Sign(content), "v1," + codec::Base64Encode(crypto::HmacSha256(Bytes(32, 7), AsBytes(content))));
}

TEST(WebhookSignature, VerifiesUnderThePublicKey) {
  InsecureRngForTest rng(1);
  const WebhookSecret secret = WebhookSecret::Generate(WebhookKind::kEd25519, rng);
  const std::string shown = secret.PublicText().value();
  ASSERT_TRUE(shown.starts_with("whpk_"));
  const auto key = crypto::Ed25519PublicKey::FromRaw(codec::Base64Decode(shown.substr(5)).value()).value();
  const std::string signature = FieldOf(SignedFields({"msg_1", kThen, "{}"}, {secret}), "webhook-signature");
  ASSERT_TRUE(signature.starts_with("v1a,"));
  const Bytes bytes = codec::Base64Decode(signature.substr(4)).value();
  EXPECT_TRUE(key.Verify(AsBytes("msg_1.1614265330.{}"), bytes));
  EXPECT_FALSE(key.Verify(AsBytes("msg_1.1614265331.{}"), bytes));
}

TEST(WebhookSignature, HasOneForEachSecret) {
  InsecureRngForTest rng(1);
  const auto one = WebhookSecret::Generate(WebhookKind::kHmac, rng);
  const auto other = WebhookSecret::Generate(WebhookKind::kHmac, rng);
  const auto fields = SignedFields({"msg_1", kThen, "{}"}, {one, other});
  EXPECT_EQ(FieldOf(fields, "webhook-signature"),
            one.Sign("msg_1.1614265330.{}") + " " + other.Sign("msg_1.1614265330.{}"));
  EXPECT_EQ(FieldOf(fields, "webhook-id"), "msg_1");
  EXPECT_EQ(FieldOf(fields, "webhook-timestamp"), "1614265330");
}

TEST(WebhookSecret, IsReadAsItWasWritten) {
  InsecureRngForTest rng(1);
  for (const WebhookKind kind : {WebhookKind::kEd25519, WebhookKind::kHmac}) {
    const auto secret = WebhookSecret::Generate(kind, rng);
    const auto read = WebhookSecret::Parse(secret.Text()).value();
    EXPECT_EQ(read.kind(), kind);
    EXPECT_EQ(read.Sign("x"), secret.Sign("x"));
    EXPECT_EQ(ParseWebhookKind(WebhookKindName(kind)), kind);
  }
  for (const char* text : {"", "whsec_", "whsec_AAAA", "whpk_AAAA", "secret"}) EXPECT_FALSE(WebhookSecret::Parse(text));
  EXPECT_EQ(ParseWebhookKind("v1"), std::nullopt);
}

}  // namespace
}  // namespace cloister::control
