#include "control/store/custody_store.h"

namespace cloister::control {
namespace {

#define CLOISTER_SELECT_CUSTODY_LINK "SELECT seq, digest, document, note FROM custody_links "

CustodyLink ReadLink(const SqlRow& row) {
  return {.seq = static_cast<std::uint64_t>(row.Integer(0)),
          .digest = row.Digest(1),
          .document = row.Text(2),
          .note = row.Text(3)};
}

Status DeleteLink(Transaction& tx, const EnvironmentId& id, std::string_view thumbprint, std::uint64_t seq) {
  return tx.Run("DELETE FROM custody_links WHERE environment_id = ? AND thumbprint = ? AND seq = ?",
                {id.str(), thumbprint, seq});
}

Status GiveUp(Transaction& tx, const EnvironmentId& id, std::string_view thumbprint, const CustodyLink& link) {
  CLOISTER_TRY(DeleteLink(tx, id, thumbprint, link.seq));
  if (link.note.empty()) return {};  // nobody asks for it again
  return tx.Run("INSERT INTO custody_given_up(environment_id, thumbprint, note, digest) VALUES (?, ?, ?, ?)",
                {id.str(), thumbprint, link.note, link.digest});
}

}  // namespace

Status CustodyStore::AddLink(const EnvironmentId& id, std::string_view thumbprint, const CustodyLink& link,
                             const std::optional<CustodyLink>& given_up) {
  return db_.Transact([&](Transaction& tx) -> Status {
    if (given_up) CLOISTER_TRY(GiveUp(tx, id, thumbprint, *given_up));
    return tx.Run(
        "INSERT INTO custody_links(environment_id, thumbprint, seq, digest, document, note) VALUES (?, ?, ?, ?, ?, ?)",
        {id.str(), thumbprint, link.seq, link.digest, link.document, link.note});
  });
}

Status CustodyStore::RemoveLink(const EnvironmentId& id, std::string_view thumbprint, std::uint64_t seq) {
  return db_.Transact([&](Transaction& tx) { return DeleteLink(tx, id, thumbprint, seq); });
}

Result<std::optional<Digest256>> CustodyStore::FindGivenUp(const EnvironmentId& id, std::string_view thumbprint,
                                                           std::string_view note) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First("SELECT digest FROM custody_given_up WHERE environment_id = ? AND thumbprint = ? AND note = ?",
                    {id.str(), thumbprint, note}, [](const SqlRow& row) { return row.Digest(0); });
  });
}

Result<std::optional<CustodyLink>> CustodyStore::LastLink(const EnvironmentId& id, std::string_view thumbprint) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First(CLOISTER_SELECT_CUSTODY_LINK
                    "WHERE environment_id = ? AND thumbprint = ? ORDER BY seq DESC LIMIT 1",
                    {id.str(), thumbprint}, ReadLink);
  });
}

Result<std::optional<CustodyLink>> CustodyStore::FindLink(const EnvironmentId& id, std::string_view thumbprint,
                                                          std::string_view note) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First(CLOISTER_SELECT_CUSTODY_LINK
                    "WHERE environment_id = ? AND thumbprint = ? AND note = ? ORDER BY seq DESC LIMIT 1",
                    {id.str(), thumbprint, note}, ReadLink);
  });
}

Status CustodyStore::SetView(const EnvironmentId& id, std::string_view thumbprint,
                             const agreement::LedgerPoint& point) {
  return db_.Transact([&](Transaction& tx) {
    return tx.Run(
        "INSERT INTO custody_views(environment_id, thumbprint, size, root) VALUES (?, ?, ?, ?)"
        " ON CONFLICT(environment_id, thumbprint) DO UPDATE SET size = excluded.size, root = excluded.root",
        {id.str(), thumbprint, point.size, point.root});
  });
}

Result<std::optional<agreement::LedgerPoint>> CustodyStore::View(const EnvironmentId& id, std::string_view thumbprint) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First("SELECT size, root FROM custody_views WHERE environment_id = ? AND thumbprint = ?",
                    {id.str(), thumbprint}, [](const SqlRow& row) {
                      return agreement::LedgerPoint{.size = static_cast<std::uint64_t>(row.Integer(0)),
                                                    .root = row.Digest(1)};
                    });
  });
}

}  // namespace cloister::control
