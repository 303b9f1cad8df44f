#include "control/store/dataset_store.h"

#include <array>

#include "control/store/change_store.h"
#include "control/store/columns.h"

namespace cloister::control {
namespace {

constexpr std::array<std::string_view, 5> kStatuses = {"uploading", "uploaded", "encrypted", "available", "failed"};

DatasetStatus ReadStatus(std::string_view text) {
  for (std::size_t i = 0; i < kStatuses.size(); ++i) {
    if (kStatuses[i] == text) return static_cast<DatasetStatus>(i);
  }
  CLOISTER_CHECK(false);
}

#define CLOISTER_SELECT_DATASET                                                                              \
  "SELECT id, environment_id, owner, name, description, schema, policy, format, status, error,"              \
  " title, bucket, bucket_path, created_at, updated_at FROM datasets "

DatasetRecord ReadDataset(const SqlRow& row) {
  return {.id = StoredId<DatasetId>(row, 0),
          .environment = StoredId<EnvironmentId>(row, 1),
          .owner = row.Text(2),
          .name = row.Text(3),
          .description = row.Text(4),
          .schema = row.Text(5),
          .policy = row.Text(6),
          .format = row.Text(7),
          .status = ReadStatus(row.Text(8)),
          .error = row.OptionalText(9),
          .title = row.OptionalText(10),
          .bucket = row.OptionalText(11),
          .bucket_path = row.OptionalText(12),
          .created_at = StoredTime(row, 13),
          .updated_at = StoredTime(row, 14)};
}

Status NoteDataset(Transaction& tx, const DatasetRecord& dataset) {
  return NoteChange(tx, {.environment = dataset.environment, .kind = "dataset", .object = dataset.id.str()});
}

Error NotOpen() { return Conflict("the upload was completed or given up meanwhile"); }

UploadRecord ReadUpload(const SqlRow& row) {
  UploadRecord upload{.id = StoredId<UploadId>(row, 0),
                      .dataset = StoredId<DatasetId>(row, 1),
                      .size_bytes = static_cast<std::uint64_t>(row.Integer(2)),
                      .part_size_bytes = static_cast<std::uint64_t>(row.Integer(3)),
                      .object = std::nullopt,
                      .created_at = StoredTime(row, 6),
                      .updated_at = StoredTime(row, 7)};
  if (!row.IsNull(4)) {
    upload.object = agreement::SealedObjectRef{
        .header_digest = row.Digest(4), .length_bytes = upload.size_bytes, .root = row.Digest(5)};
  }
  return upload;
}

}  // namespace

std::string_view DatasetStatusName(DatasetStatus status) { return kStatuses[static_cast<std::size_t>(status)]; }

Status DatasetStore::Add(const DatasetRecord& dataset) {
  return db_.Transact([&](Transaction& tx) -> Status {
    CLOISTER_TRY(tx.Run(
        "INSERT INTO datasets(id, environment_id, owner, name, description, schema, policy, format, status, title,"
        " bucket, bucket_path, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {dataset.id.str(), dataset.environment.str(), dataset.owner, dataset.name, dataset.description, dataset.schema,
         dataset.policy, dataset.format, DatasetStatusName(dataset.status), dataset.title, dataset.bucket,
         dataset.bucket_path, StoredTime(dataset.created_at), StoredTime(dataset.updated_at)}));
    return NoteDataset(tx, dataset);
  });
}

Result<std::optional<DatasetRecord>> DatasetStore::Find(const DatasetId& id) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First(CLOISTER_SELECT_DATASET "WHERE id = ? AND removed_at IS NULL", {id.str()}, ReadDataset);
  });
}

Result<std::vector<DatasetRecord>> DatasetStore::InEnvironment(const EnvironmentId& id) {
  return db_.Transact([&](Transaction& tx) {
    return tx.All(CLOISTER_SELECT_DATASET "WHERE environment_id = ? AND removed_at IS NULL ORDER BY id", {id.str()},
                  ReadDataset);
  });
}

Result<std::optional<Instant>> DatasetStore::NthNewest(const EnvironmentId& id, std::int64_t n) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First(
        "SELECT created_at FROM datasets WHERE environment_id = ? ORDER BY created_at DESC LIMIT 1 OFFSET ?",
        {id.str(), n - 1}, [](const SqlRow& row) { return StoredTime(row, 0); });
  });
}

Status DatasetStore::SetTerms(const DatasetRecord& dataset) {
  return db_.Transact([&](Transaction& tx) -> Status {
    CLOISTER_TRY(tx.Run("UPDATE datasets SET schema = ?, policy = ?, format = ?, updated_at = ? WHERE id = ?",
                        {dataset.schema, dataset.policy, dataset.format, StoredTime(dataset.updated_at),
                         dataset.id.str()}));
    return NoteDataset(tx, dataset);
  });
}

Status DatasetStore::Remove(const DatasetId& id, Instant now) {
  return db_.Transact([&](Transaction& tx) -> Status {
    CLOISTER_ASSIGN(const auto dataset, tx.First(CLOISTER_SELECT_DATASET "WHERE id = ?", {id.str()}, ReadDataset));
    if (!dataset) return {};
    CLOISTER_TRY(tx.Run("UPDATE datasets SET removed_at = ?, updated_at = ?, name = name || '.' || id"
                        " WHERE id = ? AND removed_at IS NULL",
                        {StoredTime(now), StoredTime(now), id.str()}));
    return NoteDataset(tx, *dataset);
  });
}

Status DatasetStore::SetStatus(const DatasetId& id, DatasetStatus status, const std::optional<std::string>& error,
                               Instant now) {
  return db_.Transact([&](Transaction& tx) -> Status {
    CLOISTER_TRY(tx.Run("UPDATE datasets SET status = ?, error = ?, updated_at = ? WHERE id = ?",
                        {DatasetStatusName(status), error, StoredTime(now), id.str()}));
    CLOISTER_ASSIGN(const auto dataset, tx.First(CLOISTER_SELECT_DATASET "WHERE id = ?", {id.str()}, ReadDataset));
    return dataset ? NoteDataset(tx, *dataset) : Status();
  });
}

Status DatasetStore::AddUpload(const UploadRecord& upload) {
  return db_.Transact([&](Transaction& tx) {
    return tx.Run(
        "INSERT INTO uploads(id, dataset_id, size_bytes, part_size_bytes, status, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        {upload.id.str(), upload.dataset.str(), upload.size_bytes, upload.part_size_bytes, "open",
         StoredTime(upload.created_at), StoredTime(upload.created_at)});
  });
}

Result<std::optional<UploadRecord>> DatasetStore::FindUpload(const UploadId& id) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First(
        "SELECT id, dataset_id, size_bytes, part_size_bytes, header_digest, root, created_at, updated_at"
        " FROM uploads WHERE id = ?",
        {id.str()}, ReadUpload);
  });
}

Result<std::vector<UploadRecord>> DatasetStore::UploadsOf(const DatasetId& id) {
  return db_.Transact([&](Transaction& tx) {
    return tx.All(
        "SELECT id, dataset_id, size_bytes, part_size_bytes, header_digest, root, created_at, updated_at FROM uploads"
        " WHERE dataset_id = ? ORDER BY id DESC",
        {id.str()}, ReadUpload);
  });
}

Status DatasetStore::RemoveUpload(const UploadId& id) {
  return db_.Transact([&](Transaction& tx) -> Status {
    CLOISTER_TRY(tx.Run("DELETE FROM upload_parts WHERE upload_id = ?", {id.str()}));
    return tx.Run("DELETE FROM uploads WHERE id = ?", {id.str()});
  });
}

Status DatasetStore::WithdrawUpload(const UploadId& id) {
  return db_.Transact([&](Transaction& tx) -> Status {
    CLOISTER_TRY(tx.Run("DELETE FROM upload_parts WHERE upload_id = ?", {id.str()}));
    return tx.Run("UPDATE uploads SET status = 'open', header_digest = NULL, root = NULL WHERE id = ?", {id.str()});
  });
}

Result<std::int64_t> DatasetStore::OpenUploads(const DatasetId& id) {
  return db_.Transact([&](Transaction& tx) -> Result<std::int64_t> {
    CLOISTER_ASSIGN(const auto count, tx.First("SELECT count(*) FROM uploads WHERE dataset_id = ? AND status = 'open'"
                                               " AND part_size_bytes > 0",
                                               {id.str()}, [](const SqlRow& row) { return row.Integer(0); }));
    return count.value_or(0);
  });
}

Status DatasetStore::CompleteUpload(const UploadId& id, const agreement::SealedObjectRef& object, Instant now) {
  return db_.Transact([&](Transaction& tx) -> Status {
    CLOISTER_ASSIGN(const std::int64_t changed,
                    tx.Change("UPDATE uploads SET status = 'complete', size_bytes = ?, header_digest = ?, root = ?,"
                              " updated_at = ?, completion = (SELECT max(completion) + 1 FROM uploads)"
                              " WHERE id = ? AND status = 'open'",
                              {object.length_bytes, object.header_digest, object.root, StoredTime(now), id.str()}));
    return changed == 1 ? Status() : NotOpen();
  });
}

Result<std::optional<agreement::SealedObjectRef>> DatasetStore::NewestFile(const DatasetId& id) {
  CLOISTER_ASSIGN(const auto upload, db_.Transact([&](Transaction& tx) {
    return tx.First(
        "SELECT id, dataset_id, size_bytes, part_size_bytes, header_digest, root, created_at, updated_at FROM uploads"
        " WHERE dataset_id = ? AND status = 'complete' ORDER BY completion DESC, id DESC LIMIT 1",
        {id.str()}, ReadUpload);
  }));
  return upload ? upload->object : std::nullopt;
}

Result<std::optional<UploadId>> DatasetStore::FindObject(const DatasetId& id,
                                                         const agreement::SealedObjectRef& object) {
  return db_.Transact([&](Transaction& tx) {
    return tx.First(
        "SELECT id FROM uploads WHERE dataset_id = ? AND header_digest = ? AND size_bytes = ? AND root = ?"
        " AND status = 'complete' ORDER BY completion, id LIMIT 1",
        {id.str(), object.header_digest, object.length_bytes, object.root},
        [](const SqlRow& row) { return StoredId<UploadId>(row, 0); });
  });
}

Status DatasetStore::PutPart(const UploadId& id, const UploadPart& part, Instant now) {
  return db_.Transact([&](Transaction& tx) -> Status {
    CLOISTER_ASSIGN(
        const std::int64_t changed,
        tx.Change(
            "INSERT INTO upload_parts(upload_id, part, size_bytes, digest)"
            " SELECT id, ?, ?, ? FROM uploads WHERE id = ? AND status = 'open'"
            " ON CONFLICT(upload_id, part) DO UPDATE SET size_bytes = excluded.size_bytes, digest = excluded.digest",
            {part.part, part.size_bytes, part.digest, id.str()}));
    if (changed != 1) return NotOpen();
    return tx.Run("UPDATE uploads SET updated_at = ? WHERE id = ?", {StoredTime(now), id.str()});
  });
}

Status DatasetStore::RemovePart(const UploadId& id, std::uint64_t part) {
  return db_.Transact([&](Transaction& tx) {
    return tx.Run("DELETE FROM upload_parts WHERE upload_id = ? AND part = ?", {id.str(), part});
  });
}

Result<std::vector<UploadPart>> DatasetStore::Parts(const UploadId& id) {
  return db_.Transact([&](Transaction& tx) {
    return tx.All("SELECT part, size_bytes, digest FROM upload_parts WHERE upload_id = ? ORDER BY part", {id.str()},
                  [](const SqlRow& row) {
                    return UploadPart{.part = static_cast<std::uint64_t>(row.Integer(0)),
                                      .size_bytes = static_cast<std::uint64_t>(row.Integer(1)),
                                      .digest = row.Digest(2)};
                  });
  });
}

}  // namespace cloister::control
