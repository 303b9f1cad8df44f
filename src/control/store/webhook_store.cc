#include "control/store/webhook_store.h"

#include <algorithm>
#include <array>

#include "control/store/columns.h"

namespace cloister::control {
namespace {

constexpr std::array<std::string_view, 4> kStatuses = {"pending", "delivered", "failed", "withheld"};

std::optional<Instant> OptionalTime(const SqlRow& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return StoredTime(row, column);
}
std::optional<std::string> OptionalTime(const std::optional<Instant>& time) {
  if (!time) return std::nullopt;
  return StoredTime(*time);
}

#define CLOISTER_SELECT_WEBHOOK                                                                               \
  "SELECT id, user_id, url, events, sealed_secret, sealed_old_secret, old_until, enabled, disabled_reason,"   \
  " failing_since, after_seq, version, created_at, updated_at FROM webhooks "

WebhookRecord ReadWebhook(const SqlRow& row) {
  return {.id = StoredId<WebhookId>(row, 0),
          .user = StoredId<UserId>(row, 1),
          .url = row.Text(2),
          .events = row.Text(3),
          .sealed_secret = row.Blob(4),
          .sealed_old_secret = row.OptionalBlob(5),
          .old_until = OptionalTime(row, 6),
          .enabled = row.Integer(7) != 0,
          .disabled_reason = row.OptionalText(8),
          .failing_since = OptionalTime(row, 9),
          .after_seq = row.Integer(10),
          .version = row.Integer(11),
          .created_at = StoredTime(row, 12),
          .updated_at = StoredTime(row, 13)};
}

#define CLOISTER_SELECT_DELIVERY                                                                            \
  "SELECT d.id, d.webhook_id, d.environment_id, d.type, d.body, d.status, d.attempts, d.outcome,"           \
  " d.attempted_at, d.next_at, d.created_at, d.updated_at FROM webhook_deliveries AS d "

DeliveryRecord ReadDelivery(const SqlRow& row) {
  const std::string status = row.Text(5);
  const auto found = std::ranges::find(kStatuses, status);
  CLOISTER_CHECK(found != kStatuses.end());
  DeliveryRecord delivery{.id = StoredId<DeliveryId>(row, 0),
                          .webhook = StoredId<WebhookId>(row, 1),
                          .environment = std::nullopt,
                          .type = row.Text(3),
                          .body = row.Text(4),
                          .status = static_cast<DeliveryStatus>(found - kStatuses.begin()),
                          .attempts = row.Integer(6),
                          .outcome = row.OptionalText(7),
                          .attempted_at = OptionalTime(row, 8),
                          .next_at = StoredTime(row, 9),
                          .created_at = StoredTime(row, 10),
                          .updated_at = StoredTime(row, 11)};
  if (!row.IsNull(2)) delivery.environment = StoredId<EnvironmentId>(row, 2);
  return delivery;
}

Status Insert(Transaction& tx, const DeliveryRecord& delivery) {
  std::optional<std::string> environment;
  if (delivery.environment) environment = delivery.environment->str();
  return tx.Run(
      "INSERT OR IGNORE INTO webhook_deliveries(id, webhook_id, environment_id, type, body, status, attempts, next_at,"
      " created_at, updated_at) VALUES (?, ?, ?, ?, ?, 'pending', 0, ?, ?, ?)",
      {delivery.id.str(), delivery.webhook.str(), environment, delivery.type, delivery.body,
       StoredTime(delivery.next_at), StoredTime(delivery.created_at), StoredTime(delivery.created_at)});
}

Result<std::int64_t> Count(Transaction& tx, std::string_view sql, const SqlValues& values) {
  CLOISTER_ASSIGN(const auto count, tx.First(sql, values, [](const SqlRow& row) { return row.Integer(0); }));
  return count.value_or(0);
}

}  // namespace

std::string_view DeliveryStatusName(DeliveryStatus status) { return kStatuses[static_cast<std::size_t>(status)]; }

Status WebhookStore::Add(const WebhookRecord& webhook) {
  return db_.Transact([&](Transaction& tx) -> Status {
    CLOISTER_ASSIGN(const std::int64_t have,
                    Count(tx, "SELECT count(*) FROM webhooks WHERE user_id = ?", {webhook.user.str()}));
    if (have >= kWebhooksMax) {
      return ResourceExhausted("you have " + std::to_string(kWebhooksMax) +
                               " webhooks, which is the limit; remove one");
    }
    return tx.Run(
        "INSERT INTO webhooks(id, user_id, url, events, sealed_secret, enabled, after_seq, version, created_at,"
        " updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {webhook.id.str(), webhook.user.str(), webhook.url, webhook.events, webhook.sealed_secret,
         webhook.enabled ? 1 : 0, webhook.after_seq, webhook.version, StoredTime(webhook.created_at),
         StoredTime(webhook.updated_at)});
  });
}

Result<std::vector<WebhookRecord>> WebhookStore::Of(const UserId& user) {
  return db_.Transact([&](Transaction& tx) {
    return tx.All(CLOISTER_SELECT_WEBHOOK "WHERE user_id = ? ORDER BY id", {user.str()}, ReadWebhook);
  });
}

Result<std::optional<WebhookRecord>> WebhookStore::Find(const WebhookId& id) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First(CLOISTER_SELECT_WEBHOOK "WHERE id = ?", {id.str()}, ReadWebhook);
  });
}

Result<bool> WebhookStore::Update(const WebhookRecord& webhook) {
  const auto old_until = OptionalTime(webhook.old_until);
  const auto failing_since = OptionalTime(webhook.failing_since);
  return db_.Transact([&](Transaction& tx) -> Result<bool> {
    CLOISTER_ASSIGN(
        const std::int64_t changed,
        tx.Change("UPDATE webhooks SET url = ?, events = ?, sealed_secret = ?, sealed_old_secret = ?, old_until = ?,"
                  " enabled = ?, disabled_reason = ?, failing_since = ?, after_seq = ?, version = version + 1,"
                  " updated_at = ? WHERE id = ? AND version = ?",
                  {webhook.url, webhook.events, webhook.sealed_secret, webhook.sealed_old_secret, old_until,
                   webhook.enabled ? 1 : 0, webhook.disabled_reason, failing_since, webhook.after_seq,
                   StoredTime(webhook.updated_at), webhook.id.str(), webhook.version}));
    return changed == 1;
  });
}

Result<bool> WebhookStore::Remove(const UserId& user, const WebhookId& id) {
  return db_.Transact([&](Transaction& tx) -> Result<bool> {
    CLOISTER_TRY(tx.Run("DELETE FROM webhook_deliveries WHERE webhook_id IN"
                        " (SELECT id FROM webhooks WHERE id = ? AND user_id = ?)",
                        {id.str(), user.str()}));
    CLOISTER_ASSIGN(const std::int64_t removed,
                    tx.Change("DELETE FROM webhooks WHERE id = ? AND user_id = ?", {id.str(), user.str()}));
    return removed == 1;
  });
}

Result<std::vector<WebhookRecord>> WebhookStore::Behind(std::int64_t newest) {
  return db_.Transact([&](Transaction& tx) {
    return tx.All(CLOISTER_SELECT_WEBHOOK
                  "WHERE enabled = 1 AND after_seq < ? AND (SELECT count(*) FROM webhook_deliveries"
                  " WHERE webhook_id = webhooks.id AND status = 'pending') < ? ORDER BY id",
                  {newest, kPendingDeliveriesMax}, ReadWebhook);
  });
}

Status WebhookStore::See(const std::vector<Seen>& all) {
  return db_.Transact([&](Transaction& tx) -> Status {
    for (const Seen& seen : all) {
      CLOISTER_ASSIGN(const std::int64_t moved,
                      tx.Change("UPDATE webhooks SET after_seq = ? WHERE id = ? AND after_seq = ? AND enabled = 1",
                                {seen.to_seq, seen.webhook.str(), seen.from_seq}));
      if (moved == 0) continue;  // its owner changed it meanwhile; the next round looks again
      for (const DeliveryRecord& delivery : seen.deliveries) CLOISTER_TRY(Insert(tx, delivery));
    }
    return {};
  });
}

Status WebhookStore::AddDelivery(const DeliveryRecord& delivery) {
  return db_.Transact([&](Transaction& tx) -> Status {
    CLOISTER_ASSIGN(const std::int64_t pending,
                    Count(tx, "SELECT count(*) FROM webhook_deliveries WHERE webhook_id = ? AND status = 'pending'",
                          {delivery.webhook.str()}));
    if (pending >= kPendingDeliveriesMax) {
      return ResourceExhausted("as many deliveries wait for this webhook as may; its receiver must take some first");
    }
    return Insert(tx, delivery);
  });
}

Result<std::vector<DeliveryRecord>> WebhookStore::DeliveriesOf(const WebhookId& webhook) {
  return db_.Transact([&](Transaction& tx) {
    return tx.All(CLOISTER_SELECT_DELIVERY "WHERE d.webhook_id = ? ORDER BY d.id", {webhook.str()}, ReadDelivery);
  });
}

Result<std::optional<DeliveryRecord>> WebhookStore::FindDelivery(const DeliveryId& id) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First(CLOISTER_SELECT_DELIVERY "WHERE d.id = ?", {id.str()}, ReadDelivery);
  });
}

Status WebhookStore::Resend(const DeliveryId& id, Instant now) {
  return db_.Transact([&](Transaction& tx) {
    return tx.Run("UPDATE webhook_deliveries SET status = 'pending', attempts = 0, next_at = ?, updated_at = ?"
                  " WHERE id = ?",
                  {StoredTime(now), StoredTime(now), id.str()});
  });
}

// Who has one in work is asked once, not for each row: with thousands pending for one person that took seconds, in
// which the database did nothing else. CROSS JOIN keeps the order of the tables (sqlite.org/optoverview.html, 6.1).
Result<std::optional<DeliveryRecord>> WebhookStore::Take(const Lease& lease, Instant now) {
  return db_.Transact([&](Transaction& tx) -> Result<std::optional<DeliveryRecord>> {
    CLOISTER_ASSIGN(auto due,
                    tx.First(CLOISTER_SELECT_DELIVERY
                             "CROSS JOIN webhooks AS w ON w.id = d.webhook_id"
                             " WHERE d.status = 'pending' AND d.next_at <= ? AND w.enabled = 1 AND w.user_id NOT IN"
                             " (SELECT v.user_id FROM webhook_deliveries AS o INDEXED BY deliveries_in_work"
                             "  CROSS JOIN webhooks AS v ON v.id = o.webhook_id WHERE o.lease_until > ?)"
                             " ORDER BY d.next_at, d.id LIMIT 1",
                             {StoredTime(now), StoredTime(now)}, ReadDelivery));
    if (!due) return due;
    CLOISTER_TRY(tx.Run("UPDATE webhook_deliveries SET lease_owner = ?, lease_until = ? WHERE id = ?",
                        {lease.owner, StoredTime(lease.until), due->id.str()}));
    return due;
  });
}

Status WebhookStore::Settle(const DeliveryRecord& delivery, const std::optional<std::string>& disable_because) {
  const auto attempted_at = OptionalTime(delivery.attempted_at);
  const std::string now = StoredTime(delivery.updated_at);
  const std::string webhook = delivery.webhook.str();
  const bool taken = delivery.status == DeliveryStatus::kDelivered;
  return db_.Transact([&](Transaction& tx) -> Status {
    CLOISTER_TRY(tx.Run("UPDATE webhook_deliveries SET status = ?, attempts = ?, outcome = ?, attempted_at = ?,"
                        " next_at = ?, updated_at = ?, lease_owner = NULL, lease_until = NULL WHERE id = ?",
                        {DeliveryStatusName(delivery.status), delivery.attempts, delivery.outcome, attempted_at,
                         StoredTime(delivery.next_at), now, delivery.id.str()}));
    if (taken) CLOISTER_TRY(tx.Run("UPDATE webhooks SET failing_since = NULL WHERE id = ?", {webhook}));
    if (!taken && delivery.status != DeliveryStatus::kWithheld) {
      CLOISTER_TRY(tx.Run("UPDATE webhooks SET failing_since = coalesce(failing_since, ?) WHERE id = ?",
                          {now, webhook}));
    }
    if (disable_because) {
      CLOISTER_TRY(tx.Run("UPDATE webhooks SET enabled = 0, disabled_reason = ?, version = version + 1, updated_at = ?"
                          " WHERE id = ? AND enabled = 1",
                          {*disable_because, now, webhook}));
    }
    return tx.Run("DELETE FROM webhook_deliveries WHERE webhook_id = ? AND status <> 'pending' AND id NOT IN"
                  " (SELECT id FROM webhook_deliveries WHERE webhook_id = ? AND status <> 'pending'"
                  "  ORDER BY updated_at DESC, id DESC LIMIT ?)",
                  {webhook, webhook, kEndedDeliveriesMax});
  });
}

Status WebhookStore::ReleaseLeases(std::string_view owner) {
  return db_.Transact([&](Transaction& tx) {
    return tx.Run("UPDATE webhook_deliveries SET lease_owner = NULL, lease_until = NULL WHERE lease_owner <> ?",
                  {owner});
  });
}

}  // namespace cloister::control
