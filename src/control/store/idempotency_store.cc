#include "control/store/idempotency_store.h"

#include "control/store/columns.h"

namespace cloister::control {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;

IdempotencyRecord ReadRecord(const SqlRow& row) {
  IdempotencyRecord record{.user = StoredId<UserId>(row, 0),
                           .key = row.Text(1),
                           .request_digest = row.Digest(2),
                           .answer = std::nullopt,
                           .created_at = StoredTime(row, 6)};
  if (!row.IsNull(3)) {
    record.answer = KeptAnswer{
        .status = static_cast<int>(row.Integer(3)), .content_type = row.Text(4), .body = row.Text(5)};
  }
  return record;
}

}  // namespace

Result<std::optional<IdempotencyRecord>> IdempotencyStore::Begin(const IdempotencyRecord& record) {
  const Instant oldest{record.created_at.unix_ms - kIdempotencyHours * kHourMs};
  return db_.Transact([&](Transaction& tx) -> Result<std::optional<IdempotencyRecord>> {
    CLOISTER_TRY(tx.Run("DELETE FROM idempotency WHERE created_at < ?", {StoredTime(oldest)}));
    CLOISTER_ASSIGN(auto known,
                    tx.First("SELECT user_id, key, request_digest, status, content_type, body, created_at"
                             " FROM idempotency WHERE user_id = ? AND key = ?",
                             {record.user.str(), record.key}, ReadRecord));
    if (known) return known;
    CLOISTER_TRY(tx.Run("INSERT INTO idempotency(user_id, key, request_digest, created_at) VALUES (?, ?, ?, ?)",
                        {record.user.str(), record.key, record.request_digest, StoredTime(record.created_at)}));
    return known;
  });
}

Status IdempotencyStore::Finish(const IdempotencyRecord& record) {
  CLOISTER_CHECK(record.answer.has_value());
  return db_.Transact([&](Transaction& tx) {
    return tx.Run("UPDATE idempotency SET status = ?, content_type = ?, body = ? WHERE user_id = ? AND key = ?",
                  {record.answer->status, record.answer->content_type, record.answer->body, record.user.str(),
                   record.key});
  });
}

Status IdempotencyStore::Forget(const UserId& user, std::string_view key) {
  return db_.Transact([&](Transaction& tx) {
    return tx.Run("DELETE FROM idempotency WHERE user_id = ? AND key = ?", {user.str(), key});
  });
}

}  // namespace cloister::control
