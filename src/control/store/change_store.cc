#include "control/store/change_store.h"

#include "control/store/columns.h"

namespace cloister::control {

Status NoteChange(Transaction& tx, const ChangeRecord& change) {
  return tx.Run("INSERT INTO changes(environment_id, kind, object) VALUES (?, ?, ?)",
                {change.environment.str(), change.kind, change.object});
}

Result<std::vector<ChangeRecord>> ChangeStore::After(std::int64_t seq, std::int64_t count) {
  return db_.Transact([&](Transaction& tx) {
    return tx.All(
        "SELECT seq, environment_id, kind, object FROM changes WHERE seq > ? ORDER BY seq LIMIT ?",
        {seq, count}, [](const SqlRow& row) {
          return ChangeRecord{.seq = row.Integer(0),
                              .environment = StoredId<EnvironmentId>(row, 1),
                              .kind = row.Text(2),
                              .object = row.Text(3)};
        });
  });
}

Result<std::int64_t> ChangeStore::Newest() {
  return db_.Transact([&](Transaction& tx) -> Result<std::int64_t> {
    CLOISTER_ASSIGN(const auto newest, tx.First("SELECT seq FROM changes ORDER BY seq DESC LIMIT 1", {},
                                                [](const SqlRow& row) { return row.Integer(0); }));
    return newest.value_or(0);
  });
}

}  // namespace cloister::control
