#pragma once

// Signatures of Standard Webhooks (standardwebhooks.com, specification 1.0.0): over "ID.TIMESTAMP.BODY", in two kinds.
//
//   v1a  Ed25519. Whoever receives holds the public key, "whpk_" and base64: nothing there that could be stolen.
//   v1   HMAC-SHA256. Both sides hold the secret, "whsec_" and base64.
//
//   webhook-id: msg_...   webhook-timestamp: 1764000000   webhook-signature: v1a,BASE64 v1a,BASE64
//
// Several signatures stand in one field while a key is rolled: it is enough that one of them fits.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/rng.h"
#include "net/client/http.h"

namespace cloister::control {

enum class WebhookKind { kEd25519, kHmac };
std::string_view WebhookKindName(WebhookKind kind);  // "ed25519", "hmac"
std::optional<WebhookKind> ParseWebhookKind(std::string_view name);

// What signs. Its text form is what lies sealed on the disk, and with kHmac what the receiver is shown once.
class WebhookSecret {
 public:
  static WebhookSecret Generate(WebhookKind kind, Rng& rng);
  // "whsec_..." or "whsk_...", base64 of 32 bytes each; kDataLoss for anything else, since we wrote it.
  static Result<WebhookSecret> Parse(std::string_view text);

  WebhookKind kind() const { return kind_; }
  std::string Text() const;
  // "whpk_..."; absent with kHmac.
  std::optional<std::string> PublicText() const;
  // "v1a,..." or "v1,...".
  std::string Sign(std::string_view content) const;

 private:
  WebhookSecret(WebhookKind kind, Bytes key) : kind_(kind), key_(std::move(key)) {}
  WebhookKind kind_;
  Bytes key_;  // 32 bytes: the seed of RFC 8032, or the key of the HMAC
};

struct WebhookMessage {
  std::string id;
  Instant time;
  std::string body;
};
// The fields of a delivery, signed by each secret.
std::vector<net::HttpField> SignedFields(const WebhookMessage& message, const std::vector<WebhookSecret>& secrets);

}  // namespace cloister::control
