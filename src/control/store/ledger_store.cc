#include "control/store/ledger_store.h"

#include "control/store/change_store.h"
#include "control/store/columns.h"

namespace cloister::control {

Status LedgerStore::Append(const EnvironmentId& id, const ledger::LogAppend& append,
                           const std::optional<ResultRecord>& result) {
  if (append.entries.empty()) return InvalidArgument("an append needs at least one entry");
  return db_.Transact([&](Transaction& tx) -> Status {
    CLOISTER_ASSIGN(const auto stored, tx.First("SELECT size FROM ledger_heads WHERE environment_id = ?", {id.str()},
                                                [](const SqlRow& row) { return row.Integer(0); }));
    if (static_cast<std::uint64_t>(stored.value_or(0)) != append.size_before) {
      return Conflict("the ledger has another size than the one this append is for");
    }
    std::uint64_t position = append.size_before;
    for (const std::string& entry : append.entries) {
      CLOISTER_TRY(tx.Run("INSERT INTO ledger_entries(environment_id, position, entry) VALUES (?, ?, ?)",
                          {id.str(), position++, entry}));
    }
    if (result) CLOISTER_TRY(QueryStore::PutResult(tx, *result));
    CLOISTER_TRY(NoteChange(tx, {.environment = id,
                                 .kind = "ledger",
                                 .object = std::to_string(append.size_before) + "-" + std::to_string(position)}));
    return tx.Run(
        "INSERT INTO ledger_heads(environment_id, size, checkpoint, seal) VALUES (?, ?, ?, ?)"
        " ON CONFLICT(environment_id) DO UPDATE SET size = excluded.size, checkpoint = excluded.checkpoint,"
        " seal = excluded.seal",
        {id.str(), position, append.checkpoint, append.seal});
  });
}

Result<std::vector<std::string>> LedgerStore::Read(const EnvironmentId& id, std::uint64_t from, std::uint64_t count) {
  if (count > ledger::kReadEntriesMax) return InvalidArgument("at most 256 entries at once");
  return db_.Transact([&](Transaction& tx) {
    return tx.All(
        "SELECT entry FROM ledger_entries WHERE environment_id = ? AND position >= ? ORDER BY position LIMIT ?",
        {id.str(), from, count}, [](const SqlRow& row) { return row.Text(0); });
  });
}

Result<std::optional<LedgerHead>> LedgerStore::Head(const EnvironmentId& id) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First("SELECT size, checkpoint, seal FROM ledger_heads WHERE environment_id = ?", {id.str()},
                    [](const SqlRow& row) {
                      return LedgerHead{.size = static_cast<std::uint64_t>(row.Integer(0)),
                                        .checkpoint = row.Text(1),
                                        .seal = row.Digest(2)};
                    });
  });
}

}  // namespace cloister::control
