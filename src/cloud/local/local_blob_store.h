#pragma once

// Blobs as files of one folder, drafts beside them with the ending `.draft`.

#include <memory>
#include <string>

#include "sealing/blob_store.h"

namespace cloister::cloud {

class LocalBlobStore final : public sealing::BlobStore {
 public:
  // Makes the folder, for its owner alone.
  static Result<std::unique_ptr<LocalBlobStore>> Open(const std::string& folder);

  Status WriteDraft(std::string_view name, std::uint64_t offset, ByteView bytes) override;
  Result<Bytes> ReadDraft(std::string_view name, std::uint64_t offset, std::size_t length) override;
  Status Publish(std::string_view name, std::uint64_t size_bytes) override;
  Status Settle(std::string_view name, std::uint64_t size_bytes) override;
  Status MoveDraft(const sealing::DraftMove& move) override;
  Status DiscardDraft(std::string_view name) override;
  Status DiscardDrafts(std::string_view prefix) override;
  Status Remove(std::string_view name) override;
  Result<Bytes> Read(std::string_view name, std::uint64_t offset, std::size_t length) override;

 private:
  explicit LocalBlobStore(std::string folder) : folder_(std::move(folder)) {}
  Result<std::string> PathOf(std::string_view name, std::string_view ending) const;
  const std::string folder_;
};

}  // namespace cloister::cloud
