#pragma once

// Buckets as folders of this machine: FOLDER/bucket/path. Nothing outside of FOLDER is read, through links neither.
// Thread-safe.

#include <string>

#include "cloud/bucket_reader.h"

namespace cloister::cloud {

class LocalBuckets final : public BucketReader {
 public:
  explicit LocalBuckets(std::string folder) : folder_(std::move(folder)) {}
  Result<std::unique_ptr<BucketObject>> Open(std::string_view bucket, std::string_view path) override;

 private:
  const std::string folder_;
};

}  // namespace cloister::cloud
