#pragma once

// Datasets and the uploads of their sealed files, as the server keeps them. Schema and policy are the texts that the
// owner handed in; what holds is his signed manifest in the ledger. Thread-safe.

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
  std::string name;
  std::string description;
  std::string schema;  // JSON
  std::string policy;  // JSON
  std::string format;
  DatasetStatus status = DatasetStatus::kUploading;
  std::optional<std::string> error;  // code, of kFailed
  std::optional<std::string> blob;   // name in the blob store, once complete
  std::optional<agreement::SealedObjectRef> object;
  Instant created_at;
  Instant updated_at;
};

struct UploadRecord {
  UploadId id;
  DatasetId dataset;
  std::uint64_t size_bytes = 0;
  std::uint64_t part_size_bytes = 0;
  bool complete = false;
  Instant created_at;
};

struct UploadPart {
  std::uint64_t part = 0;  // from 0
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
  Status SetStatus(const DatasetId& id, DatasetStatus status, const std::optional<std::string>& error, Instant now);
  // The blob that stands behind the dataset from now on.
  Status SetObject(const DatasetId& id, std::string_view blob, const agreement::SealedObjectRef& object, Instant now);

  Status AddUpload(const UploadRecord& upload);
  Result<std::optional<UploadRecord>> FindUpload(const UploadId& id);
  // How many uploads of a dataset are not complete.
  Result<std::int64_t> OpenUploads(const DatasetId& id);
  Status CompleteUpload(const UploadId& id);
  // A part again replaces what was known of it.
  Status PutPart(const UploadId& id, const UploadPart& part);
  Result<std::vector<UploadPart>> Parts(const UploadId& id);

 private:
  Db& db_;
};

}  // namespace cloister::control
