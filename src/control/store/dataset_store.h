#pragma once

// Datasets and the uploads of their sealed files, as the server keeps them. Schema and policy are the texts
// that the owner handed in; what holds is his signed manifest in the ledger. Thread-safe.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agreement/object_ref.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "control/store/db.h"

namespace cloister::control {

struct UploadTag { static constexpr std::string_view kPrefix = "upl"; };
using UploadId = Id<UploadTag>;

// How far the sealed file has come. Names are those of the API.
enum class DatasetStatus { kUploading, kUploaded, kEncrypted, kAvailable, kFailed };
std::string_view DatasetStatusName(DatasetStatus status);

struct DatasetRecord {
  DatasetId id;
  EnvironmentId environment;
  std::string owner;  // thumbprint
  std::string name;  // of SQL: [a-z][a-z0-9_]{0,62}
  std::string description;
  std::string schema;  // JSON
  std::string policy;  // JSON
  std::string format;
  DatasetStatus status = DatasetStatus::kUploading;
  std::optional<std::string> error;  // of kFailed
  std::optional<std::string> title;  // the name as it was given, where that is no name of SQL
  std::optional<std::string> bucket;
  std::optional<std::string> bucket_path;
  Instant created_at;
  Instant updated_at;
};

struct UploadRecord {
  UploadId id;
  DatasetId dataset;
  std::uint64_t size_bytes = 0;
  std::uint64_t part_size_bytes = 0;
  std::optional<agreement::SealedObjectRef> object;  // once complete: what its owner says it is
  Instant created_at;
  Instant updated_at;  // by a part, or by its completion
};

struct UploadPart {
  std::uint64_t part = 0;  // from 1
  std::uint64_t size_bytes = 0;
  Digest256 digest{};
};

class DatasetStore {
 public:
  explicit DatasetStore(Db& db) : db_(db) {}

  // kConflict when id or name are taken.
  Status Add(const DatasetRecord& dataset);
  Result<std::optional<DatasetRecord>> Find(const DatasetId& id);
  Result<std::vector<DatasetRecord>> InEnvironment(const EnvironmentId& id);
  // When the n-th newest dataset of an environment was registered, from 1; removed ones count.
  Result<std::optional<Instant>> NthNewest(const EnvironmentId& id, std::int64_t n);
  // What the owner hands in for the next version.
  Status SetTerms(const DatasetRecord& dataset);
  // Gone from every list; its name is free again. What the ledger knows of it stays there.
  Status Remove(const DatasetId& id, Instant now);
  Status SetStatus(const DatasetId& id, DatasetStatus status, const std::optional<std::string>& error, Instant now);

  Status AddUpload(const UploadRecord& upload);
  Result<std::optional<UploadRecord>> FindUpload(const UploadId& id);
  // How many uploads in parts of a dataset are not complete.
  Result<std::int64_t> OpenUploads(const DatasetId& id);
  // All of a dataset, newest first.
  Result<std::vector<UploadRecord>> UploadsOf(const DatasetId& id);
  Status RemoveUpload(const UploadId& id);
  // Nothing of it counts any more, neither object nor parts: so it may be cut off anywhere while its bytes go.
  Status WithdrawUpload(const UploadId& id);
  // Its blob is one of the dataset's objects from now on. kConflict when no such upload is open.
  Status CompleteUpload(const UploadId& id, const agreement::SealedObjectRef& object, Instant now);
  // The object of a dataset that was complete last.
  Result<std::optional<agreement::SealedObjectRef>> NewestFile(const DatasetId& id);
  // The upload of a dataset that was complete as this object first: nobody puts other bytes in its place.
  Result<std::optional<UploadId>> FindObject(const DatasetId& id, const agreement::SealedObjectRef& object);
  // A part again replaces what was known of it. kConflict when no such upload is open.
  Status PutPart(const UploadId& id, const UploadPart& part, Instant now);
  Status RemovePart(const UploadId& id, std::uint64_t part);
  Result<std::vector<UploadPart>> Parts(const UploadId& id);

 private:
  Db& db_;
};

}  // namespace cloister::control
