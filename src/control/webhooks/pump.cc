#include "control/webhooks/pump.h"

#include <algorithm>

#include "control/webhooks/event_types.h"
#include "control/webhooks/schedule.h"
#include "control/webhooks/signature.h"
#include "control/workflow/change_subjects.h"

namespace cloister::control {
namespace {

constexpr std::string_view kRoom = "control/webhooks";
constexpr int kGone = 410;  // the receiver's word that it wants no more

// All that is kept of an answer: nothing of what the receiver said.
std::string OutcomeOf(const Result<int>& status) {
  if (status) return std::to_string(*status / 100) + "xx";
  if (status.error().code == Code::kPermissionDenied) return "address_refused";
  return status.error().code == Code::kDeadlineExceeded ? "timed_out" : "no_answer";
}

// Why a webhook is switched off after this attempt, if it is.
std::optional<std::string> DisableReason(const WebhookRecord& webhook, const Result<int>& status, Instant now) {
  if (status && *status == kGone) return "the receiver answered 410 Gone";
  if (!webhook.failing_since || now.unix_ms - webhook.failing_since->unix_ms < kWebhookFailingMsMax) {
    return std::nullopt;
  }
  return "nothing has been taken since " + FormatRfc3339(*webhook.failing_since);
}

}  // namespace

WebhookPump::~WebhookPump() { Stop(); }

Status WebhookPump::Start() {
  CLOISTER_TRY(parts_.store.webhooks.ReleaseLeases(parts_.owner));
  threads_.emplace_back([this] { Loop(&WebhookPump::SeeChanges); });
  for (int i = 0; i < kWebhookSenders; ++i) threads_.emplace_back([this] { Loop(&WebhookPump::DeliverOne); });
  return {};
}

void WebhookPump::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void WebhookPump::Loop(bool (WebhookPump::*round)()) {
  while (!Stopping(0)) {
    const bool more = (this->*round)();
    if (!more && Stopping(kWebhookPollMs)) return;
  }
}

bool WebhookPump::Stopping(std::int64_t wait_ms) {
  MutexLock lock(mutex_);
  return changed_.WaitFor(mutex_, wait_ms, [this]() CLOISTER_REQUIRES(mutex_) { return stopping_; });
}

bool WebhookPump::HasAccount(const UserId& user) {
  const auto found = parts_.store.users.FindUser(user);
  return found && *found && !(*found)->disabled_at;
}

std::shared_ptr<EnvironmentSession> WebhookPump::SeenBy(const UserId& user, const EnvironmentId& environment) {
  if (!HasAccount(user)) return nullptr;
  const auto session = parts_.fleet.Find(environment);
  const auto record = parts_.store.environments.Find(environment);
  const auto key = parts_.store.users.FindParticipantKey(user);
  if (session == nullptr || !record || !*record || !key || !*key) return nullptr;
  const Standing standing = StandingOf(*session, **record, {.user = user, .thumbprint = (*key)->thumbprint});
  return standing == Standing::kParticipant ? session : nullptr;
}

bool WebhookPump::SeeChanges() {
  const auto newest = parts_.store.changes.Newest();
  if (!newest) return false;
  const auto behind = parts_.store.webhooks.Behind(*newest);
  if (!behind || behind->empty()) return false;
  bool more = false;
  std::vector<WebhookStore::Seen> all;
  for (const WebhookRecord& webhook : *behind) {
    const auto changes = parts_.store.changes.After(webhook.after_seq, kWebhookChangesAtOnce);
    if (!changes || changes->empty()) continue;
    all.push_back(Look(webhook, *changes));
    more = more || all.back().to_seq < *newest;
  }
  const Status seen = parts_.store.webhooks.See(all);
  return seen && more;
}

WebhookStore::Seen WebhookPump::Look(const WebhookRecord& webhook, const std::vector<ChangeRecord>& changes) {
  WebhookStore::Seen seen{.webhook = webhook.id,
                          .from_seq = webhook.after_seq,
                          .to_seq = changes.back().seq,
                          .deliveries = {}};
  const auto wanted = SplitWebhookEvents(webhook.events);
  const Instant now = parts_.clock.Now();
  for (const ChangeRecord& change : changes) {
    const auto session = SeenBy(webhook.user, change.environment);
    if (session == nullptr) continue;
    for (const ChangeSubject& subject : SubjectsOf(*session, change)) {
      const std::string type = WebhookTypeOf(subject);
      if (std::ranges::find(wanted, type) == wanted.end()) continue;
      seen.deliveries.push_back({.id = DeliveryId::New(parts_.clock, parts_.rng),
                                 .webhook = webhook.id,
                                 .environment = change.environment,
                                 .type = type,
                                 .body = WebhookBody(type, now, change.environment.str(), subject.id),
                                 .next_at = now,
                                 .created_at = now,
                                 .updated_at = now});
    }
  }
  return seen;
}

bool WebhookPump::DeliverOne() {
  const Instant now = parts_.clock.Now();
  const WebhookStore::Lease lease{.owner = parts_.owner, .until = {now.unix_ms + kWebhookLeaseMs}};
  const auto taken = parts_.store.webhooks.Take(lease, now);
  if (!taken || !*taken) return false;
  const auto webhook = parts_.store.webhooks.Find((*taken)->webhook);
  if (webhook && *webhook) Send(**taken, **webhook);
  return true;
}

void WebhookPump::Send(DeliveryRecord delivery, const WebhookRecord& webhook) {
  const bool may = delivery.environment ? SeenBy(webhook.user, *delivery.environment) != nullptr
                                        : HasAccount(webhook.user);
  if (!may) {
    delivery.status = DeliveryStatus::kWithheld;
    delivery.updated_at = parts_.clock.Now();
    (void)parts_.store.webhooks.Settle(delivery, std::nullopt);
    return;
  }
  const Result<int> status = Post(delivery, webhook);
  Settle(std::move(delivery), webhook, status);
}

Result<int> WebhookPump::Post(const DeliveryRecord& delivery, const WebhookRecord& webhook) {
  const Instant now = parts_.clock.Now();
  std::vector<WebhookSecret> secrets;
  std::vector<const Bytes*> sealed = {&webhook.sealed_secret};
  if (webhook.sealed_old_secret && webhook.old_until && now < *webhook.old_until) {
    sealed.push_back(&*webhook.sealed_old_secret);
  }
  for (const Bytes* each : sealed) {
    CLOISTER_ASSIGN(const std::string text, parts_.vault.OpenText(*each));
    CLOISTER_ASSIGN(auto secret, WebhookSecret::Parse(text));
    secrets.push_back(std::move(secret));
  }
  // Checked when it was stored, and its addresses are when it is connected to.
  CLOISTER_ASSIGN(auto url, net::OutboundUrl::Parse(webhook.url, parts_.outbound.reach()));
  return parts_.outbound.Post(
      {.url = std::move(url),
       .fields = SignedFields({.id = delivery.id.str(), .time = now, .body = delivery.body}, secrets),
       .body = delivery.body});
}

void WebhookPump::Settle(DeliveryRecord delivery, const WebhookRecord& webhook, const Result<int>& status) {
  const Instant now = parts_.clock.Now();
  const bool taken = status && *status / 100 == 2;
  delivery.outcome = OutcomeOf(status);
  delivery.attempted_at = now;
  delivery.updated_at = now;
  ++delivery.attempts;
  std::optional<std::string> disable;
  if (taken) {
    delivery.status = DeliveryStatus::kDelivered;
  } else {
    const auto next = NextAttempt(delivery.attempts, now, parts_.rng);
    if (next) delivery.next_at = *next;
    if (!next) delivery.status = DeliveryStatus::kFailed;
    disable = DisableReason(webhook, status, now);
  }
  if (disable) parts_.log.Write(LogLevel::kWarning, kRoom, webhook.id.str() + " is switched off: " + *disable);
  const Status settled = parts_.store.webhooks.Settle(delivery, disable);
  if (!settled) {
    parts_.log.Write(LogLevel::kError, kRoom, delivery.id.str() + " cannot be settled and will be sent again");
  }
}

}  // namespace cloister::control
