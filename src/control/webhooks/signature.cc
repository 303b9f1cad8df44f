#include "control/webhooks/signature.h"

#include "base/check.h"
#include "codec/text.h"
#include "crypto/digest.h"
#include "crypto/signer.h"

namespace cloister::control {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::string_view kHmacPrefix = "whsec_";
constexpr std::string_view kSigningPrefix = "whsk_";
constexpr std::string_view kPublicPrefix = "whpk_";

crypto::Ed25519Signer SignerOf(const Bytes& seed) {
  auto signer = crypto::Ed25519Signer::FromSeed(SecretBytes::CopyOf(seed));
  CLOISTER_CHECK(signer.has_value());
  return *std::move(signer);
}

}  // namespace

std::string_view WebhookKindName(WebhookKind kind) { return kind == WebhookKind::kEd25519 ? "ed25519" : "hmac"; }

std::optional<WebhookKind> ParseWebhookKind(std::string_view name) {
  for (const WebhookKind kind : {WebhookKind::kEd25519, WebhookKind::kHmac}) {
    if (WebhookKindName(kind) == name) return kind;
  }
  return std::nullopt;
}

WebhookSecret WebhookSecret::Generate(WebhookKind kind, Rng& rng) {
  Bytes key(kKeyBytes);
  rng.Fill(key);
  return {kind, std::move(key)};
}

Result<WebhookSecret> WebhookSecret::Parse(std::string_view text) {
  const bool hmac = text.starts_with(kHmacPrefix);
  if (hmac || text.starts_with(kSigningPrefix)) {
    auto key = codec::Base64Decode(text.substr(hmac ? kHmacPrefix.size() : kSigningPrefix.size()));
    if (key && key->size() == kKeyBytes) {
      return WebhookSecret(hmac ? WebhookKind::kHmac : WebhookKind::kEd25519, *std::move(key));
    }
  }
  return Error{Code::kDataLoss, "a webhook's secret is not one that this server wrote"};
}

std::string WebhookSecret::Text() const {
  return std::string(kind_ == WebhookKind::kHmac ? kHmacPrefix : kSigningPrefix) + codec::Base64Encode(key_);
}

std::optional<std::string> WebhookSecret::PublicText() const {
  if (kind_ == WebhookKind::kHmac) return std::nullopt;
  return std::string(kPublicPrefix) + codec::Base64Encode(SignerOf(key_).public_key().raw());
}

std::string WebhookSecret::Sign(std::string_view content) const {
  if (kind_ == WebhookKind::kHmac) {
    return "v1," + codec::Base64Encode(crypto::HmacSha256(key_, AsBytes(content)));
  }
  const auto signature = SignerOf(key_).Sign(AsBytes(content));
  CLOISTER_CHECK(signature.has_value());
  return "v1a," + codec::Base64Encode(*signature);
}

std::vector<net::HttpField> SignedFields(const WebhookMessage& message, const std::vector<WebhookSecret>& secrets) {
  const std::string time = std::to_string(message.time.unix_ms / 1000);
  const std::string content = message.id + "." + time + "." + message.body;
  std::string signatures;
  for (const WebhookSecret& secret : secrets) signatures += (signatures.empty() ? "" : " ") + secret.Sign(content);
  return {{"content-type", "application/json"},
          {"webhook-id", message.id},
          {"webhook-timestamp", time},
          {"webhook-signature", signatures}};
}

}  // namespace cloister::control
