#pragma once

// Turns changes into deliveries and delivers them, at least once each, by threads of its own. What a webhook's owner
// may not see is never written down for him, and is looked at again before it is sent. Thread-safe.
//
// A delivery's id is made when its change is seen, and seen changes and their deliveries are one transaction: a process
// that ends at any moment sends again what it had not settled, under the same id.

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/rng.h"
#include "control/custody/key_vault.h"
#include "control/store/store.h"
#include "control/workflow/fleet.h"
#include "net/client/outbound.h"

namespace cloister::control {

inline constexpr int kWebhookSenders = 4;               // threads; one owner has one delivery in work
inline constexpr std::int64_t kWebhookPollMs = 500;     // how soon a change is seen
inline constexpr std::int64_t kWebhookLeaseMs = 60'000;  // longer than a POST may take
inline constexpr std::int64_t kWebhookChangesAtOnce = 64;

class WebhookPump {
 public:
  struct Parts {
    Store& store;
    const Fleet& fleet;
    const KeyVault& vault;
    const Clock& clock;
    Rng& rng;
    LogSink& log;
    net::OutboundClient& outbound;
    std::string owner;  // of this process
  };
  explicit WebhookPump(Parts parts) : parts_(std::move(parts)) {}
  ~WebhookPump();  // stops
  WebhookPump(const WebhookPump&) = delete;
  WebhookPump& operator=(const WebhookPump&) = delete;

  Status Start();
  // Waits for POSTs in work, which have short deadlines.
  void Stop() CLOISTER_EXCLUDES(mutex_);

  // One round each, for the threads and for tests: true when there may be more at once.
  bool SeeChanges();
  bool DeliverOne();

 private:
  void Loop(bool (WebhookPump::*round)());
  // After that while, or as soon as it is so.
  bool Stopping(std::int64_t wait_ms) CLOISTER_EXCLUDES(mutex_);
  WebhookStore::Seen Look(const WebhookRecord& webhook, const std::vector<ChangeRecord>& changes);
  bool HasAccount(const UserId& user);  // that is not disabled
  // The environment, where the user is a participant of it; else null.
  std::shared_ptr<EnvironmentSession> SeenBy(const UserId& user, const EnvironmentId& environment);
  void Send(DeliveryRecord delivery, const WebhookRecord& webhook);
  Result<int> Post(const DeliveryRecord& delivery, const WebhookRecord& webhook);
  void Settle(DeliveryRecord delivery, const WebhookRecord& webhook, const Result<int>& status);

  const Parts parts_;
  Mutex mutex_;
  Condition changed_;
  bool stopping_ CLOISTER_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace cloister::control
