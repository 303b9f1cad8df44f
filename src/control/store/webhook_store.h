#pragma once

// Webhooks and what is to be delivered to them. A delivery is a row from the moment its change is seen: it is sent at
// least once, under the same id each time, whatever ends the process in between. Thread-safe.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "control/store/db.h"

namespace cloister::control {

struct WebhookTag { static constexpr std::string_view kPrefix = "whk"; };
using WebhookId = Id<WebhookTag>;
struct DeliveryTag { static constexpr std::string_view kPrefix = "msg"; };
using DeliveryId = Id<DeliveryTag>;

inline constexpr std::int64_t kWebhooksMax = 20;            // of one user
inline constexpr std::int64_t kPendingDeliveriesMax = 500;  // of one webhook; at the bound it waits for its receiver
inline constexpr std::int64_t kEndedDeliveriesMax = 100;    // of one webhook: its history; older ones are forgotten

struct WebhookRecord {
  WebhookId id;
  UserId user;
  std::string url;
  std::string events;                      // words with a space between them
  Bytes sealed_secret;                     // webhooks/signature.h, sealed by the vault
  std::optional<Bytes> sealed_old_secret;  // signs too until `old_until`
  std::optional<Instant> old_until;
  bool enabled = true;
  std::optional<std::string> disabled_reason;  // where the server switched it off
  std::optional<Instant> failing_since;        // since when nothing has been taken
  std::int64_t after_seq = 0;                  // changes up to here are seen
  std::int64_t version = 1;                    // of what its owner can edit
  Instant created_at;
  Instant updated_at;
};

enum class DeliveryStatus {
  kPending,
  kDelivered,
  kFailed,    // every attempt
  kWithheld,  // its owner does not see the environment any more
};
std::string_view DeliveryStatusName(DeliveryStatus status);

struct DeliveryRecord {
  DeliveryId id;
  WebhookId webhook;
  std::optional<EnvironmentId> environment;  // whose members alone may be told; absent: it is about nothing
  std::string type;                          // "query.changed"
  std::string body;                          // the bytes that are signed and sent, each time the same
  DeliveryStatus status = DeliveryStatus::kPending;
  std::int64_t attempts = 0;
  std::optional<std::string> outcome;  // of the last attempt: "2xx", "no_answer"
  std::optional<Instant> attempted_at;
  Instant next_at;
  Instant created_at;
  Instant updated_at;
};

class WebhookStore {
 public:
  explicit WebhookStore(Db& db) : db_(db) {}

  // kResourceExhausted at kWebhooksMax.
  Status Add(const WebhookRecord& webhook);
  Result<std::vector<WebhookRecord>> Of(const UserId& user);
  Result<std::optional<WebhookRecord>> Find(const WebhookId& id);
  // What its owner can edit, and the secrets; one version more. False when `webhook.version` is not the stored one.
  Result<bool> Update(const WebhookRecord& webhook);
  // With its deliveries. False when there is none of this user.
  Result<bool> Remove(const UserId& user, const WebhookId& id);

  // Those that are switched on, have room for deliveries and have not seen every change up to `newest`.
  Result<std::vector<WebhookRecord>> Behind(std::int64_t newest);
  // Changes that a webhook has now seen, and what they are for it. Either both or neither, and not twice.
  struct Seen {
    WebhookId webhook;
    std::int64_t from_seq = 0;  // its after_seq until now
    std::int64_t to_seq = 0;
    std::vector<DeliveryRecord> deliveries;
  };
  Status See(const std::vector<Seen>& all);

  // One more. kResourceExhausted at kPendingDeliveriesMax; the same id again changes nothing.
  Status AddDelivery(const DeliveryRecord& delivery);
  Result<std::vector<DeliveryRecord>> DeliveriesOf(const WebhookId& webhook);
  Result<std::optional<DeliveryRecord>> FindDelivery(const DeliveryId& id);
  // To be sent at once, as if it had never been tried.
  Status Resend(const DeliveryId& id, Instant now);

  struct Lease {
    std::string owner;  // of one process
    Instant until;
  };
  // Takes the delivery that is due longest, of a webhook that is switched on and whose owner has none in work: a slow
  // receiver waits for itself alone.
  Result<std::optional<DeliveryRecord>> Take(const Lease& lease, Instant now);
  // What came of it; gives the lease back. The webhook is noted as failing or as well, is switched off where
  // `disable_because` is given, and forgets its oldest ended deliveries.
  Status Settle(const DeliveryRecord& delivery, const std::optional<std::string>& disable_because);
  // The leases of every other owner end now.
  Status ReleaseLeases(std::string_view owner);

 private:
  Db& db_;
};

}  // namespace cloister::control
